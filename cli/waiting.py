"""Waiting for a job that others work on, and reporting once it has ended."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli import console, interrupts
from dinoq.jobs.errors import NoDevice
from dinoq.jobs.spec import JobSpec

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.report import Report

POLL_S = 0.2


def wait_for_turn(state: Path) -> None:
    """Until no other `dinoq run` has the state folder; says once for whom it waits."""
    from dinoq.workers.state_folder import is_locked, pointer

    told = False
    while is_locked(state):
        owner = pointer(state)
        if owner is not None and owner.only_job is None:
            return
        if owner is not None and not told:
            console.say(f"job {owner.only_job} runs on this state folder (pid {owner.pid}); this one goes next")
            told = True
        time.sleep(POLL_S)


def chips_without_worker(db: Database, job: int, spec: JobSpec) -> list[str]:
    """Chips of the job for which no worker of any host is alive that could take its items."""
    from dinoq.db.fleet import living_chips

    alive = living_chips(db, job)
    return [chip for chip in dict.fromkeys(run.chip for run in spec.runs) if chip not in alive]


def require_workers(db: Database, job: int, spec: JobSpec) -> None:
    """Raises: NoDevice when waiting would be in vain; the job stays stored."""
    from dinoq.db.fleet import living_chips

    missing = chips_without_worker(db, job, spec)
    if missing:
        alive = ", ".join(sorted(living_chips(db, job))) or "none"
        raise NoDevice(
            f"no host has a {' or a '.join(missing)}; alive are {alive}. Job {job} is stored and waits.",
            hint=f"dinoq up on a {missing[0]} host, then dinoq status {job} --watch",
        )


def watch(db: Database, job: int) -> None:
    """Show progress until the job has ended. Raises: Interrupted; the job goes on."""
    from dinoq.cli.progress import Progress

    hint = f"Watch: dinoq status {job} --watch   Stop for good: dinoq cancel {job}"
    with interrupts.told(f"stopped watching; job {job} goes on.", hint), Progress(db, job) as progress:
        while not progress.ended():
            time.sleep(POLL_S)


def wait_and_report(db: Database, job: int, format: str, *, strict: bool) -> int:
    """Show progress until the job has ended, then print the report. Raises: Interrupted; the job goes on."""
    watch(db, job)
    return print_report(db, job, format, strict=strict)


def report_of(db: Database, job: int, *, strict: bool) -> Report:
    """The report of a job, from stored rows alone."""
    from dinoq.db.records import job_record, load_manifest
    from dinoq.jobs.report import build_report

    record = job_record(db, job)
    return build_report(record, load_manifest(db, record.spec.data.manifest_id), strict=strict)


def print_report(db: Database, job: int, format: str, *, strict: bool) -> int:
    """Print the report of a job that has ended to stdout; the verdicts' exit code."""
    from dinoq.cli.render import renderer

    with interrupts.told(f"interrupted; job {job} has ended.", f"Report: dinoq report {job}"):
        made = report_of(db, job, strict=strict)
        console.result(renderer(format)(made))
        return made.exit_code
