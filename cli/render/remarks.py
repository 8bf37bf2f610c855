"""What people say of the jobs of a report, in lines: their tags, and the newest of their notes."""

from __future__ import annotations

from collections.abc import Iterator

from dinoq.cli.render.words import clip
from dinoq.jobs.remarks import Note
from dinoq.jobs.report import Report

SHOWN = 3
"""So many notes of a job stand in a report; `dinoq note JOB` lists all."""
NOTE_COLUMNS = 300
AUTHOR_COLUMNS = 24


def remark_lines(report: Report) -> Iterator[tuple[str, str]]:
    """`tags` or `note`, and the text, which may hold anything that a person can type."""
    for one in report.jobs:
        whose = f"job {one.job}: " if len(report.jobs) > 1 else ""
        if one.remarks.tags:
            yield "tags", whose + " ".join(one.remarks.tags)
        notes = one.remarks.notes
        yield from (("note", whose + note_line(note, NOTE_COLUMNS)) for note in notes[-SHOWN:])
        if len(notes) > SHOWN:
            yield "note", f"{whose}and {len(notes) - SHOWN} before: dinoq note {one.job}"


def note_line(note: Note, room: int) -> str:
    """`2026-11-29 06:00 UTC ada@lab: the text`, on one line; the text in at most `room` columns."""
    text = clip(" ".join(note.text.split()), room)
    return f"{note.written_at:%Y-%m-%d %H:%M} UTC {clip(note.author, AUTHOR_COLUMNS)}: {text}"
