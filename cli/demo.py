"""`dinoq demo`: a complete evaluation with nothing at hand, of a model whose right answers are known by construction."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console, settings
from dinoq.jobs.errors import DinoqError, Interrupted

if TYPE_CHECKING:
    from dinoq.jobs.report import Report
    from dinoq.workers.models.codebook import Codebook

BATCHES = "1,16"


class WrongAnswer(DinoqError):
    """The demonstration's counts are not the known ones: dinoq or something under it computes wrongly."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(
    keep: Annotated[Path | None, typer.Option("--keep", help="write model and pictures here, and keep them")] = None,
) -> int:
    """Draw pictures whose right classes are known, evaluate them with batches 1 and 16 on cpu, check both counts."""
    from dinoq.workers.models.codebook import write_codebook

    with _folder(keep) as folder:
        console.say(f"drawing pictures and model into {folder}")
        book = write_codebook(folder)
        job, made = _evaluate(book)
    _check(book, job, made)
    return made.exit_code


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    """Where to draw: a folder of our own goes when the job has ended, for one that was interrupted it stays."""
    folder = keep or Path(tempfile.mkdtemp(prefix="dinoq-demo-"))
    wanted = keep is not None
    try:
        yield folder
    except Interrupted:
        wanted = True
        console.note(f"the pictures stay in {folder} for whoever resumes the job.")
        raise
    finally:
        if not wanted:
            shutil.rmtree(folder, ignore_errors=True)


def _evaluate(book: Codebook) -> tuple[int, Report]:
    from dinoq.cli.evaluate import run_prepared
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.cli.submission import Wishes, prepare
    from dinoq.cli.waiting import report_of

    flags = {
        "chip": "cpu",
        "batches": BATCHES,
        "recipe": "dino",
        "device": None,
        "baseline": None,
        "mode": "dataset",
        "model": str(book.model),
        "data": str(book.images),
        "labels": str(book.labels),
    }
    now = settings.load(flags)
    prepared = prepare(now, Wishes(name="codebook demo"))
    # A baseline from the user's own settings says nothing about this model.
    prepared = replace(prepared, spec=replace(prepared.spec, baseline_top1=None))
    run_prepared(now, prepared, "text", strict=False)
    db = open_ledger(now)
    job = job_named(db, "last", now)
    return job, report_of(db, job)


def _check(book: Codebook, job: int, made: Report) -> None:
    for run in made.runs:
        got = (run.top1.correct, run.top5.correct) if run.top1 and run.top5 else None
        if got != (book.top1, book.top5):
            raise WrongAnswer(
                f"job {job} bs{run.batch} counted {got}, but the drawing says ({book.top1}, {book.top5}) of {book.samples}.",
                hint=f"dinoq logs {job}, dinoq doctor",
            )
        console.result(
            f"bs{run.batch}: Top-1 {book.top1} and Top-5 {book.top5} of {book.samples}, as known from the drawing"
        )
