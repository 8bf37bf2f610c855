"""One run of a job, followed back to its parts and shards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinoq.jobs.chips import parse_cell
from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.report import Report, RunReport
    from dinoq.jobs.trace import Totals, TracedPart


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A run of `report`, its parts in the order of their samples, and their sum."""

    report: Report
    run: RunReport
    parts: tuple[TracedPart, ...]
    totals: Totals


def traced(db: Database, report: Report, cell: str) -> list[Traced]:
    """The runs of CHIP:BATCH: several where they differ in mode or precision. Raises: UsageError for none, or several jobs."""
    if len(report.jobs) > 1:
        raise UsageError(
            f"--run is of one job, not of jobs {report.numbers}.", hint=f"dinoq report {report.job} --run {cell}"
        )
    chip, batch = parse_cell(cell)
    runs = [run for run in report.runs if (run.chip, run.batch) == (chip, batch)]
    if not runs:
        there = ", ".join(dict.fromkeys(f"{run.chip}:{run.batch}" for run in report.runs))
        text = f"job {report.job} has no run {chip}:{batch}; it has {there}."
        raise UsageError(text, hint=f"dinoq report {report.job}")
    return [_traced(db, report, run) for run in runs]


def _traced(db: Database, report: Report, run: RunReport) -> Traced:
    from dinoq.db.records import job_record, load_manifest
    from dinoq.db.traced import part_works
    from dinoq.jobs.merge import merge_run
    from dinoq.jobs.trace import totals, trace_of

    record = job_record(db, run.job)
    stored = next(one for one in record.runs if one.run_no == run.job_run)
    merged = merge_run(record.spec.run(run.job_run), stored, load_manifest(db, record.spec.data.manifest_id))
    works = part_works(db, run.job, run.job_run)
    names = {device.figures.key: device.label for device in run.devices}
    parts = trace_of(merged.results, works, names, batch=run.batch)
    return Traced(report=report, run=run, parts=parts, totals=totals(parts, batch=run.batch))
