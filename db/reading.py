"""A ledger that is only read: no statement of ours could write it, and no living writer is held up."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL

from dinoq.db.engine import Database, database_url
from dinoq.db.schema import require_current
from dinoq.jobs.errors import EnvironmentTrouble


def open_to_read(url: str) -> Database:
    """The ledger at `url`, every write of which fails.

    Raises: BadSchema for a database of another version, or not dinoq's; EnvironmentTrouble when it is not there, not
    reached, or the URL names none.
    """
    address = _read_only(database_url(url))
    require_current(address)
    return Database(address, read_only=True)


def _read_only(url: URL) -> URL:
    """SQLite opens its file by what the name says of it; PostgreSQL is told so for each transaction."""
    if url.get_backend_name() != "sqlite":
        return url
    path = Path(url.database or "").absolute()
    if not path.exists():
        raise EnvironmentTrouble(f"there is no history at {path}.", hint="dinoq config")
    # Nobody writes without a log beside the file; to read one, SQLite makes the log's index there.
    alone = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    query = {"mode": "ro", "uri": "true", **({"immutable": "1"} if alone else {})}
    return url.set(database=f"file:{quote(str(path))}", query=query)
