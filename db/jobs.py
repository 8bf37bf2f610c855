"""A job as a whole: submitted, cancelled, begun again."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.hints import hint, mark_unhinted
from dinoq.db.lanes import open_lanes
from dinoq.db.remarks import put_note, put_tags
from dinoq.db.retention import without_artifact
from dinoq.db.settle import UNENDED, LaneKey, end_items, lock_job, note_change, settle
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, ManifestRow, Run, SliceRow
from dinoq.jobs.errors import NoSuchJob, UsageError
from dinoq.jobs.ledger import Hint, Kind
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import RANDOM_PART, Slice, plan_parts, plan_slices
from dinoq.jobs.spec import JobSpec

Values = dict[str, Any]
FRESH: Values = {
    "attempts": 0,
    "false_starts": 0,
    "lease_until_ms": None,
    "worker_id": None,
    "phase": "",
    "n_done": 0,
    "avoid": [],
    "error": "",
    "hinted_ms": None,
}


def submit(
    db: Database,
    spec: JobSpec,
    manifest: Manifest,
    *,
    owner: str,
    store_id: str,
    tags: Collection[str] = (),
    note: str = "",
) -> int:
    """Store what is asked for, planned in full; the job's number. Nobody is told of it yet: see `first_hints`.

    `store_id` names the store that holds the model; `tags` and `note` are the owner's first remarks. A job of random data alone has no slices, and an empty manifest.

    Raises: UsageError when there is nothing to evaluate.
    """
    cut_for = spec.slice_batches
    if not spec.runs or (cut_for and not len(manifest)):
        text = f"job {spec.name!r} has {len(manifest)} samples and {len(spec.runs)} runs; nothing to do."
        raise UsageError(text, hint="name a folder with photos, chips and batches")
    if (manifest.id, len(manifest)) != (spec.data.manifest_id, spec.data.samples):
        raise ValueError("the manifest is not the one that the spec names")
    slices = plan_slices(len(manifest), cut_for) if cut_for else ()
    named = {"id": manifest.id, "samples": len(manifest), "body": manifest.to_blob()}

    def work(session: Session) -> int:
        changed(session, insert_into(session, ManifestRow).values(**named).on_conflict_do_nothing())
        values: Values = {
            "uuid": uuid.uuid4().hex,
            "name": spec.name,
            "owner": owner,
            "store_id": store_id,
            "manifest_id": manifest.id,
            "state": "active",
            "spec": spec.to_json(),
            "created_ms": now_ms(),
            **searched(spec),
        }
        job_id = session.execute(insert_into(session, Job).values(**values).returning(Job.id)).scalar_one()
        session.execute(insert(Run), list(_runs(job_id, spec)))
        if slices:
            session.execute(insert(SliceRow), list(_slices(job_id, slices)))
        session.execute(insert(Item), list(_items(job_id, spec, slices)))
        put_tags(session, job_id, tags)
        if note:
            put_note(session, job_id, owner, note)
        return int(job_id)

    return db.write(work)


def cancel(db: Database, job_id: int) -> int:
    """End a job for good; how many items were not done. A worker in the middle of one notices at its next progress.

    Raises: NoSuchJob; UsageError when the job has ended by itself.
    """

    def work(session: Session) -> tuple[int, set[LaneKey]]:
        state = _known(job_id, lock_job(session, job_id))
        if state in ("done", "failed"):
            text = f"job {job_id} is {state} already; there is nothing to cancel."
            raise UsageError(text, hint=f"dinoq report {job_id}")
        unended = and_(Run.job_id == job_id, Run.state.in_(UNENDED))
        lanes = {
            LaneKey(row.chip, row.origin)
            for row in session.execute(select(Run.chip, Run.origin).where(unended))
            if row.origin is not None
        }
        changed(session, update(Run).where(unended).values(state="cancelled"))
        ended = end_items(session, Item.job_id == job_id, state="cancelled", error="the job was cancelled")
        active = update(Job).where(Job.id == job_id, Job.state == "active")
        changed(session, active.values(state="cancelled", finished_ms=now_ms()))
        note_change(session, job_id)
        return ended, lanes

    ended, lanes = db.write(work)
    # Whoever cancels may have no broker: the next sweep hints at what opens now.
    mark_unhinted(db, (told.item_id for told in open_lanes(db, lanes)))
    return ended


def retry(db: Database, job_id: int) -> list[Hint]:
    """Let what failed, or was cut off by a cancel or a failed compile, start afresh; hints for what can begin at once.

    Results that are there stay. Raises: NoSuchJob; UsageError when nothing failed, the job was imported, or `dinoq gc`
    removed what its runs executed.
    """

    def work(session: Session) -> tuple[set[LaneKey], list[Hint]]:
        state = _known(job_id, lock_job(session, job_id))
        if session.scalar(select(Job.imported_ms).where(Job.id == job_id)) is not None:
            text = f"job {job_id} was imported; it can be tried again only where it comes from."
            raise UsageError(text, hint=f"dinoq report {job_id}")
        lost = and_(Item.job_id == job_id, Item.state.in_(("failed", "cancelled")))
        touched = set(session.scalars(select(Item.run_no).where(lost).distinct()))
        if not touched:
            raise UsageError(f"nothing of job {job_id} failed; it is {state}.", hint=f"dinoq status {job_id}")
        if gone := without_artifact(session, job_id, touched):
            text = f"the artifact of run {gone[0]} of job {job_id} was removed from the store; another may answer otherwise."
            raise UsageError(text, hint=f"dinoq submit --like {job_id}")
        _renew(session, and_(lost, Item.kind == Kind.INFER), "blocked")
        _renew(session, and_(lost, Item.kind != Kind.INFER), "queued")
        touched_runs = and_(Run.job_id == job_id, Run.run_no.in_(touched))
        changed(session, update(Run).where(touched_runs).values(wall_void="retried", error=""))
        ended = and_(touched_runs, or_(Run.state == "failed", Run.state == "cancelled"))
        changed(session, update(Run).where(ended).values(state="waiting"))
        changed(session, update(Job).where(Job.id == job_id).values(state="active", finished_ms=None))
        note_change(session, job_id)
        return settle(session, job_id), hint(session, Item.job_id == job_id, Item.hinted_ms.is_(None))

    lanes, hints = db.write(work)
    return hints + open_lanes(db, lanes)


def searched(spec: JobSpec) -> Values:
    """What jobs are found by, of what was asked for."""
    return {"model": spec.model.name, "model_sha256": spec.model.sha256, "recipe": spec.recipe.name}


def _renew(session: Session, which: ColumnElement[bool], state: str) -> None:
    changed(session, update(Item).where(which).values(**FRESH, state=state))


def _known(job_id: int, state: str | None) -> str:
    if state is None:
        raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
    return state


def _runs(job_id: int, spec: JobSpec) -> Iterator[Values]:
    for run in spec.runs:
        yield {
            "job_id": job_id,
            "run_no": run.run_no,
            "chip": run.chip,
            "batch": run.batch,
            "precision": run.precision,
            "mode": run.mode,
            "toolkit": "",
            "arch": "",
            "state": "waiting",
            "error": "",
            "wall_void": "",
            "devices": {},
            "ready_made": run.given is not None,
        }


def _slices(job_id: int, slices: tuple[Slice, ...]) -> Iterator[Values]:
    for piece in slices:
        yield {"job_id": job_id, "slice_no": piece.no, "first": piece.first, "count": piece.count, "reasons": {}}


def _items(job_id: int, spec: JobSpec, slices: tuple[Slice, ...]) -> Iterator[Values]:
    def item(kind: Kind, state: str, **which: int) -> Values:
        return {"job_id": job_id, "kind": kind, "state": state, "token": 0, **FRESH, **which}

    for piece in slices:
        numbers = {"no": piece.no, "slice_no": piece.no, "first": piece.first, "count": piece.count}
        yield item(Kind.PREPROCESS, "queued", run_no=0, **numbers)
    for run in spec.runs:
        yield item(Kind.COMPILE, "queued", run_no=run.run_no, no=0, slice_no=0, first=0, count=0)
    for run in spec.runs:
        for part in (RANDOM_PART,) if run.mode == "pure" else plan_parts(slices, run.batch):
            numbers = {"no": part.no, "slice_no": part.slice_no, "first": part.first, "count": part.count}
            yield item(Kind.INFER, "blocked", run_no=run.run_no, **numbers)
