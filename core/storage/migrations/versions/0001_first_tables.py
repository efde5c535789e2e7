"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_directory_tables()
    _create_work_tables()
    _create_knowledge_table()


def downgrade() -> None:
    for table in (
        "knowledge",
        "errands",
        "journal",
        "questions",
        "events",
        "investigations",
        "runs",
        "deliveries",
        "workspaces",
        "organizations",
    ):
        op.drop_table(table)


def _create_directory_tables() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_table(
        "workspaces",
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("platform", "key", name="pk_workspaces"),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name="fk_workspaces_organization_id"),
    )
    op.create_table(
        "deliveries",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_deliveries"),
    )
    op.create_table(
        "runs",
        sa.Column("n", _SEQUENCE, sa.Identity(), nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("crashes", sa.Integer, nullable=False),
        sa.Column("cancel_requested", sa.Boolean, nullable=False),
        sa.Column("lease_until_s", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_runs"),
        sa.UniqueConstraint("id", name="uq_runs_id"),
    )
    op.create_index("ix_runs_state_organization_id", "runs", ["state", "organization_id"])
    op.create_index("ix_runs_subject_id_n", "runs", ["subject_id", "n"])


def _create_work_tables() -> None:
    op.create_table(
        "investigations",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("has_report", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_investigations"),
    )
    op.create_index("ix_investigations_organization_id_created_at", "investigations", ["organization_id", "created_at"])
    op.create_table(
        "events",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("investigation_id", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "investigation_id", name="pk_events"),
        sa.ForeignKeyConstraint(
            ["organization_id", "investigation_id"],
            ["investigations.organization_id", "investigations.id"],
            name="fk_events_organization_id_investigation_id",
        ),
    )
    op.create_table(
        "questions",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("investigation_id", sa.Text, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_questions"),
    )
    op.create_table(
        "journal",
        sa.Column("n", _SEQUENCE, sa.Identity(), nullable=False),
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("subject_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("n", name="pk_journal"),
    )
    op.create_index("ix_journal_organization_id_subject_id_n", "journal", ["organization_id", "subject_id", "n"])
    op.create_table(
        "errands",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_errands"),
    )


def _create_knowledge_table() -> None:
    op.create_table(
        "knowledge",
        sa.Column("organization_id", sa.Text, nullable=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("added_at", _TIME, nullable=False),
        sa.Column("indexed", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name="pk_knowledge"),
    )
    op.create_index("ix_knowledge_organization_id_indexed", "knowledge", ["organization_id", "indexed"])
