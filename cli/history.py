"""`dinoq jobs`: every past job."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.cli.render.columns import table
from dinoq.cli.render.words import printable

if TYPE_CHECKING:
    from dinoq.db.history import JobSummary


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("jobs")(jobs)


def jobs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="how many, newest first")] = 20,
    state: Annotated[str | None, typer.Option("--state", help="active, done, failed or cancelled")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Past and present jobs, newest first."""
    from dinoq.cli.ledger import open_ledger
    from dinoq.db.history import list_jobs

    rows = list_jobs(open_ledger(settings.load()), limit=limit, state=state)
    if as_json:
        console.result(json.dumps([asdict(row) for row in rows], indent=2, default=str))
        return
    if not rows:
        console.note("no job yet. Try: dinoq demo")
        return
    heads = ("job", "state", "done", "samples", "chips", "batches", "submitted", "owner", "name")
    cells = [
        [
            *(str(row.id), row.state, _done(row), str(row.samples or "-")),
            *(",".join(row.chips), ",".join(map(str, row.batches))),
            *(f"{row.created_at:%Y-%m-%d %H:%M}", row.owner, row.name + _imported(row)),
        ]
        for row in rows
    ]
    console.result(table(heads, [list(map(printable, row)) for row in cells], right=("job", "done", "samples")))


def _done(row: JobSummary) -> str:
    """A dash for figures that were imported: there was nothing to do."""
    return f"{100 * row.items_done // row.items_total} %" if row.items_total else "-"


def _imported(row: JobSummary) -> str:
    return f" (imported from {row.imported_from})" if row.imported_from else ""
