"""A table as rows of cells, whatever it was written in."""

from __future__ import annotations

from dataclasses import dataclass

EMPTY = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell and its line in the file, from 1; `merged`: it is part of a cell that spans several."""

    text: str
    line: int
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """The `no`-th table of a file, from 1; rows may differ in length, the first is the header."""

    no: int
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.rows[0][0].line

    @property
    def width(self) -> int:
        """Columns of the header."""
        return len(self.rows[0])

    def turned(self) -> Table:
        """Rows as columns, as many as the header has cells; short rows are filled up."""
        width = self.width
        filled = [(*row[:width], *(Cell(EMPTY, row[0].line) for _ in range(width - len(row)))) for row in self.rows]
        return Table(self.no, tuple(zip(*filled, strict=True)))
