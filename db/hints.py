"""Which items are to be hinted at, and when that was done last. Hints are never facts: losing them costs time only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from sqlalchemy import ColumnElement, Row, select, tuple_, update
from sqlalchemy.orm import Session

from dinoq.db.clock import now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.tables.items import QUEUED, Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.jobs.ledger import REHINT_MS, Hint, Kind, Origin


def hint(session: Session, *where: ColumnElement[bool]) -> list[Hint]:
    """Marks the queued items of active jobs that match as hinted now; their hints, in id order."""
    rows = session.execute(
        update(Item)
        .where(Item.state == QUEUED, Item.job_id.in_(select(Job.id).where(Job.state == "active")), *where)
        .values(hinted_ms=now_ms())
        .returning(Item.id, Item.kind, Item.job_id, Item.run_no),
        execution_options={"synchronize_session": False},
    ).all()
    return _as_hints(session, rows)


def first_hints(db: Database, job_id: int) -> list[Hint]:
    """Hints for the queued items of a job that nobody was told of yet."""
    return db.write(lambda session: hint(session, Item.job_id == job_id, Item.hinted_ms.is_(None)))


def mark_unhinted(db: Database, item_ids: Iterable[int]) -> None:
    """Publishing failed: the next sweep is to hint at these again."""
    ids = list(item_ids)
    if ids:
        db.write(lambda session: changed(session, update(Item).where(Item.id.in_(ids)).values(hinted_ms=None)))


def pass_on(session: Session, item_id: int) -> None:
    """A worker took the hint and must not take the item: the next sweep tells somebody else."""
    stale = now_ms() - REHINT_MS - 1
    changed(session, update(Item).where(Item.id == item_id, Item.state == "queued").values(hinted_ms=stale))


def _as_hints(session: Session, rows: Sequence[Row[int, str, int, int]]) -> list[Hint]:
    keys = {(job_id, run_no) for _, _, job_id, run_no in rows if run_no}
    found = select(Run.job_id, Run.run_no, Run.chip, Run.origin, Run.ready_made)
    found = found.where(tuple_(Run.job_id, Run.run_no).in_(keys))
    rows_of_runs = session.execute(found) if keys else ()
    runs = {(row.job_id, row.run_no): (row.chip, row.origin, row.ready_made) for row in rows_of_runs}
    hints = []
    for item_id, kind, job_id, run_no in sorted(rows, key=lambda row: row[0]):
        chip, origin, ready_made = runs.get((job_id, run_no), (None, None, False))
        hints.append(Hint(item_id, Kind(kind), chip, cast("Origin | None", origin), ready_made))
    return hints
