"""Masks titles that were stored by versions that masked them nowhere."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from core.masking.masker import Masker
from core.storage.engine.isolation import BIND

# As they were when this was written: migrations do not follow the tables of later versions.
_organizations = sa.table("organizations", sa.column("id"))
_investigations = sa.table("investigations", *map(sa.column, ("organization_id", "id", "body")))
_knowledge = sa.table("knowledge", *map(sa.column, ("organization_id", "id", "body")), sa.column("indexed", sa.Boolean))
_AT_ONCE = 200
_OF_KNOWLEDGE = ("title", "source", "message")

Row = tuple[str, str]


def mask_stored_titles(connection: sa.Connection) -> None:
    """Mask the titles of investigations and of what was learned from them; doing it again changes nothing.

    The placeholders have a key of their own that is kept nowhere. Rows that others change meanwhile are left as they
    were changed: versions that mask have written them.
    """
    masker = Masker(secrets.token_hex(32))
    for (organization,) in connection.execute(sa.select(_organizations.c.id)).all():
        if connection.dialect.name == "postgresql":
            connection.execute(BIND, {"organization_id": organization})
        for table, mask in ((_investigations, _masked_investigation), (_knowledge, _masked_knowledge)):
            for row in _rows(connection, table, organization):
                _save(connection, table, organization, row, mask(json.loads(row[1]), masker))


def _rows(connection: sa.Connection, table: sa.TableClause, organization: str) -> Iterator[Row]:
    last = ""
    while True:
        some = sa.select(table.c.id, table.c.body).where(table.c.organization_id == organization, table.c.id > last)
        rows = connection.execute(some.order_by(table.c.id).limit(_AT_ONCE)).all()
        if not rows:
            return
        yield from ((row.id, row.body) for row in rows)
        last = rows[-1].id


def _masked_investigation(body: dict[str, Any], masker: Masker) -> dict[str, Any]:
    subject = body.get("subject") or {}
    return body | {"subject": subject | _masked(subject, ("label",), masker)}


def _masked_knowledge(body: dict[str, Any], masker: Masker) -> dict[str, Any]:
    return body | _masked(body, _OF_KNOWLEDGE, masker)


def _masked(fields: Mapping[str, Any], names: tuple[str, ...], masker: Masker) -> dict[str, str]:
    return {name: masker.text(fields[name]) for name in names if isinstance(fields.get(name), str)}


def _save(connection: sa.Connection, table: sa.TableClause, organization: str, row: Row, body: dict[str, Any]) -> None:
    key, before = row
    if body == json.loads(before):
        return
    changes: dict[str, Any] = {"body": json.dumps(body, ensure_ascii=True)}
    if table is _knowledge:
        changes["indexed"] = False
    unchanged = (table.c.organization_id == organization, table.c.id == key, table.c.body == before)
    connection.execute(table.update().where(*unchanged).values(changes))
