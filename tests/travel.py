"""Jobs on their way from one ledger to another, and what is compared at both ends."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from dinoq.cli.render.json import render
from dinoq.cli.waiting import report_of
from dinoq.db.carry_in import carry_in
from dinoq.db.engine import Database
from dinoq.db.failures import fail
from dinoq.db.items import finish
from dinoq.db.sweep import sweep
from dinoq.db.tables.base import Base
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.telemetry import store_blocks
from dinoq.jobs.carried import Carried
from dinoq.jobs.carried_checks import check
from dinoq.jobs.carried_text import from_members, to_members
from dinoq.jobs.ledger import Failure, FailureClass, Kind
from tests.builders import shard_result
from tests.crew import crew, expire, items, submit_job
from tests.readings import make_block


def eventful_job(db: Database) -> int:
    """A job with a failed part, a late worker, a device that failed once, and telemetry."""
    host = crew(db, "cpu", "cpu")
    job = submit_job(db, 600, batches=(1, 16))
    host.work_off(Kind.PREPROCESS, Kind.COMPILE)
    first, second, *_ = items(db, job, Kind.INFER, run_no=1)
    device, other = sorted(host.devices)
    held = host.take(first.id, device)
    fail(db, held.item_id, held.token, Failure(FailureClass.DEVICE, "it fell over", "one", "said much"))
    held = host.take(second.id, other)
    fail(db, held.item_id, held.token, Failure(FailureClass.PERMANENT, "cannot be done"))
    late = host.take(first.id, other)
    expire(db, late.item_id)
    sweep(db)
    host.work_off()
    finish(db, late.item_id, late.token, shard_result(late, host.devices[other], answer=3))
    begun_ms = held_ms(db, job)
    store_blocks(db, [make_block(device=other, begun_ms=begun_ms, power_w=(30.0, 31.0))], {other: ""})
    return job


def held_ms(db: Database, job: int) -> int:
    """When the first attempt began."""
    with db.read() as session:
        started = select(Attempt.started_ms).join(Item).where(Item.job_id == job, Item.kind == Kind.INFER)
        return min(ms for ms in session.scalars(started) if ms)


def travelled(job: Carried) -> Carried:
    """As a file gives it back, checked."""
    made = from_members(job.job.uuid, to_members(job))
    check(made)
    return made


def report(db: Database, job: int) -> dict[str, Any]:
    """The JSON report without what differs by design."""
    values: dict[str, Any] = json.loads(render(report_of(db, job)))
    return values | {"job": None, "imported": None}


def contents(db: Database, *tables: type[Base]) -> list[Any]:
    """Every row of these tables."""
    with db.read() as session:
        return [tuple(row) for table in tables for row in session.execute(select(*table.__table__.columns))]


def how(db: Database, *jobs: Carried, **flags: bool) -> list[str]:
    """What became of the jobs that are taken in."""
    return [taken.how for taken in carry_in(db, jobs, **flags)]


def empty(session: Session) -> None:
    """Nothing is left in the ledger."""
    for table in reversed(Base.metadata.sorted_tables):
        session.execute(delete(table))
