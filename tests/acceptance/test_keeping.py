"""A job that is kept: remarked on, its files removed from the store, reported again, and repeated."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.tables.jobs import Job
from tests.acceptance.conftest import Bench
from tests.crew import change
from tests.models import write_log_colour

DAYS = 40
SIMULATED = ("--simulate", "310P3:1")


def age(store: Path, db: Database, job: int) -> None:
    """Let the job have ended, and its files have been made and used, forty days ago."""
    then = time.time() - DAYS * 86_400
    for path in store.rglob("*.*"):
        os.utime(path, (then, then))
    change(db, update(Job).where(Job.id == job).values(finished_ms=int(then * 1000), created_ms=int(then * 1000) - 1))


def test_a_report_outlives_the_files_of_its_job(bench: Bench, ledger: Database) -> None:
    """A program for the cpu is the model itself, which stays. Its answer to photos without red is NaN."""
    shell, store = bench.shell, bench.shell.home / ".dinoq/store"
    write_log_colour(bench.model)
    first = bench.run("--tag", "kept", "--note", "two colours of three")
    assert first.code == 0, first.err
    (run,) = first.json["runs"]
    assert (run["nonfinite"], run["top1"]["correct"], run["coverage"]["counted"]) == (6, 3, 9)
    age(store, ledger, 1)
    before = shell.dinoq("report", "1").out
    assert "NaN   cpu bs4: 6 answers with NaN or Inf among the logits, counted as wrong" in before.splitlines()
    assert "Tags      kept" in before
    assert shell.dinoq("gc", "--older-than", "30d").out.startswith("removed: 1 shard (")
    assert not [*store.glob("shards/*/*")]
    assert shell.dinoq("report", "1").out == before


@pytest.mark.long
def test_a_report_outlives_its_files_and_a_job_like_it_makes_them_anew(bench: Bench, ledger: Database) -> None:
    shell, store = bench.shell, bench.shell.home / ".dinoq/store"
    model = write_log_colour(bench.model)
    first = bench.run("--chip", "310P3", *SIMULATED)
    assert first.code == 0, first.err
    (run,) = first.json["runs"]
    assert run["nonfinite"] == 6
    age(store, ledger, 1)
    before = shell.dinoq("report", "1").out
    assert shell.dinoq("gc", "--older-than", "30d").out.startswith("removed: 1 shard, 1 artifact (")
    assert not [*store.glob("shards/*/*"), *store.glob("artifacts/*")]
    assert shell.dinoq("report", "1").out == before

    model.unlink()
    bench.labels.unlink()
    again = shell.dinoq("run", "--like", "1", *SIMULATED, "--format", "json")
    assert again.code == 0, again.err
    assert (again.json["job"], again.json["runs"][0]["nonfinite"]) == (2, 6)
    assert again.json["runs"][0]["artifact"]["key"] == run["artifact"]["key"]
    assert shell.dinoq("report", "1").out == before
    assert shell.dinoq("gc", "--keep-size", "0B").out.startswith("removed: nothing; stays: 1 shard, 1 artifact (")
