"""`dinoq tag` and `dinoq note`: what people say of a job, so that it is found again and understood."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.jobs.errors import UsageError
from dinoq.jobs.remarks import note_text, tag_named

if TYPE_CHECKING:
    from dinoq.jobs.remarks import Note

JobName = Annotated[str, typer.Argument(help="a number, or last")]
Tags = Annotated[list[str] | None, typer.Argument(metavar="[TAG]...", help="letters, digits and ._-:/ signs")]
Words = Annotated[list[str] | None, typer.Argument(metavar="[TEXT]", help="what to write, or - for stdin")]
AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("tag")(tag)
    app.command("note")(note)


def tag(
    job: JobName,
    tags: Tags = None,
    remove: Annotated[bool, typer.Option("--remove", help="take them away")] = False,
    as_json: AsJson = False,
) -> None:
    """Tag a job of any state, or list its tags."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.db.remarks import add_tags, remarks_of, remove_tags

    named = [tag_named(text) for text in tags or ()]
    if remove and not named:
        raise UsageError("no tag to take away is named.", hint=f"dinoq tag {job} TAG --remove")
    now = settings.load()
    db = open_ledger(now)
    number = job_named(db, job, now)
    there = (remove_tags if remove else add_tags)(db, number, named) if named else remarks_of(db, number).tags
    if as_json:
        console.result(json.dumps({"job": number, "tags": there}))
    elif there:
        console.result(" ".join(there))
    else:
        console.note(f"job {number} has no tag.")


def note(job: JobName, text: Words = None, as_json: AsJson = False) -> None:
    """Write a note under a job, or list its notes. Notes are never changed."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.db.remarks import add_note, remarks_of

    written = note_text(sys.stdin.read() if text == ["-"] else " ".join(text)) if text else None
    now = settings.load()
    db = open_ledger(now)
    number = job_named(db, job, now)
    if written is not None:
        no = add_note(db, number, now.owner, written)
        console.result(json.dumps({"job": number, "note": no})) if as_json else console.say(
            f"note {no} of job {number}"
        )
        return
    notes = remarks_of(db, number).notes
    if as_json:
        told = [
            {"no": one.no, "author": one.author, "at": one.written_at.isoformat(), "text": one.text} for one in notes
        ]
        console.result(json.dumps(told, indent=2))
    elif notes:
        console.result("\n\n".join(_shown(one) for one in notes))
    else:
        console.note(f"job {number} has no note. Write one: dinoq note {number} TEXT")


def _shown(one: Note) -> str:
    """Its head, then its lines as they were written."""
    from dinoq.cli.render.words import printable

    head = f"{one.no}  {one.written_at:%Y-%m-%d %H:%M} UTC  {one.author}"
    return "\n".join([printable(head), *(f"   {printable(line)}" for line in one.text.splitlines())])
