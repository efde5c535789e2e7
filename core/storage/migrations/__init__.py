"""Alembic migrations, written by hand; `core.storage.schema` runs them."""
