"""What a person names to be compared: two jobs, or two runs of one or two jobs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from dinoq.cli.ledger import job_named
from dinoq.cli.settings import Settings
from dinoq.db.records import job_record, load_manifest
from dinoq.jobs.chips import parse_cell
from dinoq.jobs.compare.comparison import Comparison, Limits, compare_jobs, compare_runs
from dinoq.jobs.compare.sides import Side, side_of, sides_of
from dinoq.jobs.errors import UsageError
from dinoq.jobs.record import JobRecord

if TYPE_CHECKING:
    from dinoq.db.engine import Database

Cell = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Named:
    """A job by its number, and a run of it where one is named."""

    job: int
    cell: Cell | None


def comparison_of(db: Database, now: Settings, a: str, b: str, limits: Limits) -> Comparison:
    """The two beside each other, from stored rows alone. A run beside a job is compared with the same run of that job.

    Raises: NoSuchJob, UsageError.
    """

    @cache
    def record(job: int) -> JobRecord:
        return job_record(db, job)

    def one(named: Named, cell: Cell) -> Side:
        job = record(named.job)
        return side_of(job, load_manifest(db, job.spec.data.manifest_id), run_named(job, cell))

    def every(named: Named) -> tuple[Side, ...]:
        job = record(named.job)
        return sides_of(job, load_manifest(db, job.spec.data.manifest_id))

    here, there = named(db, now, a), named(db, now, b)
    cells = here.cell or there.cell, there.cell or here.cell
    if cells[0] is None or cells[1] is None:
        return compare_jobs(every(here), every(there), limits)
    return compare_runs(one(here, cells[0]), one(there, cells[1]), limits)


def named(db: Database, now: Settings, text: str) -> Named:
    """`42`, `last`, `42/310P3:16`. Raises: NoSuchJob, UsageError."""
    job, slash, cell = text.partition("/")
    return Named(job_named(db, job, now), parse_cell(cell) if slash else None)


def run_named(record: JobRecord, cell: Cell) -> int:
    """The number of the job's run of this chip and batch. Raises: UsageError, naming those there are."""
    for run in record.spec.runs:
        if (run.chip, run.batch) == cell:
            return run.run_no
    there = [f"{run.chip}:{run.batch}" for run in record.spec.runs]
    text = f"job {record.id} has no run {cell[0]}:{cell[1]}; it has {', '.join(there)}."
    raise UsageError(text, hint=f"{record.id}/{there[0]}")
