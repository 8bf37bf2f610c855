"""Whether a chip sees what the cpu sees, photo by photo: the same accuracy may hide different answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dinoq.jobs.answers import Answers
from dinoq.jobs.pairs import REFERENCE, pair_of

APART = "not compared with the cpu photo by photo: its job lists the photos in another order, or under other names"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One run beside a cpu run of its job, over the `samples` that both evaluated: how many have the same Top-1 class,
    how many are right in one of the two alone."""

    chip: str
    batch: int
    samples: int
    same_top1: int
    only_here_right: int
    only_there_right: int

    @property
    def share(self) -> float:
        """Of the samples that both evaluated, the fraction with the same Top-1 class."""
        return self.same_top1 / self.samples


def agreements(answers: Sequence[Answers]) -> dict[int, Agreement]:
    """By run number, for every run that is not on the cpu: held against the cpu run of its batch size, else against
    the first that is complete, of those whose jobs list the photos alike."""
    references = [one for one in answers if one.run.chip == REFERENCE]
    found = {
        one.run.run_no: _agreement(one, _reference(one, [other for other in references if one.beside(other)]))
        for one in answers
        if one.run.chip != REFERENCE
    }
    return {no: one for no, one in found.items() if one}


def apart(answers: Sequence[Answers]) -> dict[int, tuple[str, ...]]:
    """By run number, why runs are not held against the cpu's where only jobs that list the photos otherwise have any."""
    references = [one for one in answers if one.run.chip == REFERENCE]
    return {
        one.run.run_no: (APART,)
        for one in answers
        if one.run.chip != REFERENCE
        and _reference(one, references)
        and not _reference(one, [other for other in references if one.beside(other)])
    }


def _reference(run: Answers, references: Sequence[Answers]) -> Answers | None:
    same = (one for one in references if one.run.batch == run.run.batch)
    complete = (one for one in references if one.complete)
    return next(same, None) or next(complete, None)


def _agreement(here: Answers, there: Answers | None) -> Agreement | None:
    pair = there and pair_of(here, there)
    if not there or not pair:
        return None
    return Agreement(
        chip=there.run.chip,
        batch=there.run.batch,
        samples=pair.samples,
        same_top1=pair.same_top1,
        only_here_right=pair.top1.only_b,
        only_there_right=pair.top1.only_a,
    )
