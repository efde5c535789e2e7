"""An organization chooses which personal data is masked for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("limits", sa.Column("mask_personal_data", sa.Text, nullable=True))


def downgrade() -> None:
    op.drop_column("limits", "mask_personal_data")
