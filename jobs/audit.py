"""Findings in published performance tables: what contradicts itself, and what no chip does (`jobs/plausibility.py`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial

from dinoq.jobs.blame import Implied, blames
from dinoq.jobs.findings import Finding, Rule
from dinoq.jobs.formats.performance import PerformanceTable, Printed, Row
from dinoq.jobs.plausibility import COUNTED_TWICE, is_proportional, off_neighbours, share_of_peak, times_neighbours


@dataclass(slots=True)
class _Fault:
    """What speaks against one number; `implied` what it should be; `cause` the cell whose fault this is."""

    row: Row
    printed: Printed
    reasons: list[tuple[Rule, str]] = field(default_factory=list)
    implied: Implied | None = None
    cause: str = ""


def audit(table: PerformanceTable, gflop: float | None, precision: str = "fp16") -> list[Finding]:
    """The findings of one table, in the order of its lines. `gflop` is the cost of an image, None when unknown: then
    nothing is held against a peak; `precision` (`fp16`, `int8`) says which, where a column does not."""
    return _Audit(table, gflop, precision).findings()


class _Audit:
    """One table under scrutiny: its faults by (column, label)."""

    def __init__(self, table: PerformanceTable, gflop: float | None, precision: str) -> None:
        self._table = table
        self._gflop = gflop
        self._precision = precision
        self._faults: dict[tuple[str, str], _Fault] = {}
        self._sweeps = {name: _sweep(table, name) for name in table.columns}
        self._doubled = {
            name
            for name, sweep in self._sweeps.items()
            if "cpu" not in name.lower() and is_proportional([(row.batch or 1, one.value) for row, one in sweep])
        }
        self._best = _best_row(table)

    def findings(self) -> list[Finding]:
        """Every rule in turn; later ones know what earlier ones found."""
        self._find_peaks()
        self._find_neighbours()
        self._find_ratios()
        self._settle_neighbours()
        self._find_best()
        columns = [self._column_finding(name) for name in self._table.columns if name in self._doubled]
        cells = [self._cell_finding(*key, fault) for key, fault in self._faults.items() if key[0] not in self._doubled]
        return sorted([*columns, *cells], key=lambda finding: (finding.line, finding.cell))

    def _fault(self, name: str, row: Row) -> _Fault:
        printed = row.figures.get(name) or row.ratios[name]
        return self._faults.setdefault((name, row.label), _Fault(row, printed))

    def _find_peaks(self) -> None:
        for row in self._table.rows:
            for name, printed in row.figures.items():
                if not row.is_best and (text := self._over_peak(name, printed.value)):
                    self._fault(name, row).reasons.append(("peak", text))

    def _over_peak(self, name: str, images_per_s: float) -> str:
        """The words for a figure above its card's peak; empty for one below, or where a peak or the cost is unknown."""
        column = self._table.columns[name]
        precision = "int8" if column.is_int8 else self._precision
        peak = column.card.peaks.get(precision) if column.card else None
        if column.card is None or peak is None or self._gflop is None:
            return ""
        share = share_of_peak(images_per_s, self._gflop, peak)
        return f"{100 * share:.0f} % of the {column.card.name} card's {precision} peak" if share > 1.0 else ""

    def _find_neighbours(self) -> None:
        for name, sweep in self._sweeps.items():
            points = [(row.batch or 1, printed.value) for row, printed in sweep]
            for at, factor in off_neighbours(points).items():
                self._fault(name, sweep[at][0]).reasons.append(("neighbours", times_neighbours(factor)))

    def _find_ratios(self) -> None:
        for row in self._table.rows:
            found = blames(row, self._table.ratios, partial(self._is_doubtful, row), partial(self._fits, row))
            for blame in found:
                fault = self._fault(blame.column, row)
                fault.reasons.insert(0, ("ratio", blame.text))
                fault.implied = blame.implied

    def _is_doubtful(self, row: Row, name: str) -> bool:
        """Whether something else speaks against a figure: its own fault, or a best figure its column does not have."""
        return name in self._doubled or (name, row.label) in self._faults or self._like_best(name) == []

    def _like_best(self, name: str) -> list[Row] | None:
        """The rows whose figure is the column's best one; None where there is no best row."""
        best = self._best.figures.get(name) if self._best else None
        return None if best is None else [row for row, one in self._sweeps[name] if _same(best, _as_printed(one))]

    def _fits(self, row: Row, name: str, implied: Implied) -> bool:
        """Whether the column would be plausible with this value there, and its best row still right."""
        sweep = self._sweeps[name]
        at = next((at for at, (other, _) in enumerate(sweep) if other is row), None)
        if at is None:
            return True
        points = [(other.batch or 1, implied.value if other is row else one.value) for other, one in sweep]
        falls = [(batch, 1.0 / figure) for batch, figure in points]
        off = at in off_neighbours(points) or at in off_neighbours(falls)
        return (
            not off and not self._over_peak(name, implied.value) and not self._best_speaks_against(row, name, implied)
        )

    def _best_speaks_against(self, row: Row, name: str, implied: Implied) -> bool:
        """Whether this value would exceed the column's best, or the best is this very figure as it is printed."""
        best = self._best.figures.get(name) if self._best else None
        is_too_high = best is not None and implied.value - implied.tolerance > best.value + best.step
        return is_too_high or self._like_best(name) == [row]

    def _settle_neighbours(self) -> None:
        """What is off its neighbours only because one of them is wrong is that one's fault."""
        for name, sweep in self._sweeps.items():
            believed = [self._believed(name, row) or _as_printed(one) for row, one in sweep]
            still = off_neighbours([(row.batch or 1, one.value) for (row, _), one in zip(sweep, believed, strict=True)])
            for at, (row, _) in enumerate(sweep):
                fault = self._faults.get((name, row.label))
                if fault is None or at in still or [rule for rule, _ in fault.reasons] != ["neighbours"]:
                    continue
                beside = [other for other, _ in (sweep[at - 1], sweep[at + 1]) if self._is_own(name, other)]
                fault.cause = f"{name} {beside[0].label}" if beside else ""

    def _believed(self, name: str, row: Row) -> Implied | None:
        """What a figure is taken for: as printed, or what it should be; None where it is wrong and nothing says what."""
        fault = self._faults.get((name, row.label))
        if fault is None or fault.cause:
            return _as_printed(row.figures[name])
        return fault.implied

    def _find_best(self) -> None:
        for name, printed in self._best.figures.items() if self._best else ():
            if self._best and self._sweeps[name] and name not in self._doubled:
                self._judge_best(name, self._best, printed)

    def _judge_best(self, name: str, best: Row, printed: Printed) -> None:
        """The best figure must be the highest of its column; what wrong figures explain is their consequence."""
        sweep = self._sweeps[name]
        top_row, top = max(sweep, key=lambda pair: pair[1].value)
        believed = [(row, one) for row, _ in sweep if (one := self._believed(name, row))]
        row, highest = max(believed, key=lambda pair: pair[1].value, default=(top_row, _as_printed(top)))
        is_top, is_highest = _same(printed, _as_printed(top)), _same(printed, highest)
        if is_top and is_highest:
            return
        fault = self._fault(name, best)
        if is_top:
            fault.reasons.append(("best", f"is the figure of {top_row.label}"))
        elif is_highest:
            fault.reasons.append(("best", f"is not the highest as printed: {top.text} at {top_row.label}"))
        else:
            fault.reasons.append(("best", f"the highest is {highest.value:g} at {row.label}"))
            fault.implied = fault.implied or highest
        if fault.implied is None:
            fault.cause = f"{name} {(top_row if self._is_own(name, top_row) else row).label}"

    def _is_own(self, name: str, row: Row) -> bool:
        """Whether a figure was found wrong, and not because of another."""
        fault = self._faults.get((name, row.label))
        return fault is not None and not fault.cause

    def _cell_finding(self, name: str, label: str, fault: _Fault) -> Finding:
        implied = {} if fault.implied is None or fault.cause else {label: _rounded(fault.implied)}
        return Finding(
            table=self._table.no,
            group=self._table.group,
            line=fault.printed.line,
            cell=f"{name} {label}",
            printed=fault.printed.text,
            rules=tuple(rule for rule, _ in fault.reasons),
            text="; ".join(text for _, text in fault.reasons),
            implied=implied,
            follows_from=fault.cause,
        )

    def _column_finding(self, name: str) -> Finding:
        """A column that counts the batch twice is one finding, with all that was found in it."""
        sweep = self._sweeps[name]
        (first_row, first), (last_row, last) = sweep[0], sweep[-1]
        over = self._over_peak(name, max(printed.value for _, printed in sweep))
        dividing = [ratio for ratio, column in self._table.ratios.items() if name in (column.sides or ())]
        resting = f"{' and '.join(dividing)} rest{'' if len(dividing) > 1 else 's'} on it" if dividing else ""
        texts = [COUNTED_TWICE, f"up to {over}" if over else "", resting]
        return Finding(
            table=self._table.no,
            group=self._table.group,
            line=first.line,
            cell=name,
            printed=f"{first.text} at {first_row.label} to {last.text} at {last_row.label}",
            rules=("proportional", "peak") if over else ("proportional",),
            text="; ".join(filter(None, texts)),
            implied={
                row.label: _rounded(Implied(one.value / row.batch, one.step / row.batch))
                for row, one in sweep
                if row.batch and row.batch > 1
            },
        )


def _sweep(table: PerformanceTable, name: str) -> list[tuple[Row, Printed]]:
    """A column from the smallest batch to the largest."""
    rows = [row for row in table.rows if row.batch and name in row.figures]
    return [(row, row.figures[name]) for row in sorted(rows, key=lambda row: row.batch or 0)]


def _as_printed(printed: Printed) -> Implied:
    return Implied(printed.value, printed.step)


def _rounded(implied: Implied) -> float:
    """With the digits that what it was derived from warrants."""
    return round(implied.value, math.ceil(-math.log10(implied.tolerance)))


def _best_row(table: PerformanceTable) -> Row | None:
    """The row of best figures; None where there is none, or it says which batches are best and not how fast they are."""
    batches = {row.batch for row in table.rows}
    best = next((row for row in table.rows if row.is_best), None)
    names_batches = best and all(printed.value in batches for printed in best.figures.values())
    return None if names_batches else best


def _same(printed: Printed, other: Implied) -> bool:
    return abs(printed.value - other.value) < printed.step + other.tolerance
