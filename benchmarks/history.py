"""`dinoq jobs` and `dinoq results` over a long history, on SQLite and PostgreSQL, above their imports."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.past import RUNS, store_past
from dinoq.db.engine import Database, open_database
from dinoq.db.history import list_jobs
from dinoq.db.past_runs import best_runs, list_runs
from dinoq.db.schema import upgrade
from dinoq.jobs.columns import Order
from dinoq.jobs.search import Search
from tests import servers

ROUNDS = 7
LIMIT = 20
SINCE = datetime(2026, 6, 1, tzinfo=UTC)
NARROW = Search(chip=("310P3", "T4"), batch=(1, 16), model="net-3", since=SINCE, until=SINCE + timedelta(days=60))
CASES: dict[str, Callable[[Database], object]] = {
    "newest": lambda db: list_runs(db, limit=LIMIT),
    "filtered": lambda db: list_runs(db, NARROW, limit=LIMIT),
    "text, found in none": lambda db: list_runs(db, Search(text="no such words"), limit=LIMIT),
    "sorted by compute": lambda db: list_runs(db, order=Order(column="compute_images_per_s", descending=True), limit=LIMIT),
    "--best": lambda db: best_runs(db, limit=LIMIT),
    "--best, filtered": lambda db: best_runs(db, NARROW, limit=LIMIT),
}  # fmt: skip


def measure() -> list[Figure]:
    """Each query and its values, in seconds."""
    figures = []
    for name, opened in (("SQLite", _sqlite), ("PostgreSQL", _postgres)):
        with opened() as db:
            jobs = store_past(db)
            figures += [_figure(f"dinoq jobs over {jobs:,}, {name}", 0.3, lambda db: list_jobs(db, limit=LIMIT), db)]
            figures += [
                _figure(f"dinoq results over {RUNS:,}, {what}, {name}", 0.5, case, db) for what, case in CASES.items()
            ]
    return figures


def _figure(name: str, most_s: float, ask: Callable[[Database], object], db: Database) -> Figure:
    seconds = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ask(db)
        seconds.append(time.perf_counter() - begun)
    return Figure(name, statistics.median(seconds), "s", most_s, None, "upper limit; above its imports")


@contextmanager
def _sqlite() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as scratch:
        db = open_database(f"sqlite:///{Path(scratch, 'db.sqlite')}")
        yield db
        db.close()


@contextmanager
def _postgres() -> Iterator[Database]:
    bindir = servers.postgres_bin()
    assert bindir, "no PostgreSQL to measure with"
    with servers.postgres(bindir) as url:
        upgrade(url)
        db = open_database(url)
        yield db
        db.close()
