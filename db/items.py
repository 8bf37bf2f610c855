"""An item in the hands of a worker: begun, under way, done. Every word carries the claim's token; a stale one changes
nothing but the audit."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from dinoq.db.attempts import Ending, begin_attempt, end_attempt
from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.failures import put_back
from dinoq.db.held import Held, is_held, lock_item
from dinoq.db.hints import hint
from dinoq.db.lanes import open_lanes
from dinoq.db.results import Result, digest_of, misfit, store_result
from dinoq.db.settle import LaneKey, note_change, settle, settle_run
from dinoq.db.tables.items import Item
from dinoq.jobs.ledger import LEASE_MS, Failure, FailureClass, Hint, Kind, Phase
from dinoq.jobs.result import ShardResult


def start(db: Database, item_id: int, token: int) -> bool:
    """The device process really begins the item: it is charged one attempt, once. False when it is no longer held."""

    def work(session: Session) -> bool:
        lease = update(Item).where(is_held(item_id, token)).values(lease_until_ms=now_ms() + LEASE_MS)
        if not changed(session, lease):
            return False
        if begin_attempt(session, item_id, token):
            changed(session, update(Item).where(Item.id == item_id).values(attempts=Item.attempts + 1))
        return True

    return db.write(work)


def progress(db: Database, item_id: int, token: int, phase: Phase, n_done: int) -> bool:
    """`n_done` samples are done: the lease begins anew. False when it is lost or cancelled: stop at the next batch."""
    seen = {"lease_until_ms": now_ms() + LEASE_MS, "phase": phase.value, "n_done": n_done}
    return db.write(lambda session: changed(session, update(Item).where(is_held(item_id, token)).values(**seen))) > 0


def finish(db: Database, item_id: int, token: int, result: Result) -> tuple[bool, list[Hint]]:
    """Store the result and the end of its item in one transaction; hints for what can begin now.

    False when the item is no longer held: the work is recorded as a fenced attempt and nothing else changes. A result
    that does not fit its item fails it for good.
    """

    def work(session: Session) -> tuple[bool, list[Hint], set[LaneKey]]:
        item = lock_item(session, item_id)
        if item is None:
            return False, [], set()
        if not item.by(token):
            return _fenced(session, item, token, result), [], set()
        wrong = misfit(session, item, result)
        if wrong:
            lanes = put_back(session, item, Failure(FailureClass.PERMANENT, wrong))
        else:
            lanes = _done(session, item, result)
        return not wrong, hint(session, Item.job_id == item.job_id, Item.hinted_ms.is_(None)), lanes

    stored, hints, lanes = db.write(work)
    return stored, hints + open_lanes(db, lanes)


def _done(session: Session, item: Held, result: Result) -> set[LaneKey]:
    store_result(session, item, result)
    end_attempt(session, item.id, item.token, Ending(outcome="done", digest=digest_of(result)))
    done = {"state": "done", "lease_until_ms": None, "n_done": item.count, "error": ""}
    changed(session, update(Item).where(is_held(item.id, item.token)).values(**done))
    infer = item.kind == Kind.INFER
    return settle_run(session, item.job_id, item.run_no) if infer else settle(session, item.job_id)


def _fenced(session: Session, item: Held, token: int, result: Result) -> bool:
    """Record late work; True when it is no late work, but this very claim told twice."""
    if token > item.token or (item.kind == Kind.INFER and not isinstance(result, ShardResult)):
        return False
    device = result.device if isinstance(result, ShardResult) else None
    ending = Ending(outcome="fenced", digest=digest_of(result), device_key=device)
    if not end_attempt(session, item.id, token, ending):
        return True
    note_change(session, item.job_id)
    return False
