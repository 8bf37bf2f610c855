"""The run that an export is of: one of a job that has ended, with results of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.exchange import Export
from dinoq.cli.settings import Settings
from dinoq.jobs.chips import parse_cell
from dinoq.jobs.errors import UsageError
from dinoq.jobs.spec import JobSpec, RunSpec

if TYPE_CHECKING:
    from dinoq.jobs.manifest import Manifest
    from dinoq.jobs.measure import Measurement
    from dinoq.jobs.merge import Merged
    from dinoq.jobs.record import JobRecord, RunRecord

SHOWN = 20
INCOMPLETE = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One run, merged and measured. `absent` says what is not in it, a line for each photo or gap."""

    record: JobRecord
    manifest: Manifest
    run: RunRecord
    cell: RunSpec
    merged: Merged
    measured: Measurement
    absent: tuple[str, ...]

    @property
    def name(self) -> str:
        """As people say it: `310P3 bs16 of job 42`."""
        return f"{self.cell.chip} bs{self.cell.batch} of job {self.record.id}"


def choose(now: Settings, asked: Export) -> Chosen:
    """The one job and the one run that are asked for. Raises: UsageError, NoSuchJob."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.db.records import job_record, load_manifest
    from dinoq.jobs.measure import measure
    from dinoq.jobs.merge import merge

    if len(asked.jobs) > 1:
        raise UsageError(f"{len(asked.jobs)} jobs are named; other tools' files are of one.", hint="name one job")
    db = open_ledger(now)
    record = job_record(db, job_named(db, asked.jobs[0] if asked.jobs else "last", now))
    cell = _cell(record, asked.run)
    run = next(one for one in record.runs if one.run_no == cell.run_no)
    _check(record, run, cell)
    manifest = load_manifest(db, record.spec.data.manifest_id)
    merged = merge(run.results, manifest.label_array, run.fenced)
    return Chosen(
        record=record,
        manifest=manifest,
        run=run,
        cell=cell,
        merged=merged,
        measured=measure(run, merged.results, batch=cell.batch, loop=record.spec.loop),
        absent=_absent(record, manifest, merged),
    )


def require_logits(chosen: Chosen, what: str) -> None:
    """Raises: UsageError when what the program gave was not kept, for every part of the run."""
    spec = chosen.record.spec
    if not spec.keep_logits:
        raise UsageError(
            f"{what} needs what the program gave, and job {chosen.record.id} did not keep it.",
            hint="submit it again with --keep-logits",
        )
    if lacking := [part.no for part in chosen.merged.results if not part.logits]:
        raise UsageError(
            f"the logits of {len(lacking)} of {len(chosen.merged.results)} parts of {chosen.name} are not here.",
            hint="export the job --with-logits where it ran, or submit it again with --keep-logits",
        )


def concluded(absent: tuple[str, ...], written: str) -> int:
    """Say what was written, and name what is not in it; the exit code."""
    console.say(f"written to {written}")
    for line in absent[:SHOWN]:
        console.note(f"not in it: {line}")
    if len(absent) > SHOWN:
        console.note(f"not in it: {len(absent) - SHOWN} more, named in the note beside it")
    return INCOMPLETE if absent else 0


def _cell(record: JobRecord, text: str | None) -> RunSpec:
    runs = record.spec.runs
    if text is None and len(runs) == 1:
        return runs[0]
    if text is None:
        raise UsageError(f"job {record.id} has {len(runs)} runs: {_names(record.spec)}.", hint="--run CHIP:BATCH")
    cell = parse_cell(text)
    for run in runs:
        if (run.chip, run.batch) == cell:
            return run
    raise UsageError(
        f"job {record.id} has no run {cell[0]}:{cell[1]}; it has {_names(record.spec)}.", hint="--run CHIP:BATCH"
    )


def _names(spec: JobSpec) -> str:
    return ", ".join(f"{run.chip}:{run.batch}" for run in spec.runs)


def _check(record: JobRecord, run: RunRecord, cell: RunSpec) -> None:
    if record.state == "active":
        raise UsageError(f"job {record.id} has not ended.", hint=f"dinoq status {record.id} --watch")
    if cell.mode != "dataset":
        why = {"pure": "random data", "imported": "another tool's figures"}[cell.mode]
        raise UsageError(
            f"{cell.chip} bs{cell.batch} of job {record.id} is of {why}, not of photos.", hint="--run names another"
        )
    if not run.results:
        raise UsageError(
            f"{cell.chip} bs{cell.batch} of job {record.id} has no result: {run.error or run.state}.",
            hint=f"dinoq report {record.id}",
        )


def _absent(record: JobRecord, manifest: Manifest, merged: Merged) -> tuple[str, ...]:
    from dinoq.jobs.unreadable import unreadable_of

    gaps = [
        f"samples {span.first} to {span.first + span.count - 1} ({manifest.names[span.first]} ...): no result"
        for span in merged.coverage.missing
    ]
    names = [f"{one.name}: {one.reason}" for one in unreadable_of(record.slices, manifest)]
    return (*names, *gaps)
