"""Which batch is best on each chip, and how chips compare: only like is ever divided by like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dinoq.jobs.chips import CHIPS, Precision
from dinoq.jobs.ledger import Origin
from dinoq.jobs.verdicts import Cell, rows_of

NOISE = 0.02
"""Figures within 2 % of the best cannot be told from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A chip's compute images/s times the chips of its card; `extrapolated` when there are several."""

    images_per_s: float
    chips: int
    extrapolated: bool


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

    @property
    def smallest(self) -> int:
        """The smallest batch that is as good."""
        return min(self.ties)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Compute images/s of one chip over another's, card to card; the batches differ in the best-to-best ratio alone."""

    chip: str
    against: str
    batch: int
    against_batch: int
    precision: Precision
    origin: Origin | None
    value: float
    best: bool = False
    extrapolated: bool = False


def card_of(chip: str, images_per_s: float) -> Card:
    """What the whole card would do if all its chips did as this one."""
    chips = next((known.chips_per_card for known in CHIPS if known.name == chip), 1)
    return Card(images_per_s=images_per_s * chips, chips=chips, extrapolated=chips > 1)


def best_batches(cells: Sequence[Cell]) -> tuple[Best, ...]:
    """The best batch of each chip, in the order of the runs."""
    return tuple(map(_best, rows_of(cells)))


def _best(row: Sequence[Cell]) -> Best:
    top = max(row, key=lambda cell: cell.images_per_s)
    ties = tuple(cell.batch for cell in row if cell.images_per_s >= (1.0 - NOISE) * top.images_per_s)
    return Best(
        chip=top.chip,
        precision=top.precision,
        origin=top.origin,
        run_no=top.run_no,
        batch=top.batch,
        images_per_s=top.images_per_s,
        ties=ties,
    )


def ratios(cells: Sequence[Cell]) -> tuple[Ratio, ...]:
    """Every chip against every later one: at each batch that both ran, then best to best.

    Equal precision and origin, from unrounded figures, card to card as the published tables compare.
    """
    found: list[Ratio] = []
    for row, other in combinations(rows_of(cells), 2):
        if (row[0].precision, row[0].origin) != (other[0].precision, other[0].origin):
            continue
        shared = {cell.batch: cell for cell in other}
        found += [_ratio(cell, shared[cell.batch]) for cell in row if cell.batch in shared]
        best, against = (max(cells, key=lambda cell: cell.images_per_s) for cells in (row, other))
        found.append(_ratio(best, against, best=True))
    return tuple(found)


def _ratio(cell: Cell, other: Cell, best: bool = False) -> Ratio:
    card, against = card_of(cell.chip, cell.images_per_s), card_of(other.chip, other.images_per_s)
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
    )
