"""Knowledge about the same error is found by its fingerprint."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("knowledge", sa.Column("fingerprint", sa.Text, nullable=True))
    op.create_index("ix_knowledge_organization_id_fingerprint", "knowledge", ["organization_id", "fingerprint"])


def downgrade() -> None:
    op.drop_index("ix_knowledge_organization_id_fingerprint", "knowledge")
    op.drop_column("knowledge", "fingerprint")
