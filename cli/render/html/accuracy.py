"""The section of the page about accuracy: right answers, their intervals, and the published figure."""

from __future__ import annotations

from collections.abc import Sequence

from dinoq.cli.render.headline import status_of
from dinoq.cli.render.html.cells import RUN, plots, run_cells, word_cell
from dinoq.cli.render.html.markup import (
    Column,
    Html,
    Section,
    notes,
    section,
    table,
    text,
)
from dinoq.cli.render.html.per_run import accuracy_plot
from dinoq.cli.render.html.series import Line
from dinoq.cli.render.modes import pure_note
from dinoq.cli.render.words import DASH, percent, run_label
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.result import TOP
from dinoq.jobs.score import Score


def accuracy(report: Report, lines: Sequence[Line]) -> Section | None:
    """Top-1 and Top-5 with their intervals, and how far off the published figure."""
    published = report.baseline_top1 is not None
    columns = [*RUN, Column("top-1", "%"), Column("95 % interval", "%"), Column("right"), Column("top-5", "%")]
    columns += [Column("95 % interval", "%"), Column("right")]
    if published:
        against = f"against {percent(report.baseline_top1)} %"
        columns += [Column(against, "pp"), Column("of it", "%"), Column("verdict", number=False)]
    rows = [[*run_cells(run), *_scores(run), *(_against(run) if published else [])] for run in report.runs]
    said = [pure_note(report)] if pure_note(report) else []
    said += [f"{run_label(run)}: {note}" for run in report.runs for note in run.notes]
    return section(
        "accuracy",
        "Accuracy",
        plots(accuracy_plot(report, lines, top=1), accuracy_plot(report, lines, top=5)),
        table("Right answers over the samples of the dataset", columns, rows),
        notes(said),
    )


def _scores(run: RunReport) -> list[Html]:
    if run.top1 is None and run.told and len(run.told.top_k) >= TOP:
        told = (run.told.top_k[0], run.told.top_k[TOP - 1])
        return [text(cell) for share in told for cell in (percent(share), "told", DASH)]
    return [text(cell) for score in (run.top1, run.top5) for cell in _score(score)]


def _score(score: Score | None) -> tuple[str, str, str]:
    if score is None:
        return DASH, DASH, DASH
    return percent(score.accuracy), f"{percent(score.low)}–{percent(score.high)}", str(score.correct)


def _against(run: RunReport) -> list[Html]:
    word = word_cell(status_of(run, "accuracy"))
    if run.against is None:
        return [text(DASH), text(DASH), word]
    return [text(f"{100 * run.against.difference:+.2f}"), text(percent(run.against.relative)), word]
