"""`dinoq status`, `logs`, `cancel`, `retry`: a job while it lives."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.db.engine import Database

JobName = Annotated[str, typer.Argument(help="a number, or last")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status)
    app.command("logs")(logs)
    app.command("cancel")(cancel)
    app.command("retry")(retry)


def status(
    job: JobName = "last",
    watch: Annotated[bool, typer.Option("--watch", help="until it has ended")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """How far a job is, run by run, and what it waits for."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.cli.waiting import watch as watch_job
    from dinoq.db.progress import job_progress

    now = settings.load()
    db = open_ledger(now)
    number = job_named(db, job, now)
    if watch:
        watch_job(db, number)
    seen = job_progress(db, number)
    console.result(json.dumps(asdict(seen), indent=2) if as_json else _table(seen))


def logs(
    job: JobName = "last",
    run: Annotated[str | None, typer.Option("--run", help="one run, e.g. cpu:16")] = None,
) -> None:
    """What happened to a job's items, in order: attempts, failures, and what toolchains said."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.cli.render.words import printable
    from dinoq.db.log import job_log

    now = settings.load()
    db = open_ledger(now)
    number = job_named(db, job, now)
    lines = job_log(db, number, _run_of(db, number, run))
    told = [printable(line) for entry in lines for line in entry.splitlines()]
    console.result("\n".join(told)) if told else console.note("nothing has happened yet. Start workers: dinoq up")


def cancel(job: JobName = "last") -> None:
    """End a job for good; what is done stays in the report."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.db.jobs import cancel as cancel_job

    now = settings.load()
    db = open_ledger(now)
    number = job_named(db, job, now)
    ended = cancel_job(db, number)
    console.say(f"job {number} is cancelled; {ended} items were not done")


def retry(job: JobName = "last") -> None:
    """Let a job's failed items start afresh."""
    from dinoq.cli.ledger import job_named, open_ledger, send
    from dinoq.db.jobs import retry as retry_job

    now = settings.load()
    db = open_ledger(now)
    number = job_named(db, job, now)
    send(db, now, retry_job(db, number))
    console.say(f"job {number} is active again; dinoq status {number} --watch")


def _run_of(db: Database, job: int, text: str | None) -> tuple[str, int] | None:
    """`310P3:16` as chip and batch of one of the job's runs. Raises: UsageError."""
    from dinoq.db.progress import job_progress
    from dinoq.jobs.chips import parse_cell

    if text is None:
        return None
    run = parse_cell(text)
    there = [(one.chip, one.batch) for one in job_progress(db, job).runs]
    if run not in there:
        names = ", ".join(f"{chip}:{batch}" for chip, batch in there)
        raise UsageError(f"job {job} has no run {run[0]}:{run[1]}; it has {names}.", hint=f"dinoq logs {job}")
    return run


def _table(seen: object) -> str:
    from dinoq.cli.bars import rows_of, samples_text
    from dinoq.cli.render.columns import table
    from dinoq.cli.render.words import printable
    from dinoq.db.progress import JobProgress

    assert isinstance(seen, JobProgress)
    rows = [[row.name, samples_text(row), row.state] for row in rows_of(seen)]
    head = f"job {seen.job_id}  {seen.name}  {seen.state}"
    without = [f"{run.chip} bs{run.batch} goes without {text}" for run in seen.runs for text in run.left_out]
    shown = table(("what", "samples", "state"), [list(map(printable, row)) for row in rows], right=("samples",))
    return "\n".join([printable(head), shown, *map(printable, (*without, *seen.errors))])
