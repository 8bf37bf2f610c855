"""What a failure means for its item, its device and its slice."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from dinoq.db.attempts import Ending, end_attempt, has_begun
from dinoq.db.engine import Database, changed
from dinoq.db.fleet import charge
from dinoq.db.held import Held, lock_item
from dinoq.db.hints import hint
from dinoq.db.lanes import open_lanes
from dinoq.db.settle import LaneKey, items_of, settle, settle_run
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Run
from dinoq.jobs.ledger import MAX_ATTEMPTS, Failure, FailureClass, Hint, Kind

LOST = Failure(FailureClass.TRANSIENT, "worker lost")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of the item, and what its attempt is called. `queued` means: as soon as its run and slice allow."""

    state: str
    attempts: int
    false_starts: int
    outcome: str = "failed"


def fail(db: Database, item_id: int, token: int, failure: Failure) -> list[Hint]:
    """The item was not done. Hints for what is to be tried again, and for what can begin instead.

    A failure told by a worker that no longer holds the item changes nothing.
    """

    def work(session: Session) -> tuple[list[Hint], set[LaneKey]]:
        item = lock_item(session, item_id)
        if item is None or not item.by(token):
            return [], set()
        lanes = put_back(session, item, failure)
        return hint(session, Item.job_id == item.job_id, Item.hinted_ms.is_(None)), lanes

    hints, lanes = db.write(work)
    return hints + open_lanes(db, lanes)


def put_back(session: Session, item: Held, failure: Failure) -> set[LaneKey]:
    """Take the item from its worker, within a transaction that locked it; the lanes on which something may open now."""
    verdict = judge(item, failure, begun=has_begun(session, item.id, item.token))
    ending = Ending(outcome=verdict.outcome, error_class=failure.kind.value, error=failure.error, output=failure.output)
    end_attempt(session, item.id, item.token, ending)
    infer = item.kind == Kind.INFER
    changed(
        session,
        update(Item)
        .where(Item.id == item.id)
        .values(
            # A part waits until it is known below that its run is open and its slice is there.
            state="blocked" if infer and verdict.state == "queued" else verdict.state,
            attempts=verdict.attempts,
            false_starts=verdict.false_starts,
            lease_until_ms=None,
            worker_id=None,
            phase="",
            n_done=0,
            hinted_ms=None,
            avoid=_avoided(item, failure),
            **({} if failure.kind is FailureClass.DRAINED else {"error": failure.error}),
        ),
    )
    _beyond_the_item(session, item, failure)
    if verdict.state == "failed":
        return settle_run(session, item.job_id, item.run_no) if infer else settle(session, item.job_id)
    return settle(session, item.job_id) if infer else set()


def judge(item: Held, failure: Failure, *, begun: bool) -> Verdict:
    """What the failure means for the item; `begun` says whether this claim was charged an attempt."""
    kind, given_back = failure.kind, item.attempts - int(begun)
    if kind is FailureClass.PERMANENT:
        return Verdict("failed", item.attempts, item.false_starts)
    if kind is FailureClass.DRAINED:
        return Verdict("queued", given_back, item.false_starts, "drained")
    if kind is FailureClass.DEVICE and item.device is not None:
        return Verdict("queued", given_back, item.false_starts)
    if kind is FailureClass.DAMAGED and item.kind == Kind.INFER:
        return Verdict("queued", given_back, item.false_starts)
    # What never began charges nothing, but four failures before any beginning are enough. A worker that vanished
    # before says nothing about the item.
    false_starts = item.false_starts + int(not begun and failure is not LOST)
    spent = item.attempts >= MAX_ATTEMPTS or false_starts >= MAX_ATTEMPTS
    outcome = "lost" if failure is LOST else "failed"
    return Verdict("failed" if spent else "queued", item.attempts, false_starts, outcome)


def _avoided(item: Held, failure: Failure) -> list[str]:
    """Another device is to try first where this one failed, or its process ended: it may be that it never begins."""
    ended = failure.kind is FailureClass.TRANSIENT and bool(failure.incarnation)
    if item.device is None or item.device in item.avoid or not (failure.kind is FailureClass.DEVICE or ended):
        return item.avoid
    return [*item.avoid, item.device]


def _beyond_the_item(session: Session, item: Held, failure: Failure) -> None:
    if failure.kind is FailureClass.DEVICE and item.device is not None:
        charge(session, item.device, failure.incarnation)
    elif item.kind != Kind.INFER:
        return
    elif failure.kind is FailureClass.DRAINED:
        run = update(Run).where(Run.job_id == item.job_id, Run.run_no == item.run_no)
        changed(session, run.values(wall_void="drained"))
    elif failure.kind is FailureClass.DAMAGED:
        _prepare_again(session, item, failure.error)


def _prepare_again(session: Session, item: Held, error: str) -> None:
    """The slice goes back to preprocessing, and no run may claim a part of it before it is there again."""
    parts = update(Item).where(Item.job_id == item.job_id, Item.kind == Kind.INFER, Item.slice_no == item.slice_no)
    changed(session, parts.where(Item.state == "queued").values(state="blocked", hinted_ms=None))
    slices = update(Item).where(items_of(item.job_id, Kind.PREPROCESS), Item.no == item.slice_no, Item.state == "done")
    spent = slices.where(Item.attempts >= MAX_ATTEMPTS)
    changed(session, spent.values(state="failed", error=f"its shard was damaged again and again: {error}"))
    changed(session, slices.values(state="queued", n_done=0, worker_id=None, hinted_ms=None))
