"""How Alembic reaches the database: through the connection it is handed, or, for developers, alembic.ini's URL."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from dinoq.db.engine import database_url, make_engine
from dinoq.db.tables.base import Base


def migrate(connection: Connection) -> None:
    """Run what is to be run; SQLite changes a table by making it anew ("batch")."""
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    migrate(given)
else:
    engine = make_engine(database_url(context.config.get_main_option("sqlalchemy.url") or ""), foreign_keys=False)
    with engine.begin() as own:
        migrate(own)
    engine.dispose()
