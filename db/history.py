"""What people ask of the ledger about past and present jobs."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from dinoq.db.clock import moment
from dinoq.db.engine import Database
from dinoq.db.search import jobs_found, sorted_by
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.items import Item
from dinoq.db.tables.jobs import Job, ManifestRow
from dinoq.db.tables.remarks import Tag
from dinoq.jobs.columns import Order
from dinoq.jobs.errors import NoSuchJob
from dinoq.jobs.figures import SEVERITY
from dinoq.jobs.search import Search
from dinoq.jobs.verdicts import Status

EVERY_JOB = Search()
SORTED = {
    "id": Job.id,
    "state": Job.state,
    "samples": ManifestRow.samples,
    "created_at": Job.created_ms,
    "finished_at": Job.finished_ms,
    "owner": Job.owner,
    "model": Job.model,
    "model_sha256": Job.model_sha256,
    "recipe": Job.recipe,
    "name": Job.name,
    "imported_from": Job.imported_from,
}
"""What jobs can be sorted by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSummary:
    """One line of the history; times are aware UTC. `verdict` is the worst of its runs that have ended and been summed up,
    None before. `imported_from` says where a job was worked that was taken in, else empty."""

    id: int
    state: str
    verdict: Status | None
    items_done: int
    items_total: int
    samples: int
    chips: tuple[str, ...]
    batches: tuple[int, ...]
    created_at: datetime
    finished_at: datetime | None
    owner: str
    tags: tuple[str, ...]
    model: str
    model_sha256: str
    recipe: str
    name: str
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


def list_jobs(
    db: Database, search: Search = EVERY_JOB, *, order: Order | None = None, limit: int | None = None
) -> list[JobSummary]:
    """The jobs that fit, newest first unless sorted otherwise, at most `limit`."""
    by = [*(sorted_by(SORTED[order.column], order) if order else []), Job.id.desc()]
    with_samples = select(Job, ManifestRow.samples).join(ManifestRow, ManifestRow.id == Job.manifest_id)
    wanted = with_samples.where(*jobs_found(search)).order_by(*by).limit(limit)
    with db.read() as session:
        rows = session.execute(wanted).all()
        page = wanted.with_only_columns(Job.id)
        items, verdicts, tags = _items(session, page), _verdicts(session, page), _tags(session, page)
    return [
        _summary(job, samples, items.get(job.id, (0, 0)), verdicts.get(job.id), tuple(tags[job.id]))
        for job, samples in rows
    ]


def has_jobs(db: Database, search: Search) -> bool:
    """Whether any job fits."""
    with db.read() as session:
        return session.scalar(select(Job.id).where(*jobs_found(search)).limit(1)) is not None


def _items(session: Session, page: Select[int]) -> dict[int, tuple[int, int]]:
    """How many are done, and how many there are, by job."""
    done = func.sum(case((Item.state == "done", 1), else_=0))
    counted = select(Item.job_id, done, func.count()).where(Item.job_id.in_(page)).group_by(Item.job_id)
    return {job_id: (int(done), total) for job_id, done, total in session.execute(counted)}


def _verdicts(session: Session, page: Select[int]) -> dict[int, Status]:
    """The worst of each job's runs."""
    told = select(FiguresRow.job_id, FiguresRow.verdict).where(FiguresRow.job_id.in_(page)).distinct()
    words: defaultdict[int, list[Status]] = defaultdict(list)
    for job_id, verdict in session.execute(told):
        words[job_id] += [Status(verdict)] if verdict else []
    return {job_id: min(found, key=SEVERITY.index) for job_id, found in words.items() if found}


def _tags(session: Session, page: Select[int]) -> defaultdict[int, list[str]]:
    tags: defaultdict[int, list[str]] = defaultdict(list)
    for job_id, tag in session.execute(select(Tag.job_id, Tag.tag).where(Tag.job_id.in_(page)).order_by(Tag.tag)):
        tags[job_id].append(tag)
    return tags


def _summary(
    job: Job, samples: int, items: tuple[int, int], verdict: Status | None, tags: tuple[str, ...]
) -> JobSummary:
    runs = job.spec["runs"]
    return JobSummary(
        id=job.id,
        state=job.state,
        verdict=verdict,
        items_done=items[0],
        items_total=items[1],
        samples=samples,
        chips=tuple(dict.fromkeys(run["chip"] for run in runs)),
        batches=tuple(dict.fromkeys(run["batch"] for run in runs)),
        created_at=moment(job.created_ms),
        finished_at=None if job.finished_ms is None else moment(job.finished_ms),
        owner=job.owner,
        tags=tags,
        model=job.model,
        model_sha256=job.model_sha256,
        recipe=job.recipe,
        name=job.name,
        imported_from=job.imported_from,
    )
