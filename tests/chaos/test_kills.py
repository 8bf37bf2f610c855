"""kill -9 of every kind of process, each twice: counts, coverage and predictions are those of an undisturbed run."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinoq.db.engine import Database, open_database
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record
from dinoq.workers.models.codebook import Codebook, write_codebook
from tests.command import Shell
from tests.processes import alive, descendants, eventually, kill_one

SAMPLES, TOP1, TOP5 = 1000, 755, 935
LAPS = "40"
VICTIMS = ("child.py", "worker device", "valkey-server")
TAKEN_UP_WITHIN_S = 15.0


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Codebook:
    return write_codebook(tmp_path_factory.mktemp("book"), SAMPLES, TOP1, TOP5)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    made.stop_all()


def ledger(shell: Shell) -> Database:
    state = shell.home / ".dinoq" / "state"
    return open_database(f"sqlite:///{state / 'dinoq.sqlite'}")


def submit(shell: Shell, book: Codebook) -> int:
    asked = ("--chip", "cpu", "--batches", "1,16", "--loop", LAPS)
    given = ("--model", book.model, "--data", book.images, "--labels", book.labels)
    return int(shell.dinoq("submit", *asked, *given, "--json").json["job"])


def ended(db: Database, job: int) -> bool:
    return job_progress(db, job).state in ("done", "failed")


def items_done(db: Database, job: int) -> int:
    return job_progress(db, job).items_done


def predictions(db: Database, job: int) -> dict[tuple[int, int], bytes]:
    record = job_record(db, job)
    return {(run.run_no, result.no): result.predictions for run in record.runs for result in run.results}


def check(shell: Shell, job: int) -> None:
    """The known counts, and a proof of coverage without a blemish."""
    runs = shell.dinoq("report", job, "--json").json["runs"]
    assert [(run["top1"]["correct"], run["top5"]["correct"]) for run in runs] == [(TOP1, TOP5)] * 2
    assert [run["coverage"]["counted"] for run in runs] == [SAMPLES] * 2
    assert [run["coverage"]["conflicts"] for run in runs] == [0] * 2


def advanced(db: Database, job: int, beyond: int) -> bool:
    return ended(db, job) or items_done(db, job) > beyond


def test_whoever_is_killed_the_numbers_stay(shell: Shell, book: Codebook) -> None:
    job = submit(shell, book)
    db = ledger(shell)
    up = shell.start("up")
    eventually(lambda: job_progress(db, job).preprocess_done, "preprocessing")
    for victim in ("worker prep", "worker prep", *VICTIMS * 2):
        before = items_done(db, job)
        assert not ended(db, job), "the job was over before everybody was killed: raise LAPS"
        kill_one(up.pid, victim)
        eventually(functools.partial(advanced, db, job, before), "work after the kill", TAKEN_UP_WITHIN_S)
    eventually(lambda: ended(db, job), "the end")
    check(shell, job)
    calm = submit(shell, book)
    eventually(lambda: ended(db, calm), "the undisturbed run")
    check(shell, calm)
    assert predictions(db, job) == predictions(db, calm)
    db.close()


def test_a_killed_supervisor_leaves_no_process_and_the_next_one_completes_the_job(shell: Shell, book: Codebook) -> None:
    job = submit(shell, book)
    db = ledger(shell)
    up = shell.start("up")
    eventually(lambda: items_done(db, job) > 2, "work")
    left = descendants(up.pid)
    assert len(left) >= 4, left
    up.kill()
    up.communicate()
    eventually(lambda: not any(alive(pid) for pid in left), "no process left behind", 10)
    shell.start("up")
    eventually(lambda: ended(db, job), "the end")
    check(shell, job)
    db.close()
