"""Several jobs as one: of the same model, photos and recipe, so that their runs may stand in one report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations

from dinoq.jobs.errors import UsageError
from dinoq.jobs.record import JobRecord


def join(records: Sequence[JobRecord]) -> JobRecord:
    """One record with the runs of all, numbered anew in the order of the records, which it keeps as `joined`.

    Raises: UsageError, naming what differs, for jobs whose figures do not belong side by side.
    """
    if len(records) == 1:
        return records[0]
    # Whoever only timed random data has no photos, and nothing to say of the others'.
    first = next((record for record in records if record.spec.data.samples), records[0])
    # Each with each: a job that does not say something is like two that say it differently.
    for one, other in combinations(records, 2):
        _check_alike(one, other)
    numbered = list(enumerate(((record, run) for record in records for run in record.runs), start=1))
    asked = tuple(replace(record.spec.run(run.run_no), run_no=no) for no, (record, run) in numbered)
    runs = tuple(
        replace(run, run_no=no, results=tuple(replace(result, run_no=no) for result in run.results))
        for no, (_, run) in numbered
    )
    return replace(
        first,
        owner=", ".join(dict.fromkeys(record.owner for record in records)),
        state=next((record.state for record in records if record.state != "done"), "done"),
        spec=replace(
            first.spec,
            name=", ".join(dict.fromkeys(record.spec.name for record in records)),
            runs=asked,
            baseline_top1=next((one.spec.baseline_top1 for one in records if one.spec.baseline_top1 is not None), None),
        ),
        fingerprint=next((record.fingerprint for record in records if record.fingerprint), None),
        created_at=min(record.created_at for record in records),
        finished_at=max((record.finished_at for record in records if record.finished_at), default=None),
        slices=tuple(piece for record in records for piece in record.slices),
        runs=runs,
        joined=tuple(records),
    )


def _check_alike(one: JobRecord, other: JobRecord) -> None:
    for job in (one, other):
        if not job.spec.model.sha256:
            text = f"job {job.id} does not say which model it is of, so it cannot be joined."
            raise UsageError(text, hint="dinoq import ... --model M.onnx")
    _same(one, other, "model", lambda job: f"{job.spec.model.name} (sha256 {job.spec.model.sha256[:12]})", _model)
    if one.spec.data.samples and other.spec.data.samples:
        _check_photos(one, other)
    if None not in (one.spec.baseline_top1, other.spec.baseline_top1):
        _same(
            one, other, "published Top-1", lambda job: str(job.spec.baseline_top1), lambda job: job.spec.baseline_top1
        )


def _check_photos(one: JobRecord, other: JobRecord) -> None:
    if one.fingerprint and other.fingerprint:
        _same(
            one, other, "photos", lambda job: f"fingerprint {(job.fingerprint or '')[:12]}", lambda job: job.fingerprint
        )
    else:
        _same(one, other, "dataset", lambda job: f"manifest {job.spec.data.manifest_id[:12]}", _manifest)
    _same(one, other, "recipe", lambda job: f"{job.spec.recipe.name} version {job.spec.recipe.version}", _recipe)
    _same(one, other, "part of the dataset", lambda job: str(job.spec.part_of), lambda job: job.spec.part_of)


def _model(job: JobRecord) -> object:
    return job.spec.model.sha256


def _manifest(job: JobRecord) -> object:
    return job.spec.data.manifest_id


def _recipe(job: JobRecord) -> object:
    # Where it was found says nothing about pixels.
    return replace(job.spec.recipe, source="")


def _same(
    one: JobRecord,
    other: JobRecord,
    what: str,
    shown: Callable[[JobRecord], str],
    facts: Callable[[JobRecord], object],
) -> None:
    if facts(one) != facts(other):
        text = (
            f"jobs {one.id} and {other.id} differ in {what}: {shown(one)}, and {shown(other)}; they cannot be joined."
        )
        raise UsageError(text, hint=f"dinoq report {one.id}")
