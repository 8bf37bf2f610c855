"""What every supervisor does again and again, so that any message, worker or broker may be lost at any time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from sqlalchemy import ColumnElement, Row, and_, exists, select, update
from sqlalchemy.orm import Session

from dinoq.db.engine import Database, changed
from dinoq.db.failures import LOST, put_back
from dinoq.db.fleet import clock, living, mark_gone
from dinoq.db.held import lock_item
from dinoq.db.hints import hint
from dinoq.db.lanes import open_lanes, wanted_lanes
from dinoq.db.settle import LaneKey, lock_job, settle
from dinoq.db.tables.fleet import Device, Worker
from dinoq.db.tables.items import QUEUED, Attempt, Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import REHINT_MS, Failure, Hint, Kind

HINTS_PER_WORKER = 2
"""How many stale hints a sweep sends again per living worker of a queue: one to work on, one to prepare."""

Queue = tuple[str, str | None]
PREP: Queue = ("prep", None)


def sweep(db: Database, *, only_job: int | None = None, all_hints: bool = False) -> list[Hint]:
    """Take back what dead workers held, draw every conclusion that is due, open what is ready; hints to send.

    `only_job` limits lanes and hints to one job. `all_hints` is for a broker that forgot everything: every queued item
    is hinted at again.
    """
    _take_back_expired(db)
    with db.read() as session:
        active = session.scalars(select(Job.id).where(Job.state == "active").order_by(Job.id)).all()
    for job_id in active:
        db.write(partial(_settled, job_id=job_id))
    with db.read() as session:
        lanes = wanted_lanes(session, only_job)
    opened = open_lanes(db, lanes, only_job)
    mine = [] if only_job is None else [Item.job_id == only_job]
    told = {hinted.item_id for hinted in opened}
    due = db.write(lambda session: _due(session, mine, all_hints))
    return opened + [hinted for hinted in due if hinted.item_id not in told]


def worker_lost(db: Database, worker_id: str, failure: Failure = LOST) -> list[Hint]:
    """The worker was seen dead: what it held is taken back now, not when its leases run out; hints for that.

    `failure` says why, where its supervisor knows better than that it vanished.
    """
    db.write(lambda session: mark_gone(session, worker_id))
    with db.read() as session:
        held = select(Item.id).where(Item.worker_id == worker_id, Item.lease_until_ms.is_not(None))
        item_ids = session.scalars(held.order_by(Item.job_id, Item.id)).all()
    mine = Item.worker_id == worker_id
    lanes = {
        lane for item_id in item_ids for lane in db.write(partial(_take_back, item_id=item_id, still=mine, why=failure))
    }
    hints = db.write(lambda session: hint(session, Item.id.in_(item_ids), Item.hinted_ms.is_(None)))
    return hints + open_lanes(db, lanes)


def predecessors_lost(db: Database, state_id: str) -> list[Hint]:
    """A supervisor begins: the workers of an earlier one of its state folder died with that one; hints for what they
    held."""
    with db.read() as session:
        earlier = select(Worker.id).where(Worker.state_id == state_id, Worker.gone.is_(False)).order_by(Worker.id)
        worker_ids = session.scalars(earlier).all()
    return [told for worker_id in worker_ids for told in worker_lost(db, worker_id)]


def note_absence(db: Database, only_job: int | None = None) -> None:
    """A supervisor begins: begun runs that nobody alive could work on meanwhile have no wall time worth printing."""

    def work(session: Session) -> None:
        could = exists().where(
            *(Worker.device_key == Device.key, Device.chip == Run.chip, Device.origin == Run.origin),
            living(clock(session)),
        )
        parts = and_(Item.job_id == Run.job_id, Item.run_no == Run.run_no, Item.kind == Kind.INFER)
        begun = exists().where(Attempt.item_id == Item.id, parts)
        absent = update(Run).where(Run.state == "open", begun, ~could)
        if only_job is not None:
            absent = absent.where(Run.job_id == only_job)
        changed(session, absent.values(wall_void="the supervisor was away"))

    db.write(work)


def _take_back_expired(db: Database) -> None:
    with db.read() as session:
        now = clock(session)
        expired = session.scalars(select(Item.id).where(Item.lease_until_ms < now).order_by(Item.job_id, Item.id)).all()
    for item_id in expired:
        # Hints and lanes follow in the same sweep.
        db.write(partial(_take_back, item_id=item_id, still=Item.lease_until_ms < now, why=LOST))


def _take_back(session: Session, item_id: int, still: ColumnElement[bool], why: Failure) -> set[LaneKey]:
    """Unless it was finished, extended or claimed anew since it was looked at."""
    item = lock_item(session, item_id)
    held = select(Item.id).where(Item.id == item_id, Item.lease_until_ms.is_not(None), still)
    if item is None or session.scalar(held) is None:
        return set()
    return put_back(session, item, why)


def _settled(session: Session, job_id: int) -> None:
    if lock_job(session, job_id) == "active":
        settle(session, job_id)


# -- hints ------------------------------------------------------------------------------------------------------------


def _due(session: Session, mine: Sequence[ColumnElement[bool]], all_hints: bool) -> list[Hint]:
    """Never told: at once. Told long ago: a few for each living worker, as the broker may well hold the others."""
    if all_hints:
        return hint(session, *mine)
    fresh = hint(session, Item.hinted_ms.is_(None), *mine)
    return fresh + hint(session, Item.id.in_(_stale(session, mine)))


def _stale(session: Session, mine: Sequence[ColumnElement[bool]]) -> list[int]:
    before = clock(session) - REHINT_MS
    queued = (
        select(Item.id, Item.kind, Run.chip, Run.origin, Run.ready_made)
        .join(Job, and_(Job.id == Item.job_id, Job.state == "active"))
        .outerjoin(Run, and_(Run.job_id == Item.job_id, Run.run_no == Item.run_no))
        .where(Item.state == QUEUED, Item.hinted_ms < before, *mine)
        .order_by(Item.id)
    )
    rows = session.execute(queued).all()
    room = _room(session) if rows else Counter()
    chosen = []
    for row in rows:
        queues = _queues(row)
        if any(room[queue] > 0 for queue in queues):
            chosen.append(row.id)
            room.subtract(queues)
    return chosen


def _queues(row: Row[int, str, str | None, str | None, bool | None]) -> list[Queue]:
    """Whose living workers could take it."""
    if row.chip is None:
        return [PREP]
    origins = ("real", "simulated") if row.origin is None else (row.origin,)
    chip = chip_named(row.chip)
    on_host = row.kind == Kind.COMPILE and chip.compiles_on == "host" and not row.ready_made
    return [(f"compile {chip.vendor}" if on_host else chip.name, origin) for origin in origins]


def _room(session: Session) -> Counter[Queue]:
    room: Counter[Queue] = Counter()
    workers = select(Worker.kind, Worker.toolchains, Device.chip, Device.origin, Device.state)
    workers = workers.outerjoin(Device, Device.key == Worker.device_key).where(living(clock(session)))
    for row in session.execute(workers):
        if row.kind == "prep":
            room[PREP] += HINTS_PER_WORKER
        elif row.kind == "compile":
            room.update({(f"compile {v}", told["origin"]): HINTS_PER_WORKER for v, told in row.toolchains.items()})
        elif row.state == "ok":
            room[row.chip, row.origin] += HINTS_PER_WORKER
    return room
