"""Which host compiles what, for whom: toolchains apart from devices, and what an artifact is bound to."""

from __future__ import annotations

import pytest

from dinoq.db.claims import claim
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.fleet import list_workers
from dinoq.db.hints import first_hints
from dinoq.db.log import job_log
from dinoq.jobs.ledger import Failure, FailureClass, Kind, Origin, Refusal, Target, Toolchain
from dinoq.jobs.spec import GivenArtifact
from tests.builders import HOST
from tests.crew import TOOLCHAIN, Crew, crew, item, run_row, submit_job


def refusal(db: Database, job: int, worker: str) -> str:
    """Why the job's compile item is not to be had."""
    answer = claim(db, item(db, job, Kind.COMPILE).id, worker)
    assert isinstance(answer, Refusal), answer
    return answer.reason


def toolchain(toolkit: str = "kit 1", origin: Origin = "real") -> Toolchain:
    return Toolchain(vendor="ascend", toolkit=toolkit, origin=origin)


def test_a_toolchain_compiles_for_the_device_that_it_fits(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    held = host.take(item(db, job, Kind.COMPILE).id, host.compiler)
    assert held.target == Target(origin="real", toolkit="kit 1", arch="x86_64")


def test_a_device_compiles_for_itself(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    held = host.take(item(db, job, Kind.COMPILE).id, f"{HOST}/T4:0")
    assert held.target == Target(origin="real", toolkit="kit 1", arch="x86_64")


def test_a_host_without_the_toolchain_is_refused(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    host.compile(Toolchain(vendor="another", toolkit="kit 1", origin="real"))
    assert refusal(db, job, host.compiler) == f"host {HOST} has no toolchain for 310P3"


@pytest.mark.parametrize("made", [Crew, lambda db: crew(db, "310P3")], ids=["no device", "another toolkit"])
def test_nothing_is_compiled_for_a_device_that_nobody_knows(db: Database, made: type[Crew]) -> None:
    host, job = made(db), submit_job(db, chips=("310P3",))
    host.compile(toolchain("kit 2"))
    assert "no 310P3 is known" in refusal(db, job, host.compiler)
    assert run_row(db, job).origin is None


def test_a_simulated_toolchain_makes_the_run_a_simulated_one(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    host.device("310P3", 1, origin="simulated")
    host.compile(toolchain(origin="simulated"))
    host.take(item(db, job, Kind.COMPILE).id, host.compiler)
    assert run_row(db, job).origin == "simulated"


def test_a_real_toolchain_gets_no_run_of_simulated_devices(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    host.device("310P3", 1, origin="simulated")
    compiling = item(db, job, Kind.COMPILE).id
    host.compile(toolchain(origin="simulated"))
    held = host.take(compiling, host.compiler)
    fail(db, compiling, held.token, Failure(FailureClass.TRANSIENT, "killed"))
    host.compile()
    assert refusal(db, job, host.compiler) == "run 1 is for simulated devices"


@pytest.mark.parametrize("kind", [Kind.PREPROCESS, Kind.INFER])
def test_a_compile_worker_does_nothing_else(db: Database, kind: Kind) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    if kind is Kind.INFER:
        host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    answer = claim(db, item(db, job, kind).id, host.compile())
    assert isinstance(answer, Refusal)
    assert "compile workers do not" in answer.reason


def test_what_was_made_elsewhere_is_taken_by_the_device_itself(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",), given=GivenArtifact(uri="u", sha256="s", name="x"))
    assert [(hint.kind, hint.ready_made) for hint in first_hints(db, job)][1] == (Kind.COMPILE, True)
    assert "needs the device" in refusal(db, job, host.compiler)
    host.do(item(db, job, Kind.COMPILE).id, f"{HOST}/310P3:0")


def test_what_a_failed_toolchain_said_is_in_the_log(db: Database) -> None:
    host, job = crew(db, "310P3"), submit_job(db, chips=("310P3",))
    held = host.take(item(db, job, Kind.COMPILE).id, host.compiler)
    fail(db, held.item_id, held.token, Failure(FailureClass.PERMANENT, "E19010", output="ATC start\nE19010: no parser"))
    head, *output = job_log(db, job)[-1].splitlines()
    assert "310P3 bs1 compile" in head and "failed" in head
    assert output == ["    ATC start", "    E19010: no parser"]


def test_a_worker_is_listed_with_its_toolchains(db: Database) -> None:
    host = Crew(db)
    host.compile()
    assert [row.facts.toolchains for row in list_workers(db)] == [(TOOLCHAIN,)]
