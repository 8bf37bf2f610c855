"""Plots with a row for each run: its accuracy, and its devices beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from dinoq.cli.render.html.drawing import FAINT, INK, LINES, as_figure, legend, look, new_figure
from dinoq.cli.render.html.markup import NOTHING, Html
from dinoq.cli.render.html.series import Line, line_numbers
from dinoq.cli.render.words import clip, percent, run_label
from dinoq.jobs.measure import OUTLIER
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.verdicts import ALLOWED_LOSS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOM = 22
"""Characters of a label beside a plot, at most."""
ROW = 22
"""Height of a row of a plot that has one for each run."""


def accuracy_plot(report: Report, lines: Sequence[Line], *, top: Literal[1, 5]) -> Html:
    """Top-1 or Top-5 of each run with its interval, Top-1 beside the published figure; nothing where there is no accuracy."""
    scored = [(run, score) for run in report.runs if (score := run.top1 if top == 1 else run.top5)]
    if not scored:
        return NOTHING
    of_line, labels = line_numbers(lines), [run_label(run) for run, _ in scored]
    top_margin = 30.0 if report.baseline_top1 is not None else 8.0  # of both, so that rows stand beside rows
    figure, (axes,) = new_figure(top_margin + 48.0 + ROW * len(scored), left=_room(labels), top=top_margin)
    for row, (run, score) in enumerate(scored):
        style = look(of_line[run.run_no])
        between = [[100 * (score.accuracy - score.low)], [100 * (score.high - score.accuracy)]]
        axes.errorbar(
            [100 * score.accuracy],
            [row],
            xerr=between,
            color=style.colour,
            marker=style.marker,
            capsize=3,
            linestyle="",
        )
    _rows(axes, labels)
    axes.set_xlabel(f"top-{top}, % right, 95 % interval")
    if top == 1 and report.baseline_top1 is not None:
        axes.axvline(100 * report.baseline_top1, color=INK, linewidth=1.2, label="published")
        allowed = 100 * (report.baseline_top1 - ALLOWED_LOSS)
        axes.axvline(allowed, color=INK, linewidth=1.2, linestyle=":", label="least that passes")
        legend(figure, axes)
    said = "; ".join(
        f"{run_label(run)} {percent(one.accuracy)} % ({percent(one.low)} to {percent(one.high)})" for run, one in scored
    )
    return as_figure(figure, f"plot-top{top}", f"Top-{top} accuracy", said)


def devices_plot(report: Report, lines: Sequence[Line]) -> Html:
    """How far each device of a run lies off the mean of all; nothing where every run had one device."""
    shared = [run for run in report.runs if run.measured.spread is not None]
    if not shared:
        return NOTHING
    of_line = line_numbers(lines)
    height = 56.0 + ROW * len(shared)
    figure, (axes,) = new_figure(height, left=_room([run_label(run) for run in shared]), top=8.0)
    widest = 0.0
    for row, run in enumerate(shared):
        style, off = look(of_line[run.run_no]), off_mean(run)
        widest = max(widest, *map(abs, off))
        axes.plot(off, [row] * len(off), color=style.colour, marker=style.marker, linestyle="", fillstyle="none")
    _rows(axes, [run_label(run) for run in shared])
    axes.axvline(0.0, color=FAINT, linewidth=1.0)
    if widest > 100 * OUTLIER / 2:
        for side in (-1, 1):
            axes.axvline(side * 100 * OUTLIER, color=INK, linewidth=1.2, linestyle=LINES[3])
    reach = 1.15 * max(widest, 0.1)
    axes.set_xlim(-reach, reach)
    axes.set_xlabel("compute, % off the mean of the run")
    said = "; ".join(
        f"{run_label(run)}: {len(run.devices)} devices, {percent(run.measured.spread, 1)} % between them"
        for run in shared
    )
    return as_figure(figure, "plot-devices", "Devices of each run", said)


def off_mean(run: RunReport) -> list[float]:
    """In percent, of each device that has a compute figure."""
    figures = [one.figures.compute for one in run.devices if one.figures.compute is not None]
    mean = math.fsum(figures) / len(figures) if figures else 1.0
    return [100 * (figure / mean - 1.0) for figure in figures]


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    """One row for each label, the first at the top."""
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_yticks(range(len(labels)), [clip(label, ROOM) for label in labels])
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)


def _room(labels: Sequence[str]) -> float:
    """What the longest label takes beside the plot."""
    return 16.0 + 7.0 * max(len(clip(label, ROOM)) for label in labels)
