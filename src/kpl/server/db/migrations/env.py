"""Alembic's way into the database; `kpl.server.db.schema` hands over an open connection."""

from alembic import context

from kpl.server.db import tables
from kpl.server.db.base import Base

assert tables.__path__, "all tables are known to the metadata"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot change a table in place
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
