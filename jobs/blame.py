"""Which number of a row a ratio speaks against when it is not the quotient of its two figures."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from dinoq.jobs.formats.headers import Column
from dinoq.jobs.formats.performance import Printed, Row


@dataclass(frozen=True, slots=True)
class Implied:
    """What a number should be, as far as what it was derived from was printed: within `tolerance`."""

    value: float
    tolerance: float


@dataclass(frozen=True, slots=True)
class Blame:
    """The column whose number is taken for wrong (a figure's, else the ratio's own), why, and what it should be."""

    column: str
    text: str
    implied: Implied


@dataclass(frozen=True, slots=True)
class _Quotient:
    """A printed ratio beside the two figures it should be the quotient of."""

    name: str
    over: str
    under: str
    ratio: Printed
    row: Row

    @property
    def sides(self) -> tuple[str, str]:
        return (self.over, self.under)

    @property
    def derived(self) -> Implied:
        """The quotient of the figures as printed; each may be rounded or cut off by up to a step of its last digit."""
        above, below = self.row.figures[self.over], self.row.figures[self.under]
        value = above.value / below.value
        return Implied(value, value * (above.step / above.value + below.step / below.value))

    @property
    def holds(self) -> bool:
        """Whether the printed ratio is the quotient, rounded or cut off."""
        return abs(self.derived.value - self.ratio.value) < self.derived.tolerance + self.ratio.step

    def implied(self, side: str) -> Implied:
        """What a figure must be for the ratio to be right."""
        other = self.row.figures[self.under if side == self.over else self.over]
        value = self.ratio.value * other.value if side == self.over else other.value / self.ratio.value
        return Implied(value, value * (self.ratio.step / self.ratio.value + other.step / other.value))

    @property
    def division(self) -> str:
        """The quotient in words, with as many digits as the ratio has."""
        digits = max(4, -round(math.log10(self.ratio.step)))
        above, below = self.row.figures[self.over].text, self.row.figures[self.under].text
        return f"{above} / {below} is {self.derived.value:.{digits}f}"

    @property
    def contradiction(self) -> str:
        """The printed ratio against it."""
        return f"{self.name} prints {self.ratio.text}, but {self.division}"


IsDoubtful = Callable[[str], bool]
"""Whether the figure of a column in this row is doubtful for a reason of its own."""
Fits = Callable[[str, Implied], bool]
"""Whether a value would fit among a column's other figures."""


def blames(row: Row, ratios: Mapping[str, Column], is_doubtful: IsDoubtful, fits: Fits) -> list[Blame]:
    """What the ratios of a row that do not hold speak against; nothing where all hold.

    A figure that another ratio of the row vouches for is not blamed. One figure is blamed for several ratios where they
    agree what it should be. The ratio itself is blamed where nothing tells its two figures apart.
    """
    found = [
        _Quotient(name, *column.sides, ratio=row.ratios[name], row=row)
        for name, column in ratios.items()
        if name in row.ratios and column.sides and row.figures.keys() >= set(column.sides)
    ]
    wrong = [quotient for quotient in found if not quotient.holds]
    vouched = {side for quotient in found if quotient.holds for side in quotient.sides}
    if common := _common(wrong, vouched):
        best = min((quotient.implied(common) for quotient in wrong), key=lambda implied: implied.tolerance)
        return [Blame(common, "; ".join(quotient.contradiction for quotient in wrong), best)]
    return [_blame(quotient, vouched, is_doubtful, fits) for quotient in wrong]


def _common(wrong: Sequence[_Quotient], vouched: set[str]) -> str | None:
    """The figure that would set all of several wrong ratios right at once."""
    if len(wrong) < 2:
        return None
    for side in wrong[0].sides:
        if side not in vouched and all(side in quotient.sides for quotient in wrong):
            first, *others = (quotient.implied(side) for quotient in wrong)
            if all(abs(one.value - first.value) <= one.tolerance + first.tolerance for one in others):
                return side
    return None


def _blame(quotient: _Quotient, vouched: set[str], is_doubtful: IsDoubtful, fits: Fits) -> Blame:
    open_sides = [side for side in quotient.sides if side not in vouched]
    doubtful = [side for side in open_sides if is_doubtful(side)]
    suspects = doubtful if len(doubtful) == 1 else open_sides
    if len(suspects) == 1 and fits(suspects[0], quotient.implied(suspects[0])):
        (side,) = suspects
        (other,) = set(quotient.sides) - {side}
        vouching = f", and another ratio vouches for {other}" if other in vouched else ""
        return Blame(side, quotient.contradiction + vouching, quotient.implied(side))
    return Blame(quotient.name, quotient.division, quotient.derived)
