"""What PostgreSQL itself enforces: a session sees the rows of the organization it was bound to, and no others.

The tables belong to a role that migrates. Replicas connect as another, which owns nothing; bound to no organization it
sees no row of any. What must be read before the organization is known is reached by `set local role` to a third, which
has no right on incident content.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from core.storage.tables import metadata

DIRECTORY_ROLE = "logsense_directory"
ORGANIZATION_SETTING = "app.organization_id"

BIND = sa.text(f"select set_config('role', 'none', true), set_config('{ORGANIZATION_SETTING}', :organization_id, true)")
UNBIND = sa.text(f"set local role {DIRECTORY_ROLE}")

_OF_THE_BOUND = f"organization_id = nullif(current_setting('{ORGANIZATION_SETTING}', true), '')"
_DIRECTORY_MAY = "select, insert, update, delete"
_UPKEEP_MAY = {"audit": "select (organization_id, at), delete"}
"""What retention needs on tenant tables without reading them."""


def secure(connection: sa.Connection, application_role: str) -> None:
    """Policies stand on every table as it declares, and both roles have exactly the rights they need.

    Doing it again changes nothing and takes no lock that serving replicas would feel.
    """
    _make_directory_role(connection, application_role)
    app = connection.dialect.identifier_preparer.quote(application_role)
    _run(connection, f"grant select on alembic_version to {app}, {DIRECTORY_ROLE}")
    for table in metadata.sorted_tables:
        _run(connection, f"revoke all on {table.name} from {app}, {DIRECTORY_ROLE}")
        if rights := table.info.get("tenant_may"):
            _grant(connection, ", ".join(rights), table.name, app)
            _keep_to_organizations(connection, table)
        if table.info["scope"] == "directory":
            _grant(connection, _DIRECTORY_MAY, table.name, DIRECTORY_ROLE)
        elif upkeep := _UPKEEP_MAY.get(table.name):
            _grant(connection, upkeep, table.name, DIRECTORY_ROLE)


def too_powerful(connection: sa.Connection) -> str | None:
    """Why policies would not hold for the role of this connection, in words; None when they do."""
    role = connection.execute(
        sa.text("select rolname, rolsuper, rolbypassrls from pg_roles where rolname = current_user")
    ).one()
    if role.rolsuper:
        return f"the role {role.rolname} is a superuser"
    if role.rolbypassrls:
        return f"the role {role.rolname} has BYPASSRLS"
    owns = connection.execute(
        sa.text("select count(*) from pg_class where relname = any(:names) and pg_has_role(relowner, 'usage')"),
        {"names": list(metadata.tables)},
    ).scalar_one()
    return f"the role {role.rolname} owns the tables" if owns else None


def _make_directory_role(connection: sa.Connection, application_role: str) -> None:
    known = connection.execute(sa.text("select 1 from pg_roles where rolname = :name"), {"name": DIRECTORY_ROLE})
    if known.first() is None:
        _run(connection, f"create role {DIRECTORY_ROLE} nologin")
    member = connection.execute(
        sa.text("select pg_has_role(:app, :directory, 'set')"),
        {"app": application_role, "directory": DIRECTORY_ROLE},
    )
    if not member.scalar_one():
        app = connection.dialect.identifier_preparer.quote(application_role)
        _run(connection, f"grant {DIRECTORY_ROLE} to {app} with inherit false, set true")


def _grant(connection: sa.Connection, rights: str, table: str, role: str) -> None:
    _run(connection, f"grant {rights} on {table} to {role}")


def _keep_to_organizations(connection: sa.Connection, table: sa.Table) -> None:
    state = connection.execute(
        sa.text("select relrowsecurity and relforcerowsecurity from pg_class where oid = to_regclass(:name)"),
        {"name": table.name},
    )
    if not state.scalar_one():
        _run(connection, f"alter table {table.name} enable row level security, force row level security")
    known = set(
        connection.execute(
            sa.text("select policyname from pg_policies where schemaname = current_schema and tablename = :name"),
            {"name": table.name},
        ).scalars()
    )
    for name, whom, which in _policies(table):
        if name not in known:
            _run(
                connection,
                f"create policy {name} on {table.name} to {whom} using ({which}) with check ({which})",
            )


def _policies(table: sa.Table) -> Iterator[tuple[str, str, str]]:
    yield "organization", "public", _OF_THE_BOUND
    if table.info["scope"] == "directory" or table.name in _UPKEEP_MAY:
        yield "directory", DIRECTORY_ROLE, "true"


def _run(connection: sa.Connection, statement: str) -> None:
    connection.exec_driver_sql(statement)
