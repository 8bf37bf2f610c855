"""HTML tables inside Markdown; cells that span rows or columns are repeated and marked as merged."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from dinoq.jobs.formats.grid import Cell, Table

WIDEST_SPAN = 1000
"""What HTML itself allows a cell to span, and so the widest row here; a hostile number must not fill the memory."""
BEGIN = re.compile(r"<table[\s>]", re.IGNORECASE)
END = re.compile(r"</table\s*>", re.IGNORECASE)


def html_tables(text: str) -> list[Table]:
    """Every table of the text; a table inside a table is part of its cell's text."""
    found, at = [], 0
    while begin := BEGIN.search(text, at):
        end = END.search(text, begin.end())
        at = end.end() if end else len(text)
        parser = _TableParser(first_line=text.count("\n", 0, begin.start()) + 1)
        parser.feed(text[begin.start() : at])
        parser.close()
        if rows := parser.rows():
            found.append(Table(0, rows))
    return found


class _TableParser(HTMLParser):
    """Collects the rows of one table; an unclosed cell or row ends where the next begins."""

    def __init__(self, first_line: int) -> None:
        super().__init__()
        self._first_line = first_line
        self._rows: list[list[tuple[Cell, int, int]]] = []
        self._text: list[str] = []
        self._cell: tuple[int, int, int] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A row or a cell begins."""
        if tag in ("td", "th"):
            self._end_cell()
            spans = dict(attrs)
            line = self._first_line + self.getpos()[0] - 1
            self._cell = (line, _span(spans.get("rowspan")), _span(spans.get("colspan")))
            self._rows = self._rows or [[]]
        elif tag == "tr":
            self._end_cell()
            self._rows.append([])
        elif tag == "br":
            self._text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """A cell, or what holds it, ends."""
        if tag in ("td", "th", "tr", "table"):
            self._end_cell()

    def handle_data(self, data: str) -> None:
        """Text of a cell."""
        self._text.append(data)

    def _end_cell(self) -> None:
        if self._cell is not None:
            line, down, across = self._cell
            self._rows[-1].append((Cell(" ".join("".join(self._text).split()), line, down * across > 1), down, across))
        self._cell, self._text = None, []

    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The rows with every spanning cell repeated over what it spans; its copies stand on the lines of their rows."""
        self._end_cell()
        hanging: dict[int, tuple[Cell, int]] = {}
        return tuple(tuple(_spread(cells, hanging)) for cells in self._rows if cells)


def _spread(cells: list[tuple[Cell, int, int]], hanging: dict[int, tuple[Cell, int]]) -> list[Cell]:
    """One row; `hanging` holds by column what hangs down from above and for how many rows more, and is brought on."""
    line = cells[0][0].line
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
        cell, down, across = waiting.pop()
        for column in range(at, min(at + across, WIDEST_SPAN)):
            row.append(cell)
            if down > 1:
                hanging[column] = (cell, down - 1)
    return row


def _span(text: str | None) -> int:
    return min(int(text), WIDEST_SPAN) if text and text.isascii() and text.isdigit() and int(text) > 0 else 1
