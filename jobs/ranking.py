"""Which batch is best on each chip, and how chips compare: only like is ever divided by like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dinoq.jobs.bootstrap import Interval, interval_of, ratio_interval
from dinoq.jobs.card import Card, card_of
from dinoq.jobs.chips import Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.spec import Mode
from dinoq.jobs.verdicts import Cell, rows_of

NOISE = 0.02
"""Two runs of the same thing differ by so much: figures within 2 % of the best cannot be told from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The batch with the highest compute images/s of a chip, `interval` at 95 % as the times within its run tell.

    `ties` are the batches that cannot be told from it, itself too: the 95 % interval of their ratio to it reaches within
    2 % of 1. `smallest` is the smallest batch whose figure itself lies within 2 % of the best.
    """

    chip: str
    precision: Precision
    origin: Origin | None
    run_no: int
    batch: int
    images_per_s: float
    ties: tuple[int, ...]
    smallest: int
    mode: Mode = "dataset"
    interval: Interval | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Compute images/s of one chip over another's, card to card; the batches differ in the best-to-best ratio alone, and
    so do the modes: what each figure was measured on. `interval` at 95 %, as the times within both runs tell."""

    chip: str
    against: str
    batch: int
    against_batch: int
    precision: Precision
    origin: Origin | None
    value: float
    best: bool = False
    extrapolated: bool = False
    mode: Mode = "dataset"
    against_mode: Mode = "dataset"
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Two chips whose figures are not divided, and why."""

    chip: str
    against: str
    why: str


def best_batches(cells: Sequence[Cell]) -> tuple[Best, ...]:
    """The best batch of each chip, in the order of the runs."""
    return tuple(map(_best, rows_of(cells)))


def best_within(cells: Sequence[Cell], budget_ms: float) -> tuple[Best, ...]:
    """The best batch of each chip among those whose p99 of compute_ms is no longer than the budget; a chip without such
    a batch has none."""
    return best_batches([cell for cell in cells if cell.p99_ms is not None and cell.p99_ms <= budget_ms])


def _best(row: Sequence[Cell]) -> Best:
    top = fastest(row)
    near = [cell for cell in row if cell.images_per_s >= (1.0 - NOISE) * top.images_per_s]
    ties = [cell.batch for cell in row if cell in near or _tied(cell, top)]
    return Best(
        chip=top.chip,
        precision=top.precision,
        origin=top.origin,
        run_no=top.run_no,
        batch=top.batch,
        images_per_s=top.images_per_s,
        ties=tuple(dict.fromkeys(ties)),
        smallest=min(cell.batch for cell in near),
        mode=top.mode,
        interval=None if top.draws is None else interval_of(top.draws),
        p99_ms=top.p99_ms,
    )


def fastest(row: Sequence[Cell]) -> Cell:
    """The cell with the highest figure; of equal ones the first."""
    return max(row, key=lambda cell: cell.images_per_s)


def _tied(cell: Cell, top: Cell) -> bool:
    if cell.draws is None or top.draws is None:
        return False
    return ratio_interval(top.draws, cell.draws).high >= 1.0 - NOISE


def ratios(cells: Sequence[Cell]) -> tuple[Ratio, ...]:
    """Every chip against every later one: at each batch that both ran, then best to best.

    Only where `unlike` finds nothing, from unrounded figures, card to card as the published tables compare; at equal
    batches only between equal modes, while the best may be of any.
    """
    found: list[Ratio] = []
    for row, other in combinations(rows_of(cells), 2):
        if unlike(row[0], other[0]):
            continue
        shared = {(cell.batch, cell.mode): cell for cell in other}
        found += [ratio_of(cell, shared[cell.batch, cell.mode]) for cell in row if (cell.batch, cell.mode) in shared]
        found.append(ratio_of(fastest(row), fastest(other), best=True))
    return tuple(found)


def refused(cells: Sequence[Cell]) -> tuple[Refused, ...]:
    """The pairs of chips that have no ratio, each with its reason."""
    pairs = combinations(rows_of(cells), 2)
    found = ((row[0], other[0], unlike(row[0], other[0])) for row, other in pairs)
    return tuple(Refused(chip=one.chip, against=other.chip, why=why) for one, other, why in found if why)


def unlike(cell: Cell, other: Cell) -> str:
    """Why these two figures are never divided; empty when they may be."""
    if cell.origin != other.origin:
        return "simulated and real figures are never divided"
    if cell.pace != other.pace:
        return "figures of different clocks (--pace) are never divided"
    if cell.precision != other.precision:
        return f"{cell.precision} and {other.precision} are never divided"
    return ""


def ratio_of(cell: Cell, other: Cell, *, best: bool = False) -> Ratio:
    """One figure over another, card to card, whatever they are: whether they may be divided says `unlike`."""
    card, against = whole_card(cell), whole_card(other)
    value = card.images_per_s / against.images_per_s
    return Ratio(
        chip=cell.chip,
        against=other.chip,
        batch=cell.batch,
        against_batch=other.batch,
        precision=cell.precision,
        origin=cell.origin,
        value=value,
        best=best,
        extrapolated=card.extrapolated or against.extrapolated,
        mode=cell.mode,
        against_mode=other.mode,
        interval=scaled(chip_ratio_interval(cell, other), value * other.images_per_s / cell.images_per_s),
    )


def whole_card(cell: Cell) -> Card:
    """The figure of the card that the chip is on."""
    return cell.card or card_of(cell.chip, cell.images_per_s)


def chip_ratio_interval(cell: Cell, other: Cell) -> Interval | None:
    """The 95 % interval of one figure over another, chip to chip; None where the times of either are not told."""
    return None if cell.draws is None or other.draws is None else ratio_interval(other.draws, cell.draws)


def scaled(interval: Interval | None, factor: float) -> Interval | None:
    """Of a whole card: it is as uncertain as its chips are."""
    return interval and Interval(interval.low * factor, interval.high * factor)
