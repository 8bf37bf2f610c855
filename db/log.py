"""The story of a job as its attempts tell it, one line each."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import Session

from dinoq.db.engine import Database
from dinoq.db.fleet import device_facts
from dinoq.db.tables.carried import CarriedArtifactRow, CarriedDeviceRow
from dinoq.db.tables.fleet import Device
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.db.tables.results import Artifact
from dinoq.jobs.ledger import Kind

Told = Row[Any]


def job_log(db: Database, job_id: int, run: tuple[str, int] | None = None) -> list[str]:
    """What was tried, when, by whom and with what outcome, oldest first, with what a vendor's program said of a failure
    indented below it; then what the toolchains said of the artifacts.

    `run` narrows it to one chip and batch.
    """
    which = [Item.job_id == job_id]
    if run is not None:
        which += [Run.chip == run[0], Run.batch == run[1]]
    carried = and_(CarriedDeviceRow.job_id == Item.job_id, CarriedDeviceRow.key == Attempt.device_key)
    of_run = and_(Run.job_id == Item.job_id, Run.run_no == Item.run_no)
    attempts = (
        select(Item.kind, Item.no, Run.chip, Run.batch, Attempt.started_ms, Attempt.ended_ms)
        .add_columns(Attempt.outcome, Attempt.device_key, Attempt.worker_id, Attempt.error, Attempt.output)
        .add_columns(Device.facts, CarriedDeviceRow.facts.label("carried"))
        .join(Attempt, Attempt.item_id == Item.id)
        .outerjoin(Device, Device.key == Attempt.device_key)
        .outerjoin(CarriedDeviceRow, carried)
        .outerjoin(Run, of_run)
        .where(*which)
        .order_by(func.coalesce(Attempt.started_ms, Attempt.ended_ms), Item.id, Attempt.token)
    )
    told = func.coalesce(CarriedArtifactRow.vendor_output, Artifact.vendor_output)
    artifacts = (
        select(Run.chip, Run.batch, told.label("said"))
        .join(Artifact, Artifact.key == Run.artifact_key)
        .outerjoin(
            CarriedArtifactRow,
            and_(CarriedArtifactRow.job_id == Run.job_id, CarriedArtifactRow.key == Run.artifact_key),
        )
        .join(Item, and_(of_run, Item.kind == Kind.COMPILE))
        .where(*which, told != "")
        .order_by(Run.run_no)
    )
    with db.read() as session:
        came = _came(session, job_id)
        lines = [line for row in session.execute(attempts) for line in _lines(row)]
        said = [
            _block(f"{row.chip} bs{row.batch} artifact, as its toolchain told:", row.said)
            for row in session.execute(artifacts)
        ]
    return came + lines + said


def _came(session: Session, job_id: int) -> list[str]:
    """When and from where a job was imported, which is all that happened to it here."""
    taken = select(Job.imported_ms, Job.imported_from).where(Job.id == job_id, Job.imported_ms.is_not(None))
    return [f"{_clock(row.imported_ms)}  imported from {row.imported_from}" for row in session.execute(taken)]


def named(kind: str, run: str, no: int) -> str:
    """An item as people name it."""
    if kind == Kind.PREPROCESS:
        return f"slice {no}"
    return f"{run} compile" if kind == Kind.COMPILE else f"{run} part {no}"


def _lines(row: Told) -> list[str]:
    """The attempt, and below it what the vendor's program said before it failed."""
    return [_block(_line(row), row.output) if row.output else _line(row)]


def _block(head: str, output: str) -> str:
    """What a program said, indented below a line of ours; its empty lines left out."""
    return "\n".join([head, *(f"    {line.rstrip()}" for line in output.splitlines() if line.strip())])


def _clock(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M:%S}Z"


def _line(row: Told) -> str:
    at = row.started_ms if row.started_ms is not None else row.ended_ms
    what = named(row.kind, f"{row.chip} bs{row.batch}", row.no)
    if row.outcome is None:
        outcome = "began"
    elif row.started_ms is None or row.ended_ms is None:
        outcome = f"{row.outcome} before it began"
    else:
        outcome = f"{row.outcome} after {(row.ended_ms - row.started_ms) / 1000:.1f} s"
    facts = row.carried or row.facts
    device = device_facts(facts).label if facts else row.device_key
    by = device or row.worker_id or "an unknown worker"
    return f"{_clock(at or 0)}  {what:<20} {outcome} on {by}" + (f": {row.error}" if row.error else "")
