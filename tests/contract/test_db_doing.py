"""What each worker is doing, as the ledger tells it."""

from __future__ import annotations

from sqlalchemy import update

from dinoq.db.clock import now_ms
from dinoq.db.doing import Doing, doings
from dinoq.db.engine import Database
from dinoq.db.items import progress
from dinoq.db.tables.items import Attempt
from dinoq.jobs.ledger import Kind, Phase
from tests.builders import HOST
from tests.crew import change, crew, items, submit_job

T4 = f"{HOST}/T4:0"


def test_a_worker_that_never_had_an_item_is_not_listed(db: Database) -> None:
    crew(db, "T4")
    assert doings(db) == {}


def test_a_worker_is_idle_since_its_last_item(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, chips=("T4",))
    host.work_off(job=job)
    change(db, update(Attempt).values(ended_ms=now_ms() - 60_000))
    change(db, update(Attempt).where(Attempt.worker_id == T4).values(ended_ms=now_ms() - 4_000))
    found = doings(db)[T4]
    assert found.job is None
    assert found.idle_ms is not None and 4_000 <= found.idle_ms < 50_000


def test_of_two_items_the_furthest_is_what_a_worker_does(db: Database) -> None:
    host, job = crew(db, "T4"), submit_job(db, 600, chips=("T4",))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    first, second = (host.take(row.id, T4) for row in items(db, job, Kind.INFER)[:2])
    progress(db, first.item_id, first.token, Phase.RUNNING, 1)
    progress(db, second.item_id, second.token, Phase.WAITING, 0)
    assert doings(db)[T4] == Doing(job=job, phase="running")
