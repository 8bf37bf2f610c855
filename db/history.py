"""What people ask of the ledger about past and present jobs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select

from dinoq.db.clock import moment
from dinoq.db.engine import Database
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import JOB_STATES, Job, ManifestRow
from dinoq.jobs.errors import NoSuchJob, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    """One line of the history; times are aware UTC. `imported_from` says where a job was worked that was taken in, else empty."""

    id: int
    name: str
    owner: str
    state: str
    model: str
    chips: tuple[str, ...]
    batches: tuple[int, ...]
    samples: int
    items_done: int
    items_total: int
    created_at: datetime
    finished_at: datetime | None
    imported_from: str = ""


def resolve_job(db: Database, text: str, owner: str) -> int:
    """The job that a person means: its number, or `last`, the owner's own last. Raises: NoSuchJob."""
    jobs = select(func.max(Job.id))
    if text == "last":
        jobs = jobs.where(Job.owner == owner)
    elif re.fullmatch(r"[0-9]{1,18}", text):
        jobs = jobs.where(Job.id == int(text))
    else:
        raise NoSuchJob(f"{text!r} is no job; expected a number, or last.", hint="dinoq jobs")
    with db.read() as session:
        found = session.scalar(jobs)
    if found is None:
        what = f"{owner} has no job yet" if text == "last" else f"there is no job {text}"
        raise NoSuchJob(f"{what}.", hint="dinoq jobs")
    return found


def list_jobs(db: Database, *, limit: int = 20, state: str | None = None, owner: str | None = None) -> list[JobSummary]:
    """The newest jobs, newest first. Raises: UsageError for a state that no job can be in."""
    if state is not None and state not in JOB_STATES:
        raise UsageError(f"state {state!r} is not known; there are {', '.join(JOB_STATES)}.", hint="--state done")
    which: list[ColumnElement[bool]] = [] if state is None else [Job.state == state]
    if owner is not None:
        which.append(Job.owner == owner)
    page = select(Job.id).where(*which).order_by(Job.id.desc()).limit(limit)
    with db.read() as session:
        jobs = select(Job, ManifestRow.samples).join(ManifestRow, ManifestRow.id == Job.manifest_id)
        rows = session.execute(jobs.where(Job.id.in_(page)).order_by(Job.id.desc())).all()
        done = func.sum(case((Item.state == "done", 1), else_=0))
        counted = select(Item.job_id, done, func.count()).where(Item.job_id.in_(page)).group_by(Item.job_id)
        counts = {job_id: (int(done), total) for job_id, done, total in session.execute(counted)}
    return [_summary(job, samples, *counts.get(job.id, (0, 0))) for job, samples in rows]


def _summary(job: Job, samples: int, items_done: int, items_total: int) -> JobSummary:
    runs = job.spec["runs"]
    return JobSummary(
        id=job.id,
        name=job.name,
        owner=job.owner,
        state=job.state,
        model=job.spec["model"]["name"],
        chips=tuple(dict.fromkeys(run["chip"] for run in runs)),
        batches=tuple(dict.fromkeys(run["batch"] for run in runs)),
        samples=samples,
        items_done=items_done,
        items_total=items_total,
        created_at=moment(job.created_ms),
        finished_at=None if job.finished_ms is None else moment(job.finished_ms),
        imported_from=job.imported_from,
    )
