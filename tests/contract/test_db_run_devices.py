"""Devices that a run goes without: as its record keeps them, and as its progress tells of them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import charge, register_device, register_worker, retire_worker
from dinoq.db.items import finish
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Attempt
from dinoq.jobs.ledger import Failure, FailureClass, Kind
from dinoq.jobs.record import DeviceTrouble, FleetDevice, RunRecord
from tests.builders import HOST, make_device, make_worker, shard_result
from tests.crew import Crew, change, crew, items, submit_job

FIRST, SECOND = f"{HOST}/T4:0", f"{HOST}/T4:1"


def ready(db: Database, samples: int = 600) -> tuple[Crew, int]:
    """Two T4s and a job of three parts that may begin."""
    host, job = crew(db, "T4", "T4"), submit_job(db, samples, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    return host, job


def lose(db: Database, host: Crew, job: int, worker: str, life: str = "life 1", no: int = 0) -> None:
    """The device of this worker fails a part."""
    held = host.take(items(db, job, Kind.INFER, state="queued")[no].id, worker)
    fail(db, held.item_id, held.token, Failure(FailureClass.DEVICE, f"lost in {life}", life))


def run_of(db: Database, job: int) -> RunRecord:
    return job_record(db, job).runs[0]


def test_a_device_that_failed_until_it_was_set_aside_is_kept_with_its_last_error(db: Database) -> None:
    host, job = ready(db)
    lose(db, host, job, SECOND, "life 1")
    lose(db, host, job, SECOND, "life 2", no=1)
    host.work_off()
    run = run_of(db, job)
    assert run.state == "done"
    assert run.troubles == (DeviceTrouble(device=SECOND, failures=2, error="lost in life 2", went_on=False),)
    assert [(one.facts.key, one.state, one.failed_ms is None) for one in run.fleet] == [
        (FIRST, "ok", True),
        (SECOND, "faulty", False),
    ]


def test_what_a_program_says_of_itself_last_is_kept_with_the_runs_device(db: Database) -> None:
    host, job = ready(db)
    for clock, device in (("aclruntime", FIRST), ("own", FIRST), ("aclruntime", SECOND)):
        held = host.take(items(db, job, Kind.INFER, state="queued")[0].id, device)
        result = shard_result(held, host.facts(device))
        assert finish(db, held.item_id, held.token, replace(result, program={"clock": clock}))[0]
    run = run_of(db, job)
    assert {key: said["clock"] for key, said in run.programs.items()} == {FIRST: "own", SECOND: "aclruntime"}
    assert [one.key for one in run.devices] == [FIRST, SECOND]


def test_the_dinoq_that_worked_a_run_is_kept_with_its_devices(db: Database) -> None:
    host, job = ready(db)
    host.work_off()
    assert {said["dinoq"] for said in run_of(db, job).programs.values()} == {"0"}


def test_a_device_that_finished_something_later_went_on(db: Database) -> None:
    host, job = ready(db)
    lose(db, host, job, SECOND)
    change(db, update(Attempt).where(Attempt.error_class == "device").values(ended_ms=Attempt.ended_ms - 1000))
    host.do(items(db, job, Kind.INFER, state="queued")[1].id, SECOND)
    assert [one.went_on for one in run_of(db, job).troubles] == [True]


@pytest.mark.parametrize("kind", [FailureClass.TRANSIENT, FailureClass.DRAINED])
def test_other_failures_are_no_trouble_of_the_device(db: Database, kind: FailureClass) -> None:
    host, job = ready(db)
    held = host.take(items(db, job, Kind.INFER)[0].id, SECOND)
    fail(db, held.item_id, held.token, Failure(kind, "no matter"))
    assert run_of(db, job).troubles == ()


def test_the_fleet_of_a_run_is_of_its_chip_and_origin(db: Database) -> None:
    host, job = ready(db)
    host.device("T4", origin="simulated")
    host.device("cpu")
    assert run_of(db, job).fleet == tuple(
        FleetDevice(facts=make_device(chip="T4", index=index), state="ok") for index in (0, 1)
    )


def test_a_run_whose_origin_is_open_has_no_fleet_yet(db: Database) -> None:
    crew(db, "T4")
    assert run_of(db, submit_job(db, chips=("T4",))).fleet == ()


def other_kit(db: Database) -> None:
    """A third T4 comes up, with another toolkit."""
    facts = replace(make_device(chip="T4", index=2), toolkit="kit 2")
    register_device(db, facts)
    register_worker(db, make_worker(facts.key, device=facts))


def without(db: Database, job: int) -> tuple[str, ...]:
    return job_progress(db, job).runs[0].left_out


def test_progress_names_living_devices_that_the_run_goes_without(db: Database) -> None:
    _, job = ready(db)
    assert without(db, job) == ()
    other_kit(db)
    for life in ("1", "2"):
        db.write(partial(charge, key=SECOND, incarnation=life))
    assert without(db, job) == (
        f"{SECOND} is set aside as faulty",
        f"{HOST}/T4:2 has kit 2; the run is bound to kit 1",
    )


def test_a_device_whose_worker_has_left_is_not_named(db: Database) -> None:
    _, job = ready(db)
    change(db, update(Device).where(Device.key == SECOND).values(state="faulty"))
    retire_worker(db, SECOND)
    assert without(db, job) == ()


def test_a_run_that_has_ended_goes_without_nobody(db: Database) -> None:
    host, job = ready(db)
    other_kit(db)
    host.work_off(job=job)
    assert without(db, job) == ()


def test_a_run_whose_toolkit_nobody_has_any_longer_says_so(db: Database) -> None:
    _, job = ready(db)
    other_kit(db)
    for gone in (FIRST, SECOND):
        retire_worker(db, gone)
    assert job_progress(db, job).runs[0].waits_for == (
        "WAITING: compiled with kit 1 for x86_64; the T4 there have kit 2 x86_64"
    )
