"""What a chat platform needs: posts, connections, roles, channel settings, installations, invitations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_posts()
    _create_tenant_tables()
    _create_directory_tables()


def downgrade() -> None:
    for table in ("invites", "install_states", "installations", "channel_settings", "members", "connections", "posts"):
        op.drop_table(table)


def _create_posts() -> None:
    op.create_table(
        "posts",
        _text("organization_id"),
        _text("investigation_id"),
        _text("role"),
        sa.Column("part", sa.Integer, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("platform", "workspace", "channel", "thread", "message_id")),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "investigation_id", "role", "part", name="pk_posts"),
    )
    op.create_index(
        "ix_posts_organization_id_channel_message_id", "posts", ["organization_id", "channel", "message_id"]
    )
    op.create_index("ix_posts_organization_id_channel_thread", "posts", ["organization_id", "channel", "thread"])


def _create_tenant_tables() -> None:
    op.create_table(
        "connections",
        _text("organization_id"),
        _text("kind"),
        _text("sealed"),
        sa.PrimaryKeyConstraint("organization_id", "kind", name="pk_connections"),
    )
    op.create_table(
        "members",
        _text("organization_id"),
        _text("platform"),
        _text("workspace"),
        _text("user_id"),
        _text("name"),
        _text("role"),
        sa.PrimaryKeyConstraint("organization_id", "platform", "workspace", "user_id", name="pk_members"),
    )
    op.create_table(
        "channel_settings",
        _text("organization_id"),
        _text("platform"),
        _text("workspace"),
        _text("channel"),
        _text("body"),
        sa.PrimaryKeyConstraint("organization_id", "platform", "workspace", "channel", name="pk_channel_settings"),
    )


def _create_directory_tables() -> None:
    op.create_table(
        "installations",
        _text("platform"),
        _text("workspace"),
        _text("sealed"),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("platform", "workspace", name="pk_installations"),
    )
    op.create_table(
        "install_states",
        _text("hash"),
        _text("sealed"),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_install_states"),
    )
    op.create_table(
        "invites",
        _text("hash"),
        _text("organization_id"),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_invites"),
    )


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)
