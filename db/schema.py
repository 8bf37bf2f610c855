"""Which version of the schema a database has, and how it gets to ours."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from sqlalchemy import URL, Connection, Engine, exc, inspect, text

from dinoq.db.engine import BUSY_MS, database_url, lost_to_another, make_engine, masked_url, sentences
from dinoq.jobs.errors import BadSchema

State = Literal["empty", "behind", "current", "newer", "foreign"]

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
"""All there were, oldest first; a test compares them with the folder `migrations`, which costs an import of Alembic."""
HEAD = REVISIONS[-1]
# One for all dinoq databases of a server: migrations are rare and short.
_UPGRADE_LOCK = 7_238_251_096
_one_upgrade = threading.Lock()  # Alembic keeps its context in a global


def check(url: str) -> State:
    """How the database at `url` stands to this code. Raises: EnvironmentTrouble when it is not reached."""
    address = database_url(url)
    return _look(address, address)


def require_current(url: URL, *, opened: URL) -> None:
    """Nothing for a database of this version, which is left as it is; `opened` is how it is reached.

    Raises: BadSchema for any other.
    """
    state = _look(url, opened)
    if state != "current":
        _refuse(state, url.render_as_string(hide_password=False))


def make_ready(url: str) -> None:
    """Nothing for a database of this version; a SQLite file that is empty or missing gets the schema.

    Raises: BadSchema for any other.
    """
    state = check(url)
    if state == "current":
        return
    if state == "empty" and database_url(url).get_backend_name() == "sqlite":
        upgrade(url)
        return
    _refuse(state, url)


def upgrade(url: str) -> str:
    """Bring the database at `url` to this code's schema; the revision it then has.

    Raises: BadSchema for a database newer than this code, or not dinoq's.
    """
    address = database_url(url)
    # Changing a table of SQLite means to drop and copy it, which foreign keys would forbid.
    engine = make_engine(address, foreign_keys=False)
    try:
        with _one_upgrade, sentences(address), _begin(engine) as connection:
            if address.get_backend_name() == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            state = _state(connection)
            if state in ("newer", "foreign"):
                _refuse(state, url)
            if state != "current":
                _migrate(connection)
            return HEAD
    finally:
        engine.dispose()


@contextmanager
def _begin(engine: Engine) -> Iterator[Connection]:
    """A transaction, once nobody else is making the same new file: SQLite does not wait for the lock by itself while
    it switches a file to its write-ahead log."""
    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection = engine.connect()
            break
        except exc.OperationalError as error:
            if not lost_to_another(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
    with connection, connection.begin():
        yield connection


def _migrate(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "dinoq.db:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _look(url: URL, opened: URL) -> State:
    engine = make_engine(opened, read_only=True)
    try:
        with sentences(url), engine.connect() as connection:
            return _state(connection)
    finally:
        engine.dispose()


def _state(connection: Connection) -> State:
    tables = inspect(connection).get_table_names()
    if "alembic_version" not in tables:
        return "foreign" if tables else "empty"
    revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if revision is None:
        return "empty"
    if revision in REVISIONS:
        return "current" if revision == HEAD else "behind"
    return "newer" if "lane" in tables else "foreign"


def _refuse(state: State, url: str) -> None:
    shown = masked_url(url)
    if state == "newer":
        raise BadSchema(f"database {shown} was made by a newer dinoq.", hint="update dinoq on this host")
    if state == "foreign":
        raise BadSchema(f"database {shown} holds tables that are not dinoq's.", hint="name another database")
    what = "has no tables yet" if state == "empty" else "was made by an older dinoq"
    raise BadSchema(f"database {shown} {what}.", hint="dinoq db upgrade")
