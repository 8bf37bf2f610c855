"""What people say of a job: tags to find it by, notes to remember by. They change no figure and travel with no file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from dinoq.jobs.errors import UsageError

TAG_CHARACTERS = 64
NOTE_CHARACTERS = 4_000
_TAG = re.compile(rf"[\w.:/-]{{1,{TAG_CHARACTERS}}}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One note of a job, numbered from 1 in the order of writing; `author` is user@host, `written_at` aware UTC."""

    no: int
    author: str
    written_at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """All that people say of one job: its tags in order, its notes, oldest first."""

    tags: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


NO_REMARKS = Remarks()


def tag_named(text: str) -> str:
    """The tag as it is kept: letters, digits and `._-:/`, in the case that it was written in. Raises: UsageError."""
    tag = normalize("NFC", text)
    if not _TAG.fullmatch(tag):
        raise UsageError(
            f"{text[:TAG_CHARACTERS]!r} is no tag; expected 1 to {TAG_CHARACTERS} letters, digits or ._-:/ signs.",
            hint="dinoq note JOB TEXT for a sentence",
        )
    return tag


def note_text(text: str) -> str:
    """The note as it is kept, without space around it. Raises: UsageError for nothing, or too much."""
    note = text.strip()
    if not 0 < len(note) <= NOTE_CHARACTERS:
        what = f"has {len(note)} characters" if note else "is empty"
        raise UsageError(
            f"the note {what}; expected 1 to {NOTE_CHARACTERS}.", hint="name a file or a page that says the rest"
        )
    return note
