"""Who may claim what: every guard of a claim, one by one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from dinoq.db.claims import claim
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import charge, list_devices, register_device, register_worker, retire_worker
from dinoq.db.items import start
from dinoq.db.jobs import cancel
from dinoq.db.sweep import worker_lost
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.jobs import Run
from dinoq.jobs.ledger import Claim, Failure, FailureClass, Kind, Refusal
from tests.builders import HOST, make_device, make_worker
from tests.crew import (
    Crew,
    attempts,
    change,
    crew,
    hinted_ago,
    item,
    items,
    refused,
    run_row,
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


def test_a_claim_says_all_that_is_needed_for_the_work(db: Database) -> None:
    host = crew(db, "T4")
    job = open_job(db, host)
    held = host.take(part(db, job, 2), T4)
    assert (held.kind, held.job_id, held.run_no, held.no, held.slice_no) == (Kind.INFER, job, 1, 2, 1)
    assert (held.first, held.count, held.token, held.shard_key) == (256, 256, 1, "shard-0-600")
    assert held.artifact is not None
    assert held.artifact.uri == f"artifacts/{held.artifact.key}"
    assert held.run.chip == "T4"


def test_a_claim_charges_nothing_and_leaves_no_attempt(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep, begin=False)
    assert (item(db, job, Kind.PREPROCESS).attempts, attempts(db, held.item_id)) == (0, [])


def test_a_beginning_is_charged_once_however_often_it_is_told(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    assert start(db, held.item_id, held.token)
    assert (item(db, job, Kind.PREPROCESS).attempts, len(attempts(db, held.item_id))) == (1, 1)


def test_a_claimed_item_is_nobody_elses(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    held = host.take(item(db, job, Kind.PREPROCESS).id, host.prep)
    assert refused(db, held.item_id, host.prep) == f"item {held.item_id} is running"


def test_a_forged_item_or_worker_gets_nothing(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    assert refused(db, 999_999, host.prep) == "there is no item 999999"
    assert refused(db, item(db, job, Kind.PREPROCESS).id, "nobody") == "the worker is not registered, or was seen dead"


def test_a_cancelled_job_gives_nothing_out(db: Database) -> None:
    host, job = crew(db), submit_job(db)
    cancel(db, job)
    assert "cancelled" in refused(db, item(db, job, Kind.PREPROCESS).id, host.prep)


def test_a_blocked_part_is_not_given_out(db: Database) -> None:
    crew(db, "T4")
    assert "blocked" in refused(db, part(db, submit_job(db, chips=("T4",))), T4)


def test_a_part_of_a_run_that_is_not_open_is_not_given_out(db: Database) -> None:
    job = open_job(db, crew(db, "T4"))
    change(db, update(Run).values(state="ready"))
    assert refused(db, part(db, job), T4) == f"run 1 of job {job} is ready"


def test_a_worker_of_another_store_gets_nothing(db: Database) -> None:
    host = Crew(db)
    host.prepare(store_id="store-2")
    reason = refused(db, item(db, submit_job(db), Kind.PREPROCESS).id, host.prep)
    assert "another store" in reason


def test_a_worker_of_one_job_refuses_the_others(db: Database) -> None:
    host, other, mine = Crew(db), submit_job(db), submit_job(db)
    host.prepare(only_job=mine)
    assert "only" in refused(db, item(db, other, Kind.PREPROCESS).id, host.prep)
    host.do(item(db, mine, Kind.PREPROCESS).id, host.prep)


@pytest.mark.parametrize("kind", [Kind.COMPILE, Kind.INFER])
def test_a_prep_worker_does_nothing_but_preprocess(db: Database, kind: Kind) -> None:
    host = crew(db, "T4")
    job = submit_job(db, chips=("T4",)) if kind is Kind.COMPILE else open_job(db, host)
    assert refused(db, item(db, job, kind).id, host.prep) == f"prep workers do not {kind}"


def test_what_is_compiled_on_the_device_is_not_for_toolchains(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    assert "needs the device" in refused(db, item(db, job, Kind.COMPILE).id, host.compile())


def test_a_device_whose_toolchain_is_apart_does_not_compile(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    compiling = item(db, job, Kind.COMPILE).id
    assert "toolchain" in refused(db, compiling, f"{HOST}/310P3:0")
    host.do(compiling, host.compiler)
    assert run_row(db, job).origin == "real"


def test_a_device_worker_does_not_preprocess(db: Database) -> None:
    crew(db)
    assert "preprocess" in refused(db, item(db, submit_job(db), Kind.PREPROCESS).id, CPU)


def test_a_device_of_another_chip_gets_nothing(db: Database) -> None:
    crew(db, "cpu", "T4")
    job = submit_job(db, chips=("cpu",))
    assert refused(db, item(db, job, Kind.COMPILE).id, f"{HOST}/T4:1") == "run 1 is for cpu, not T4"


def test_a_real_run_is_not_for_simulated_devices(db: Database) -> None:
    host = crew(db, "T4")
    simulated = host.device("T4", origin="simulated")
    job = open_job(db, host)
    assert refused(db, part(db, job), simulated) == "run 1 is for real devices"


def test_the_first_to_compile_fixes_the_origin_of_the_run(db: Database) -> None:
    host = crew(db, "T4")
    simulated = host.device("T4", origin="simulated")
    compiling = item(db, submit_job(db, chips=("T4",)), Kind.COMPILE)
    held = host.take(compiling.id, simulated)
    fail(db, held.item_id, held.token, Failure(FailureClass.TRANSIENT, "power"))
    assert run_row(db, compiling.job_id).origin == "simulated"
    assert refused(db, compiling.id, T4) == "run 1 is for simulated devices"


def test_a_device_of_another_toolkit_gets_no_part(db: Database) -> None:
    job = open_job(db, crew(db, "T4"))
    register_device(db, make_device(chip="T4", toolkit="kit 2"))
    assert refused(db, part(db, job), T4) == "run 1 is bound to kit 1 x86_64, not kit 2 x86_64"


def test_a_faulty_device_gets_nothing(db: Database) -> None:
    job = open_job(db, crew(db, "T4"))
    change(db, update(Device).values(state="faulty"))
    answer = claim(db, part(db, job), T4)
    assert answer == Refusal(f"device {T4} is faulty", set_aside=True)


def test_an_ill_device_gets_nothing(db: Database) -> None:
    job = open_job(db, crew(db, "T4"))
    register_device(db, replace(make_device(chip="T4"), healthy=False))
    assert refused(db, part(db, job), T4) == f"device {T4} is lost"


def test_a_worker_that_left_or_was_seen_dead_gets_nothing(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    retire_worker(db, host.prep)
    worker_lost(db, T4)
    for kind, worker in ((Kind.PREPROCESS, host.prep), (Kind.COMPILE, T4)):
        assert "not registered" in refused(db, item(db, job, kind).id, worker)


def test_a_refused_hint_is_sent_again_soon(db: Database) -> None:
    host, job = Crew(db), submit_job(db)
    host.prepare(store_id="store-2")
    hinted_ago(db, 0)
    before = item(db, job, Kind.PREPROCESS).hinted_ms
    refused(db, item(db, job, Kind.PREPROCESS).id, host.prep)
    after = item(db, job, Kind.PREPROCESS).hinted_ms
    assert before is not None and after is not None and after < before - 20_000


# -- a device to be avoided -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "faults"), [(FailureClass.DEVICE, 1), (FailureClass.TRANSIENT, 0)])
def test_an_item_avoids_the_device_it_failed_on_while_another_lives(
    db: Database, kind: FailureClass, faults: int
) -> None:
    """Though it be no fault of the device that its process ended: it may be that it never begins to serve."""
    host = crew(db, "T4", "T4")
    other = f"{HOST}/T4:1"
    job = open_job(db, host)
    held = host.take(part(db, job), T4)
    fail(db, held.item_id, held.token, Failure(kind, "it is gone", "life 1"))
    assert "failed on" in refused(db, held.item_id, T4)
    assert list_devices(db)[0].faults == faults
    host.take(held.item_id, other)


@pytest.mark.parametrize("trouble", ["silent", "faulty", "other store", "other toolkit", "other job"])
def test_a_device_is_not_avoided_when_no_other_could_take_the_item(db: Database, trouble: str) -> None:
    host = crew(db, "T4", "T4")
    other = f"{HOST}/T4:1"
    job = open_job(db, host)
    held = host.take(part(db, job), T4)
    fail(db, held.item_id, held.token, Failure(FailureClass.DEVICE, "lost the bus", "life 1"))
    if trouble == "silent":
        silence(db, other)
    elif trouble == "faulty":
        change(db, update(Device).where(Device.key == other).values(state="faulty"))
    elif trouble == "other toolkit":
        register_device(db, make_device(chip="T4", index=1, toolkit="kit 2"))
    else:
        wrong: dict[str, Any] = {"store_id": "store-2"} if trouble == "other store" else {"only_job": job + 1}
        register_worker(db, make_worker(other, device=host.devices[other], **wrong))
    host.take(held.item_id, T4)


def test_one_device_process_is_charged_once_however_many_items_it_had(db: Database) -> None:
    job = open_job(db, host := crew(db, "T4"))
    for held in [host.take(part(db, job, no), T4) for no in (1, 2)]:
        fail(db, held.item_id, held.token, Failure(FailureClass.DEVICE, "lost the bus", "life 1"))
    with db.read() as session:
        device = session.get_one(Device, T4)
    assert (device.faults, device.state) == (1, "ok")


def test_the_second_device_process_that_dies_sets_the_device_aside(db: Database) -> None:
    crew(db, "T4")
    for life in ("life 1", "life 2"):
        db.write(partial(charge, key=T4, incarnation=life))
    with db.read() as session:
        assert session.get_one(Device, T4).state == "faulty"


def test_every_item_of_a_job_is_claimed_by_somebody(db: Database) -> None:
    host, job = crew(db, "cpu", "T4"), submit_job(db, 600, chips=("cpu", "T4"), batches=(1, 16))
    assert host.work_off() == len(items(db, job))
    assert isinstance(claim(db, items(db, submit_job(db))[0].id, host.prep), Claim)
