"""Jobs of another history become jobs of this one: told, not worked. Nothing of them is ever scheduled, and no row of a
device, a worker, a lane or another job changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from dinoq.db.carry_out import alike, carried
from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.jobs import searched
from dinoq.db.settle import note_change
from dinoq.db.tables.base import Base
from dinoq.db.tables.carried import CarriedArtifactRow, CarriedDeviceRow, CarriedTelemetryRow
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, ManifestRow, Run, SliceRow
from dinoq.db.tables.results import Artifact, Imported, ShardResultRow
from dinoq.jobs.carried import Carried
from dinoq.jobs.errors import BadExchange

Values = dict[str, Any]
LOCAL: Values = {"lease_until_ms": None, "worker_id": None, "hinted_ms": None}
"""What an item has in the ledger that works it alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A job of the file, and what became of it: `new`, `known` already, or put in the place of what was imported before."""

    job_id: int
    name: str
    how: Literal["new", "known", "updated"]


def carry_in(db: Database, jobs: Sequence[Carried], *, update: bool = False) -> list[Taken]:
    """Take the jobs in, all or none; checked ones only (`jobs/carried_checks.py`). One that is here already is left alone.

    Raises: BadExchange for one that is here and differs, unless it was imported and `update` is set.
    """
    return db.write(lambda session: [_take(session, job, update=update) for job in jobs])


def logits_named(db: Database, places: Collection[str]) -> set[str]:
    """Of these places of a store, those where some job of this history keeps logits."""
    with db.read() as session:
        kept = select(ShardResultRow.logits).where(ShardResultRow.logits != "").distinct()
        return set(places).intersection(session.scalars(kept))


def _take(session: Session, job: Carried, *, update: bool) -> Taken:
    here = session.scalars(select(Job).where(Job.uuid == job.job.uuid)).first()
    if here is None:
        return Taken(job_id=_store(session, job), name=job.job.name, how="new")
    number = here.id
    mine = None if here.state == "active" else carried(session, here, "")
    session.expunge_all()
    # Whoever was imported without its logits may get them later.
    more = bool(job.logits) and mine is not None and not mine.logits
    if mine is not None and alike(mine, job) and not (more and update and here.imported_ms is not None):
        return Taken(job_id=number, name=job.job.name, how="known")
    if here.imported_ms is None:
        text = (
            f"job {number} of this history is the original of {job.job.name!r}, and has gone on since it was exported."
        )
        raise BadExchange(text, hint=f"dinoq report {number}")
    if not update:
        text = f"job {number} was imported before and differs from the job in this file, which may be older or newer."
        raise BadExchange(text, hint="--update to put this one in its place")
    _clear(session, number)
    return Taken(job_id=_store(session, job, number), name=job.job.name, how="updated")


def _store(session: Session, job: Carried, number: int | None = None) -> int:
    named: Values = {"id": job.manifest.id, "samples": len(job.manifest), "body": job.manifest.to_blob()}
    changed(session, insert_into(session, ManifestRow).values(**named).on_conflict_do_nothing())
    for artifact in job.artifacts:
        # For runs to refer to. Told, not here: an empty place is never taken for a file of this store.
        values = asdict(artifact) | {"uri": ""}
        changed(session, insert_into(session, Artifact).values(**values).on_conflict_do_nothing())
    job_id = _put_job(session, job, number)
    _insert(session, Run, job_id, [asdict(run) for run in job.runs])
    _insert(session, SliceRow, job_id, [asdict(one) for one in job.slices])
    _insert(session, Item, job_id, [asdict(item) | LOCAL for item in job.items])
    _insert_attempts(session, job_id, job)
    _insert(session, ShardResultRow, job_id, [asdict(result) for result in job.results])
    _insert(session, Imported, job_id, [asdict(figures) for figures in job.imported])
    _insert(session, CarriedArtifactRow, job_id, [asdict(artifact) for artifact in job.artifacts])
    _insert(session, CarriedDeviceRow, job_id, [asdict(device) | {"key": device.facts.key} for device in job.devices])
    _insert(session, CarriedTelemetryRow, job_id, [asdict(block) for block in job.telemetry])
    return job_id


def _put_job(session: Session, job: Carried, number: int | None) -> int:
    """A new row, or other values in that of `number`, to which people's tags and notes here cling."""
    if number is None:
        made = insert_into(session, Job).values(**_job(job), changes=1)
        return int(session.execute(made.returning(Job.id)).scalar_one())
    changed(session, update(Job).where(Job.id == number).values(**_job(job)))
    note_change(session, number)
    return number


def _job(job: Carried) -> Values:
    row = job.job
    values = {field.name: getattr(row, field.name) for field in fields(row)}
    source, spec = values.pop("source"), row.spec.to_json()
    local = {"manifest_id": job.manifest.id, "imported_ms": now_ms(), "imported_from": source, "spec": spec}
    return values | local | searched(row.spec)


def _insert(session: Session, table: type[Base], job_id: int, rows: list[Values]) -> None:
    if rows:
        session.execute(insert(table), [row | {"job_id": job_id} for row in rows])


def _insert_attempts(session: Session, job_id: int, job: Carried) -> None:
    """Under the numbers that their items have here."""
    rows = session.execute(select(Item.kind, Item.run_no, Item.no, Item.id).where(Item.job_id == job_id))
    ids = {(kind, run_no, no): item_id for kind, run_no, no, item_id in rows}
    values = [asdict(one) | {"item_id": ids[one.key]} for one in job.attempts]
    for row in values:
        for name in ("kind", "run_no", "no"):
            del row[name]
    if values:
        session.execute(insert(Attempt), values)


def _clear(session: Session, job_id: int) -> None:
    """Everything of an imported job but its own row; what is kept by content stays."""
    items = select(Item.id).where(Item.job_id == job_id)
    changed(session, delete(Attempt).where(Attempt.item_id.in_(items)))
    for table in (
        FiguresRow,
        CarriedArtifactRow,
        CarriedDeviceRow,
        CarriedTelemetryRow,
        Imported,
        ShardResultRow,
        Item,
        SliceRow,
        Run,
    ):
        changed(session, delete(table).where(table.job_id == job_id))
