"""A run over time: what its devices answered each moment, above what they told of themselves, on one time axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dinoq.cli.render.html.cells import marked_label
from dinoq.cli.render.html.drawing import Look, as_figure, legend, look, new_figure
from dinoq.cli.render.html.markup import NOTHING, Html
from dinoq.cli.render.words import clip, number
from dinoq.jobs.report import RunReport
from dinoq.jobs.timeline import SENSORS, Series, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HEADS = {"power_w": "W", "temperature_c": "°C", "clock_mhz": "MHz", "utilisation_pct": "util. %"}
"""Of each sensor, beside its axis."""
PANEL = 74.0
"""Height of one of the plots that stand above each other."""
LEGEND_ROW = 17.0
FEW_READINGS = 3
"""Are shown as points too: one alone makes no line."""
MOST_DEVICES = 6
"""More cannot be told apart in one plot; the table beside it has all."""


def over_time_plot(run: RunReport) -> Html:
    """Images/s and, where they told it, power, temperature, clock and utilisation of each device; nothing where no part of
    the run was timed."""
    drawn = run.timelines[:MOST_DEVICES]
    if not drawn:
        return NOTHING
    told = [name for name in SENSORS if any(value is not None for one in drawn for value in getattr(one, name))]
    several = len(drawn) > 1
    top = 12.0 + LEGEND_ROW * math.ceil(len(drawn) / 2) if several else 8.0
    height = top + 44.0 + PANEL * (1 + len(told))
    figure, axes = new_figure(height, 1 + len(told), left=60.0, top=top)
    for no, one in enumerate(drawn):
        _draw_rate(axes[0], one, look(no), _device(run, one))
        for panel, name in zip(axes[1:], told, strict=True):
            _draw_sensor(panel, one.read_s, getattr(one, name), look(no))
    for panel, head in zip(axes, ["images/s", *(HEADS[name] for name in told)], strict=True):
        panel.set_ylabel(head, fontsize=11)
        panel.locator_params(axis="y", nbins=3)
        panel.tick_params(labelbottom=panel is axes[-1])
    axes[0].set_ylim(bottom=0.0)
    axes[0].set_xlim(left=0.0, right=drawn[0].lasts_s)
    axes[-1].set_xlabel("seconds since the run's start")
    axes[-1].tick_params(axis="x", pad=6)  # clear of the last number beside the plot
    axes[-1].xaxis.set_major_formatter("{x:g}")
    figure.align_ylabels(axes)
    if several:
        legend(figure, axes[0], columns=2)
    return as_figure(figure, f"plot-time-{run.run_no}", marked_label(run), "; ".join(map(_told, drawn)))


def _draw_rate(panel: Axes, one: Timeline, style: Look, label: str) -> None:
    edges = [*(at * one.bucket_s for at in range(len(one.images_per_s))), one.lasts_s]
    panel.stairs(
        one.images_per_s, edges, baseline=None, color=style.colour, linestyle=style.line, linewidth=1.6, label=label
    )


def _draw_sensor(panel: Axes, read_s: Sequence[float], values: Series, style: Look) -> None:
    """What told nothing is passed over: some tools tell power at every other reading alone."""
    known = [(at, value) for at, value in zip(read_s, values, strict=True) if value is not None]
    if known:
        marker = style.marker if len(known) <= FEW_READINGS else ""
        at_s, shown = zip(*known, strict=True)
        panel.plot(at_s, shown, color=style.colour, linestyle=style.line, linewidth=1.6, marker=marker, markersize=4)


def _device(run: RunReport, one: Timeline) -> str:
    return clip(next((device.label for device in run.devices if device.figures.key == one.device), one.device), 20)


def _told(one: Timeline) -> str:
    parts = [f"{one.device}: up to {number(max(one.images_per_s, default=0.0), 1)} images/s"]
    parts += [f"{HEADS[name]} {_range(getattr(one, name))}" for name in SENSORS if _range(getattr(one, name))]
    return ", ".join(parts)


def _range(values: Series) -> str:
    known = [value for value in values if value is not None]
    return f"{number(min(known), 0)} to {number(max(known), 0)}" if known else ""
