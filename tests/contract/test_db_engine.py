"""Readers and writers at once, on either database."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dinoq.db.engine import Database, changed
from dinoq.db.tables.jobs import Job
from tests.crew import (
    job_row,
    submit_job,
)


def test_a_reader_neither_blocks_a_writer_nor_sees_its_work_half_done(db: Database) -> None:
    with db.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0
        job = submit_job(db)
        assert session.scalar(select(func.count()).select_from(Job)) == 0
    assert job_row(db, job).state == "active"


def test_a_writer_does_not_block_a_reader(db: Database) -> None:
    job = submit_job(db)

    def work(session: Session) -> str:
        changed(session, update(Job).values(state="cancelled"))
        return job_row(db, job).state

    assert db.write(work) == "active"


def test_a_reader_cannot_write(db: Database) -> None:
    submit_job(db)
    with pytest.raises(Exception, match=r"read-?only"), db.read() as session:
        changed(session, update(Job).values(state="done"))


def test_a_transaction_that_lost_a_deadlock_begins_anew(db: Database) -> None:
    jobs = [submit_job(db), submit_job(db)]
    met = threading.Barrier(2)
    turns: list[int] = []

    def work(session: Session, order: list[int]) -> None:
        turns.append(order[0])
        for step, job in enumerate(order):
            changed(session, update(Job).where(Job.id == job).values(name=str(order)))
            if step == 0 and len(turns) <= 2 and db.dialect == "postgresql":
                met.wait(20)

    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(db.write, partial(work, order=order)) for order in (jobs, jobs[::-1])]
        for future in futures:
            future.result(60)
    assert len(turns) == (3 if db.dialect == "postgresql" else 2)
    assert job_row(db, jobs[0]).name == job_row(db, jobs[1]).name
