"""An item as the transactions that end it see it: read after its job is locked, so that nobody else ends it meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from dinoq.db.settle import lock_job
from dinoq.db.tables.fleet import Worker
from dinoq.db.tables.items import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the item was to do, and who has it; `device` is None with a prep worker, `version` is the worker's dinoq."""

    id: int
    job_id: int
    kind: str
    run_no: int
    no: int
    slice_no: int
    first: int
    count: int
    state: str
    token: int
    attempts: int
    false_starts: int
    avoid: list[str]
    device: str | None
    version: str | None

    def by(self, token: int) -> bool:
        """Whether the claim with this token still has it."""
        return self.state == "running" and self.token == token


def lock_item(session: Session, item_id: int) -> Held | None:
    """Lock the item's job, then read the item; None when there is none."""
    job_id = session.scalar(select(Item.job_id).where(Item.id == item_id))
    if job_id is None:
        return None
    lock_job(session, job_id)
    facts = (
        select(Item.id, Item.job_id, Item.kind, Item.run_no, Item.no, Item.slice_no, Item.first, Item.count)
        .add_columns(Item.state, Item.token, Item.attempts, Item.false_starts, Item.avoid)
        .add_columns(Worker.device_key.label("device"), Worker.version)
        .outerjoin(Worker, Worker.id == Item.worker_id)
        # A claim does not lock the job, so the row itself is kept too.
        .with_for_update(of=Item)
    )
    row = session.execute(facts.where(Item.id == item_id)).mappings().one()
    return Held(**cast("dict[str, Any]", row))


def is_held(item_id: int, token: int) -> ColumnElement[bool]:
    """The same as a condition, for updates that need no job."""
    return and_(Item.id == item_id, Item.token == token, Item.state == "running")
