"""What many replicas and many organizations need: limits, audit, duties, turns, schedules, when runs were started."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NO_CHANGE = "create trigger audit_is_append_only before update on audit begin select raise(abort, 'append-only'); end"


def upgrade() -> None:
    op.add_column("runs", sa.Column("queued_s", sa.Double, nullable=False, server_default="0"))
    op.add_column("runs", sa.Column("started_s", sa.Double, nullable=True))
    op.create_index("ix_runs_organization_id_started_s", "runs", ["organization_id", "started_s"])
    op.add_column("investigations", sa.Column("subject_key", sa.Text, nullable=True))
    op.create_index(
        "ix_investigations_organization_id_subject_key", "investigations", ["organization_id", "subject_key"]
    )
    _create_followers()
    _create_limits()
    _create_audit()
    for table, key in (("duties", "name"), ("turns", "key"), ("schedules", "name")):
        moment = "until_s" if table == "duties" else "next_s"
        owner = [_text("owner")] if table == "duties" else []
        op.create_table(
            table,
            _text(key),
            *owner,
            sa.Column(moment, sa.Double, nullable=False),
            sa.PrimaryKeyConstraint(key, name=f"pk_{table}"),
        )


def downgrade() -> None:
    for table in ("schedules", "turns", "duties", "audit", "limits", "followers"):
        op.drop_table(table)
    op.drop_index("ix_investigations_organization_id_subject_key", "investigations")
    op.drop_column("investigations", "subject_key")
    op.drop_index("ix_runs_organization_id_started_s", "runs")
    op.drop_column("runs", "started_s")
    op.drop_column("runs", "queued_s")


def _create_followers() -> None:
    op.create_table(
        "followers",
        _text("organization_id"),
        _text("investigation_id"),
        sa.Column("number", sa.Integer, nullable=False),
        *(_text(name) for name in ("platform", "workspace", "channel")),
        sa.Column("thread", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "investigation_id", "number", name="pk_followers"),
    )


def _create_limits() -> None:
    whole = (
        "max_concurrent",
        "starts_per_minute",
        "max_queued",
        "keep_transcripts_days",
        "keep_evidence_days",
        "keep_audit_days",
    )
    op.create_table(
        "limits",
        _text("organization_id"),
        *(sa.Column(name, sa.Integer, nullable=True) for name in whole),
        *(sa.Column(name, sa.Double, nullable=True) for name in ("soft_usd", "hard_usd")),
        sa.PrimaryKeyConstraint("organization_id", name="pk_limits"),
    )


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("n", _SEQUENCE, sa.Identity(), nullable=False),
        _text("organization_id"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(_text(name) for name in ("actor_id", "actor_name", "origin", "action", "details")),
        sa.PrimaryKeyConstraint("n", name="pk_audit"),
    )
    op.create_index("ix_audit_organization_id_n", "audit", ["organization_id", "n"])
    if op.get_bind().dialect.name == "sqlite":
        # On PostgreSQL no role that serves may change a row (isolation.py).
        op.execute(_NO_CHANGE)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
