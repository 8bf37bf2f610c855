"""What follows from what has ended: parts fail with their slice, runs become ready and end, jobs end.

Whoever settles a job holds its row. Lock order everywhere: job row, lane row, items.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from dinoq.db.clock import now_ms
from dinoq.db.engine import changed
from dinoq.db.tables.items import UNFINISHED, Item
from dinoq.db.tables.jobs import Job, ManifestRow, Run, SliceRow
from dinoq.jobs.fingerprint import fingerprint
from dinoq.jobs.ledger import Kind
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import RANDOM_PART

UNENDED = ("waiting", "ready", "open")
RunFacts = Row[int, str, str | None, str, str | None, str]
Tally = Mapping[tuple[str, int], Counter[str]]


class LaneKey(NamedTuple):
    """The queue of runs of one chip and origin."""

    chip: str
    origin: str


def lock_job(session: Session, job_id: int) -> str | None:
    """Keeps the job for this transaction; its state, None when there is no such job."""
    return session.scalar(select(Job.state).where(Job.id == job_id).with_for_update())


def settle(session: Session, job_id: int) -> set[LaneKey]:
    """Draw every conclusion from the items of a locked, active job; the lanes on which something may open now."""
    _fail_parts_of_failed_slices(session, job_id)
    tally = _tally(session, Item.job_id == job_id)
    _fix_fingerprint(session, job_id, tally[Kind.PREPROCESS, 0])
    lanes = _settle_runs(session, job_id, tally, Run.state.in_(UNENDED))
    _settle_job(session, job_id)
    return lanes


def settle_run(session: Session, job_id: int, run_no: int) -> set[LaneKey]:
    """The same after an infer item has ended: only its run, and the job with it, can have changed."""
    parts = select(Item.id).where(items_of(job_id, Kind.INFER, run_no), Item.state.in_(UNFINISHED))
    if session.scalar(parts.limit(1)) is not None:
        return set()
    tally = _tally(session, Item.job_id == job_id, Item.run_no == run_no)
    lanes = _settle_runs(session, job_id, tally, Run.run_no == run_no, Run.state.in_(UNENDED))
    _settle_job(session, job_id)
    return lanes


def queue_parts(session: Session, job_id: int, run_no: int) -> None:
    """The blocked parts of an open run may be claimed where their slice is preprocessed; random data is of none."""
    slices = aliased(Item)
    prepared = select(slices.slice_no).where(
        slices.job_id == job_id, slices.kind == Kind.PREPROCESS, slices.state == "done"
    )
    free = or_(Item.slice_no == RANDOM_PART.slice_no, Item.slice_no.in_(prepared))
    blocked = update(Item).where(items_of(job_id, Kind.INFER, run_no), Item.state == "blocked", free)
    changed(session, blocked.values(state="queued", hinted_ms=None))


def end_items(session: Session, *which: ColumnElement[bool], state: str, error: str) -> int:
    """Unfinished items end without a result; how many."""
    ended = update(Item).where(Item.state.in_(UNFINISHED), *which)
    return changed(session, ended.values(state=state, error=error, lease_until_ms=None))


def note_change(session: Session, job_id: int) -> None:
    """From now on the figures of a job's ended runs are to be made anew (`db/figures.py`)."""
    changed(session, update(Job).where(Job.id == job_id).values(changes=Job.changes + 1))


def items_of(job_id: int, kind: Kind, run_no: int = 0) -> ColumnElement[bool]:
    """The items of one kind and run."""
    return and_(Item.job_id == job_id, Item.kind == kind, Item.run_no == run_no)


def _tally(session: Session, *which: ColumnElement[bool]) -> Tally:
    counts = select(Item.kind, Item.run_no, Item.state, func.count()).where(*which)
    tally: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for kind, run_no, state, n in session.execute(counts.group_by(Item.kind, Item.run_no, Item.state)):
        tally[kind, run_no][state] = n
    return tally


def _unfinished(counts: Counter[str]) -> int:
    return sum(counts[state] for state in UNFINISHED)


def _settle_runs(session: Session, job_id: int, tally: Tally, *which: ColumnElement[bool]) -> set[LaneKey]:
    runs = select(Run.run_no, Run.chip, Run.origin, Run.state, Run.artifact_key, Run.mode)
    runs = runs.where(Run.job_id == job_id, *which)
    rows: Sequence[RunFacts] = session.execute(runs.order_by(Run.run_no)).all()
    moved = [row for row in rows if _settle_run(session, job_id, row, tally)]
    return {LaneKey(row.chip, row.origin) for row in moved if row.origin is not None}


def _settle_run(session: Session, job_id: int, run: RunFacts, tally: Tally) -> bool:
    """Whether it changed its state."""
    no = run.run_no
    parts = tally[Kind.INFER, no]
    fed = run.mode == "pure" or not _unfinished(tally[Kind.PREPROCESS, 0])
    if tally[Kind.COMPILE, no]["failed"]:
        _fail_run(session, job_id, no)
    elif not _unfinished(parts):
        _end_run(session, job_id, no, "failed" if parts["failed"] or parts["cancelled"] else "done")
    elif run.state == "waiting" and run.artifact_key and fed:
        _set_run(session, job_id, no, "ready")
    else:
        if run.state == "open" and parts["blocked"]:
            queue_parts(session, job_id, no)
        return False
    return True


def _fail_parts_of_failed_slices(session: Session, job_id: int) -> None:
    """Coverage shrinks by a slice that cannot be preprocessed, in every run alike. Parts under way may still end well."""
    failed = select(Item.slice_no, Item.error).where(items_of(job_id, Kind.PREPROCESS), Item.state == "failed")
    for slice_no, error in session.execute(failed).all():
        end_items(
            session,
            *(Item.job_id == job_id, Item.kind == Kind.INFER, Item.slice_no == slice_no, Item.state != "running"),
            state="failed",
            error=f"slice {slice_no} could not be preprocessed: {error}",
        )


def _fail_run(session: Session, job_id: int, run_no: int) -> None:
    error = session.scalar(select(Item.error).where(items_of(job_id, Kind.COMPILE, run_no))) or ""
    why = f"run {run_no} could not be compiled: {error}"
    end_items(session, items_of(job_id, Kind.INFER, run_no), state="cancelled", error=why)
    _set_run(session, job_id, run_no, "failed", error)


def _end_run(session: Session, job_id: int, run_no: int, state: str) -> None:
    end_items(session, items_of(job_id, Kind.COMPILE, run_no), state="cancelled", error="no part is left to evaluate")
    failed = select(Item.error).where(items_of(job_id, Kind.INFER, run_no), Item.state == "failed")
    _set_run(session, job_id, run_no, state, session.scalar(failed.order_by(Item.no).limit(1)) or "")


def _set_run(session: Session, job_id: int, run_no: int, state: str, error: str = "") -> None:
    changed(session, update(Run).where(Run.job_id == job_id, Run.run_no == run_no).values(state=state, error=error))
    if state not in UNENDED:
        note_change(session, job_id)


def _settle_job(session: Session, job_id: int) -> None:
    states = set(session.scalars(select(Run.state).where(Run.job_id == job_id).distinct()))
    if states & set(UNENDED):
        return
    end_items(session, Item.job_id == job_id, state="cancelled", error="every run of the job has ended")
    ended = update(Job).where(Job.id == job_id, Job.state == "active")
    changed(session, ended.values(state="failed" if states - {"done"} else "done", finished_ms=now_ms()))


def _fix_fingerprint(session: Session, job_id: int, preparing: Counter[str]) -> None:
    """Once every slice is preprocessed. One that is there stays."""
    if set(preparing) != {"done"}:
        return
    if session.scalar(select(Job.fingerprint).where(Job.id == job_id)) is not None:
        return
    slices = select(SliceRow.sample_sha256s).where(SliceRow.job_id == job_id).order_by(SliceRow.slice_no)
    sample_sha256s = b"".join(sha256s or b"" for sha256s in session.scalars(slices))
    body = session.execute(
        select(ManifestRow.body).join(Job, Job.manifest_id == ManifestRow.id).where(Job.id == job_id)
    ).scalar_one()
    value = fingerprint(sample_sha256s, Manifest.from_blob(body).labels)
    changed(session, update(Job).where(Job.id == job_id).values(fingerprint=value))
