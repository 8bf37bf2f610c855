"""A consistent table in whatever style is read back whole and has no finding; one wrong cell in it is found."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dinoq.jobs.audit import audit
from dinoq.jobs.facts import BUILT_IN
from dinoq.jobs.formats.performance import PerformanceTable
from dinoq.jobs.formats.performance_reader import performance_tables
from dinoq.jobs.formats.tables import csv_tables, markdown_tables

CHIPS = ("310", "310P", "T4")
RATIOS = (("310P", "310"), ("310P", "T4"))
BATCHES = (1, 4, 8, 16, 32, 64)
FULL_WIDTH = str.maketrans("0123456789.,%", "０１２３４５６７８９．，％")


@dataclass(frozen=True)
class Style:
    """How a table is written."""

    decimals: int
    digits: int
    thousands: str
    unit: str
    emphasis: str
    full_width: bool
    batch_label: str
    best_label: str
    layout: str

    def figure(self, value: float, digits: int, unit: str) -> str:
        text = f"{value:{self.thousands}.{digits}f}"
        text = text.translate(FULL_WIDTH) if self.full_width else text
        return f"{self.emphasis}{text}{unit}{self.emphasis}"

    def render(self, figures: dict[str, list[float]], ratios: dict[str, list[float]], batches: list[int]) -> str:
        heads = ["batch", *figures, *ratios]
        labels = [self.batch_label.format(batch) for batch in batches]
        rows = [
            [
                label,
                *(self.figure(column[at], self.decimals, self.unit) for column in figures.values()),
                *(self.figure(column[at], self.digits, "") for column in ratios.values()),
            ]
            for at, label in enumerate([*labels, self.best_label])
        ]
        grid = [heads, *rows]
        if self.layout == "turned":
            grid = [list(column) for column in zip(*grid, strict=True)]
        return WRITERS[self.layout](grid)


def markdown(grid: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in grid]
    return "\n".join(["# A title", "", lines[0], "|---" * len(grid[0]) + "|", *lines[1:], "", "The end."])


def html(grid: list[list[str]]) -> str:
    return "<table>" + "\n".join(f"<tr><td>{'</td><td>'.join(row)}</td></tr>" for row in grid) + "</table>"


def csv(grid: list[list[str]]) -> str:
    return "\n".join(",".join(f'"{text}"' for text in row) for row in grid)


WRITERS = {"pipes": markdown, "turned": markdown, "html": html, "csv": csv}

styles = st.builds(
    Style,
    decimals=st.integers(1, 4),
    digits=st.integers(3, 9),
    thousands=st.sampled_from(["", ","]),
    unit=st.sampled_from(["", " fps", "fps", " images/s"]),
    emphasis=st.sampled_from(["", "**", "`"]),
    full_width=st.booleans(),
    batch_label=st.sampled_from(["bs{}", "BS {}", "batch {}", "batchsize={}"]),
    best_label=st.sampled_from(["最优batch", "best", "**Best batch**"]),
    layout=st.sampled_from(list(WRITERS)),
)


@dataclass(frozen=True)
class Sweep:
    """A consistent table: figures by chip, the best of each last, and their ratios, all as exact as printed."""

    style: Style
    batches: list[int]
    figures: dict[str, list[float]]
    ratios: dict[str, list[float]]

    def read(self) -> PerformanceTable:
        text = self.style.render(self.figures, self.ratios, self.batches)
        tables = csv_tables(text) if self.style.layout == "csv" else markdown_tables(text)
        reading = performance_tables(tables, BUILT_IN)
        assert reading.unread == ()
        (table,) = reading.tables
        return table


@st.composite
def sweeps(draw: st.DrawFn) -> Sweep:
    """Latency grows by a fixed part and one per image, so that throughput saturates as measured columns do."""
    style = draw(styles)
    batches = sorted(draw(st.sets(st.sampled_from(BATCHES), min_size=2)))
    figures = {}
    for chip in CHIPS:
        per_image_ms = draw(st.floats(0.3, 2.0))
        fixed_ms = per_image_ms * draw(st.floats(0.1, 4.0))
        column = [round(1000 * batch / (fixed_ms + per_image_ms * batch), style.decimals) for batch in batches]
        figures[chip] = [*column, max(column)]
    ratios = {
        f"{over}/{under}": [
            round(above / below, style.digits) for above, below in zip(figures[over], figures[under], strict=True)
        ]
        for over, under in RATIOS
    }
    return Sweep(style, batches, figures, ratios)


@settings(max_examples=40, deadline=None)
@given(sweeps())
def test_a_consistent_table_is_read_back_and_has_no_finding(sweep: Sweep) -> None:
    table = sweep.read()
    for chip, column in sweep.figures.items():
        assert [row.figures[chip].value for row in table.rows] == column
    for name, column in sweep.ratios.items():
        assert [row.ratios[name].value for row in table.rows] == column
    assert [row.batch for row in table.rows] == [*sweep.batches, None]
    assert audit(table, None) == []


@settings(max_examples=40, deadline=None)
@given(sweeps(), st.data())
def test_one_wrong_figure_is_found_with_what_it_should_be(sweep: Sweep, data: st.DataObject) -> None:
    chip = data.draw(st.sampled_from(CHIPS))
    at = data.draw(st.integers(0, len(sweep.batches) - 1))
    right = sweep.figures[chip][at]
    assume(all(low < high for low, high in pairwise(sweep.figures[chip][:-1])))
    sweep.figures[chip][at] = round(right * data.draw(st.sampled_from([0.5, 0.9, 1.1, 1.5])), sweep.style.decimals)
    label = f"bs{sweep.batches[at]}"
    found = [one for one in audit(sweep.read(), None) if not one.follows_from]
    assert any(one.cell.split()[-1] == label and "ratio" in one.rules for one in found)
    for one in found:
        if one.cell == f"{chip} {label}":
            assert abs(one.implied[label] - right) <= right * 40 * 10.0**-sweep.style.digits + 1


@settings(max_examples=40, deadline=None)
@given(sweeps(), st.data())
def test_one_wrong_ratio_is_found(sweep: Sweep, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(sweep.ratios)))
    at = data.draw(st.integers(0, len(sweep.batches)))
    right = sweep.ratios[name][at]
    wrong = round(right * data.draw(st.sampled_from([0.5, 0.8, 1.25, 2.0])), sweep.style.digits)
    assume(abs(wrong - right) > 3 * 10.0**-sweep.style.digits)
    sweep.ratios[name][at] = wrong
    label = [*(f"bs{batch}" for batch in sweep.batches), "best"][at]
    found = [one for one in audit(sweep.read(), None) if not one.follows_from]
    assert [one.cell.split()[-1] for one in found if "ratio" in one.rules] == [label]


@settings(max_examples=40, deadline=None)
@given(sweeps(), st.data())
def test_one_wrong_best_figure_is_found(sweep: Sweep, data: st.DataObject) -> None:
    chip = data.draw(st.sampled_from(CHIPS))
    right = sweep.figures[chip][-1]
    sweep.figures[chip][-1] = round(right * data.draw(st.sampled_from([0.5, 0.9, 1.1, 2.0])), sweep.style.decimals)
    found = [one for one in audit(sweep.read(), None) if not one.follows_from]
    assert [one.cell for one in found if "best" in one.rules] == [f"{chip} best"]


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="|-: \nbs1640P/T.,%<table>tdr^~*（）％１", max_size=400))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    for tables in (markdown_tables(text), csv_tables(text)):
        for table in performance_tables(tables, BUILT_IN).tables:
            audit(table, 8.22)
