"""Two hosts on one store, a real PostgreSQL, and a real Valkey over TCP with a password."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, text

from dinoq.db.engine import open_database
from dinoq.workers.models.codebook import write_codebook
from tests.chaos.evaluation import ended
from tests.command import Shell
from tests.processes import eventually

SAMPLES, TOP1, TOP5 = 1000, 755, 935


def test_two_hosts_share_a_job_and_the_counts_stay(
    shell: Shell, tmp_path: Path, postgres_url: str, redis_url: str
) -> None:
    server = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE fleet"))
    book = write_codebook(tmp_path / "book", SAMPLES, TOP1, TOP5)
    shell.variables = {
        "DINOQ_DATABASE_URL": server.url.set(database="fleet").render_as_string(hide_password=False),
        "DINOQ_BROKER_URL": redis_url,
        "DINOQ_STORE": str(tmp_path / "store"),
    }
    assert shell.dinoq("jobs").code == 8  # no schema yet, and it says so
    assert shell.dinoq("db", "upgrade").code == 0
    given = ("--model", book.model, "--data", book.images, "--labels", book.labels)
    job = shell.dinoq("submit", "--chip", "cpu", "--batches", "1,16", "--loop", "2", *given, "--json").json["job"]
    for host in ("north", "south"):
        shell.start("up", "--prep", "1", DINOQ_HOST=host, DINOQ_STATE=str(tmp_path / host))
    fleet = open_database(shell.variables["DINOQ_DATABASE_URL"])
    eventually(lambda: ended(fleet, job), "the end")
    fleet.close()
    runs = shell.dinoq("report", job, "--json").json["runs"]
    assert [(run["top1"]["correct"], run["top5"]["correct"]) for run in runs] == [(TOP1, TOP5)] * 2
    assert [run["coverage"]["counted"] for run in runs] == [SAMPLES] * 2
    assert {device["host"] for run in runs for device in run["devices"]} == {"north", "south"}
    shell.stop_all()
    with server.connect() as connection:
        connection.execute(text("DROP DATABASE fleet WITH (FORCE)"))
    server.dispose()
