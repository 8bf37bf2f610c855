"""HTML tables inside Markdown; cells that span rows or columns are repeated and marked as merged."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

from dinoq.jobs.formats.grid import Cell, Table

WIDEST_SPAN = 1000
"""What HTML itself allows a cell to span, and so the widest row here; a hostile number must not fill the memory."""
TABLE = re.compile(r"<(/?)table\b[^<>]*>", re.IGNORECASE)
TAG = re.compile(r"<(/?)(tr|td|th)\b([^<>]*)>", re.IGNORECASE)
"""Tags inside cells are left to who reads the cell."""
SPAN = re.compile(r"\b(rowspan|colspan)\s*=\s*[\"']?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Spanning:
    """A cell and how many rows down and columns across it spans."""

    cell: Cell
    down: int
    across: int


def html_tables(text: str) -> list[Table]:
    """Every table of the text; a table, row or cell that is not closed ends where the next begins."""
    found, line, at = [], 1, 0
    marks = list(TABLE.finditer(text))
    for mark, following in zip_longest(marks, marks[1:]):
        line, at = line + text.count("\n", at, mark.end()), mark.end()
        body = text[at : following.start() if following else len(text)]
        if not mark[1] and (written := _written(body, line)):
            found.append(Table(0, tuple(_rows(written))))
    return found


def _written(body: str, line: int) -> list[list[_Spanning]]:
    """The cells of each row as they stand in a table's text, which begins on `line`."""
    rows: list[list[_Spanning]] = [[]]
    tags, at = list(TAG.finditer(body)), 0
    for tag, following in zip_longest(tags, tags[1:]):
        line, at = line + body.count("\n", at, tag.start()), tag.start()
        if tag[2].lower() == "tr":
            rows.append([])
        elif not tag[1]:
            rows[-1].append(_spanning(tag, body[tag.end() : following.start() if following else len(body)], line))
    return [row for row in rows if row]


def _spanning(tag: re.Match[str], text: str, line: int) -> _Spanning:
    spans = {name.lower(): min(int(number), WIDEST_SPAN) or 1 for name, number in SPAN.findall(tag[3])}
    down, across = spans.get("rowspan", 1), spans.get("colspan", 1)
    return _Spanning(Cell(" ".join(html.unescape(text).split()), line, merged=down * across > 1), down, across)


def _rows(written: list[list[_Spanning]]) -> Iterator[tuple[Cell, ...]]:
    """The rows with every spanning cell repeated over what it spans; its copies stand on the lines of their rows."""
    hanging: dict[int, tuple[Cell, int]] = {}
    for cells in written:
        yield tuple(_spread(cells, hanging))


def _spread(cells: list[_Spanning], hanging: dict[int, tuple[Cell, int]]) -> list[Cell]:
    """One row; `hanging` holds by column what hangs down from above and for how many rows more, and is brought on."""
    line = cells[0].cell.line
    row: list[Cell] = []
    waiting = list(reversed(cells))
    while (waiting or len(row) in hanging) and len(row) < WIDEST_SPAN:
        at = len(row)
        if at in hanging:
            cell, more = hanging.pop(at)
            row.append(Cell(cell.text, line, merged=True))
            if more > 1:
                hanging[at] = (cell, more - 1)
            continue
        spanning = waiting.pop()
        for column in range(at, min(at + spanning.across, WIDEST_SPAN)):
            row.append(spanning.cell)
            if spanning.down > 1:
                hanging[column] = (spanning.cell, spanning.down - 1)
    return row
