"""Run migrations on the connection that `core.storage.schema` passes, inside its transaction."""

from __future__ import annotations

from alembic import context
from alembic.util import CommandError

from core.storage.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise CommandError("Databases are migrated with `logsense migrate`; this command can only make revisions.")

context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
