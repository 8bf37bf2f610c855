"""What somebody looks for (`jobs/search.py`), as conditions on jobs and on the figures of runs: SQL does the finding."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from dinoq.db.figures import BETWEEN_HOSTS
from dinoq.db.tables.figures import FiguresRow
from dinoq.db.tables.jobs import Job, Run
from dinoq.db.tables.remarks import Note, Tag
from dinoq.jobs.columns import Order
from dinoq.jobs.search import Search

Conditions = list[ColumnElement[bool]]
TextColumn = InstrumentedAttribute[str]
WORKED_TEXTS = (FiguresRow.hosts, FiguresRow.source, FiguresRow.toolkit, FiguresRow.driver)
RUN_TEXTS = (FiguresRow.name, FiguresRow.owner, FiguresRow.model, FiguresRow.imported, *WORKED_TEXTS)
JOB_TEXTS = (Job.name, Job.owner, Job.model, Job.imported_from)


def runs_found(search: Search) -> Conditions:
    """The conditions on a row of `figures`."""
    row = FiguresRow
    among = ((row.chip, search.chip), (row.batch, search.batch), (row.recipe, search.recipe), (row.state, search.state))
    more = ((row.verdict, search.verdict), (row.origin, search.origin))
    return [
        *(column.in_(values) for column, values in (*among, *more) if values),
        *_model(row.model, row.model_sha256, search.model),
        *_hosts(search.host),
        *_owners(row.owner, search.owner),
        *_tagged(row.job_id, search.tag),
        *_within(row.created_ms, search),
        *([or_(_said(RUN_TEXTS, search.text), row.job_id.in_(_noted(search.text)))] if search.text else []),
    ]


def jobs_found(search: Search) -> Conditions:
    """The conditions on a row of `job`. Chip, batch and origin must meet in one run; verdict and host in one that has ended."""
    of_run: Conditions = [
        column.in_(values)
        for column, values in ((Run.chip, search.chip), (Run.batch, search.batch), (Run.origin, search.origin))
        if values
    ]
    of_ended = [*([FiguresRow.verdict.in_(search.verdict)] if search.verdict else []), *_hosts(search.host)]
    return [
        *(column.in_(values) for column, values in ((Job.recipe, search.recipe), (Job.state, search.state)) if values),
        *([exists().where(Run.job_id == Job.id, *of_run)] if of_run else []),
        *([exists().where(FiguresRow.job_id == Job.id, *of_ended)] if of_ended else []),
        *_model(Job.model, Job.model_sha256, search.model),
        *_owners(Job.owner, search.owner),
        *_tagged(Job.id, search.tag),
        *_within(Job.created_ms, search),
        *([_job_says(search.text)] if search.text else []),
    ]


def sorted_by(column: ColumnElement[Any] | InstrumentedAttribute[Any], order: Order) -> list[ColumnElement[Any]]:
    """What has no value last, on either database."""
    return [column.is_(None), column.desc() if order.descending else column.asc()]


def _model(name: TextColumn, sha256: TextColumn, wanted: str) -> Conditions:
    if not wanted:
        return []
    named = name.icontains(wanted, autoescape=True)
    is_hex = re.fullmatch(r"[0-9a-f]{1,64}", wanted.lower())
    return [or_(named, sha256.startswith(wanted.lower())) if is_hex else named]


def _hosts(hosts: Sequence[str]) -> Conditions:
    """One of the hosts of a row, whole."""
    if not hosts:
        return []
    # In small letters on both sides: SQLite's LIKE knows no case, PostgreSQL's does.
    listed = func.lower(BETWEEN_HOSTS + FiguresRow.hosts + BETWEEN_HOSTS)
    wanted = (f"{BETWEEN_HOSTS}{host.lower()}{BETWEEN_HOSTS}" for host in hosts)
    return [or_(*(listed.contains(one, autoescape=True) for one in wanted))]


def _owners(owner: TextColumn, owners: Sequence[str]) -> Conditions:
    if not owners:
        return []
    named, wanted = func.lower(owner), [one.lower() for one in owners]
    anywhere = (named.startswith(f"{one}@", autoescape=True) for one in wanted if "@" not in one)
    return [or_(named.in_(wanted), *anywhere)]


def _tagged(job_id: InstrumentedAttribute[int], tags: Sequence[str]) -> Conditions:
    return [job_id.in_(_jobs_tagged(tags))] if tags else []


def _jobs_tagged(tags: Sequence[str]) -> Select[int]:
    return select(Tag.job_id).where(Tag.tag.in_(tags))


def _within(created_ms: InstrumentedAttribute[int], search: Search) -> Conditions:
    since: Conditions = [created_ms >= _ms(search.since)] if search.since else []
    return since + ([created_ms < _ms(search.until)] if search.until else [])


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _job_says(text: str) -> ColumnElement[bool]:
    worked = select(FiguresRow.job_id).where(_said(WORKED_TEXTS, text))
    return or_(_said(JOB_TEXTS, text), Job.id.in_(worked), Job.id.in_(_noted(text)))


def _said(columns: Sequence[TextColumn], text: str) -> ColumnElement[bool]:
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def _noted(text: str) -> Select[int]:
    return select(Note.job_id).where(Note.text.icontains(text, autoescape=True))
