"""The figures of ended runs, made of the reports of their jobs and kept to be listed: a cache of what reports say."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.orm import Session

from dinoq.db.clock import moment, now_ms
from dinoq.db.engine import Database, changed
from dinoq.db.fleet import clock
from dinoq.db.records import job_record, load_manifest
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job
from dinoq.jobs.errors import NoSuchJob
from dinoq.jobs.figures import RunFigures, figures_of
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import build_report
from dinoq.jobs.telemetry import BLOCK_MS
from dinoq.jobs.verdicts import Status

SETTLED_MS = BLOCK_MS + 5_000
"""So long after its last part a run's figures may still change: samplers store what they read in blocks."""
BETWEEN_HOSTS = "\n"
COLUMN_OF = {"job": "job_id", "hosts": "hosts", "created_at": "created_ms", "finished_at": "finished_ms"}
"""Where a value is stored in another form, or under another name."""
DUE: ColumnElement[bool] = Job.changes != Job.figured


def due_jobs(db: Database) -> list[int]:
    """The jobs whose figures are out of date, newest first."""
    with db.read() as session:
        return list(session.scalars(select(Job.id).where(DUE).order_by(Job.id.desc())))


def missing_jobs(db: Database) -> list[int]:
    """Those of them whose figures are not there at all, or of before a change."""
    with db.read() as session:
        due = select(Job.id).where(DUE, Job.figured != -Job.changes)
        return list(session.scalars(due.order_by(Job.id.desc())))


def next_past_job(db: Database, passed_over: Collection[int] = ()) -> int | None:
    """A job that has ended, settled, and is due, while nothing of the fleet is under way; None for none."""
    with db.read() as session:
        if session.scalar(select(Item.id).where(Item.lease_until_ms.is_not(None)).limit(1)) is not None:
            return None
        past = select(Job.id).where(DUE, Job.finished_ms < now_ms() - SETTLED_MS, Job.id.not_in(passed_over))
        return session.scalar(past.order_by(Job.id.desc()).limit(1))


def summarise(db: Database, job_id: int) -> bool:
    """Make the figures of a job anew; False when the job changed meanwhile, which leaves it due.

    The report is made before anything is locked. Raises: NoSuchJob; EnvironmentTrouble for a database that may not be
    written; whatever a damaged job makes of its report.
    """
    with db.read() as session:
        seen, now = session.scalar(select(Job.changes).where(Job.id == job_id)), clock(session)
    if seen is None:
        raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
    record = job_record(db, job_id)
    report = build_report(record, load_manifest(db, record.spec.data.manifest_id))
    rows = [row_of(one) for one in figures_of(record, report)]
    # One that is not settled is listed already, and stays due.
    figured = seen if _is_settled(record, now) else -seen

    def work(session: Session) -> bool:
        unchanged = update(Job).where(Job.id == job_id, Job.changes == seen)
        if not changed(session, unchanged.values(figured=figured)):
            return False
        changed(session, delete(FiguresRow).where(FiguresRow.job_id == job_id))
        if rows:
            session.execute(insert(FiguresRow), rows)
        return True

    return db.write(work)


def figures_from(row: Row[Any]) -> RunFigures:
    """The value of a row that has every column of the table."""
    values = dict(row._mapping)
    job, hosts, created_ms, finished_ms = (values.pop(name) for name in COLUMN_OF.values())
    verdict = values.pop("verdict")
    return RunFigures(
        verdict=None if verdict is None else Status(verdict),
        job=job,
        hosts=tuple(hosts.split(BETWEEN_HOSTS)) if hosts else (),
        created_at=moment(created_ms),
        finished_at=None if finished_ms is None else moment(finished_ms),
        **values,
    )


def row_of(one: RunFigures) -> dict[str, Any]:
    """The row of a value."""
    converted = {
        "job": one.job,
        "hosts": BETWEEN_HOSTS.join(one.hosts),
        "created_at": _ms(one.created_at),
        "finished_at": None if one.finished_at is None else _ms(one.finished_at),
    }
    values = {field.name: getattr(one, field.name) for field in fields(one)} | converted
    return {COLUMN_OF.get(name, name): value for name, value in values.items()}


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _is_settled(record: JobRecord, now: int) -> bool:
    """Whether whatever was told of the time of its parts is stored by now."""
    last = max((run.last_finish_ms for run in record.runs if run.last_finish_ms is not None), default=None)
    return last is None or record.imported is not None or now - last >= SETTLED_MS
