"""Runs of one chip and origin go one after the other: which one is open, and which is next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, select, update
from sqlalchemy.orm import Session

from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.fleet import clock, living
from dinoq.db.hints import hint
from dinoq.db.settle import LaneKey, items_of, lock_job, queue_parts
from dinoq.db.tables.fleet import Worker
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, Lane, Run
from dinoq.jobs.ledger import Hint, Kind


class RunKey(NamedTuple):
    """One run of one job."""

    job_id: int
    run_no: int


def open_next(db: Database, chip: str, origin: str, only_job: int | None = None) -> list[Hint]:
    """Open the first ready run of the lane, in (job, run_no) order, unless one is open; hints for its parts.

    With `only_job`, another job's open run of which nothing is under way makes room for a ready run of that job.
    """
    lane = LaneKey(chip, origin)
    while True:
        with db.read() as session:
            wanted = _next_run(session, lane, only_job)
            holder = _holder(session, lane)
        if wanted is None:
            return []
        if holder is not None and (only_job in (None, holder.job_id) or not _paused(db, lane, holder)):
            return []
        hints = _opened(db, lane, wanted, only_job)
        if hints is not None:
            return hints


def open_lanes(db: Database, lanes: Iterable[LaneKey], only_job: int | None = None) -> list[Hint]:
    """`open_next` for each lane, in transactions of its own."""
    return [told for lane in sorted(lanes) for told in open_next(db, lane.chip, lane.origin, only_job)]


def wanted_lanes(session: Session, only_job: int | None = None) -> set[LaneKey]:
    """Lanes that some ready run waits for."""
    ready = select(Run.chip, Run.origin).join(Job, Job.id == Run.job_id)
    ready = ready.where(Run.state == "ready", Job.state == "active").distinct()
    if only_job is not None:
        ready = ready.where(Run.job_id == only_job)
    return {LaneKey(row.chip, row.origin) for row in session.execute(ready) if row.origin is not None}


def _next_run(session: Session, lane: LaneKey, only_job: int | None) -> RunKey | None:
    ready = select(Run.job_id, Run.run_no).join(Job, Job.id == Run.job_id)
    ready = ready.where(Run.chip == lane.chip, Run.origin == lane.origin, Run.state == "ready", Job.state == "active")
    if only_job is not None:
        ready = ready.where(Run.job_id == only_job)
    return _first(session, ready.order_by(Run.job_id, Run.run_no))


def _holder(session: Session, lane: LaneKey) -> RunKey | None:
    """The run that is open on the lane; the one that the lane names may have ended meanwhile."""
    named = and_(Lane.open_job_id == Run.job_id, Lane.open_run_no == Run.run_no)
    held = select(Run.job_id, Run.run_no).join(Lane, named)
    return _first(session, held.where(Lane.chip == lane.chip, Lane.origin == lane.origin, Run.state == "open"))


def _first(session: Session, runs: Select[int, int]) -> RunKey | None:
    row = session.execute(runs.limit(1)).first()
    return RunKey(row.job_id, row.run_no) if row else None


def _opened(db: Database, lane: LaneKey, wanted: RunKey, only_job: int | None) -> list[Hint] | None:
    """Hints for the parts of the opened run; None when the world has changed since the lane was looked at."""

    def work(session: Session) -> list[Hint] | None:
        lock_job(session, wanted.job_id)
        _lock_lane(session, lane)
        if _holder(session, lane) is not None:
            return []
        if _next_run(session, lane, only_job) != wanted:
            return None
        changed(session, update(Run).where(_is(wanted)).values(state="open"))
        held = update(Lane).where(Lane.chip == lane.chip, Lane.origin == lane.origin)
        changed(session, held.values(open_job_id=wanted.job_id, open_run_no=wanted.run_no))
        queue_parts(session, wanted.job_id, wanted.run_no)
        return hint(session, items_of(wanted.job_id, Kind.INFER, wanted.run_no))

    return db.write(work)


class _UnderWay(Exception):
    """A part was claimed while its run was being paused: nothing of the pause is to stay."""


def _paused(db: Database, lane: LaneKey, holder: RunKey) -> bool:
    """Send the open run back to `ready`, unless a part of it is under way or somebody works for its job alone."""
    parts = items_of(holder.job_id, Kind.INFER, holder.run_no)

    def work(session: Session) -> bool:
        lock_job(session, holder.job_id)
        _lock_lane(session, lane)
        if _holder(session, lane) != holder or _has_own_worker(session, holder.job_id):
            return False
        changed(session, update(Item).where(parts, Item.state == "queued").values(state="blocked", hinted_ms=None))
        # Asked only now: a claim that came before has committed, one that comes later finds nothing queued.
        if session.scalar(select(Item.id).where(parts, Item.state == "running").limit(1)) is not None:
            raise _UnderWay
        changed(session, update(Run).where(_is(holder)).values(state="ready", wall_void="paused"))
        return True

    try:
        return db.write(work)
    except _UnderWay:
        return False


def _lock_lane(session: Session, lane: LaneKey) -> None:
    changed(session, insert_into(session, Lane).values(**lane._asdict()).on_conflict_do_nothing())
    session.execute(select(Lane.chip).where(Lane.chip == lane.chip, Lane.origin == lane.origin).with_for_update())


def _has_own_worker(session: Session, job_id: int) -> bool:
    own = select(Worker.id).where(living(clock(session)), Worker.only_job == job_id, Worker.kind == "device")
    return session.scalar(own.limit(1)) is not None


def _is(run: RunKey) -> ColumnElement[bool]:
    return and_(Run.job_id == run.job_id, Run.run_no == run.run_no)
