"""What each worker is doing at this moment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dinoq.db.engine import Database
from dinoq.db.fleet import clock
from dinoq.db.tables.items import Attempt, Item
from dinoq.jobs.ledger import Phase

LAST_ATTEMPTS = 2000
"""How far back is looked for what an idle worker did last."""
_NEAREST_LAST = (Phase.WAITING, Phase.LOADING, Phase.COMPILING, Phase.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """The job a worker is at and in which phase; for an idle one `job` is None, and `idle_ms` is since it ended its last
    item, None when that is not known."""

    job: int | None = None
    phase: str = ""
    idle_ms: int | None = None


def doings(db: Database) -> dict[str, Doing]:
    """By worker, for those that hold an item or ended one not long ago."""
    with db.read() as session:
        return {**_idle(session), **_at_work(session)}


def _at_work(session: Session) -> dict[str, Doing]:
    """Of several items that a worker holds, the one that is furthest."""
    held = select(Item.worker_id, Item.job_id, Item.phase).where(Item.lease_until_ms.is_not(None))
    found = [(worker or "", Doing(job=job, phase=phase)) for worker, job, phase in session.execute(held)]
    order = {phase.value: at for at, phase in enumerate(_NEAREST_LAST)}
    return dict(sorted(found, key=lambda one: order.get(one[1].phase, -1)))


def _idle(session: Session) -> dict[str, Doing]:
    now = clock(session)
    recent = select(Attempt.worker_id, Attempt.ended_ms).where(Attempt.ended_ms.is_not(None))
    rows = session.execute(recent.order_by(Attempt.ended_ms.desc()).limit(LAST_ATTEMPTS)).all()
    return {worker or "": Doing(idle_ms=max(0, now - (ended_ms or now))) for worker, ended_ms in reversed(rows)}
