"""`dinoq report`: what a job proved, rendered from stored rows; it can be repeated at any time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, options, settings

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.report import Report


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report)


def report(
    job: Annotated[list[str], typer.Argument(help="numbers, or last")] = ["last"],  # noqa: B006  (typer makes a new one)
    run: Annotated[str | None, typer.Option("--run", help="one run alone, part by part, e.g. 310P3:16")] = None,
    format: Annotated[str, typer.Option("--format", help="text, md, json, csv, html or modelzoo")] = "text",
    lang: Annotated[str | None, typer.Option("--lang", help="zh or en, of modelzoo")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="write to a file")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace the file of -o")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
    strict: options.Strict = False,
    gate: options.Gates = [],  # noqa: B006
    latency_budget: Annotated[
        float | None, typer.Option("--latency-budget", help="ms that a batch may take: p99")
    ] = None,
    margin: Annotated[float, typer.Option("--margin", help="points of Top-1 a chip may lose against another")] = 1.0,
) -> int:
    """Accuracy, throughput, coverage and verdicts of a job, or of several joined; the exit code is the verdicts'."""
    from dinoq.cli.asked import asked_for
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.cli.output import check_free, write_whole
    from dinoq.cli.waiting import report_of

    asked = asked_for(gate, latency_budget, margin, strict=strict)
    render = _renderer("json" if as_json else format, lang, run)
    if output is not None:
        check_free(output, force=force)
    now = settings.load()
    db = open_ledger(now)
    made = report_of(db, *(job_named(db, one, now) for one in job), asked=asked)
    text = render(db, made)
    if output is None:
        console.result(text)
    else:
        write_whole(output, text + "\n")
        console.say(f"written to {output}")
    return made.exit_code


def _renderer(format: str, lang: str | None, run: str | None) -> Callable[[Database, Report], str]:
    """What is made of the report: all of it, or one run part by part. Raises: UsageError before any work is done."""
    from dinoq.cli.render import renderer

    if run is None:
        whole = renderer(format, lang)
        return lambda db, made: whole(made)

    from dinoq.cli.render.trace import trace_renderer
    from dinoq.cli.traced import traced
    from dinoq.jobs.chips import parse_cell

    parse_cell(run)
    parts = trace_renderer(format)
    return lambda db, made: parts(traced(db, made, run))
