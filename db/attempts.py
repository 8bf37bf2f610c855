"""What came of each claim: one row per (item, token), never removed; the audit behind duplicates and conflicts."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import changed, insert_into
from dinoq.db.tables.fleet import Worker
from dinoq.db.tables.items import Attempt, Item


def begin_attempt(session: Session, item_id: int, token: int) -> bool:
    """The claimed item really begins; False when that was said before."""
    row = {"item_id": item_id, "token": token, "started_ms": now_ms(), "error": "", **_by_whom(session, item_id)}
    return bool(changed(session, insert_into(session, Attempt).values(**row).on_conflict_do_nothing()))


def has_begun(session: Session, item_id: int, token: int) -> bool:
    """Whether the claim with this token has begun."""
    started = select(Attempt.started_ms).where(Attempt.item_id == item_id, Attempt.token == token)
    return session.scalar(started) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How an attempt ended. `digest` is of its predictions; `output` is what the vendor's
    program said; `device_key` is needed where the item has gone to somebody
    else meanwhile."""

    outcome: str
    digest: str | None = None
    error_class: str | None = None
    error: str = ""
    output: str = ""
    device_key: str | None = None


def end_attempt(session: Session, item_id: int, token: int, ending: Ending) -> bool:
    """How it ended; False when it had ended well already. What was `lost` may still turn up and be `fenced`."""
    told: dict[str, Any] = {**asdict(ending), "ended_ms": now_ms()}
    device = {"device_key": told.pop("device_key")}
    whom = _by_whom(session, item_id) if ending.outcome != "fenced" else device
    ended = insert_into(session, Attempt).values(item_id=item_id, token=token, **whom, **told)
    ended = ended.on_conflict_do_update(
        index_elements=["item_id", "token"],
        set_=told,
        where=or_(Attempt.outcome.is_(None), Attempt.outcome != "done"),
    )
    return bool(changed(session, ended))


def _by_whom(session: Session, item_id: int) -> dict[str, str | None]:
    """The worker that holds the item, and its device."""
    holder = select(Item.worker_id, Worker.device_key).outerjoin(Worker, Worker.id == Item.worker_id)
    row = session.execute(holder.where(Item.id == item_id)).one()
    return {"worker_id": row.worker_id, "device_key": row.device_key}
