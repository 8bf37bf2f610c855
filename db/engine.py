"""The database behind the ledger: one way to write, one way to read, on SQLite or PostgreSQL."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

from sqlalchemy import URL, Connection, CursorResult, Engine, create_engine, event, exc, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.sql.dml import UpdateBase

from dinoq.db.tables.base import Base
from dinoq.jobs.errors import EnvironmentTrouble

T = TypeVar("T")
Insert = sqlite.Insert | postgresql.Insert

TRIES = 8
"""How often a transaction that lost to another one is begun anew."""
BUSY_MS = 30_000
"""SQLite's queue of writers is unfair: one was seen to wait 7 s."""
LOST_TO_ANOTHER = ("40001", "40P01")  # serialization failure, deadlock
NOT_ALLOWED = ("42501", "25006")  # insufficient privilege, read-only transaction


class Database:
    """The ledger's database. Threads may share it; each transaction has a session of its own. One that is `read_only` lets
    nothing be written."""

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        self._url = url
        self._reader = make_engine(sealed(url) if read_only else url, read_only=True)
        self._writer = self._reader if read_only else make_engine(url)
        self._write = sessionmaker(self._writer, expire_on_commit=False)
        self._read = sessionmaker(self._reader, expire_on_commit=False)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    def write(self, work: Callable[[Session], T]) -> T:
        """Run `work` in one transaction that may write, and return what it returns.

        `work` is called again, from the start, when the transaction lost to another one. Raises: EnvironmentTrouble
        when the database cannot be reached or written.
        """
        with sentences(self._url):
            for turn in range(TRIES):
                try:
                    with self._write.begin() as session:
                        return work(session)
                except exc.DBAPIError as error:
                    if turn == TRIES - 1 or not lost_to_another(error):
                        raise
                    time.sleep(0.01 * 2**turn)
            raise AssertionError("unreachable")

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state, cannot write, and holds up nobody who does."""
        with sentences(self._url), self._read() as session:
            yield session

    def close(self) -> None:
        """Let go of every connection."""
        self._writer.dispose()
        self._reader.dispose()


def open_database(url: str) -> Database:
    """The ledger at `url`: `sqlite:////path/file` or `postgresql://user:password@host/name`.

    A SQLite file that is missing or empty is made ready. Raises: BadSchema for a database of another version, or not
    dinoq's; EnvironmentTrouble when it is not reached.
    """
    from dinoq.db.schema import make_ready

    make_ready(url)
    return Database(database_url(url))


def database_url(url: str) -> URL:
    """The URL as SQLAlchemy takes it. Raises: EnvironmentTrouble for one that names no SQLite file or PostgreSQL."""
    hint = "DINOQ_DATABASE_URL=postgresql://user:password@host/name, or sqlite:////path/file"
    try:
        parsed = make_url(url)
    except (exc.ArgumentError, ValueError):
        raise EnvironmentTrouble("the database URL cannot be read.", hint=hint) from None
    if parsed.drivername in ("postgresql", "postgres"):
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "postgresql+psycopg":
        return parsed
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    raise EnvironmentTrouble(f"database {masked_url(url)} is neither a PostgreSQL nor a SQLite file.", hint=hint)


def masked_url(url: str) -> str:
    """The URL without its password, fit for a message."""
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except (exc.ArgumentError, ValueError):
        shown = re.sub(r"//.*@", "//***@", url, flags=re.DOTALL)
    # A raw @ in the password: what follows it was taken for the host.
    shown = re.sub(r"(//[^/@:]*):.*@", r"\1:***@", shown, flags=re.DOTALL)
    return re.sub(r"((?:password|passwd|pw)=)[^&]*", r"\1***", shown)


def sealed(url: URL) -> URL:
    """The same database, in a way that SQLite would refuse to write it; PostgreSQL is told so for each transaction."""
    if url.get_backend_name() != "sqlite":
        return url
    path = Path(url.database or "").absolute()
    # To read beside a writer, SQLite keeps an index of the writer's log there; whoever writes has a log.
    alone = not os.access(path.parent, os.W_OK) and not path.with_name(f"{path.name}-wal").exists()
    query = {"mode": "ro", "uri": "true", **({"immutable": "1"} if alone else {})}
    return url.set(database=f"file:{quote(str(path))}", query=query)


def make_engine(url: URL, *, read_only: bool = False, foreign_keys: bool = True) -> Engine:
    """Connections as the ledger needs them. Raises: EnvironmentTrouble when the driver is not installed."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, read_only=read_only, foreign_keys=foreign_keys)
    try:
        engine = create_engine(url, pool_pre_ping=True, max_overflow=20, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError:
        raise EnvironmentTrouble(
            f"database {masked_url(str(url))} needs the driver psycopg, which is not installed.",
            hint="pip install 'dinoq[postgres]'",
        ) from None
    if read_only:
        return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine


def _sqlite_engine(url: URL, *, read_only: bool, foreign_keys: bool) -> Engine:
    # Unbounded: a worker has as many threads as it was given, and a connection costs little.
    engine = create_engine(url, max_overflow=-1)
    pragmas = [f"busy_timeout={BUSY_MS}", "synchronous=NORMAL", f"foreign_keys={int(foreign_keys)}"]
    pragmas.append("query_only=ON" if read_only else "journal_mode=WAL")
    # A transaction that reads first and writes later cannot wait for the lock, so a writer is one from its start.
    begin = "BEGIN" if read_only else "BEGIN IMMEDIATE"

    @event.listens_for(engine, "connect")
    def on_connect(dbapi: Any, _record: object) -> None:
        dbapi.isolation_level = None  # no BEGIN from the driver
        for pragma in pragmas:
            dbapi.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def sentences(url: URL) -> Iterator[None]:
    """Turns the driver's troubles (refused, full, locked, gone) into a sentence. Raises: EnvironmentTrouble."""
    try:
        yield
    except exc.DatabaseError as error:
        # A plain DatabaseError is a file that is damaged or no database; the other kinds are faults of ours.
        refused = getattr(error.orig, "sqlstate", None) in NOT_ALLOWED
        if type(error) not in (exc.DatabaseError, exc.OperationalError) and not refused:
            raise
        what = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else type(error.orig).__name__
        shown = url.render_as_string(hide_password=True)
        raise EnvironmentTrouble(f"database {masked_url(shown)} does not serve: {what}.", hint="dinoq doctor") from None


def lost_to_another(error: exc.DBAPIError) -> bool:
    """Whether the same transaction may well succeed when it is begun anew."""
    if getattr(error.orig, "sqlstate", None) in LOST_TO_ANOTHER:
        return True
    return getattr(error.orig, "sqlite_errorname", "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def changed(session: Session, statement: UpdateBase) -> int:
    """Execute an insert, update or delete; how many rows it touched."""
    # No session that writes holds loaded rows, which would have to follow.
    options = {"synchronize_session": False, "preserve_rowcount": True}
    result = session.execute(statement, execution_options=options)
    return cast("CursorResult[Any]", result).rowcount


def insert_into(session: Session, table: type[Base]) -> Insert:
    """An insert that can say what to do on a conflict, in the session's dialect."""
    return postgresql.insert(table) if session.get_bind().dialect.name == "postgresql" else sqlite.insert(table)
