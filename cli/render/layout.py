"""The shape of the terminal's report: its width, and how its lines are laid out."""

from __future__ import annotations

from dinoq.cli.render.modes import marked
from dinoq.cli.render.words import DASH, clip, wrapped
from dinoq.jobs.report import RunReport
from dinoq.jobs.report_cells import measured_on

WIDTH = 80
NAMED = 5
"""How many unreadable samples, failures and devices are named before the rest is only counted."""
SIMULATED = "~"
IMPORTED = ">"
"""Marks a row of figures that another tool told."""
VIRTUAL = "*"
"""Marks a figure of a virtual clock."""
LONGEST = 5 * WIDTH
"""What a toolchain said may be pages long; `dinoq logs` has all of it."""


def row_head(run: RunReport) -> str:
    """The first 19 columns of a run's row: the marks of a simulator and of what was imported, chip, batch with the mark of
    random data, precision; a dash for one that is as the artifact was given."""
    marks = (SIMULATED if run.simulated else " ") + (IMPORTED if run.told else " ")
    precision = DASH if run.given else run.precision
    return f"{marks}{run.chip:<5} {marked(run.batch, measured_on(run)):<6} {precision:<4}"


def item(head: str, text: str) -> list[str]:
    """A line below a table: what it is about, then the text, wrapped beside it."""
    return wrapped(f"  {head:<7} ", clip(text, LONGEST), WIDTH)


def field(head: str, text: str) -> list[str]:
    """A line of its own: a word, then the text, wrapped beside it; no word for one that goes on with the last."""
    return wrapped(f"{head:<10}", text, WIDTH)
