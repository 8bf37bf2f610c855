"""Performance tables as published: images/s by batch and card, ratios of cards, a row for the best batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dinoq.jobs.formats.headers import Column

BEST = "best"


@dataclass(frozen=True, slots=True)
class Printed:
    """A number of a table: its value, the step of its last digit, its text and its line."""

    value: float
    step: float
    text: str
    line: int


@dataclass(slots=True)
class Row:
    """What stands beside one label; figures and ratios by the names of their columns. `batch` is None for the row of
    the best batch and for labels that name none."""

    label: str
    batch: int | None
    line: int
    figures: dict[str, Printed] = field(default_factory=dict)
    ratios: dict[str, Printed] = field(default_factory=dict)

    @property
    def is_best(self) -> bool:
        """Whether it is the row of the best batch."""
        return self.label == BEST


@dataclass(frozen=True, slots=True)
class PerformanceTable:
    """Rows that differ in nothing but their batch. `no` is the table's number in its file, `group` what sets these rows
    apart where a table holds several models."""

    no: int
    group: str
    columns: Mapping[str, Column]
    ratios: Mapping[str, Column]
    rows: tuple[Row, ...]

    @property
    def n_figures(self) -> int:
        """Figures and ratios that were read."""
        return sum(len(row.figures) + len(row.ratios) for row in self.rows)


@dataclass(frozen=True, slots=True)
class Unread:
    """A cell that should be a figure and is none, and why."""

    table: int
    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in a file's tables: those of performance, and cells of theirs that could not be judged."""

    tables: tuple[PerformanceTable, ...]
    unread: tuple[Unread, ...]
