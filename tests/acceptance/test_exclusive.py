"""Nobody else works on a device while it is timed, or the report says so; on simulated devices."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from dinoq.db.engine import Database
from dinoq.db.history import list_jobs
from dinoq.db.progress import job_progress
from dinoq.db.tables.fleet import Device
from dinoq.jobs.ledger import Kind
from tests.acceptance.conftest import Bench
from tests.crew import at_work
from tests.processes import eventually, kill_one

OTHER = "pid 4000000 python3 17.4 GB"
SIMULATED = ("--chip", "310P3", "--simulate", "310P3:1", "--format", "json")


def report_after(process: Any) -> tuple[dict[str, Any], str]:
    """The only run of the report that the command ends with, and what it said meanwhile; it has to end well."""
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return json.loads(out)["runs"][0], err


def stability(run: dict[str, Any]) -> dict[str, Any]:
    return next(verdict for verdict in run["verdicts"] if verdict["kind"] == "stability")


def busy_text(db: Database) -> str:
    """Who is on the simulated device now, as everybody may read it."""
    with db.read() as session:
        facts = session.scalars(select(Device.facts).where(Device.chip == "310P3")).first()
    return str(facts["busy"]) if facts else ""


def stored(db: Database) -> bool:
    """Whether the command has stored its job."""
    return bool(list_jobs(db))


@pytest.mark.long
def test_a_busy_device_is_waited_for_and_said_and_then_used(bench: Bench, ledger: Database, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.touch()
    faults = f"busy@310P3:0:once={other}"
    process = bench.shell.start("run", *bench.args(*SIMULATED, "--loop", "200"), DINOQ_SIM_FAULTS=faults)
    said = f"WAITING: 310P3:0 is busy: {OTHER}"
    eventually(lambda: stored(ledger) and job_progress(ledger, 1).runs[0].waits_for == said, said)
    other.unlink()
    run, _ = report_after(process)
    assert run["coverage"]["counted"] == 9
    assert "contaminated" not in stability(run)["text"]
    told = run["devices"][0]["telemetry"]
    assert told["samples"] >= 1
    assert told["power_mean_w"] > 0
    assert (told["foreign_most"], told["throttled"]) == (0, 0.0)


@pytest.mark.long
def test_foreign_work_and_heat_during_a_run_make_it_unstable_even_if_the_sampler_died(
    bench: Bench, ledger: Database, tmp_path: Path
) -> None:
    other, pid = tmp_path / "other", bench.shell.home / ".dinoq/state/run/310P3-0/pid"
    faults = f"throttle@310P3:0,busy@310P3:0:once={other}"
    process = bench.shell.start("run", *bench.args(*SIMULATED, "--loop", "200"), DINOQ_SIM_FAULTS=faults)
    eventually(lambda: at_work(ledger, 1, Kind.INFER, "running"), "the run")
    device_process = int(pid.read_text())
    os.kill(device_process, signal.SIGSTOP)  # it shall not end before it was seen
    kill_one(process.pid, "worker sample ascend")
    other.touch()
    eventually(lambda: busy_text(ledger) == OTHER, "the sampler to see it")
    os.kill(device_process, signal.SIGCONT)
    run, err = report_after(process)
    assert "worker sample-ascend ended (signal 9) and starts again" in err
    found = stability(run)
    assert (found["status"], found["decides"]) == ("UNSTABLE", False)
    assert f"contaminated: foreign work on {run['devices'][0]['label']} ({OTHER})" in found["text"]
    assert "was throttled in 100 % of its readings (clock 640 of 1080 MHz, cause not told)" in found["text"]
