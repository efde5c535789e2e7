"""Titles that were stored before titles were masked are masked."""

from __future__ import annotations

from alembic import op

from core.storage.stores.stored_titles import mask_stored_titles

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    mask_stored_titles(op.get_bind())


def downgrade() -> None:
    """Leave the titles masked."""
