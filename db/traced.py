"""How the parts of a run came about, for whoever follows a figure back."""

from __future__ import annotations

from sqlalchemy import and_, select

from dinoq.db.engine import Database
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import SliceRow
from dinoq.jobs.ledger import Kind
from dinoq.jobs.trace import PartWork


def part_works(db: Database, job_id: int, run_no: int) -> dict[int, PartWork]:
    """Of every part of the run that is finished, by its number."""
    done = and_(Attempt.item_id == Item.id, Attempt.outcome == "done")
    fed_from = and_(SliceRow.job_id == Item.job_id, SliceRow.slice_no == Item.slice_no)
    parts = (
        select(Item.no, Item.attempts, Attempt.worker_id, SliceRow.shard_key)
        .join(Attempt, done)
        .outerjoin(SliceRow, fed_from)
        .where(Item.job_id == job_id, Item.kind == Kind.INFER, Item.run_no == run_no)
        .order_by(Item.no)
    )
    with db.read() as session:
        rows = session.execute(parts).all()
    return {
        no: PartWork(no=no, attempts=attempts, worker=worker or "", shard=shard) for no, attempts, worker, shard in rows
    }
