"""The tables. Each says in `info` who may touch it, which PostgreSQL enforces (isolation.py).

A `tenant` table has an `organization_id` and is touched by a store bound to one organization alone. A `directory` table
is read before the organization is known and holds no incident content; where `tenant_may` names rights, stores of an
organization have these on its own rows, so that a delivery and its work commit together. Documents are JSON text (see
documents.py).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

TENANT = {"scope": "tenant", "tenant_may": ("select", "insert", "update", "delete")}
APPEND_ONLY = {"scope": "tenant", "tenant_may": ("select", "insert")}
DIRECTORY = {"scope": "directory"}
SHARED = {"scope": "directory", "tenant_may": ("select", "insert", "update")}
READABLE = {"scope": "directory", "tenant_may": ("select",)}

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(sa.TypeDecorator[datetime]):
    """An aware time in UTC, also on SQLite, which forgets time zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Naive times are refused: nobody knows what they mean."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A time without a time zone cannot be stored.")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Always aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _sequence() -> sa.Column[int]:
    # SQLite numbers rows by itself only in a column of exactly this type.
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("n", number, sa.Identity(), primary_key=True)


def _text(name: str, *, key: bool = False, optional: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=optional)


def _time(name: str) -> sa.Column[datetime]:
    return sa.Column(name, UtcTime, nullable=False)


organizations = sa.Table("organizations", metadata, _text("id", key=True), _text("name"), info=DIRECTORY)

limits = sa.Table(
    "limits",
    metadata,
    _text("organization_id", key=True),
    *(
        sa.Column(name, sa.Integer)
        for name in (
            "max_concurrent",
            "starts_per_minute",
            "max_queued",
            "keep_transcripts_days",
            "keep_evidence_days",
            "keep_audit_days",
        )
    ),
    sa.Column("soft_usd", sa.Double),
    sa.Column("hard_usd", sa.Double),
    sa.Column("mask_personal_data", sa.Text),
    info=READABLE,
)

workspaces = sa.Table(
    "workspaces",
    metadata,
    _text("platform", key=True),
    _text("key", key=True),
    sa.Column("organization_id", sa.Text, sa.ForeignKey("organizations.id"), nullable=False),
    info=DIRECTORY,
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    _text("organization_id", key=True),
    _text("id", key=True),
    _text("subject_id"),
    _time("at"),
    info=SHARED,
)

runs = sa.Table(
    "runs",
    metadata,
    _sequence(),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    _text("kind"),
    _text("organization_id"),
    _text("subject_id"),
    _text("state"),
    _text("owner", optional=True),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("crashes", sa.Integer, nullable=False),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("lease_until_s", sa.Double, nullable=False),
    sa.Column("queued_s", sa.Double, nullable=False, server_default="0"),
    sa.Column("started_s", sa.Double),
    sa.Index(None, "state", "organization_id"),
    sa.Index(None, "subject_id", "n"),
    sa.Index(None, "organization_id", "started_s"),
    info=SHARED,
)

investigations = sa.Table(
    "investigations",
    metadata,
    _text("organization_id", key=True),
    _text("id", key=True),
    _time("created_at"),
    sa.Column("has_report", sa.Boolean, nullable=False),
    _text("body"),
    _text("subject_key", optional=True),
    sa.Index(None, "organization_id", "created_at"),
    sa.Index(None, "organization_id", "subject_key"),
    info=TENANT,
)

events = sa.Table(
    "events",
    metadata,
    _text("organization_id", key=True),
    _text("investigation_id", key=True),
    _text("body"),
    sa.ForeignKeyConstraint(
        ["organization_id", "investigation_id"], ["investigations.organization_id", "investigations.id"]
    ),
    info=TENANT,
)

questions = sa.Table(
    "questions",
    metadata,
    _text("organization_id", key=True),
    _text("id", key=True),
    _text("investigation_id"),
    _time("asked_at"),
    _text("body"),
    info=TENANT,
)

journal = sa.Table(
    "journal",
    metadata,
    _sequence(),
    _text("organization_id"),
    _text("subject_id"),
    _text("kind"),
    _text("body"),
    _time("at"),
    sa.Index(None, "organization_id", "subject_id", "n"),
    info=TENANT,
)

background_tasks = sa.Table(
    "errands",
    metadata,
    _text("organization_id", key=True),
    _text("id", key=True),
    _time("at"),
    _text("body"),
    info=TENANT,
)

knowledge = sa.Table(
    "knowledge",
    metadata,
    _text("organization_id", key=True),
    _text("id", key=True),
    _time("added_at"),
    sa.Column("indexed", sa.Boolean, nullable=False),
    _text("body"),
    # Empty for entries that name no error, and for those that an older version wrote until they are written again.
    _text("fingerprint", optional=True),
    sa.Index(None, "organization_id", "indexed"),
    sa.Index(None, "organization_id", "fingerprint"),
    info=TENANT,
)

posts = sa.Table(
    "posts",
    metadata,
    _text("organization_id", key=True),
    _text("investigation_id", key=True),
    _text("role", key=True),
    sa.Column("part", sa.Integer, primary_key=True, autoincrement=False),
    _text("platform", optional=True),
    _text("workspace", optional=True),
    _text("channel", optional=True),
    _text("thread", optional=True),
    _text("message_id", optional=True),
    _time("at"),
    sa.Index(None, "organization_id", "channel", "message_id"),
    sa.Index(None, "organization_id", "channel", "thread"),
    info=TENANT,
)

followers = sa.Table(
    "followers",
    metadata,
    _text("organization_id", key=True),
    _text("investigation_id", key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    _text("platform"),
    _text("workspace"),
    _text("channel"),
    _text("thread", optional=True),
    info=TENANT,
)

connections = sa.Table(
    "connections",
    metadata,
    _text("organization_id", key=True),
    _text("kind", key=True),
    _text("sealed"),
    info=TENANT,
)

members = sa.Table(
    "members",
    metadata,
    _text("organization_id", key=True),
    _text("platform", key=True),
    _text("workspace", key=True),
    _text("user_id", key=True),
    _text("name"),
    _text("role"),
    info=TENANT,
)

channel_settings = sa.Table(
    "channel_settings",
    metadata,
    _text("organization_id", key=True),
    _text("platform", key=True),
    _text("workspace", key=True),
    _text("channel", key=True),
    _text("body"),
    info=TENANT,
)

installations = sa.Table(
    "installations",
    metadata,
    _text("platform", key=True),
    _text("workspace", key=True),
    _text("sealed"),
    _time("at"),
    info=DIRECTORY,
)

install_states = sa.Table(
    "install_states",
    metadata,
    _text("hash", key=True),
    _text("sealed"),
    _time("expires_at"),
    info=DIRECTORY,
)

invites = sa.Table(
    "invites",
    metadata,
    _text("hash", key=True),
    _text("organization_id"),
    _time("expires_at"),
    info=DIRECTORY,
)

audit = sa.Table(
    "audit",
    metadata,
    _sequence(),
    _text("organization_id"),
    _time("at"),
    _text("actor_id"),
    _text("actor_name"),
    _text("origin"),
    _text("action"),
    _text("details"),
    sa.Index(None, "organization_id", "n"),
    info=APPEND_ONLY,
)

duties = sa.Table(
    "duties",
    metadata,
    _text("name", key=True),
    _text("owner"),
    sa.Column("until_s", sa.Double, nullable=False),
    info=DIRECTORY,
)

turns = sa.Table(
    "turns",
    metadata,
    _text("key", key=True),
    sa.Column("next_s", sa.Double, nullable=False),
    info=DIRECTORY,
)

schedules = sa.Table(
    "schedules",
    metadata,
    _text("name", key=True),
    sa.Column("next_s", sa.Double, nullable=False),
    info=DIRECTORY,
)
