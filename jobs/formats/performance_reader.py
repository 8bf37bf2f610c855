"""From tables of whatever file to tables of performance: what each cell is a figure of."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from dinoq.jobs.facts import Facts
from dinoq.jobs.formats.figures import Figure, decimal_sign, is_blank, plain, read_figure
from dinoq.jobs.formats.grid import Cell, Table
from dinoq.jobs.formats.headers import (
    INT8,
    SIMULATED,
    Column,
    batch_of,
    card_named,
    columns,
    is_batch_header,
    is_batch_label,
    is_best,
    without_batch,
)
from dinoq.jobs.formats.performance import BEST, PerformanceTable, Printed, Reading, Row, Unread

HIGHEST = 1e12
"""No figure of speed reaches it."""
WIDEST = 1000
"""Columns; a line of more is no table that a person wrote."""


def performance_tables(tables: Iterable[Table], facts: Facts) -> Reading:
    """The tables that hold images/s of known cards, or of columns that speak of throughput; all others are passed by."""
    found: list[PerformanceTable] = []
    unread: list[Unread] = []
    for table in (table for table in tables if table.width <= WIDEST):
        reader = _Reader(_upright(_with_one_header(table)), facts)
        parts = reader.parts()
        found += parts
        unread += reader.unread if parts else []
    return Reading(tuple(found), tuple(unread))


def _with_one_header(table: Table) -> Table:
    """Two lines of header as one: `310` over `fp16` and `int8` is `310 fp16` and `310 int8`."""
    head, *body = table.rows
    if not any(cell.merged for cell in head) or not body or any(read_figure(cell.text) for cell in body[0]):
        return table
    below = [*body[0], *head[len(body[0]) :]]
    joined = tuple(
        cell if cell.text == under.text else replace(cell, text=f"{cell.text} {under.text}")
        for cell, under in zip(head, below, strict=False)
    )
    return Table(table.no, (joined, *body[1:]))


def _upright(table: Table) -> Table:
    """Batches down the side: a table with batches along its header is turned."""
    header = [cell.text for cell in table.rows[0]]
    labels = sum(map(is_batch_label, header[1:]))
    numbers = sum(batch_of(text) is not None for text in header[1:]) if is_batch_header(header[0]) else 0
    return table.turned() if max(labels, numbers) >= 2 and len(table.rows) <= WIDEST else table


@dataclass(slots=True)
class _Part:
    """Rows of one group, on their way to a table."""

    group: str
    rows: dict[str, Row] = field(default_factory=dict)
    columns: dict[str, Column] = field(default_factory=dict)


class _Reader:
    """One table on its way to performance tables: one for each group of its rows."""

    def __init__(self, table: Table, facts: Facts) -> None:
        self.unread: list[Unread] = []
        self._table = table
        self._facts = facts
        self._body = [row for row in table.rows[1:] if any(cell.text for cell in row)]
        self._columns = list(columns([cell.text for cell in table.rows[0]], facts))
        self._decimal = "."
        self._batch_at: int | None = None
        self._chip_at: int | None = None
        self._figures: dict[str, Column] = {}
        self._parts: list[_Part] = []
        self._latest: dict[str, _Part] = {}

    def parts(self) -> list[PerformanceTable]:
        """The performance tables, in the order of their first rows; none where this is no table of performance."""
        if not self._has_figures():
            return []
        self._batch_at = self._find("batch", self._labelled_by_batch())
        self._chip_at = self._find("chip", None)
        if not self._has_figures() or not self._speaks_of_speed():
            return []
        self._keep_names_apart()
        self._figures = {column.name: column for column in self._columns if column.kind == "figure"}
        self._decimal = decimal_sign(cell.text for row in self._body for cell in row)
        for cells in self._body:
            self._add(cells)
        ratios = {column.name: column for column in self._columns if column.kind == "ratio"}
        return [
            PerformanceTable(self._table.no, part.group, part.columns, ratios, tuple(part.rows.values()))
            for part in self._parts
            if part.columns
        ]

    def _add(self, cells: Sequence[Cell]) -> None:
        """Put one line of the table into the part it belongs to."""
        label, batch = self._label(cells)
        chip = self._text(cells, self._chip_at)
        figures = self._read(cells, "figure")
        if label is None:
            self.unread += [self._unread(cell, "its row names no batch") for cell, _ in figures.values()]
            return
        group = self._group(cells, label)
        named = {self._named(name, chip): (name, *found) for name, found in figures.items()}
        part = self._part(group, label, named.keys(), is_pivot=bool(chip))
        row = part.rows.setdefault(label, Row(label, batch, cells[0].line))
        part.columns.update({name: self._column(of, chip, group) for name, (of, _, _) in named.items()})
        row.figures |= {name: _printed(cell, figure) for name, (_, cell, figure) in named.items()}
        row.ratios |= {name: _printed(*found) for name, found in self._read(cells, "ratio").items()}

    def _part(self, group: str, label: str, names: Collection[str], *, is_pivot: bool) -> _Part:
        """The part of this group; a label that comes again begins another, unless it adds another chip's figure."""
        part = self._latest.get(group)
        known = part.rows.get(label) if part else None
        if part is None or (known and not (is_pivot and known.figures.keys().isdisjoint(names))):
            part = self._latest[group] = _Part(group)
            self._parts.append(part)
        return part

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

    def _group(self, cells: Sequence[Cell], label: str) -> str:
        """What sets the row apart besides its batch; a best row that says nothing belongs to what stands above it."""
        if self._batch_at is None:
            return ""
        texts = [plain(self._text(cells, at)) for at, column in enumerate(self._columns) if column.kind == "group"]
        texts.append("" if label == BEST else without_batch(self._text(cells, self._batch_at)))
        group = " ".join(filter(None, texts))
        return self._parts[-1].group if label == BEST and self._parts and not group else group

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
        return " ".join(filter(None, [plain(chip), name if len(self._figures) > 1 or not chip else ""]))

    def _column(self, name: str, chip: str, group: str) -> Column:
        column = self._figures[name]
        beside = f"{plain(chip)} {group}".lower()
        card = None if SIMULATED.search(beside) else card_named(plain(chip), self._facts) or column.card
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

    def _has_figures(self) -> bool:
        return any(column.kind == "figure" for column in self._columns)

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
