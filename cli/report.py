"""`dinoq report`: what a job proved, rendered from stored rows; it can be repeated at any time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dinoq.cli import console, settings
from dinoq.jobs.errors import UsageError


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    job: Annotated[list[str], typer.Argument(help="numbers, or last")] = ["last"],  # noqa: B006  (typer makes a new one)
    format: Annotated[str, typer.Option("--format", help="text, md, json, csv, html or modelzoo")] = "text",
    lang: Annotated[str | None, typer.Option("--lang", help="zh or en, of modelzoo")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write to a file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="unstable timing fails too")] = False,
) -> int:
    """Accuracy, throughput, coverage and verdicts of a job, or of several joined; the exit code is the verdicts'."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.cli.render import renderer
    from dinoq.cli.waiting import report_of

    render = renderer("json" if as_json else format, lang)
    now = settings.load()
    db = open_ledger(now)
    made = report_of(db, *(job_named(db, one, now) for one in job), strict=strict)
    text = render(made)
    if output is None:
        console.result(text)
    else:
        _write(output, text)
    return made.exit_code


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"report file {path} cannot be written: {error.strerror}.", hint="-o FILE") from None
    console.say(f"written to {path}")
