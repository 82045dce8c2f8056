"""Alembic's environment: our models, one connection, batch mode where SQLite needs it."""

from alembic import context
from sqlmodel import SQLModel

import storage.mirror_models
import storage.models  # the tables register themselves
import storage.reminder_models
import storage.slack_models
import storage.unapplied_models
import storage.webhook_models
import storage.worker_models  # noqa: F401

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    include_name=lambda name, kind, _parents: kind != "table" or name in SQLModel.metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
