"""Any two chips over the same photos: how their accuracy differs, and which answers flipped from one to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from dinoq.jobs.answers import Answers
from dinoq.jobs.ledger import Origin
from dinoq.jobs.paired import Paired, non_inferiority, paired
from dinoq.jobs.verdicts import Status

REFERENCE = "cpu"
"""What every other chip is held against."""
MARGIN = 0.01
"""A chip may lose one percentage point against another, as a fraction: what the accuracy gate allows too."""
MAX_FLIPS = 200
"""So many are named of each pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two runs over the `samples` that both evaluated: `a` of the tables is the run `against_no`, `b` the run `run_no`, so
    that differences are above 0 where the run is the better one. `same_top1` have the same Top-1 class.

    `no_worse`: whether the run's Top-1 is worse by less than `margin`, a fraction (jobs/paired.py); UNDECIDED where one
    of the two is a simulator's, which passes and fails nothing, or evaluated samples that the other did not, as no
    failure may improve a score.
    """

    run_no: int
    against_no: int
    samples: int
    same_top1: int
    top1: Paired
    top5: Paired
    margin: float
    no_worse: Status

    @property
    def flips(self) -> int:
        """Samples that one of the two alone classifies rightly."""
        return self.top1.discordant

    @property
    def share(self) -> float:
        """Of the samples, the fraction with the same Top-1 class."""
        return self.same_top1 / self.samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A sample that one run of a pair alone classifies rightly: its place in the manifest, its name and label, and the
    Top-1 class here (the run) and there (what it is held against); None where an answer with NaN or Inf has none."""

    index: int
    name: str
    label: int
    here: int | None
    there: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flips:
    """The first of the `total` flipped samples of a pair, in manifest order."""

    run_no: int
    against_no: int
    total: int
    shown: tuple[Flip, ...]


@dataclass(frozen=True, slots=True)
class Matched:
    """Two runs that are to be held against each other."""

    here: Answers
    there: Answers


def matches(answers: Sequence[Answers], origins: Mapping[int, Origin | None]) -> tuple[Matched, ...]:
    """One for every two kinds of run (chip, precision, origin), in the order of the runs, the cpu always on the other side.

    Of all runs of both kinds over samples listed alike: complete ones before others, then those of an equal batch, then
    the first. One pair tells of both chips; batches of one chip differ in speed and hardly in answers.
    """
    kinds: dict[tuple[object, ...], list[Answers]] = {}
    for one in answers:
        kinds.setdefault((one.run.chip, one.run.precision, origins[one.run.run_no]), []).append(one)
    last = sorted(kinds.values(), key=lambda runs: runs[0].run.chip == REFERENCE)
    found = (_closest(here, there) for here, there in combinations(last, 2))
    return tuple(one for one in found if one)


def _closest(here: Sequence[Answers], there: Sequence[Answers]) -> Matched | None:
    alike = [Matched(one, other) for one, other in product(here, there) if one.beside(other)]
    return min(alike, key=_distance, default=None)


def _distance(one: Matched) -> tuple[bool, bool]:
    return not (one.here.complete and one.there.complete), one.here.run.batch != one.there.run.batch


def pair_of(here: Answers, there: Answers, *, margin: float = MARGIN, simulated: bool = False) -> Pair | None:
    """None where the two evaluated no sample in common."""
    both = here.evaluated & there.evaluated
    samples = int(both.sum())
    if not samples:
        return None
    fair = not simulated and np.array_equal(here.evaluated, there.evaluated)
    top1 = paired(there.right1[both], here.right1[both])
    return Pair(
        run_no=here.run.run_no,
        against_no=there.run.run_no,
        samples=samples,
        same_top1=int((both & (here.top1 == there.top1) & here.ranked).sum()),
        top1=top1,
        top5=paired(there.right5[both], here.right5[both]),
        margin=margin,
        no_worse=non_inferiority(top1, margin) if fair else Status.UNDECIDED,
    )


def pairs_of(
    matched: Sequence[Matched], origins: Mapping[int, Origin | None], *, margin: float = MARGIN
) -> tuple[Pair, ...]:
    """Of each match that has samples in common; `origins` by run number."""
    found = (
        pair_of(
            one.here,
            one.there,
            margin=margin,
            simulated="simulated" in (origins[one.here.run.run_no], origins[one.there.run.run_no]),
        )
        for one in matched
    )
    return tuple(pair for pair in found if pair)


def flips_of(here: Answers, there: Answers, limit: int = MAX_FLIPS) -> Flips:
    """The samples that both evaluated and one alone classifies rightly; no more than `limit` of them are named."""
    both = here.evaluated & there.evaluated
    at = np.flatnonzero(both & (here.right1 != there.right1))
    manifest = here.manifest
    return Flips(
        run_no=here.run.run_no,
        against_no=there.run.run_no,
        total=at.size,
        shown=tuple(
            Flip(
                index=place,
                name=manifest.names[place],
                label=manifest.labels[place],
                here=_class(here, place),
                there=_class(there, place),
            )
            for place in at[:limit].tolist()
        ),
    )


def _class(answers: Answers, place: int) -> int | None:
    found = int(answers.top1[place])
    return found if found >= 0 else None
