"""The table that the model zoo publishes, as values: cards side by side, batch by batch, and the best of each.

Source: ModelZoo-PyTorch, README of Dino_Resnet50, section 7.4: columns bs, 310, 310P, T4, 310P/310, 310P/T4, and a last
row of the best batches. The 310 column is of a card of four chips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dinoq.jobs.ranking import unlike
from dinoq.jobs.report import Report, RunReport
from dinoq.jobs.report_cells import cell_of, implausible

COLUMNS = ("310", "310P", "T4")
RATIOS = (("310P", "310"), ("310P", "T4"))
Runs = Mapping[str, RunReport]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotient:
    """One card's figure over another's; `value` is None where they are not divided, and `why` says the reason."""

    value: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One batch, or the best ones (`batch` None): the run behind each column that has a figure, and the quotients by
    (column, column). An implausible figure is shown, and divided by nothing."""

    batch: int | None
    runs: Runs
    quotients: Mapping[tuple[str, str], Quotient]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZooTable:
    """Rows by batch, then `best`; `passed_over` are runs that have a figure but gave way to another in their cell."""

    rows: tuple[Row, ...]
    best: Row
    passed_over: tuple[RunReport, ...]

    @property
    def shown(self) -> tuple[RunReport, ...]:
        """The runs behind the cells, in reading order."""
        return tuple(row.runs[column] for row in self.rows for column in COLUMNS if column in row.runs)


def column_of(chip: str) -> str | None:
    """Where a chip stands; every 310P is one column, and what the table does not know has none."""
    if chip.startswith("310P"):
        return "310P"
    return chip if chip in COLUMNS else None


def zoo_table(report: Report) -> ZooTable:
    """The table of a report's runs. Of several for one cell a real one stands before a simulated one, then the last."""
    figures = [run for run in report.runs if run.card and column_of(run.chip)]
    chosen = {(column_of(run.chip), run.batch): run for run in sorted(figures, key=_rank)}
    # A batch that was asked for has its row, whether or not it came to a figure.
    batches = sorted({run.batch for run in report.runs if column_of(run.chip)})
    by_batch = [{c: run for c in COLUMNS if (run := chosen.get((c, batch)))} for batch in batches]
    rows = tuple(_row(batch, runs) for batch, runs in zip(batches, by_batch, strict=True))
    kept = {run.run_no for run in chosen.values()}
    return ZooTable(
        rows=rows,
        best=_row(None, _best(by_batch)),
        passed_over=tuple(run for run in figures if run.run_no not in kept),
    )


def card_figure(run: RunReport) -> float:
    """Compute images/s of the whole card."""
    assert run.card is not None
    return run.card.images_per_s


def _rank(run: RunReport) -> tuple[bool, int]:
    return run.origin == "real", run.run_no


def _best(by_batch: Sequence[Runs]) -> Runs:
    found: dict[str, RunReport] = {}
    for column in COLUMNS:
        sound = [runs[column] for runs in by_batch if column in runs and not implausible(runs[column])]
        if sound:
            found[column] = max(sound, key=card_figure)
    return found


def _row(batch: int | None, runs: Runs) -> Row:
    pairs = [(one, other) for one, other in RATIOS if one in runs and other in runs]
    found = {(one, other): _quotient(runs[one], runs[other], best=batch is None) for one, other in pairs}
    return Row(batch=batch, runs=runs, quotients=found)


def _quotient(run: RunReport, other: RunReport, *, best: bool) -> Quotient:
    cell, against = cell_of(run, None), cell_of(other, None)
    assert cell is not None and against is not None
    why = "an implausible figure is divided by nothing" if implausible(run) or implausible(other) else ""
    why = why or unlike(cell, against)
    if not why and not best and cell.mode != against.mode:
        why = "figures on the dataset and on random data are divided in the last row alone"
    return Quotient(why=why) if why else Quotient(value=card_figure(run) / card_figure(other))
