"""Tables in a text: Markdown with pipes, CSV, HTML. Each cell knows its line, so that a finding can name it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from dinoq.jobs.errors import BadTable
from dinoq.jobs.formats.grid import Cell, Table
from dinoq.jobs.formats.html_tables import html_tables

DELIMITERS = ",;\t|"
SNIFFED_LINES = 20
UNESCAPED_PIPE = re.compile(r"(?<!\\)\|")
SAME_AS_ABOVE = "^^"
"""MultiMarkdown's sign for a cell that continues the one above."""


def markdown_tables(text: str) -> list[Table]:
    """Every pipe and HTML table of a Markdown file, in the order of their lines, numbered from 1."""
    lines = text.splitlines()
    found = [*_pipe_tables(lines), *html_tables(text)]
    return [Table(no, table.rows) for no, table in enumerate(sorted(found, key=lambda table: table.line), start=1)]


def csv_tables(text: str) -> list[Table]:
    """The tables of a CSV file: blank lines part them; titles above a header are left out.

    Raises: BadTable where quotes or a field make no CSV.
    """
    blocks: list[list[tuple[Cell, ...]]] = [[]]
    for row in _csv_rows(text):
        if any(cell.text.strip() for cell in row):
            blocks[-1].append(row)
        elif blocks[-1]:
            blocks.append([])
    bodies = [_without_titles(block) for block in blocks]
    return [Table(no, tuple(body)) for no, body in enumerate((body for body in bodies if body), start=1)]


def _pipe_tables(lines: Sequence[str]) -> Iterator[Table]:
    at = 1
    while at < len(lines):
        if not (_is_delimiter(lines[at]) and "|" in lines[at - 1]):
            at += 1
            continue
        header = at - 1
        at = first = at + 1
        while at < len(lines) and "|" in lines[at] and not _is_delimiter("".join(lines[at + 1 : at + 2])):
            at += 1
        rows = [_pipe_row(lines[no], no + 1) for no in (header, *range(first, at))]
        yield Table(0, tuple(_continued(rows)))


def _is_delimiter(line: str) -> bool:
    """Whether the line is what stands below a header: `| --- | :-: |`."""
    inner = _inner(line)
    return (
        "|" in line
        and set(inner) <= set("|-: ")
        and all(re.fullmatch(r":?-+:?", part.strip()) for part in inner.split("|"))
    )


def _inner(line: str) -> str:
    """The line without quote marks, blanks and the outer pipes."""
    return line.strip().lstrip("> ").removeprefix("|").removesuffix("|")


def _pipe_row(line: str, no: int) -> tuple[Cell, ...]:
    """Cells between pipes; `\\|` is a pipe of the text."""
    line = line.strip().lstrip("> ").removeprefix("|")
    line = line[:-1] if UNESCAPED_PIPE.match(line, len(line) - 1) else line
    return tuple(Cell(part.replace("\\|", "|").strip(), no) for part in UNESCAPED_PIPE.split(line))


def _continued(rows: Sequence[tuple[Cell, ...]]) -> Iterator[tuple[Cell, ...]]:
    """Rows in which `^^` stands for the cell above, and is marked as merged with it."""
    above: tuple[Cell, ...] = ()
    for row in rows:
        above = tuple(
            Cell(above[at].text, cell.line, merged=True) if cell.text == SAME_AS_ABOVE and at < len(above) else cell
            for at, cell in enumerate(row)
        )
        yield above


def _csv_rows(text: str) -> Iterator[tuple[Cell, ...]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    line = 1
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise BadTable(f"line {line} is no CSV: {error}.", hint="close every quote") from None
        if row is None:
            return
        yield tuple(Cell(text.strip(), line) for text in row)
        line = reader.line_num + 1


def _delimiter(text: str) -> str:
    """The sign that most of the first lines have most of."""
    head = [line for line in text.splitlines() if line.strip()][:SNIFFED_LINES]
    return max(
        DELIMITERS, key=lambda sign: (sum(sign in line for line in head), sum(line.count(sign) for line in head))
    )


def _without_titles(rows: Sequence[tuple[Cell, ...]]) -> Sequence[tuple[Cell, ...]]:
    start = next((at for at, row in enumerate(rows) if sum(bool(cell.text) for cell in row) > 1), len(rows))
    return rows[start:]
