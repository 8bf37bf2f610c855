"""One measured figure, and a table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured. `floor` is the least that is allowed (the most, where the note says `upper limit`); `value`
    is None where it could not be measured, and the note says why."""

    name: str
    value: float | None
    unit: str
    floor: float | None
    aim: float | None
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the floor is kept; True where nothing was measured or asked."""
        if self.value is None or self.floor is None:
            return True
        return self.value <= self.floor if "upper limit" in self.note else self.value >= self.floor


def table(figures: Sequence[Figure]) -> str:
    """The figures, one line each."""
    width = max(len(figure.name) for figure in figures)
    return "\n".join(
        f"{figure.name:{width}}  {_number(figure.value):>10} {figure.unit:<9} floor {_number(figure.floor):>8}"
        f"  aim {_number(figure.aim):>8}  {'ok' if figure.holds else 'MISSED'}  {figure.note}"
        for figure in figures
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.3f}".rstrip("0").rstrip(".")
