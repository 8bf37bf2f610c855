"""kill -9 of every kind of process, each twice: counts, coverage and predictions are those of an undisturbed run."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest

from dinoq.db.engine import Database
from dinoq.db.progress import job_progress
from dinoq.workers.models.codebook import write_codebook
from tests.chaos.evaluation import TAKEN_UP_WITHIN_S, Evaluation, ended, items_done, ledger, predictions
from tests.command import Shell
from tests.conftest import SHARED_DATA
from tests.processes import alive, descendants, eventually, kill_one

SAMPLES, TOP1, TOP5 = 1000, 755, 935
LAPS = "40"
FEW_LAPS = "6"
VICTIMS = ("child.py", "worker device", "valkey-server")


@pytest.fixture(scope="module")
def codebook(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    book = write_codebook(tmp_path_factory.mktemp("book"), SAMPLES, TOP1, TOP5)
    flags = ("--batches", "1,16", "--loop", FEW_LAPS)
    return Evaluation(book.model, book.images, book.labels, flags, SAMPLES, TOP1, TOP5)


def advanced(db: Database, job: int, beyond: int) -> bool:
    return ended(db, job) or items_done(db, job) > beyond


def test_whoever_is_killed_the_numbers_stay(shell: Shell, codebook: Evaluation) -> None:
    if SHARED_DATA.is_dir():
        pytest.skip("the same is done on real photos: test_real_photos.py")
    codebook = replace(codebook, flags=("--batches", "1,16", "--loop", LAPS))
    job = codebook.submit(shell)
    db = ledger(shell)
    up = shell.start("up")
    eventually(lambda: job_progress(db, job).preprocess_done, "preprocessing")
    for victim in ("worker prep", "worker prep", *VICTIMS * 2):
        before = items_done(db, job)
        assert not ended(db, job), "the job was over before everybody was killed: raise LAPS"
        kill_one(up.pid, victim)
        eventually(functools.partial(advanced, db, job, before), "work after the kill", TAKEN_UP_WITHIN_S)
    eventually(lambda: ended(db, job), "the end")
    codebook.check(shell, job)
    calm = codebook.submit(shell)
    eventually(lambda: ended(db, calm), "the undisturbed run")
    codebook.check(shell, calm)
    assert predictions(db, job) == predictions(db, calm)
    db.close()


@pytest.mark.long
def test_a_killed_supervisor_leaves_no_process_and_the_next_one_completes_the_job(
    shell: Shell, codebook: Evaluation
) -> None:
    job = codebook.submit(shell)
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
    codebook.check(shell, job)
    db.close()
