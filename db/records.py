"""Everything that is stored of one job, as plain values; from these the report is a pure function."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, cast

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from dinoq.db.clock import moment
from dinoq.db.engine import Database
from dinoq.db.fleet import device_facts
from dinoq.db.imported import told_of
from dinoq.db.known_devices import fleet_known, telemetry_known
from dinoq.db.remarks import read_remarks
from dinoq.db.run_devices import troubles_of
from dinoq.db.tables.carried import CarriedArtifactRow
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, ManifestRow, Run, SliceRow
from dinoq.db.tables.results import Artifact, ShardResultRow
from dinoq.jobs.errors import NoSuchJob
from dinoq.jobs.ledger import ArtifactRef, Kind
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import FailedPart, FencedRecord, ImportedFrom, JobRecord, RunRecord, SliceRecord
from dinoq.jobs.result import ShardResult
from dinoq.jobs.spec import JobSpec, spec_from_json

Span = tuple[int | None, int | None]
PROMPT = "$ "
COMMAND_CHARACTERS = 4000
"""More than any command of a toolchain has; what it said after that may be pages."""


def job_record(db: Database, job_id: int) -> JobRecord:
    """The job with its runs, slices and results as they are at one moment. Raises: NoSuchJob."""
    with db.read() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
        return JobRecord(
            id=job.id,
            uuid=job.uuid,
            owner=job.owner,
            state=job.state,
            spec=spec_from_json(job.spec),
            fingerprint=job.fingerprint,
            created_at=moment(job.created_ms),
            finished_at=None if job.finished_ms is None else moment(job.finished_ms),
            slices=_slices(session, job_id),
            imported=_imported(job),
            runs=_runs(session, job),
            remarks=read_remarks(session, job_id),
        )


def spec_of(db: Database, job_id: int) -> JobSpec:
    """What a job was asked for. Raises: NoSuchJob."""
    with db.read() as session:
        spec = session.scalar(select(Job.spec).where(Job.id == job_id))
    if spec is None:
        raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
    return spec_from_json(spec)


def load_manifest(db: Database, manifest_id: str) -> Manifest:
    """The manifest that a job was submitted with. Raises: NoSuchJob when no job was."""
    with db.read() as session:
        body = session.scalar(select(ManifestRow.body).where(ManifestRow.id == manifest_id))
    if body is None:
        raise NoSuchJob(f"no job has the dataset {manifest_id[:12]}.", hint="dinoq jobs")
    return Manifest.from_blob(body)


def find_artifact(db: Database, key: str) -> ArtifactRef | None:
    """What was made under this content key, if anything was; whether the file is still there is the store's matter."""
    with db.read() as session:
        made = select(Artifact.uri, Artifact.sha256).where(Artifact.key == key, Artifact.uri != "")
        row = session.execute(made).first()
    return None if row is None else ArtifactRef(key=key, uri=row.uri, sha256=row.sha256)


def _slices(session: Session, job_id: int) -> tuple[SliceRecord, ...]:
    preprocess = and_(Item.job_id == SliceRow.job_id, Item.kind == Kind.PREPROCESS, Item.no == SliceRow.slice_no)
    rows = session.execute(
        select(SliceRow.slice_no, SliceRow.first, SliceRow.count, SliceRow.readable, SliceRow.reasons)
        .add_columns(Item.state, Item.error)
        .join(Item, preprocess)
        .where(SliceRow.job_id == job_id)
        .order_by(SliceRow.slice_no)
    ).all()
    return tuple(
        SliceRecord(
            no=no,
            first=first,
            count=count,
            readable=readable,
            reasons=reasons,
            error=error if state == "failed" else "",
        )
        for no, first, count, readable, reasons, state, error in rows
    )


def _imported(job: Job) -> ImportedFrom | None:
    return None if job.imported_ms is None else ImportedFrom(source=job.imported_from, at=moment(job.imported_ms))


def _runs(session: Session, job: Job) -> tuple[RunRecord, ...]:
    job_id = job.id
    output = func.coalesce(CarriedArtifactRow.vendor_output, Artifact.vendor_output)
    runs = select(Run, Artifact.uri, func.substr(output, 1, COMMAND_CHARACTERS))
    runs = runs.outerjoin(Artifact, Artifact.key == Run.artifact_key)
    carried = and_(CarriedArtifactRow.job_id == Run.job_id, CarriedArtifactRow.key == Run.artifact_key)
    rows = session.execute(
        runs.outerjoin(CarriedArtifactRow, carried).where(Run.job_id == job_id).order_by(Run.run_no)
    ).all()
    results, fenced = _results(session, job_id), _fenced(session, job_id)
    failed, spans = _failed(session, job_id), spans_of(session, job_id)
    told = told_of(session, job_id)
    fleet, troubles = fleet_known(session, job, [run for run, *_ in rows]), troubles_of(session, job_id)
    return tuple(
        RunRecord(
            run_no=run.run_no,
            origin=cast("Any", run.origin),
            state=run.state,
            error=run.error,
            artifact=_artifact(run, uri),
            toolkit=run.toolkit,
            arch=run.arch,
            wall_void=run.wall_void,
            first_start_ms=spans.get(run.run_no, (None, None))[0],
            last_finish_ms=spans.get(run.run_no, (None, None))[1],
            results=tuple(results[run.run_no]),
            fenced=tuple(fenced[run.run_no]),
            failed=tuple(failed[run.run_no]),
            devices=tuple(device_facts(facts) for _, facts in sorted(run.devices.items())),
            programs={key: facts.get("program", {}) for key, facts in run.devices.items()},
            fleet=fleet.get((run.chip, run.origin), ()),
            troubles=troubles.get(run.run_no, ()),
            telemetry=telemetry_known(session, job, run.devices, *spans.get(run.run_no, (None, None))),
            told=told.get(run.run_no),
            compile_command=_command(said),
        )
        for run, uri, said in rows
    )


def _command(said: str | None) -> str:
    """What stands behind the prompt in a toolchain's first line."""
    first = (said or "").split("\n", 1)[0]
    return first.removeprefix(PROMPT) if first.startswith(PROMPT) else ""


def _artifact(run: Run, uri: str | None) -> ArtifactRef | None:
    if run.artifact_key is None or run.artifact_sha256 is None:
        return None
    return ArtifactRef(key=run.artifact_key, uri=uri or "", sha256=run.artifact_sha256)


def _results(session: Session, job_id: int) -> defaultdict[int, list[ShardResult]]:
    row = ShardResultRow
    columns = (row.run_no, row.no, row.first, row.count, row.device_key, row.n, row.top1, row.top5, row.unreadable)
    stored = select(*columns, row.predictions, row.times, row.overlap, row.logits, row.nonfinite).where(
        row.job_id == job_id
    )
    found: defaultdict[int, list[ShardResult]] = defaultdict(list)
    for values in session.execute(stored.order_by(row.run_no, row.no)).mappings():
        named = dict(values)
        found[named["run_no"]].append(ShardResult(device=named.pop("device_key"), **named))
    return found


def _fenced(session: Session, job_id: int) -> defaultdict[int, list[FencedRecord]]:
    late = (
        select(Item.run_no, Item.no, Attempt.digest)
        .join(Attempt, Attempt.item_id == Item.id)
        .where(Item.job_id == job_id, Item.kind == Kind.INFER, Attempt.outcome == "fenced")
        .order_by(Item.no, Attempt.token)
    )
    found: defaultdict[int, list[FencedRecord]] = defaultdict(list)
    for run_no, no, digest in session.execute(late):
        if digest is not None:
            found[run_no].append(FencedRecord(no=no, digest=digest))
    return found


def _failed(session: Session, job_id: int) -> defaultdict[int, list[FailedPart]]:
    ended = select(Item.run_no, Item.no, Item.first, Item.count, Item.error).where(
        Item.job_id == job_id, Item.kind == Kind.INFER, Item.state.in_(("failed", "cancelled"))
    )
    found: defaultdict[int, list[FailedPart]] = defaultdict(list)
    for run_no, no, first, count, error in session.execute(ended.order_by(Item.no)):
        found[run_no].append(FailedPart(no=no, first=first, count=count, error=error))
    return found


def spans_of(session: Session, job_id: int) -> dict[int, Span]:
    """First start and last finish of each run's parts. Who came too late, however much, finished nothing."""
    finished_ms = case((Attempt.outcome == "done", Attempt.ended_ms))
    attempts = (
        select(Item.run_no, func.min(Attempt.started_ms), func.max(finished_ms))
        .join(Attempt, Attempt.item_id == Item.id)
        .where(Item.job_id == job_id, Item.kind == Kind.INFER)
        .group_by(Item.run_no)
    )
    return {run_no: (first, last) for run_no, first, last in session.execute(attempts)}
