"""Performance tables as published: images/s by batch and card, ratios of cards, a row for the best batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dinoq.jobs.facts import Facts
from dinoq.jobs.formats.figures import Figure, decimal_sign, is_blank, plain, read_figure
from dinoq.jobs.formats.grid import Cell, Table
from dinoq.jobs.formats.headers import (
    INT8,
    SIMULATED,
    Column,
    batch_of,
    columns,
    is_batch_header,
    is_batch_label,
    is_best,
    without_batch,
)

BEST = "best"
HIGHEST = 1e12
"""No figure of speed reaches it."""


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


def performance_tables(tables: Iterable[Table], facts: Facts) -> Reading:
    """The tables that hold images/s of known cards, or of columns that speak of throughput; all others are passed by."""
    found: list[PerformanceTable] = []
    unread: list[Unread] = []
    for table in tables:
        reader = _Reader(_upright(table), facts)
        parts = reader.parts()
        found += parts
        unread += reader.unread if parts else []
    return Reading(tuple(found), tuple(unread))


def _upright(table: Table) -> Table:
    """Batches down the side: a table with batches along its header is turned."""
    header = [cell.text for cell in table.rows[0]]
    labels = sum(map(is_batch_label, header[1:]))
    numbers = sum(batch_of(text) is not None for text in header[1:]) if is_batch_header(header[0]) else 0
    return table.turned() if max(labels, numbers) >= 2 else table


class _Reader:
    """One table on its way to performance tables: one for each group of its rows."""

    def __init__(self, table: Table, facts: Facts) -> None:
        self.unread: list[Unread] = []
        self._table = table
        self._facts = facts
        self._body = [row for row in table.rows[1:] if any(not is_blank(cell.text) for cell in row)]
        self._columns = list(columns([cell.text for cell in table.rows[0]], facts))
        self._decimal = "."
        self._batch_at = self._find("batch", self._labelled_by_batch())
        self._chip_at = self._find("chip", None)
        self._keep_names_apart()

    def parts(self) -> list[PerformanceTable]:
        """The performance tables, in the order of their first rows; none where this is no table of performance."""
        if not any(column.kind == "figure" for column in self._columns) or not self._speaks_of_speed():
            return []
        self._decimal = decimal_sign(cell.text for row in self._body for cell in row)
        parts: list[tuple[str, dict[str, Row], dict[str, Column]]] = []
        for cells in self._body:
            self._add(cells, parts)
        ratios = {column.name: column for column in self._columns if column.kind == "ratio"}
        made = [
            PerformanceTable(self._table.no, group, named, ratios, tuple(rows.values()))
            for group, rows, named in parts
        ]
        return [part for part in made if any(row.figures for row in part.rows)]

    def _add(self, cells: Sequence[Cell], parts: list[tuple[str, dict[str, Row], dict[str, Column]]]) -> None:
        """Put one line of the table into the part it belongs to; a label that comes again begins a part."""
        label, batch = self._label(cells)
        chip = self._text(cells, self._chip_at)
        figures = self._read(cells, "figure")
        if label is None:
            self.unread += [self._unread(cell, "its row names no batch") for cell, _ in figures.values()]
            return
        group = self._group(cells)
        named = {self._named(name, chip): self._column(name, chip, group) for name in figures}
        part = next((part for part in reversed(parts) if part[0] == group), None)
        if part is None or (label in part[1] and (not chip or part[1][label].figures.keys() & named.keys())):
            part = (group, {}, {})
            parts.append(part)
        row = part[1].setdefault(label, Row(label, batch, cells[0].line))
        part[2].update(named)
        row.figures |= {self._named(name, chip): _printed(*found) for name, found in figures.items()}
        row.ratios |= {name: _printed(*found) for name, found in self._read(cells, "ratio").items()}

    def _label(self, cells: Sequence[Cell]) -> tuple[str | None, int | None]:
        """The row's label and batch; the label is None where it should name a batch and names nothing."""
        if self._batch_at is None:
            at = next((at for at, column in enumerate(self._columns) if column.kind in ("group", "other")), 0)
            text = plain(self._text(cells, at))
            return (BEST if is_best(text) else text or "-"), None
        text = self._text(cells, self._batch_at)
        if is_best(text):
            return BEST, None
        batch = batch_of(text)
        return (f"bs{batch}" if batch else plain(text) or None), batch

    def _group(self, cells: Sequence[Cell]) -> str:
        if self._batch_at is None:
            return ""
        texts = [plain(self._text(cells, at)) for at, column in enumerate(self._columns) if column.kind == "group"]
        label = self._text(cells, self._batch_at)
        return " ".join(filter(None, [*texts, "" if is_best(label) else without_batch(label)]))

    def _read(self, cells: Sequence[Cell], kind: str) -> dict[str, tuple[Cell, Figure]]:
        """By column name what is a figure in this line; what is none, and not blank, is remembered."""
        found = {}
        for column, cell in zip(self._columns, cells, strict=False):
            if column.kind != kind or is_blank(cell.text):
                continue
            figure = read_figure(cell.text, self._decimal)
            if cell.merged:
                self.unread.append(self._unread(cell, "it is merged with other cells"))
            elif figure is None or not 0 < figure.value < HIGHEST or (kind == "figure" and figure.is_percent):
                self.unread.append(self._unread(cell, "it is no figure"))
            else:
                scale = 1.0 if figure.is_percent else column.scale
                found[column.name] = (cell, Figure(figure.value * scale, figure.step * scale))
        return found

    def _named(self, name: str, chip: str) -> str:
        """A column's name; where the chip stands beside the figure, the chip's, with the column's if there are more."""
        several = sum(column.kind == "figure" for column in self._columns) > 1
        return " ".join(filter(None, [plain(chip), name if several or not chip else ""]))

    def _column(self, name: str, chip: str, group: str) -> Column:
        column = next(column for column in self._columns if column.name == name)
        beside = f"{plain(chip)} {group}".lower()
        card = self._facts.card(plain(chip)) if chip and not SIMULATED.search(beside) else column.card
        return replace(column, card=card, is_int8=column.is_int8 or bool(INT8.search(beside)))

    def _find(self, kind: str, otherwise: int | None) -> int | None:
        """Where the first column of this kind is whose cells are no mere figures."""
        for at, column in enumerate(self._columns):
            if column.kind == kind and (kind == "batch" or not self._is_numeric(at)):
                return at
        return otherwise

    def _labelled_by_batch(self) -> int | None:
        """The first column if its labels name batches, whatever its header says."""
        labels = [self._text(cells, 0) for cells in self._body]
        if not any(batch_of(text) and not read_figure(text) for text in labels):
            return None
        self._columns[0] = Column("other", self._columns[0].name)
        return 0

    def _is_numeric(self, at: int) -> bool:
        texts = [self._text(cells, at) for cells in self._body]
        return all(read_figure(text) and not self._facts.card(plain(text)) for text in texts if not is_blank(text))

    def _keep_names_apart(self) -> None:
        seen: set[str] = set()
        for at, column in enumerate(self._columns):
            name = column.name if column.name not in seen else f"{column.name} (column {at + 1})"
            self._columns[at] = replace(column, name=name)
            seen.add(name)

    def _speaks_of_speed(self) -> bool:
        has_ratio = any(column.kind == "ratio" for column in self._columns)
        says_so = any(column.kind == "figure" and column.is_speed for column in self._columns)
        return self._batch_at is not None or has_ratio or says_so

    def _text(self, cells: Sequence[Cell], at: int | None) -> str:
        return cells[at].text if at is not None and at < len(cells) else ""

    def _unread(self, cell: Cell, why: str) -> Unread:
        return Unread(self._table.no, cell.line, cell.text, why)


def _printed(cell: Cell, figure: Figure) -> Printed:
    return Printed(figure.value, figure.step, plain(cell.text), cell.line)
