"""What else ran on a part's host while the part ran: beside an accelerator that is allowed, and said."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.orm import Session

from dinoq.db.held import Held
from dinoq.db.tables.fleet import Worker
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Run
from dinoq.jobs.ledger import Kind

NAMES = {Kind.PREPROCESS: "preprocessing", Kind.COMPILE: "compiling"}
Work = Row[str, str | None, str | None]
"""Kind, and the chip and origin of its run; both None for a slice."""


def overlap_of(session: Session, item: Held) -> str:
    """What began on the host of a part under way and had not ended when the part began; empty for nothing.

    Parts on the same lane are the same run, on other devices.
    """
    of_run = and_(Run.job_id == Item.job_id, Run.run_no == Item.run_no)
    mine = select(Worker.host, Attempt.started_ms, Run.chip, Run.origin).select_from(Item)
    mine = mine.join(Worker, Worker.id == Item.worker_id).join(Run, of_run)
    mine = mine.join(Attempt, and_(Attempt.item_id == Item.id, Attempt.token == Item.token))
    part = session.execute(mine.where(Item.id == item.id)).first()
    if part is None or part.started_ms is None:
        return ""
    elsewhere = and_(Item.id != item.id, Worker.host == part.host, Attempt.started_ms.is_not(None))
    still_there = and_(Item.lease_until_ms.is_not(None), Attempt.token == Item.token)
    rows = session.execute(_work(elsewhere, still_there).union(_work(elsewhere, Attempt.ended_ms > part.started_ms)))
    same_lane = (Kind.INFER, part.chip, part.origin)
    return ", ".join(sorted({_named(row) for row in rows if tuple(row) != same_lane}))


def _work(*which: ColumnElement[bool]) -> Select[str, str | None, str | None]:
    """Each sort of work among the attempts that match."""
    work = select(Item.kind, Run.chip, Run.origin).join(Attempt, Attempt.item_id == Item.id)
    work = work.join(Worker, Worker.id == Attempt.worker_id)
    work = work.outerjoin(Run, and_(Run.job_id == Item.job_id, Run.run_no == Item.run_no))
    return work.where(*which).distinct()


def _named(work: Work) -> str:
    kind, chip, origin = work
    return NAMES.get(Kind(kind)) or f"inference on {'simulated ' if origin == 'simulated' else ''}{chip}"
