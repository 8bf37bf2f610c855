"""Tags and notes of jobs, whatever the job's state and wherever it was worked. Notes are only ever added."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from dinoq.db.clock import moment, now_ms
from dinoq.db.engine import Database, changed, insert_into
from dinoq.db.settle import lock_job
from dinoq.db.tables.jobs import Job
from dinoq.db.tables.remarks import Note as NoteRow
from dinoq.db.tables.remarks import Tag
from dinoq.jobs.errors import NoSuchJob, UsageError
from dinoq.jobs.remarks import Note, Remarks


def add_tags(db: Database, job_id: int, tags: Collection[str]) -> tuple[str, ...]:
    """Tag a job, which may have some of them already; all that it has then. Raises: NoSuchJob."""

    def work(session: Session) -> tuple[str, ...]:
        _lock(session, job_id)
        put_tags(session, job_id, tags)
        return _tags(session, job_id)

    return db.write(work)


def remove_tags(db: Database, job_id: int, tags: Collection[str]) -> tuple[str, ...]:
    """Take tags from a job; those it keeps. Raises: NoSuchJob; UsageError for one that it has not, and then none goes."""

    def work(session: Session) -> tuple[str, ...]:
        _lock(session, job_id)
        there = _tags(session, job_id)
        if absent := [tag for tag in tags if tag not in there]:
            text = f"job {job_id} has no tag {', '.join(absent)}; it has {', '.join(there) or 'none'}."
            raise UsageError(text, hint=f"dinoq tag {job_id}")
        changed(session, delete(Tag).where(Tag.job_id == job_id, Tag.tag.in_(tags)))
        return tuple(tag for tag in there if tag not in tags)

    return db.write(work)


def add_note(db: Database, job_id: int, author: str, text: str) -> int:
    """Write a note under a job; its number, from 1. Raises: NoSuchJob."""

    def work(session: Session) -> int:
        _lock(session, job_id)
        return put_note(session, job_id, author, text)

    return db.write(work)


def remarks_of(db: Database, job_id: int) -> Remarks:
    """The tags and notes of a job. Raises: NoSuchJob."""
    with db.read() as session:
        if session.scalar(select(Job.id).where(Job.id == job_id)) is None:
            raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")
        return read_remarks(session, job_id)


def read_remarks(session: Session, job_id: int) -> Remarks:
    """The same within a transaction; nothing for a job that is not there."""
    rows = session.scalars(select(NoteRow).where(NoteRow.job_id == job_id).order_by(NoteRow.no))
    notes = tuple(Note(no=row.no, author=row.author, written_at=moment(row.written_ms), text=row.text) for row in rows)
    return Remarks(tags=_tags(session, job_id), notes=notes)


def put_tags(session: Session, job_id: int, tags: Collection[str]) -> None:
    """Add them to a job that the transaction holds, or has just made."""
    for tag in dict.fromkeys(tags):
        changed(session, insert_into(session, Tag).values(job_id=job_id, tag=tag).on_conflict_do_nothing())


def put_note(session: Session, job_id: int, author: str, text: str) -> int:
    """The same of a note; its number."""
    last = session.scalar(select(func.max(NoteRow.no)).where(NoteRow.job_id == job_id))
    values = {"job_id": job_id, "no": (last or 0) + 1, "author": author, "written_ms": now_ms(), "text": text}
    session.execute(insert(NoteRow).values(**values))
    return (last or 0) + 1


def _lock(session: Session, job_id: int) -> None:
    """Of two who write at once, the second sees what the first wrote."""
    if lock_job(session, job_id) is None:
        raise NoSuchJob(f"there is no job {job_id}.", hint="dinoq jobs")


def _tags(session: Session, job_id: int) -> tuple[str, ...]:
    """Sorted here: databases differ in how they order texts."""
    return tuple(sorted(session.scalars(select(Tag.tag).where(Tag.job_id == job_id))))
