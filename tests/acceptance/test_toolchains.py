"""Toolchains that are missing, fail, hang or lie, artifacts that were changed: one run fails with a sentence, the rest goes on."""

from __future__ import annotations

import pytest

from dinoq.db.engine import Database
from dinoq.db.progress import job_progress
from dinoq.jobs.ledger import Kind
from tests.acceptance.conftest import Bench
from tests.crew import states
from tests.processes import eventually


@pytest.mark.long
def test_failing_toolchains_fail_their_runs_with_code_and_hint_and_hold_up_no_other(bench: Bench) -> None:
    faults = "compile@310P3:4:E10007,compile@310P3:16:E19010,compile@310:1:EZ3003,no-file-atc@310,denied@T4"
    simulated = ("--chip", "310P3,310", "--batches", "1,4,16", "--simulate", "310P3:1,310:1,T4:1")
    answer = bench.run(*simulated, DINOQ_SIM_FAULTS=faults)
    assert answer.code == 6, answer.err
    assert "note:  tensorrt: NVML refuses this user" in answer.err
    runs = {(run["chip"], run["batch"]): run for run in answer.json["runs"]}
    assert (runs["310P3", 1]["state"], runs["310P3", 1]["top1"]["correct"]) == ("done", 9)
    errors = {run: told["error"] for run, told in runs.items() if told["state"] == "failed"}
    assert len(errors) == 5
    assert "E10007" in errors["310P3", 4]
    assert "E19010 No parser is registered" in errors["310P3", 16]
    assert "try another toolkit (Solution: Correct it" in errors["310P3", 16]
    assert "export with opset 11" not in errors["310P3", 16]  # it is that already
    assert "EZ3003 No supported Ops kernel" in errors["310", 1]
    assert "atc said success and left 0 files" in errors["310", 16]
    said = bench.shell.dinoq("logs", "last", "--run", "310P3:16").out
    assert "ATC run failed, Please check the detail log" in said
    assert "EZ3003" not in said


def test_a_toolchain_that_hangs_is_killed_at_its_deadline(bench: Bench) -> None:
    simulated = ("--chip", "310P3", "--simulate", "310P3:1")
    answer = bench.run(*simulated, DINOQ_SIM_FAULTS="hang-atc@310P3", DINOQ_COMPILING_DEADLINE_S="1")
    assert answer.code == 6, answer.err
    assert answer.json["runs"][0]["error"].startswith("atc was killed after 1 s without an end")


def test_a_host_without_atc_refuses_a_run_and_waits_for_others_with_a_job(bench: Bench, ledger: Database) -> None:
    simulated = ("--simulate", "310P3:1")
    answer = bench.run("--chip", "310P3", *simulated, DINOQ_SIM_PROGRAMS="npu-smi")
    assert (answer.code, answer.out) == (8, "")
    assert "this host has a 310P3 and nothing to compile for it: atc is not on PATH" in answer.err
    assert "set [ascend] set_env" in answer.err
    bench.shell.start("up", *simulated, DINOQ_SIM_PROGRAMS="npu-smi")
    job = bench.shell.dinoq("submit", *bench.args("--chip", "310P3", "--json")).json["job"]
    waits = "WAITING: no host compiles for 310P3"
    eventually(lambda: job_progress(ledger, job).runs[0].waits_for == waits, waits)
    waiting = bench.shell.dinoq("submit", *bench.args("--chip", "310P3", "--wait"))
    assert waiting.code == 8
    assert f"no host compiles for 310P3. Job {job + 1} is stored and waits" in waiting.err


def compiled(bench: Bench, ledger: Database) -> int:
    """A job of a 310P3 and a T4 whose artifacts were made by an `up` that has left."""
    job = int(bench.shell.dinoq("submit", *bench.args("--chip", "310P3,T4", "--json")).json["job"])
    up = bench.shell.start("up", "--simulate", "310P3:1,T4:1", "--prep", "0", DINOQ_SIM_TENSORRT="10.16.1")
    eventually(lambda: states(ledger, job, Kind.COMPILE) == ["done", "done"], "both artifacts")
    up.terminate()
    up.communicate(timeout=30)
    return job


@pytest.mark.long
def test_a_changed_artifact_fails_and_one_of_another_version_is_not_opened(bench: Bench, ledger: Database) -> None:
    job = compiled(bench, ledger)
    (artifact,) = (bench.shell.home / ".dinoq/store/artifacts").glob("*.om")
    artifact.write_bytes(artifact.read_bytes().replace(b"Ascend310P3", b"Ascend310P1"))
    bench.shell.start("up", "--simulate", "310P3:1,T4:1", DINOQ_SIM_TENSORRT="8.6.1")
    eventually(lambda: job_progress(ledger, job).runs[0].state == "failed", "the failure")
    altered, other = job_progress(ledger, job).runs
    assert altered.error == "the artifact of run 1 is missing or changed in the store; dinoq submit --like 1"
    assert (other.samples_done, other.waits_for.split(";")[0]) == (
        0,
        "WAITING: compiled with tensorrt 10.16.1.11 for x86_64",
    )
