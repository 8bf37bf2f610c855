"""dinoq for programs and notebooks: a history that is read, never written (docs/api.md)."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime
from types import TracebackType
from typing import Self, Unpack

import numpy as np
from numpy.typing import NDArray

from dinoq.cli import settings
from dinoq.cli.asked import Asked
from dinoq.cli.compared import comparison_of
from dinoq.cli.waiting import report_of
from dinoq.db.engine import Database
from dinoq.db.figures import missing_jobs
from dinoq.db.history import SORTED, JobSummary, list_jobs
from dinoq.db.past_runs import best_runs, list_runs
from dinoq.db.reading import open_to_read
from dinoq.db.tables.jobs import JOB_STATES
from dinoq.jobs.columns import order_for
from dinoq.jobs.compare.comparison import Comparison, Limits
from dinoq.jobs.errors import UsageError
from dinoq.jobs.figures import ENDED, RunFigures
from dinoq.jobs.report import Report
from dinoq.jobs.search import Filters, Search, search_for

__all__ = ["Comparison", "Filters", "History", "JobSummary", "Limits", "Report", "RunFigures", "open_history"]

Column = NDArray[np.generic]
MOMENT = np.dtype("datetime64[ms]")
COLUMNS = tuple(field.name for field in fields(RunFigures))


def open_history(url: str | None = None) -> History:
    """The history at `sqlite:////path/file` or `postgresql://user:password@host/name`; without a URL the one that the
    `dinoq` command has here, by its variables and dinoq.toml.

    Raises: EnvironmentTrouble when it is not there or not reached; BadSchema for one of another version of dinoq.
    """
    return History(open_to_read(url or settings.load().database_url))


class History:
    """Past jobs and runs; use as a context, or `close` it. Nothing is ever written, and no writer is held up.

    Filters are those of the command line (`Filters`), `sort` is a column, `-column` for the greatest first, `limit` None
    for no end. Raises, throughout: UsageError for what cannot be meant; EnvironmentTrouble when the database is gone.
    """

    def __init__(self, db: Database) -> None:
        self._db = db

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._db.close()

    def jobs(
        self, *, sort: str | None = None, limit: int | None = None, **filters: Unpack[Filters]
    ) -> tuple[JobSummary, ...]:
        """Past and present jobs, newest first."""
        order = None if sort is None else order_for(sort, tuple(SORTED))
        return tuple(list_jobs(self._db, _search(filters, JOB_STATES), order=order, limit=_checked(limit)))

    def results(
        self, *, best: bool = False, sort: str | None = None, limit: int | None = None, **filters: Unpack[Filters]
    ) -> tuple[RunFigures, ...]:
        """Ended runs, newest job first; or the best figure of each model, chip and batch, as `dinoq results --best`.

        Warns of jobs whose figures nobody has made yet: nothing is written here, so they are missing.
        """
        order = None if sort is None else order_for(sort, COLUMNS)
        if missing := missing_jobs(self._db):
            text = (
                f"{len(missing)} jobs are not summed up yet, their runs are missing or out of date: run dinoq results"
            )
            warnings.warn(text, stacklevel=2)
        return tuple(
            (best_runs if best else list_runs)(self._db, _search(filters, ENDED), order=order, limit=_checked(limit))
        )

    def columns(
        self, *, best: bool = False, sort: str | None = None, limit: int | None = None, **filters: Unpack[Filters]
    ) -> dict[str, Column]:
        """The same by column, as `pandas.DataFrame` takes it: arrays of numbers and times (UTC), where NaN and NaT stand
        for what was not measured, and of objects."""
        rows = self.results(best=best, sort=sort, limit=limit, **filters)
        return {
            field.name: _column(field.type, [getattr(row, field.name) for row in rows]) for field in fields(RunFigures)
        }

    def report(self, *jobs: int, strict: bool = False) -> Report:
        """Everything that `dinoq report` prints of a job, or of several joined. Raises: NoSuchJob."""
        return report_of(self._db, *jobs, asked=Asked(strict=strict))

    def compare(self, a: int | str, b: int | str, *, limits: Limits | None = None) -> Comparison:
        """What `dinoq compare` says of two jobs (`42`), or two runs (`"42/310P3:16"`).

        Raises: NoSuchJob; UsageError for two that have nothing in common, or are unlike (unless `limits` allow it).
        """
        return comparison_of(self._db, settings.load(), str(a), str(b), limits or Limits())


def _checked(limit: int | None) -> int | None:
    if limit is not None and limit < 0:
        raise UsageError(f"limit is {limit}; expected a number of rows, or None for all.", hint="limit=20")
    return limit


def _search(filters: Filters, states: Sequence[str]) -> Search:
    return search_for(filters, states=states, now=datetime.now(UTC))


def _column(kind: object, values: Sequence[object]) -> Column:
    """`kind` is the field's annotation as it is written."""
    # A whole number that may be missing becomes a float: no array of integers holds nothing.
    if kind == "int":
        return np.array(values, np.int64)
    if kind in ("int | None", "float | None"):
        return np.array(values, np.float64)
    if str(kind).startswith("datetime"):
        naive = [value.replace(tzinfo=None) if isinstance(value, datetime) else None for value in values]
        return np.array(naive, MOMENT)
    return np.fromiter(values, np.object_, len(values))
