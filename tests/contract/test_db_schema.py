"""Databases that are new, old, newer, somebody else's or not there; and that the migrations make what the code expects."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.orm import Session

from dinoq.db import schema
from dinoq.db.engine import Database, database_url, make_engine, masked_url, open_database
from dinoq.db.progress import job_progress
from dinoq.db.tables.base import Base
from dinoq.jobs.errors import BadSchema, EnvironmentTrouble
from tests.contract.conftest import admin, url_text
from tests.crew import submit_job


def config() -> Config:
    """Alembic's, without any file."""
    made = Config()
    made.set_main_option("script_location", "dinoq.db:migrations")
    return made


def execute(url: str, *statements: str) -> None:
    """Change a database behind the ledger's back."""
    engine = make_engine(database_url(url))
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def new_sqlite(tmp_path: Path) -> str:
    """The URL of a file that is not there yet."""
    return f"sqlite:///{tmp_path / 'new.sqlite'}"


# -- migrations -------------------------------------------------------------------------------------------------------


def test_the_migrations_make_the_tables_of_the_code(url: str) -> None:
    engine = make_engine(database_url(url))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_the_migrations_make_every_constraint_of_the_code(sqlite_database: str, tmp_path: Path) -> None:
    """Alembic compares no CHECK; SQLite keeps the words of each table."""

    def words(url: str) -> set[str]:
        engine = create_engine(url)
        with engine.connect() as connection:
            made = connection.scalars(text("SELECT sql FROM sqlite_master WHERE tbl_name != 'alembic_version'"))
            lines = [line for sql in made for line in (sql or "").splitlines()]
        engine.dispose()
        # A column that is added later stands in the line of the last one: cut at commas outside parentheses.
        parts = [part for line in lines for part in re.split(r",(?![^(]*\))", line)]
        return {re.sub(r"\s+", " ", part.strip()).replace('"', "") for part in parts}

    modelled = f"sqlite:///{tmp_path / 'modelled.sqlite'}"
    engine = create_engine(modelled)
    Base.metadata.create_all(engine)
    engine.dispose()
    assert words(modelled) == words(sqlite_database)


def downgrade(url: str, revision: str) -> set[str]:
    """Back to a revision; the tables that are left."""
    engine = make_engine(database_url(url), foreign_keys=False)
    with engine.begin() as connection:
        there = config()
        there.attributes["connection"] = connection
        command.downgrade(there, revision)
        left = set(inspect(connection).get_table_names())
    engine.dispose()
    return left


def test_down_and_up_again_leaves_the_same_schema(url: str) -> None:
    assert downgrade(url, "base") == {"alembic_version"}
    assert (schema.check(url), schema.upgrade(url), schema.check(url)) == ("empty", schema.HEAD, "current")


@pytest.mark.parametrize("revision", schema.REVISIONS[:-1])
def test_an_older_ledger_is_brought_to_this_schema_with_its_jobs(url: str, revision: str) -> None:
    db = Database(database_url(url))
    job = submit_job(db)
    downgrade(url, revision)
    assert (schema.check(url), schema.upgrade(url), schema.check(url)) == ("behind", schema.HEAD, "current")
    assert job_progress(db, job).state == "active"
    db.close()


def test_the_code_knows_every_revision_in_order() -> None:
    revisions = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]
    assert tuple(reversed(revisions)) == schema.REVISIONS


def test_migrations_run_from_any_folder_and_need_no_ini_file(tmp_path: Path) -> None:
    code = f"from dinoq.db.schema import upgrade; print(upgrade({new_sqlite(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == (schema.HEAD, "")


# -- opening ----------------------------------------------------------------------------------------------------------


def test_a_new_sqlite_file_is_made_ready_by_itself(tmp_path: Path) -> None:
    db = open_database(new_sqlite(tmp_path))
    assert submit_job(db) == 1
    db.close()


def test_processes_may_open_the_same_new_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from dinoq.db.engine import open_database; import alembic.command\n"
        "print('here', flush=True); sys.stdin.readline(); open_database(sys.argv[1]).close()"
    )
    argv, pipe = [sys.executable, "-c", code, new_sqlite(tmp_path)], subprocess.PIPE
    racing = [subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe, text=True) for _ in range(3)]
    assert [process.stdout.readline() for process in racing if process.stdout] == ["here\n"] * 3
    for process in racing:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [(process.communicate()[1], process.returncode) for process in racing] == [("", 0)] * 3


def test_many_threads_may_open_the_same_new_file_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        for db in pool.map(open_database, [new_sqlite(tmp_path)] * 4):
            db.close()


def test_a_new_postgresql_is_not_touched_before_it_is_asked_for(postgres_url: str, postgres_database: str) -> None:
    name = f"{make_url(postgres_database).database}_new"
    admin(postgres_url, f"CREATE DATABASE {name}")
    url = url_text(make_url(postgres_url).set(database=name))
    with pytest.raises(BadSchema, match="has no tables yet") as caught:
        open_database(url)
    assert (caught.value.hint, schema.upgrade(url)) == ("dinoq db upgrade", schema.HEAD)
    open_database(url).close()
    admin(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


def test_a_database_of_a_newer_dinoq_is_refused(url: str) -> None:
    execute(url, "UPDATE alembic_version SET version_num = '9999'")
    for touch in (open_database, schema.upgrade):
        with pytest.raises(BadSchema, match="newer dinoq") as caught:
            touch(url)
        assert caught.value.hint == "update dinoq on this host"


def test_a_database_of_an_older_dinoq_names_the_cure(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "REVISIONS", (*schema.REVISIONS, "9998"))
    monkeypatch.setattr(schema, "HEAD", "9998")
    with pytest.raises(BadSchema, match="older dinoq") as caught:
        open_database(url)
    assert caught.value.hint == "dinoq db upgrade"


@pytest.mark.parametrize("versioned", [True, False])
def test_somebody_elses_database_is_left_alone(tmp_path: Path, versioned: bool) -> None:
    url = new_sqlite(tmp_path)
    execute(url, "CREATE TABLE orders (id INTEGER)")
    if versioned:
        execute(url, "CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('abc')")
    for touch in (open_database, schema.upgrade):
        with pytest.raises(BadSchema, match="not dinoq's"):
            touch(url)


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "new.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(EnvironmentTrouble, match=r"new\.sqlite does not serve: file is not a database"):
        open_database(new_sqlite(tmp_path))


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentTrouble, match="unable to open database file"):
        open_database(f"sqlite:///{tmp_path}/none/ledger.sqlite")


def test_a_refused_connection_is_a_sentence_without_the_password() -> None:
    pytest.importorskip("psycopg")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        url = f"postgresql://ada:hunter2@127.0.0.1:{taken.getsockname()[1]}/ledger"
        with pytest.raises(EnvironmentTrouble, match=r"ada:\*\*\*@127\.0\.0\.1.* does not serve") as caught:
            open_database(url)
    assert "hunter2" not in f"{caught.value} {caught.value.__cause__} {caught.value.hint}"


@pytest.mark.parametrize(
    "url", ["mysql://u:hunter2@h/d", "sqlite://", "nonsense", "sqlite:///:memory:", "postgresql://u:hunter2@h:x/d"]
)
def test_a_url_that_names_neither_database_is_refused(url: str) -> None:
    with pytest.raises(EnvironmentTrouble) as caught:
        open_database(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:pw@h/d", "postgresql://u:***@h/d"),
        ("redis://:pw@h:6379/0", "redis://:***@h:6379/0"),
        ("postgresql://u:p/w@x@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h/d?password=pw&user=u", "postgresql://h/d?password=***&user=u"),
        ("sqlite:////x/ledger.sqlite", "sqlite:////x/ledger.sqlite"),
        ("postgresql://u:pw@h:x/d", "postgresql://***@h:x/d"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert masked_url(url) == shown


def test_plain_postgresql_urls_mean_psycopg() -> None:
    assert database_url("postgresql://u@h/d").drivername == "postgresql+psycopg"


def test_sqlite_needs_no_driver_of_postgresql() -> None:
    code = "import sys, dinoq.db.engine, dinoq.db.items, dinoq.db.history; assert 'psycopg' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONSAFEPATH": "1"})


def test_a_ledger_on_sqlite_writes_ahead(sqlite_database: str) -> None:
    db = Database(database_url(sqlite_database))

    def pragmas(*names: str) -> list[object]:
        return db.write(lambda session: [session.execute(text(f"PRAGMA {name}")).scalar() for name in names])

    found = pragmas("journal_mode", "busy_timeout", "synchronous", "foreign_keys")
    db.close()
    assert found == ["wal", 30_000, 1, 1]


def test_whoever_may_write_on_sqlite_is_the_writer_from_the_first_word(sqlite_database: str) -> None:
    db, other = Database(database_url(sqlite_database)), sqlite3.connect(database_url(sqlite_database).database or "")
    other.execute("PRAGMA busy_timeout = 0")

    def work(session: Session) -> None:
        session.execute(text("SELECT 1"))
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")

    db.write(work)
    other.close()
    db.close()
