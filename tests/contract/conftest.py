"""Every rule of the ledger is tried on both databases."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from dinoq.db.engine import Database, database_url
from dinoq.db.schema import upgrade

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


@pytest.fixture
def postgres_database(postgres_url: str, postgres_template: URL) -> Iterator[str]:
    """The URL of a PostgreSQL database of this test's own, with the schema."""
    base = make_url(postgres_url)
    name = f"dinoq_{uuid.uuid4().hex[:12]}"
    admin(base, f"CREATE DATABASE {name} TEMPLATE {postgres_template.database}")
    yield url_text(base.set(database=name))
    admin(base, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of a SQLite file of this test's own, with the schema."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'ledger.sqlite')}"


@pytest.fixture(params=[SQLITE, POSTGRES])
def url(request: pytest.FixtureRequest) -> str:
    """A database of this test's own, with the schema: each test runs on SQLite and on PostgreSQL."""
    return str(request.getfixturevalue(f"{'postgres' if request.param == POSTGRES else SQLITE}_database"))


@pytest.fixture
def db(url: str) -> Iterator[Database]:
    """The ledger on that database."""
    database = Database(database_url(url))
    yield database
    database.close()
