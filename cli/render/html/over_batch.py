"""Plots over the batch size, a line for each chip: throughput with its interval, and latency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from dinoq.cli.render.html.cells import marks
from dinoq.cli.render.html.drawing import as_figure, legend, look, new_figure, plain_log
from dinoq.cli.render.html.markup import NOTHING, Html
from dinoq.cli.render.html.series import Line
from dinoq.cli.render.words import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY_TIMES = 6.0
"""Figures that lie further apart than so many times are drawn on a logarithmic axis."""
MOST_TICKS = 9
Point = tuple[int, float, float, float]
"""A batch, the figure of it, and the ends of its whisker."""


def throughput_plot(lines: Sequence[Line]) -> Html:
    """Compute images/s with its 95 % interval; nothing where it was measured at fewer than two batches."""
    points = {line.no: list(_throughput(line)) for line in lines}
    return _plot(
        lines,
        points,
        key="plot-throughput",
        title="Throughput over the batch size",
        axis="compute, images/s per chip",
        unit="images/s",
    )


def latency_plot(lines: Sequence[Line]) -> Html:
    """The median of compute time, with a whisker to its 99th percentile; nothing for fewer than two batches."""
    points = {line.no: list(_latency(line)) for line in lines}
    return _plot(
        lines,
        points,
        key="plot-latency",
        title="Latency over the batch size",
        axis="p50, whisker to p99, ms per batch",
        unit="ms",
    )


def _throughput(line: Line) -> Iterable[Point]:
    for run in line.runs:
        if (rate := run.measured.throughput.compute) is not None:
            interval = run.measured.compute_interval
            yield run.batch, rate, interval.low if interval else rate, interval.high if interval else rate


def _latency(line: Line) -> Iterable[Point]:
    for run in line.runs:
        at = run.measured.latency
        if at.p50 is not None:
            yield run.batch, at.p50, at.p50, at.p99 or at.p50


def _plot(lines: Sequence[Line], points: dict[int, list[Point]], *, key: str, title: str, axis: str, unit: str) -> Html:
    batches = sorted({batch for some in points.values() for batch, *_ in some})
    if len(batches) < 2:
        return NOTHING
    figure, (axes,) = new_figure(270.0, left=60.0, top=34.0)
    for line in lines:
        if points[line.no]:
            _draw(axes, line, points[line.no])
    plain_log("x", axes, batches)
    axes.margins(x=0.06)
    axes.set_xlabel("batch size")
    _heights(axes, [value for some in points.values() for _, *values in some for value in values])
    axes.set_ylabel(axis)
    legend(figure, axes)
    said = "; ".join(_told(line.label, points[line.no], unit) for line in lines if points[line.no])
    return as_figure(figure, key, title, said)


def _draw(axes: Axes, line: Line, points: Sequence[Point]) -> None:
    style = look(line.no)
    batches, middle, low, high = (list(column) for column in zip(*points, strict=True))
    down = [max(0.0, here - end) for here, end in zip(middle, low, strict=True)]
    up = [max(0.0, end - here) for here, end in zip(middle, high, strict=True)]
    axes.errorbar(
        batches,
        middle,
        yerr=[down, up] if any(down) or any(up) else None,
        color=style.colour,
        marker=style.marker,
        linestyle=style.line,
        capsize=3,
        label=" ".join([line.label, *(f"({mark})" for mark in marks(line.runs[0]))]),
    )


def _heights(axes: Axes, values: Sequence[float]) -> None:
    """From zero where that shows the figures; else a logarithmic axis with ticks at 1, 2 and 5."""
    low, high = min(values), max(values)
    if low <= 0.0 or high / low <= MANY_TIMES:
        axes.set_ylim(bottom=0.0)
        return
    places = [lead * 10.0**power for power in range(-4, 8) for lead in (1, 2, 5)]
    ticks = [place for place in places if low / 1.5 <= place <= 1.5 * high]
    plain_log("y", axes, ticks if len(ticks) <= MOST_TICKS else [tick for tick in ticks if f"{tick:e}"[0] == "1"])
    axes.set_ylim(low / 1.3, 1.3 * high)


def _told(label: str, points: Sequence[Point], unit: str) -> str:
    return f"{label}: " + ", ".join(f"{number(value, 1)} {unit} at batch {batch}" for batch, value, *_ in points)
