"""Every rule of the ledger is tried on both databases."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.orm import Session

from dinoq.db.engine import Database, database_url
from dinoq.db.schema import upgrade
from dinoq.db.tables.base import Base

POSTGRES, SQLITE = "postgresql", "sqlite"


def admin(url: str | URL, statement: str) -> None:
    """Execute what cannot be part of a transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def url_text(url: URL) -> str:
    """With its password."""
    return url.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[URL]:
    """A PostgreSQL database that has the schema and nothing else, to be copied."""
    base = make_url(postgres_url)
    name = f"dinoq_template_{uuid.uuid4().hex[:8]}"
    admin(base, f"CREATE DATABASE {name}")
    upgrade(url_text(base.set(database=name)))
    yield base.set(database=name)
    admin(base, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has the schema and nothing else, to be copied."""
    path = tmp_path_factory.mktemp("template") / "ledger.sqlite"
    upgrade(f"sqlite:///{path}")
    return path


@contextmanager
def _copy(postgres_url: str, template: URL) -> Iterator[str]:
    name = f"dinoq_{uuid.uuid4().hex[:12]}"
    admin(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template.database}")
    yield url_text(make_url(postgres_url).set(database=name))
    admin(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: URL) -> Iterator[str]:
    """The URL of a PostgreSQL database of this test's own, with the schema."""
    with _copy(postgres_url, postgres_template) as url:
        yield url


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a SQLite file of this test's own, with the schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'ledger.sqlite')}"


@pytest.fixture(params=[SQLITE, POSTGRES])
def url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own, with the schema: each test runs on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"{'postgres' if request.param == POSTGRES else SQLITE}_database"))


@pytest.fixture(scope="session")
def sqlite_ledger(sqlite_template: Path) -> Iterator[Database]:
    """A ledger on SQLite that tests share one after the other; its engine remembers what it compiled."""
    path = shutil.copy(sqlite_template, sqlite_template.with_name("shared.sqlite"))
    ledger = Database(database_url(f"sqlite:///{path}"))
    yield ledger
    ledger.close()


@pytest.fixture(scope="session")
def postgres_ledger(postgres_url: str, postgres_template: URL) -> Iterator[Database]:
    """The same on PostgreSQL."""
    with _copy(postgres_url, postgres_template) as url:
        ledger = Database(database_url(url))
        yield ledger
        ledger.close()


@pytest.fixture(params=[SQLITE, POSTGRES])
def db(request: pytest.FixtureRequest) -> Database:
    """An empty ledger: each test runs on SQLite and on PostgreSQL."""
    ledger: Database = request.getfixturevalue(f"{'postgres' if request.param == POSTGRES else SQLITE}_ledger")
    ledger.write(_empty)
    return ledger


@pytest.fixture
def elsewhere(sqlite_database: str) -> Iterator[Database]:
    """A second ledger, empty."""
    ledger = Database(database_url(sqlite_database))
    yield ledger
    ledger.close()


def _empty(session: Session) -> None:
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(table.delete())
    if session.get_bind().dialect.name == POSTGRES:
        session.execute(text("ALTER SEQUENCE job_id_seq RESTART"))
        session.execute(text("ALTER SEQUENCE item_id_seq RESTART"))
    else:
        session.execute(text("DELETE FROM sqlite_sequence"))
