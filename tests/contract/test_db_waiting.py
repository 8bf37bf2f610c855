"""Whom a run waits for, and when waiting is in vain."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import update

from dinoq.db.engine import Database
from dinoq.db.fleet import living_toolchains, register_device, register_worker, retire_worker
from dinoq.db.jobs import cancel
from dinoq.db.progress import job_progress
from dinoq.db.tables.fleet import Device
from dinoq.db.waiting import chips_to_compile, in_vain
from dinoq.jobs.ledger import Kind, Toolchain
from dinoq.jobs.spec import GivenArtifact
from tests.builders import HOST, make_device, make_worker, sha256
from tests.crew import Crew, change, crew, item, silence, submit_job

CHIP, OTHER = f"{HOST}/310P3:0", f"{HOST}/310P3:1"


def waits(db: Database, job: int) -> str:
    """What the first run waits for."""
    return job_progress(db, job).runs[0].waits_for


def set_aside(db: Database, *keys: str) -> None:
    """These devices have failed twice."""
    for key in keys:
        change(db, update(Device).where(Device.key == key).values(state="faulty"))


def test_a_run_that_no_living_host_compiles_for_says_so(db: Database) -> None:
    host, job = Crew(db), submit_job(db, chips=("310P3",))
    host.device("310P3")
    assert waits(db, job) == "WAITING: no host compiles for 310P3"
    assert living_toolchains(db) == frozenset()
    host.compile(Toolchain(vendor="ascend", toolkit="kit 2", origin="real"))
    assert waits(db, job) == "WAITING: no host compiles for 310P3 with kit 1, only with kit 2"
    host.compile()
    assert waits(db, job) == "to be compiled"
    assert living_toolchains(db) == living_toolchains(db, "real") == {"ascend"}
    assert living_toolchains(db, "simulated") == frozenset()


def test_a_device_that_compiles_for_itself_waits_for_no_host(db: Database) -> None:
    job = submit_job(db, chips=("T4",))
    crew(db, "T4")
    assert waits(db, job) == "to be compiled"


def test_a_run_whose_artifact_was_made_elsewhere_waits_for_no_compiler(db: Database) -> None:
    given = GivenArtifact(uri="artifacts/x.om", sha256=sha256("x"), name="x.om")
    host, job = Crew(db), submit_job(db, chips=("310P3",), given=given)
    other = submit_job(db, chips=("310P3",))
    host.device("310P3")
    assert waits(db, job) == "to be compiled"
    assert [chips_to_compile(db, one) for one in (job, other)] == [frozenset(), {"310P3"}]


def test_a_run_does_not_wait_for_who_works_for_another_job(db: Database) -> None:
    other, job = submit_job(db, chips=("T4",)), submit_job(db, chips=("T4",))
    Crew(db).device("T4", only_job=other)
    assert waits(db, job) == "WAITING: no T4 worker"


def test_a_compiled_run_waits_for_the_toolkit_that_it_is_bound_to(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    retire_worker(db, CHIP)
    newer = replace(make_device(chip="310P3", index=1), toolkit="kit 2")
    register_device(db, newer)
    register_worker(db, make_worker(OTHER, device=newer))
    assert waits(db, job) == "WAITING: compiled with kit 1 for x86_64; the 310P3 there have kit 2 x86_64"


def test_waiting_is_in_vain_when_every_device_is_set_aside(db: Database) -> None:
    host, job = crew(db, "310P3", "310P3"), submit_job(db, chips=("310P3",))
    set_aside(db, CHIP)
    assert in_vain(db, job) == ()
    set_aside(db, OTHER)
    assert in_vain(db, job) == ("310P3",)
    cancel(db, job)
    assert in_vain(db, job) == ()
    assert host.devices


def test_waiting_is_not_in_vain_while_a_run_of_another_chip_can_go_on(db: Database) -> None:
    host, job = crew(db, "310P3", "T4"), submit_job(db, chips=("310P3", "T4"))
    set_aside(db, CHIP)
    assert in_vain(db, job) == ()
    host.work_off()
    assert in_vain(db, job) == ("310P3",)


def test_waiting_is_not_in_vain_while_a_part_is_under_way(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    host.take(item(db, job, Kind.INFER).id, CHIP)
    set_aside(db, CHIP)
    assert in_vain(db, job) == ()


def test_waiting_is_not_in_vain_where_a_worker_may_be_started_again(db: Database) -> None:
    crew(db, "310P3", "310P3")
    job = submit_job(db, chips=("310P3",))
    set_aside(db, CHIP)
    retire_worker(db, OTHER)
    assert in_vain(db, job) == ()
    silence(db, OTHER)
    assert in_vain(db, job) == ("310P3",)
    assert in_vain(db, job, [OTHER]) == (), "a supervisor knows that it brings this one"


def test_waiting_for_a_chip_that_nobody_has_is_never_in_vain(db: Database) -> None:
    job = submit_job(db, chips=("310P3",))
    crew(db, "T4")
    assert in_vain(db, job) == ()
