"""Lists of jobs and of runs: a table that fits the terminal, JSON, or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dinoq.cli.render.columns import Narrowed, narrowed, table
from dinoq.cli.render.words import DASH, number, percent, printable
from dinoq.jobs.columns import short

SHA256_CHARACTERS = 12
"""As many as tell files apart; JSON and CSV have them whole."""
BEGINS_A_FORMULA = ("=", "+", "-", "@")
"""A spreadsheet computes such a cell: OWASP, "CSV Injection"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How rows of one kind are shown: every column, those of the table and those it may do without (first ones first), and
    where a head or a cell is not what the column's name and value make it."""

    columns: tuple[str, ...]
    shown: tuple[str, ...]
    expendable: tuple[str, ...]
    heads: Mapping[str, str] = field(default_factory=dict)
    cells: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)

    def head(self, column: str) -> str:
        """What stands above it."""
        return self.heads.get(column) or short(column, self.columns)


def as_table(layout: Layout, rows: Sequence[object], columns: Sequence[str], room: int | None) -> Narrowed:
    """The columns in a terminal's `room`; as wide as it is for None."""
    heads = [layout.head(column) for column in columns]
    cells = [[printable(_cell(layout, row, column)) for column in columns] for row in rows]
    right = [layout.head(column) for column in columns if column in RIGHT or column.endswith(NUMBERS)]
    if room is None:
        return Narrowed(table(heads, cells, right), ())
    expendable = [layout.head(column) for column in layout.expendable if column in columns]
    return narrowed(heads, cells, room, expendable, right)


def as_json(rows: Sequence[object], columns: Sequence[str]) -> str:
    """A list of objects, ASCII; what was not measured is null."""
    return json.dumps([{name: _plain(getattr(row, name)) for name in columns} for row in rows], indent=2)


def as_csv(rows: Sequence[object], columns: Sequence[str]) -> str:
    """A head and one line for each row, quoted where needed, control characters as `\\x0a`; a text that a spreadsheet
    would compute begins with an apostrophe, what was not measured is empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([[csv_field(getattr(row, name)) for name in columns] for row in rows])
    return text.getvalue().removesuffix("\n")


RIGHT = (
    "id",
    "job",
    "run_no",
    "batch",
    "samples",
    "items_done",
    "items_total",
    "top1",
    "top5",
    "expected",
    "counted",
    "nonfinite",
)
NUMBERS = ("_images_per_s", "_ms", "_correct", "_code")


def _cell(layout: Layout, row: object, column: str) -> str:
    if made := layout.cells.get(column):
        return made(row)
    value = getattr(row, column)
    if value is None or value == "" or value == ():
        return DASH
    if column in ("top1", "top5"):
        return percent(value)
    if isinstance(value, float):
        return number(value, 1 if column.endswith("_per_s") else 2)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return value[:SHA256_CHARACTERS] if column.endswith(("_sha256", "fingerprint")) else str(value)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value


def csv_field(value: object) -> object:
    """A value as a field of CSV: names on one line, and with an apostrophe where a spreadsheet would compute them."""
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    if isinstance(value, str):
        text = printable(value)
        return f"'{text}" if text.lstrip().startswith(BEGINS_A_FORMULA) else text
    return _plain(value)
