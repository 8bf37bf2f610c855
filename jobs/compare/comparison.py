"""Two jobs, or two runs, beside each other, as a value: everything that is printed of it, computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dinoq.jobs.compare.accuracy import AccuracyCompared, compare_accuracy
from dinoq.jobs.compare.changes import Change, changes
from dinoq.jobs.compare.outcome import Outcome, worst
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.compare.speed import NOISE, SpeedCompared, compare_speed
from dinoq.jobs.compare.unlike import unlike
from dinoq.jobs.errors import UsageError
from dinoq.jobs.verdicts import ALLOWED_LOSS, PRECEDENCE

FLIPS = 10_000
"""So many flipped photos are listed at most; their number is always told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """By what a comparison is judged: fractions that are allowed for accuracy and speed, how many flipped photos it
    lists, and whether it goes on where two runs are unlike."""

    margin: float = ALLOWED_LOSS
    noise: float = NOISE
    flips: int = FLIPS
    unlike: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two runs. `unlike` says what keeps them from a fair comparison, and that a person wanted it all the same."""

    a: Side
    b: Side
    unlike: tuple[str, ...]
    changes: tuple[Change, ...]
    accuracy: AccuracyCompared | None
    speed: SpeedCompared

    @property
    def outcome(self) -> Outcome:
        """The worst news of accuracy and speed."""
        return worst(one.outcome for one in (self.accuracy, self.speed) if one)

    @property
    def lost(self) -> bool:
        """Whether the second has no compute figure where the first has one."""
        return self.speed.rates[0].a is not None and self.speed.rates[0].b is None

    @property
    def gaps(self) -> tuple[str, ...]:
        """Which of the two is incomplete, and why."""
        return tuple(dict.fromkeys(f"{side.name}: {side.gaps}" for side in (self.a, self.b) if side.gaps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Two runs of the same chip, batch, precision and mode that are not compared, and why."""

    a: str
    b: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Every pair, and the runs of either job that have no partner in the other, as `310P3:16`."""

    pairs: tuple[Compared, ...]
    only_a: tuple[str, ...] = ()
    only_b: tuple[str, ...] = ()
    refused: tuple[Refused, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst news of all pairs."""
        return worst(pair.outcome for pair in self.pairs)

    @property
    def gaps(self) -> tuple[str, ...]:
        """Which runs are incomplete, each once."""
        return tuple(dict.fromkeys(text for pair in self.pairs for text in pair.gaps))

    @property
    def exit_code(self) -> int:
        """What `--fail-on regression` ends with: 4 for a REGRESSION, 6 where something is incomplete, was refused, or is in
        the first alone, 7 where a figure cannot be."""
        codes = [4] * (self.outcome is Outcome.REGRESSION)
        codes += [6] * bool(self.gaps or self.refused or self.only_a or any(pair.lost for pair in self.pairs))
        codes += [7] * any(side.implausible for pair in self.pairs for side in (pair.a, pair.b))
        return min(codes, key=PRECEDENCE.index, default=0)


def compare_runs(a: Side, b: Side, limits: Limits) -> Comparison:
    """Two runs as they were named. Raises: UsageError for two that are unlike, unless that is wished."""
    if (why := unlike(a, b)) and not limits.unlike:
        raise _unlike(a.name, b.name, why)
    return Comparison(pairs=(_compared(a, b, why, limits),))


def compare_jobs(a: Sequence[Side], b: Sequence[Side], limits: Limits) -> Comparison:
    """The runs of two jobs, each with its partner: the same chip, batch, precision and mode.

    Raises: UsageError where nothing has a partner, or all that have are unlike and that is not wished.
    """
    pairs = list(_partners(a, b))
    if not pairs:
        raise _nothing_in_common(a, b)
    judged = [(here, there, unlike(here, there)) for here, there in pairs]
    fair = [one for one in judged if limits.unlike or not one[2]]
    refused = [one for one in judged if one[2]] if not limits.unlike else []
    if not fair:
        here, there, why = refused[0]
        raise _unlike(here.name, there.name, why)
    return Comparison(
        pairs=tuple(_compared(*one, limits, of=len(fair)) for one in fair),
        only_a=_alone(a, [here for here, _ in pairs]),
        only_b=_alone(b, [there for _, there in pairs]),
        refused=tuple(Refused(a=here.name, b=there.name, why=why) for here, there, why in refused),
    )


def _compared(a: Side, b: Side, why: tuple[str, ...], limits: Limits, *, of: int = 1) -> Compared:
    return Compared(
        a=a,
        b=b,
        unlike=why,
        changes=changes(a, b),
        accuracy=compare_accuracy(a, b, margin=limits.margin, flips=limits.flips, of=of),
        speed=compare_speed(a, b, noise=limits.noise),
    )


def _key(side: Side) -> tuple[object, ...]:
    return side.run.chip, side.run.batch, side.run.precision, side.mode


def _partners(a: Sequence[Side], b: Sequence[Side]) -> Iterator[tuple[Side, Side]]:
    there = {_key(side): side for side in b}
    for side in a:
        if partner := there.get(_key(side)):
            yield side, partner


def _alone(sides: Sequence[Side], paired: Sequence[Side]) -> tuple[str, ...]:
    return tuple(side.cell for side in sides if not any(side is one for one in paired))


def _unlike(a: str, b: str, why: Sequence[str]) -> UsageError:
    return UsageError(f"{a} and {b} are not alike: {'; '.join(why)}.", hint="--unlike compares them all the same")


def _nothing_in_common(a: Sequence[Side], b: Sequence[Side]) -> UsageError:
    text = (
        f"jobs {a[0].job} and {b[0].job} have no run of the same chip, batch, precision and mode: {_has(a)}; {_has(b)}."
    )
    return UsageError(text, hint=f"name two runs: dinoq compare {a[0].name} {b[0].name}")


def _has(sides: Sequence[Side]) -> str:
    runs = (f"{one.cell} {one.run.precision}{' on random data' * (one.mode == 'pure')}" for one in sides)
    return f"{sides[0].job} has {', '.join(runs)}"
