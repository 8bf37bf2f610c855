"""Past runs across jobs, listed from their figures; and the best of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from dinoq.db.engine import Database
from dinoq.db.figures import COLUMN_OF, figures_from
from dinoq.db.search import Conditions, runs_found, sorted_by
from dinoq.db.tables.figures import FiguresRow
from dinoq.jobs.columns import Order
from dinoq.jobs.figures import RunFigures
from dinoq.jobs.search import Search
from dinoq.jobs.verdicts import Status

EVERY_RUN = Search()
COLUMNS = FiguresRow.__table__.c
LIKE = (
    *(FiguresRow.model, FiguresRow.chip, FiguresRow.batch, FiguresRow.precision, FiguresRow.given, FiguresRow.mode),
    *(FiguresRow.origin, FiguresRow.pace, FiguresRow.told),
)
"""Figures that differ in one of these are never ranked against each other."""
UNSOUND = (Status.INCOMPLETE, Status.IMPLAUSIBLE)
"""The two worst words there are, so that neither hides behind another."""
SOUND = and_(
    FiguresRow.compute_images_per_s.is_not(None),
    or_(FiguresRow.verdict.is_(None), FiguresRow.verdict.not_in(UNSOUND)),
)
"""Of which runs a figure may be called the best."""


def list_runs(
    db: Database, search: Search = EVERY_RUN, *, order: Order | None = None, limit: int | None = None
) -> list[RunFigures]:
    """The ended runs that fit, newest job first unless sorted otherwise, at most `limit`."""
    wanted = select(*COLUMNS).where(*runs_found(search)).order_by(*_order(order)).limit(limit)
    with db.read() as session:
        return [figures_from(row) for row in session.execute(wanted)]


def best_runs(
    db: Database, search: Search = EVERY_RUN, *, order: Order | None = None, limit: int | None = None
) -> list[RunFigures]:
    """Of the runs that fit, for each model, chip, batch, precision, origin, pace and mode the one with the highest compute
    images/s; by model, chip and batch, real before simulated, unless sorted otherwise.

    Left out are runs that are incomplete, implausible or not measured. Of equal ones the first stands.
    """
    row = FiguresRow
    rank = func.row_number().over(partition_by=LIKE, order_by=(row.compute_images_per_s.desc(), row.job_id, row.run_no))
    ranked = select(row.job_id, row.run_no, rank.label("rank")).where(SOUND, *runs_found(search)).subquery()
    best = select(ranked.c.job_id, ranked.c.run_no).where(ranked.c.rank == 1).subquery()
    first = and_(row.job_id == best.c.job_id, row.run_no == best.c.run_no)
    by = _order(order) if order else [row.model, row.chip, row.batch, row.origin, row.precision, row.mode, row.job_id]
    wanted = select(*COLUMNS).join(best, first).order_by(*by).limit(limit)
    with db.read() as session:
        return [figures_from(row) for row in session.execute(wanted)]


def has_runs(db: Database, search: Search) -> bool:
    """Whether any ended run fits."""
    return _any(db, runs_found(search))


def has_best(db: Database, search: Search) -> bool:
    """Whether any run fits whose figure may be called the best."""
    return _any(db, [SOUND, *runs_found(search)])


def _any(db: Database, which: Conditions) -> bool:
    with db.read() as session:
        return session.scalar(select(FiguresRow.job_id).where(*which).limit(1)) is not None


def _order(order: Order | None) -> list[ColumnElement[Any]]:
    newest = [COLUMNS.job_id.desc(), COLUMNS.run_no]
    if order is None:
        return newest
    column = COLUMNS[COLUMN_OF.get(order.column, order.column)]
    return [*sorted_by(column, order), *newest]
