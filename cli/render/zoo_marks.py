"""The marks of the model zoo's README: what follows a figure in parentheses, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from dinoq.cli.render.zoo_words import Words
from dinoq.jobs.report import RunReport
from dinoq.jobs.report_cells import implausible, measured_on

SIMULATED, PURE, IMPORTED, EXTRAPOLATED, IMPLAUSIBLE = "spix!"
HOLDS: dict[str, Callable[[RunReport], bool]] = {
    SIMULATED: lambda run: bool(run.simulated),
    PURE: lambda run: measured_on(run) == "pure",
    IMPORTED: lambda run: run.told is not None,
    EXTRAPOLATED: lambda run: bool(run.card and run.card.extrapolated),
    IMPLAUSIBLE: implausible,
}
OF_ACCURACY = (SIMULATED, IMPORTED)
"""What accuracy is marked by; the rest is of speed."""


def marks(runs: Sequence[RunReport], letters: Sequence[str] = tuple(HOLDS)) -> str:
    """` (sp)` for what holds of any of the runs; empty for nothing."""
    found = "".join(letter for letter in letters if any(map(HOLDS[letter], runs)))
    return f" ({found})" if found else ""


def mark_notes(runs: Sequence[RunReport], words: Words, letters: Sequence[str] = tuple(HOLDS)) -> Iterator[str]:
    """What each mark means that is there."""
    meaning = dict(
        zip(HOLDS, (words.simulated, words.pure, words.imported, words.extrapolated, words.implausible), strict=True)
    )
    for letter in letters:
        if any(map(HOLDS[letter], runs)):
            yield f"- ({letter}) {meaning[letter]}"
