"""What people say of jobs: short tags to find them by, and notes to remember by."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from dinoq.db.tables.base import Base, Words


class Tag(Base):
    """A word on a job."""

    __tablename__ = "tag"
    __table_args__ = (Index(None, "tag", "job_id"),)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    tag: Mapped[str] = mapped_column(primary_key=True)


class Note(Base):
    """What somebody wrote about a job, and when; append-only, numbered from 1."""

    __tablename__ = "note"
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True, autoincrement=False)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    author: Mapped[str] = mapped_column(Words)
    written_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Words)
