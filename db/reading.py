"""A ledger that is only read: no statement of ours could write it, and no living writer is held up."""

from __future__ import annotations

from pathlib import Path

from dinoq.db.engine import Database, database_url, sealed
from dinoq.db.schema import require_current
from dinoq.jobs.errors import EnvironmentTrouble


def open_to_read(url: str) -> Database:
    """The ledger at `url`, every write of which fails.

    Raises: BadSchema for a database of another version, or not dinoq's; EnvironmentTrouble when it is not there, not
    reached, or the URL names none.
    """
    address = database_url(url)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").exists():
        raise EnvironmentTrouble(f"there is no history at {address.database}.", hint="dinoq config")
    require_current(address, opened=sealed(address))
    return Database(address, read_only=True)
