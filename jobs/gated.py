"""What becomes of a gate: its floor held against the interval of the figure that it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from dinoq.jobs.bootstrap import Interval, interval_of
from dinoq.jobs.gates import Gate, Gated
from dinoq.jobs.ranking import chip_ratio_interval, fastest, ratio_of, scaled, unlike, whole_card
from dinoq.jobs.verdicts import Cell, Status, rows_of

if TYPE_CHECKING:
    from dinoq.jobs.run_report import RunReport


@dataclass(frozen=True, slots=True)
class _Figure:
    """What a gate is held against, and the words for it."""

    value: float
    interval: Interval | None
    told: str


@dataclass(frozen=True, slots=True)
class _Gap:
    """A run that has no figure to count: what it is and why."""

    run: RunReport
    status: Status
    why: str


def judged(gate: Gate, runs: Sequence[RunReport], sound: Sequence[Cell], *, strict: bool = False) -> Gated:
    """The gate's word over the figures that may be ranked. `strict`: UNDECIDED decides the exit code too.

    PASS needs every run that could lower the figure, FAIL every one that could raise it: without a batch of its own a
    gate is about the best of all that were asked for, and without one of those INCOMPLETE. A simulator passes and fails no gate.
    What was never run, or is never divided, measures nothing.
    """
    gaps = {chip: _gaps(gate, chip, runs, sound) for chip in gate.chips}
    cells = {chip: [cell for cell in sound if cell.chip == chip and _named(gate, cell.batch)] for chip in gate.chips}
    if lacking := next((chip for chip in gate.chips if not cells[chip]), None):
        return _without(gate, gaps[lacking])
    chosen = _chosen(gate, *cells.values())
    if isinstance(chosen, str):
        return _nothing(gate, chosen)
    one, other = chosen
    figure = _absolute(gate, one) if other is None else _relative(gate, one, other)
    lowering = gaps[other.chip] if other else []
    status, why = _status(gate, figure, raising=gaps[one.chip], lowering=lowering, simulated=one.origin == "simulated")
    interval = figure.interval
    return Gated(
        text=str(gate),
        status=status,
        value=figure.value,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        detail=f"{figure.told}; {why}" if why else figure.told,
        decides=status is not Status.UNDECIDED or (strict and one.origin != "simulated"),
    )


def _named(gate: Gate, batch: int) -> bool:
    return gate.batch in (None, batch)


def _gaps(gate: Gate, chip: str, runs: Sequence[RunReport], sound: Sequence[Cell]) -> list[_Gap]:
    """The runs that the gate asks about and that have no figure, unless another job measured the same."""
    known = {cell.run_no for cell in sound}
    measured = {(cell.chip, cell.batch, cell.precision, cell.origin, cell.pace) for cell in sound}
    return [
        _gap(run)
        for run in runs
        if run.chip == chip and _named(gate, run.batch) and run.run_no not in known
        if (run.chip, run.batch, run.precision, run.origin or "real", run.pace) not in measured
    ]


def _gap(run: RunReport) -> _Gap:
    if found := next((one for one in run.verdicts if one.status is Status.IMPLAUSIBLE), None):
        return _Gap(run, Status.IMPLAUSIBLE, f"implausible, {found.text}")
    if run.error or run.state != "done":
        return _Gap(run, Status.INCOMPLETE, run.error or f"the run is {run.state}")
    return _Gap(run, Status.NOT_MEASURED, run.measured.throughput.why.get("compute", "not measured"))


def _without(gate: Gate, gaps: Sequence[_Gap]) -> Gated:
    """No figure at all: the word of what is missing, the worst of it first."""
    if not gaps:
        return _nothing(gate, "there is no such run")
    order = (Status.IMPLAUSIBLE, Status.INCOMPLETE, Status.NOT_MEASURED)
    status = min((gap.status for gap in gaps), key=order.index)
    decides = any(gap.run.origin != "simulated" for gap in gaps)
    return _nothing(gate, _told(gaps), status, decides=decides)


def _nothing(gate: Gate, why: str, status: Status = Status.NOT_MEASURED, *, decides: bool = True) -> Gated:
    return Gated(text=str(gate), status=status, value=None, low=None, high=None, detail=why, decides=decides)


def _told(gaps: Sequence[_Gap]) -> str:
    """Which runs, and why; those of one reason together."""
    whys = dict.fromkeys(gap.why for gap in gaps)
    of = {why: [gap.run for gap in gaps if gap.why == why] for why in whys}
    named = {why: f"{runs[0].chip} {', '.join(f'bs{run.batch}' for run in runs)}" for why, runs in of.items()}
    return "; ".join(f"{runs}: {why}" for why, runs in named.items())


def _chosen(gate: Gate, here: Sequence[Cell], there: Sequence[Cell] = ()) -> tuple[Cell, Cell | None] | str:
    """The cells that are held against the floor: the first two that may be divided, real ones before simulated. Or why
    none may be."""
    rows = sorted(rows_of(here), key=lambda row: row[0].origin == "simulated")
    if gate.against is None:
        return fastest(rows[0]), None
    why = ""
    for row, other in product(rows, rows_of(there)):
        why = unlike(row[0], other[0])
        if not why and gate.batch is None:
            return fastest(row), fastest(other)
        alike = [] if why else [(one, two) for one, two in product(row, other) if one.mode == two.mode]
        if alike:
            return alike[0]
    return why or "a figure of a dataset and one of random data are never divided at an equal batch"


def _absolute(gate: Gate, cell: Cell) -> _Figure:
    whole = whole_card(cell)
    value = whole.images_per_s if gate.per == "card" else cell.images_per_s
    interval = cell.draws if cell.draws is None else interval_of(cell.draws)
    extrapolated = ", extrapolated" if gate.per == "card" and whole.extrapolated else ""
    interval = scaled(interval, value / cell.images_per_s)
    between = f" ({interval.low:.1f} to {interval.high:.1f})" if interval else ""
    return _Figure(value, interval, f"{value:.1f}{between} images/s per {gate.per} at bs{cell.batch}{extrapolated}")


def _relative(gate: Gate, cell: Cell, other: Cell) -> _Figure:
    ratio = ratio_of(cell, other)
    value, interval = ratio.value, ratio.interval
    if gate.per == "chip":
        value, interval = cell.images_per_s / other.images_per_s, chip_ratio_interval(cell, other)
    between = f" ({interval.low:.3f} to {interval.high:.3f})" if interval else ""
    extrapolated = ", extrapolated" if gate.per == "card" and ratio.extrapolated else ""
    sides = f"{cell.chip} bs{cell.batch} to {other.chip} bs{other.batch}"
    return _Figure(value, interval, f"{value:.3f}{between} {gate.per} to {gate.per}, {sides}{extrapolated}")


def _status(
    gate: Gate, figure: _Figure, *, raising: Sequence[_Gap], lowering: Sequence[_Gap], simulated: bool
) -> tuple[Status, str]:
    """The word, and the reason where the numbers alone do not say it. `raising` and `lowering` are the runs that are
    missing, and could raise or lower the figure."""
    if simulated:
        return Status.UNDECIDED, "a simulator's, no chip's: passes and fails no gate"
    if figure.interval is None:
        return Status.UNDECIDED, "told without the times of its batches, so that nothing tells it from noise"
    cleared = _cleared(gate, figure.interval.low)
    if cleared or not _cleared(gate, figure.interval.high):
        missing = lowering if cleared else raising
        if missing:
            return Status.INCOMPLETE, _told(missing)
        return (Status.PASS if cleared else Status.FAIL), ""
    return Status.UNDECIDED, "the floor lies within the interval"


def _cleared(gate: Gate, value: float) -> bool:
    return value >= gate.threshold if gate.operator == ">=" else value > gate.threshold
