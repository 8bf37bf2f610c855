"""A job as it travels: everything that the ledger holds of it, read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from operator import attrgetter
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from dinoq.db.engine import Database
from dinoq.db.fleet import device_facts
from dinoq.db.known_devices import fleet_known, telemetry_known
from dinoq.db.records import spans_of
from dinoq.db.tables.base import Base, escaped
from dinoq.db.tables.carried import CarriedArtifactRow
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, ManifestRow, Run, SliceRow
from dinoq.db.tables.results import Artifact, Imported, ShardResultRow
from dinoq.jobs.carried import (
    Carried,
    CarriedArtifact,
    CarriedAttempt,
    CarriedBlock,
    CarriedDevice,
    CarriedFigures,
    CarriedItem,
    CarriedJob,
    CarriedResult,
    CarriedRun,
    CarriedSlice,
    UsedDevice,
)
from dinoq.jobs.errors import NoSuchJob, UsageError
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.spec import spec_from_json

Row = TypeVar("Row")
KEYS: dict[type, tuple[str, ...]] = {
    CarriedSlice: ("slice_no",),
    CarriedItem: ("rank", "run_no", "no"),
    CarriedAttempt: ("rank", "run_no", "no", "token"),
    CarriedResult: ("run_no", "no"),
    CarriedArtifact: ("key",),
    CarriedFigures: ("run_no",),
}


def carry_out(db: Database, job_id: int, host: str) -> Carried:
    """The whole job; `host` is where this history is, an imported job keeps its own.

    Raises: NoSuchJob; UsageError for a job that has not ended.
    """
    with db.read() as session:
        job = session.get(Job, job_id)
        if job is None:
            raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
        if job.state == "active":
            text = f"job {job_id} is active; only jobs that have ended travel."
            raise UsageError(text, hint=f"dinoq status {job_id} --watch, or dinoq cancel {job_id}")
        return carried(session, job, host)


def carried(session: Session, job: Job, host: str) -> Carried:
    """The rows of one job, each table in the order of its keys."""
    body = session.execute(select(ManifestRow.body).where(ManifestRow.id == job.manifest_id)).scalar_one()
    runs = session.scalars(select(Run).where(Run.job_id == job.id).order_by(Run.run_no)).all()
    attempts = _select(CarriedAttempt, Attempt, Item).join(Item, Item.id == Attempt.item_id)
    return Carried(
        job=_job(job, host),
        manifest=Manifest.from_blob(body),
        runs=[_run(run) for run in runs],
        slices=_rows(session, CarriedSlice, SliceRow, SliceRow.job_id == job.id),
        items=_rows(session, CarriedItem, Item, Item.job_id == job.id),
        attempts=_made(session, CarriedAttempt, attempts.where(Item.job_id == job.id)),
        results=_rows(session, CarriedResult, ShardResultRow, ShardResultRow.job_id == job.id),
        artifacts=_artifacts(session, job, runs),
        devices=_devices(session, job, runs),
        telemetry=_telemetry(session, job, runs),
        imported=_rows(session, CarriedFigures, Imported, Imported.job_id == job.id),
    )


def alike(one: Carried, other: Carried) -> bool:
    """Whether both are the same job at the same moment. Devices, telemetry and artifacts are other jobs' too, and may have
    changed since; whether logits came along makes no difference either."""
    return _essence(one) == _essence(other)


def _essence(job: Carried) -> Carried:
    bare = job.without_logits()
    return replace(bare, job=replace(job.job, source=""), artifacts=[], devices=[], telemetry=[])


def _job(job: Job, host: str) -> CarriedJob:
    return CarriedJob(
        uuid=job.uuid,
        name=job.name,
        owner=job.owner,
        source=job.imported_from or escaped(host),
        store_id=job.store_id,
        state=job.state,
        spec=spec_from_json(job.spec),
        fingerprint=job.fingerprint,
        created_ms=job.created_ms,
        finished_ms=job.finished_ms,
    )


def _run(run: Run) -> CarriedRun:
    values = {field.name: getattr(run, field.name) for field in fields(CarriedRun)}
    return CarriedRun(**values | {"devices": {key: _used(facts) for key, facts in sorted(run.devices.items())}})


def _used(facts: dict[str, Any]) -> UsedDevice:
    return UsedDevice(**asdict(device_facts(facts)), program=facts.get("program", {}))


def _artifacts(session: Session, job: Job, runs: Sequence[Run]) -> list[CarriedArtifact]:
    """Those of this history, or, for an imported job, those it came with."""
    if job.imported_ms is not None:
        return _rows(session, CarriedArtifact, CarriedArtifactRow, CarriedArtifactRow.job_id == job.id)
    keys = {run.artifact_key for run in runs if run.artifact_key}
    return _rows(session, CarriedArtifact, Artifact, Artifact.key.in_(keys))


def _devices(session: Session, job: Job, runs: Sequence[Run]) -> list[CarriedDevice]:
    known = {device.facts.key: device for fleet in fleet_known(session, job, runs).values() for device in fleet}
    return [
        CarriedDevice(facts=device.facts, state=device.state, failed_ms=device.failed_ms)
        for _, device in sorted(known.items())
    ]


def _telemetry(session: Session, job: Job, runs: Sequence[Run]) -> list[CarriedBlock]:
    """The blocks that may hold readings of the time of any run."""
    spans = spans_of(session, job.id)
    blocks = {
        (block.device, block.begun_ms): block
        for run in runs
        for block in telemetry_known(session, job, run.devices, *spans.get(run.run_no, (None, None)))
    }
    return [
        CarriedBlock(
            device_key=block.device,
            block_ms=block.begun_ms,
            samples=block.samples.to_blob(),
            achieved_per_s=block.achieved_per_s,
        )
        for _, block in sorted(blocks.items())
    ]


def _rows(session: Session, kind: type[Row], table: type[Base], which: ColumnElement[bool]) -> list[Row]:
    return _made(session, kind, _select(kind, table).where(which))


def _select(kind: type, *tables: type[Base]) -> Select[Any]:
    """The columns that the kind has fields for, each from the first table that has it."""
    names = [field.name for field in fields(kind)]
    return select(*(next(getattr(table, name) for table in tables if hasattr(table, name)) for name in names))


def _made(session: Session, kind: type[Row], wanted: Select[Any]) -> list[Row]:
    """Sorted here: databases differ in how they order texts."""
    made = [kind(**row) for row in session.execute(wanted).mappings()]
    return sorted(made, key=attrgetter(*KEYS[kind]))
