"""Waiting for a job that others work on, and reporting once it has ended."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli import console, interrupts
from dinoq.cli.asked import PLAIN, Asked
from dinoq.jobs.chips import chip_named
from dinoq.jobs.errors import NoDevice, NoToolchain
from dinoq.jobs.spec import JobSpec

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.report import Report

POLL_S = 0.2
VAIN_S = 1.0


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
    """Raises: NoDevice or NoToolchain when waiting would be in vain; the job stays stored."""
    from dinoq.db.fleet import living_chips, living_toolchains
    from dinoq.db.progress import job_progress
    from dinoq.db.waiting import chips_to_compile

    missing = chips_without_worker(db, job, spec)
    if missing:
        alive = ", ".join(sorted(living_chips(db, job))) or "none"
        runs = (run.waits_for.removeprefix("WAITING: ") for run in job_progress(db, job).runs)
        set_aside = dict.fromkeys(words for words in runs if words.startswith("every "))
        why = " and ".join(set_aside) or f"no host has a {' or a '.join(missing)}"
        raise NoDevice(
            f"{why}; alive are {alive}. Job {job} is stored and waits.",
            hint=f"dinoq up on a {missing[0]} host, then dinoq status {job} --watch",
        )
    compilers = living_toolchains(db)
    for chip in map(chip_named, sorted(chips_to_compile(db, job))):
        if chip.compiles_on == "host" and chip.vendor not in compilers:
            raise NoToolchain(
                f"no host compiles for {chip.name}. Job {job} is stored and waits.",
                hint=f"dinoq up on a host with atc, then dinoq status {job} --watch",
            )


class InVain:
    """Ask it again and again: whether every device that the rest of a job needs is set aside. `mine` are the keys of
    this host's own devices. It looks into the ledger once a second."""

    def __init__(self, db: Database, job: int, mine: Collection[str] = ()) -> None:
        self._db = db
        self._job = job
        self._mine = mine
        self._next_look = 0.0
        self.chips: tuple[str, ...] = ()

    def __call__(self) -> bool:
        """True from when it is so; what it is about is then in `chips`."""
        from dinoq.db.waiting import in_vain

        now = time.monotonic()
        if not self.chips and now >= self._next_look:
            self._next_look = now + VAIN_S
            self.chips = in_vain(self._db, self._job, self._mine)
        return bool(self.chips)

    def tell(self) -> None:
        """Say why nobody waits any more, and how to go on."""
        from dinoq.db.progress import job_progress

        seen = job_progress(self._db, self._job)
        why = f" ({seen.errors[-1]})" if seen.errors else ""
        chips = " and every ".join(self.chips)
        console.note(
            f"every {chips} was set aside after faults{why}; {seen.items_done} of {seen.items_total} items of job"
            f" {self._job} are done. See: dinoq doctor   Go on: dinoq up   Stop for good: dinoq cancel {self._job}"
        )


def watch(db: Database, job: int) -> None:
    """Show progress until the job has ended or waiting is in vain. Raises: Interrupted; the job goes on."""
    from dinoq.cli.progress import Progress

    in_vain = InVain(db, job)
    hint = f"Watch: dinoq status {job} --watch   Stop for good: dinoq cancel {job}"
    with interrupts.told(f"stopped watching; job {job} goes on.", hint), Progress(db, job) as progress:
        while not progress.ended() and not in_vain():
            time.sleep(POLL_S)
    if in_vain.chips:
        in_vain.tell()


def wait_and_report(db: Database, job: int, format: str, *, strict: bool) -> int:
    """Show progress until the job has ended or waiting is in vain, then print the report.

    Raises: Interrupted; the job goes on.
    """
    watch(db, job)
    return print_report(db, job, format, strict=strict)


def report_of(db: Database, *jobs: int, asked: Asked = PLAIN) -> Report:
    """The report of a job, or of several joined, from stored rows alone. Raises: UsageError for jobs that are not alike."""
    from dinoq.db.records import job_record, load_manifest
    from dinoq.jobs.join import join
    from dinoq.jobs.report import build_report

    record = join([job_record(db, job) for job in dict.fromkeys(jobs)])
    manifests = dict.fromkeys(job.spec.data.manifest_id for job in record.jobs)
    return build_report(
        record,
        *(load_manifest(db, one) for one in manifests),
        strict=asked.strict,
        gates=asked.gates,
        latency_budget_ms=asked.latency_budget_ms,
        margin=asked.margin,
    )


def print_report(db: Database, job: int, format: str, *, strict: bool) -> int:
    """Print the report of a job that nobody waits for any more to stdout; the verdicts' exit code."""
    from dinoq.cli.past import sum_up_one
    from dinoq.cli.render import renderer

    with interrupts.told(f"interrupted; job {job} has ended.", f"Report: dinoq report {job}"):
        made = report_of(db, job, asked=Asked(strict=strict))
        console.result(renderer(format)(made))
        sum_up_one(db, job)
        return made.exit_code
