"""One host does one kind of work at a time: it measures on `cpu`, or it prepares."""

from __future__ import annotations

import pytest

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import register_worker, retire_worker
from dinoq.db.sweep import sweep
from dinoq.jobs.ledger import Failure, FailureClass, Kind
from tests.builders import HOST, make_worker
from tests.crew import (
    Crew,
    busy,
    crew,
    expire,
    item,
    refused,
    silence,
    submit_job,
)

CPU, T4 = f"{HOST}/cpu:0", f"{HOST}/T4:0"


def open_job(db: Database, host: Crew, chip: str = "T4", samples: int = 600) -> int:
    """A job whose parts may be claimed: three of them."""
    job = submit_job(db, samples, chips=(chip,))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE, job=job)
    return job


def part(db: Database, job: int, no: int = 1) -> int:
    """The id of a part."""
    return item(db, job, Kind.INFER, no=no).id


def test_preparation_waits_while_a_cpu_part_runs_on_its_host(db: Database) -> None:
    host = crew(db)
    held = host.take(part(db, open_job(db, host, "cpu")), CPU)
    waiting = submit_job(db)
    assert busy(db, item(db, waiting, Kind.PREPROCESS).id, host.prep)
    fail(db, held.item_id, held.token, Failure(FailureClass.DRAINED, ""))
    host.take(item(db, waiting, Kind.PREPROCESS).id, host.prep)


def test_a_device_worker_keeps_no_thread_waiting_to_compile_while_its_host_measures(db: Database) -> None:
    host = crew(db)
    held = host.take(part(db, open_job(db, host, "cpu")), CPU)
    waiting = item(db, submit_job(db), Kind.COMPILE)
    assert "measuring on cpu" in refused(db, waiting.id, CPU)
    assert waiting.id in [hint.item_id for hint in sweep(db)]
    fail(db, held.item_id, held.token, Failure(FailureClass.DRAINED, ""))
    host.take(waiting.id, CPU)


@pytest.mark.parametrize("kind", [Kind.PREPROCESS, Kind.COMPILE])
def test_a_cpu_part_waits_while_its_host_prepares(db: Database, kind: Kind) -> None:
    host = crew(db)
    measured = open_job(db, host, "cpu")
    host.do(part(db, measured, 1), CPU)  # the run has begun: only work under way can hold it up
    held = host.take(item(db, submit_job(db), kind).id, host.prep if kind is Kind.PREPROCESS else CPU)
    assert busy(db, part(db, measured, 2), CPU)
    expire(db, held.item_id)
    assert busy(db, part(db, measured, 2), CPU)
    fail(db, held.item_id, held.token, Failure(FailureClass.DRAINED, ""))
    host.take(part(db, measured, 2), CPU)


def test_several_cpu_parts_run_side_by_side(db: Database) -> None:
    job = open_job(db, host := crew(db), "cpu")
    assert [host.take(part(db, job, no), CPU).no for no in (1, 2)] == [1, 2]


def test_another_host_prepares_while_one_measures_on_cpu(db: Database) -> None:
    host, other = crew(db), crew(db, host="host-b")
    host.take(part(db, open_job(db, host, "cpu")), CPU)
    other.take(item(db, submit_job(db), Kind.PREPROCESS).id, other.prep)


def test_preparation_and_an_accelerator_share_a_host(db: Database) -> None:
    host = crew(db, "T4")
    first, second = open_job(db, host), submit_job(db)
    host.take(part(db, first, 1), T4)
    host.take(item(db, second, Kind.PREPROCESS).id, host.prep)
    host.take(part(db, first, 2), T4)


def test_waiting_preparation_goes_before_the_next_cpu_run(db: Database) -> None:
    host = crew(db)
    measured, waiting = open_job(db, host, "cpu"), submit_job(db)
    assert busy(db, part(db, measured), CPU)
    host.do(item(db, waiting, Kind.PREPROCESS).id, host.prep)
    host.take(part(db, measured), CPU)


def test_a_cpu_run_that_has_begun_goes_on_before_waiting_preparation(db: Database) -> None:
    host = crew(db)
    measured = open_job(db, host, "cpu")
    host.do(part(db, measured, 1), CPU)
    submit_job(db)
    host.take(part(db, measured, 2), CPU)


@pytest.mark.parametrize("prep", ["silent", "left", "of another job", "of another host", "of another store"])
def test_preparation_that_nobody_here_could_do_holds_up_no_cpu_run(db: Database, prep: str) -> None:
    host = crew(db)
    measured, waiting = open_job(db, host, "cpu"), submit_job(db)
    if prep == "silent":
        silence(db, host.prep)
    elif prep == "left":
        retire_worker(db, host.prep)
    elif prep == "of another job":
        host.prepare(only_job=measured)
    elif prep == "of another store":
        host.prepare(store_id="store-2")
    else:
        register_worker(db, make_worker(host.prep, "host-b"))
    assert item(db, waiting, Kind.PREPROCESS).state == "queued"
    host.take(part(db, measured), CPU)
