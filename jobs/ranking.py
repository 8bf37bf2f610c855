"""Which batch is best on each chip, and how chips compare: only like is ever divided by like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dinoq.jobs.card import card_of
from dinoq.jobs.chips import Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.spec import Mode
from dinoq.jobs.verdicts import Cell, rows_of

NOISE = 0.02
"""Figures within 2 % of the best cannot be told from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The batch with the highest compute images/s of a chip; `ties` are all that cannot be told from it, itself too."""

    chip: str
    precision: Precision
    origin: Origin | None
    run_no: int
    batch: int
    images_per_s: float
    ties: tuple[int, ...]
    mode: Mode = "dataset"

    @property
    def smallest(self) -> int:
        """The smallest batch that is as good."""
        return min(self.ties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Compute images/s of one chip over another's, card to card; the batches differ in the best-to-best ratio alone, and
    so do the modes: what each figure was measured on."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Two chips whose figures are not divided, and why."""

    chip: str
    against: str
    why: str


def best_batches(cells: Sequence[Cell]) -> tuple[Best, ...]:
    """The best batch of each chip, in the order of the runs."""
    return tuple(map(_best, rows_of(cells)))


def _best(row: Sequence[Cell]) -> Best:
    top = max(row, key=lambda cell: cell.images_per_s)
    ties = tuple(dict.fromkeys(cell.batch for cell in row if cell.images_per_s >= (1.0 - NOISE) * top.images_per_s))
    return Best(
        chip=top.chip,
        precision=top.precision,
        origin=top.origin,
        run_no=top.run_no,
        batch=top.batch,
        images_per_s=top.images_per_s,
        ties=ties,
        mode=top.mode,
    )


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
        found += [_ratio(cell, shared[cell.batch, cell.mode]) for cell in row if (cell.batch, cell.mode) in shared]
        best, against = (max(cells, key=lambda cell: cell.images_per_s) for cells in (row, other))
        found.append(_ratio(best, against, best=True))
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


def _ratio(cell: Cell, other: Cell, best: bool = False) -> Ratio:
    card = cell.card or card_of(cell.chip, cell.images_per_s)
    against = other.card or card_of(other.chip, other.images_per_s)
    return Ratio(
        chip=cell.chip,
        against=other.chip,
        batch=cell.batch,
        against_batch=other.batch,
        precision=cell.precision,
        origin=cell.origin,
        value=card.images_per_s / against.images_per_s,
        best=best,
        extrapolated=card.extrapolated or against.extrapolated,
        mode=cell.mode,
        against_mode=other.mode,
    )
