"""The word of a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Outcome(StrEnum):
    """What the second run is beside the first; the worst news first.

    REGRESSION and IMPROVED: a difference that noise does not explain. NO CHANGE: every difference that matters is ruled
    out. UNDECIDED: neither.
    """

    REGRESSION = "REGRESSION"
    UNDECIDED = "UNDECIDED"
    IMPROVED = "IMPROVED"
    NO_CHANGE = "NO CHANGE"

    @property
    def mirrored(self) -> Outcome:
        """What the first run is beside the second."""
        swapped = {Outcome.REGRESSION: Outcome.IMPROVED, Outcome.IMPROVED: Outcome.REGRESSION}
        return swapped.get(self, self)


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst news of several; UNDECIDED for none."""
    return min(outcomes, key=list(Outcome).index, default=Outcome.UNDECIDED)
