"""What may go on at once on one host: infer items of `cpu` and preparation share its cores, so that it does either."""

from __future__ import annotations

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from dinoq.db.fleet import clock, living
from dinoq.db.requests import Asked, Asker
from dinoq.db.settle import items_of
from dinoq.db.tables.fleet import Worker
from dinoq.db.tables.items import Attempt, Item
from dinoq.db.tables.jobs import Job, Run
from dinoq.jobs.ledger import Kind

CPU = "cpu"
"""The chip that shares its cores with preparation."""


def host_is_busy(session: Session, asker: Asker, asked: Asked) -> str:
    """Infer items of `cpu` and preparation (preprocess, compile) exclude each other on a host; empty when it is free."""
    if asked.kind == Kind.INFER and asked.chip != CPU:
        return ""
    if session.get_bind().dialect.name == "postgresql":
        # Two claims at once would each not see the other's. SQLite has one writer anyway.
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"dinoq-host:{asker.host}"))))
    if session.scalar(rivals(asker, asked).limit(1)) is not None:
        return f"host {asker.host} is {'preparing' if asked.kind == Kind.INFER else 'measuring on cpu'}"
    if asked.kind == Kind.INFER and _preparation_goes_first(session, asker, asked):
        return f"preparation on host {asker.host} goes before the next cpu run"
    return ""


def rivals(asker: Asker, asked: Asked) -> Select[int]:
    """Items under way on the asker's host that exclude this one."""
    other = aliased(Item)
    rivals = select(other.id).join(Worker, Worker.id == other.worker_id)
    rivals = rivals.where(other.lease_until_ms.is_not(None), Worker.host == asker.host)
    if asked.kind == Kind.INFER:
        return rivals.where(other.kind != Kind.INFER)
    on_cpu = exists().where(Run.job_id == other.job_id, Run.run_no == other.run_no, Run.chip == CPU)
    return rivals.where(other.kind == Kind.INFER, on_cpu)


def _preparation_goes_first(session: Session, asker: Asker, asked: Asked) -> bool:
    """Whether the run has not begun, and somebody on this host could preprocess instead."""
    begun = select(Attempt.item_id).join(Item, Item.id == Attempt.item_id)
    if session.scalar(begun.where(items_of(asked.job_id, Kind.INFER, asked.run_no)).limit(1)) is not None:
        return False
    waiting = select(Item.id).join(Job, Job.id == Item.job_id)
    waiting = waiting.join(Worker, or_(Worker.only_job.is_(None), Worker.only_job == Job.id))
    waiting = waiting.where(
        *(Job.state == "active", Job.store_id == asker.store_id),
        *(Item.kind == Kind.PREPROCESS, Item.run_no == 0, Item.state == "queued"),
        *(Worker.kind == "prep", Worker.host == asker.host, Worker.store_id == asker.store_id),
        living(clock(session)),
    )
    return session.scalar(waiting.limit(1)) is not None
