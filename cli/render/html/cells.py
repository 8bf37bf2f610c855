"""What tables and sections of the page have in common: which run a row is of, the word of a verdict, plots side by side."""

from __future__ import annotations

from dinoq.cli.render.html.markup import NOTHING, Column, Html, badge, element, joined, text
from dinoq.cli.render.modes import in_words
from dinoq.cli.render.words import DASH, number, run_label
from dinoq.jobs.bootstrap import Interval
from dinoq.jobs.report import RunReport
from dinoq.jobs.report_cells import measured_on

RUN = (Column("run", number=False), Column("precision", number=False))


def marks(run: RunReport) -> list[str]:
    """What must be said wherever the run is named."""
    return [word for word, true in (("simulated", run.simulated), ("imported", run.told is not None)) if true]


def marked_label(run: RunReport) -> str:
    """`310P3 bs16 (simulated)`."""
    return " ".join([run_label(run), *(f"({mark})" for mark in marks(run))])


def run_marks(run: RunReport) -> list[Html]:
    """The same as elements."""
    return [element("span", text(word), class_="mark") for word in marks(run)]


def run_cells(run: RunReport) -> list[Html]:
    """Which run a row is of: chip and batch with what must be said of them, and the precision."""
    label = text(in_words(run_label(run), measured_on(run)))
    return [joined([label, *run_marks(run)], " "), text("as given" if run.given else run.precision)]


def word_cell(status: str) -> Html:
    """The word of a verdict, or a dash for none."""
    return badge(status) if status else text(DASH)


def plots(*drawn: Html) -> Html:
    """Plots beside each other where there is room; nothing for none."""
    kept = joined(one for one in drawn if one)
    return element("div", kept, class_="plots") if kept else NOTHING


def between(interval: Interval | None, digits: int) -> Html:
    """Both ends of an interval, or a dash for none."""
    return text(f"{number(interval.low, digits)}–{number(interval.high, digits)}" if interval else DASH)
