"""What a rig can tell apart: the same job several times, every two of them compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from dinoq.jobs.compare.accuracy import ALPHA
from dinoq.jobs.compare.comparison import Compared, Limits, compare_runs
from dinoq.jobs.compare.outcome import Outcome
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.compare.speed import Noise
from dinoq.jobs.paired import Paired
from dinoq.jobs.verdicts import exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """One run of the job, as often as it was repeated. `images_per_s` are compute figures, None where there was none.

    `noise` is the most that any comparison of two allowed for; it, `spread` (fastest repeat over slowest, less 1) and
    `half_width` (of the widest interval of a ratio of two) are fractions; None where there is nothing to tell. `flips` are the most photos that two repeats answer
    differently well, None without answers; `changed` the most whose Top-1 class differs. `flagged` of `compared` pairs
    were called a REGRESSION or IMPROVED, which none of them is.
    """

    cell: str
    images_per_s: tuple[float | None, ...]
    noise: Noise
    spread: float | None
    half_width: float | None
    samples: int
    flips: int | None
    changed: int | None
    compared: int
    flagged: int

    @property
    def smallest_speed(self) -> float | None:
        """The smallest change of throughput that this rig can tell from noise, a fraction; None where it can tell none."""
        if self.spread is None or self.half_width is None:
            return None
        return max(self.noise.value, self.spread, self.half_width)

    @property
    def limited_by(self) -> str:
        """Which of the three it is; empty where there is none."""
        if self.smallest_speed is None:
            return ""
        known = {"spread between the repeats": self.spread, "noise within a run": self.half_width}
        known[self.noise.why] = self.noise.value
        return next((what for what, value in known.items() if value == self.smallest_speed), "")

    @property
    def smallest_accuracy(self) -> int | None:
        """How many photos more must go wrong than right to be told from chance, beside what flips anyway; None where there
        are too few photos for that."""
        net = None if self.flips is None else _net(self.flips)
        return None if net is None or net + 2 * ((self.flips or 0) // 2) > self.samples else net


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfTest:
    """A job (`of`) that was run again as `jobs`. `gaps` say what of them is incomplete; `simulated`: some device was."""

    of: int
    jobs: tuple[int, ...]
    simulated: bool
    runs: tuple[Repeated, ...]
    gaps: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """6 where a repeat is incomplete: what it tells is of less than was asked."""
        return exit_code((), 6 * bool(self.gaps))


def self_test_of(of: int, repeats: Sequence[Sequence[Side]], limits: Limits) -> SelfTest:
    """What jobs of the same spec tell of the rig: for each its runs, in the same order."""
    by_run = list(zip(*repeats, strict=True))
    gaps = (f"{side.name}: {side.gaps}" for sides in by_run for side in sides if side.gaps)
    return SelfTest(
        of=of,
        jobs=tuple(sides[0].job for sides in repeats),
        simulated=any(side.run.simulated for sides in repeats for side in sides),
        runs=tuple(_repeated(sides, limits) for sides in by_run),
        gaps=tuple(dict.fromkeys(gaps)),
    )


def _repeated(sides: Sequence[Side], limits: Limits) -> Repeated:
    pairs = [compare_runs(a, b, limits).pairs[0] for a, b in combinations(sides, 2)]
    found = [pair.accuracy.paired for pair in pairs if pair.accuracy and pair.accuracy.paired]
    rates = tuple(side.run.measured.throughput.compute for side in sides)
    known = [rate for rate in rates if rate]
    return Repeated(
        cell=sides[0].cell,
        images_per_s=rates,
        noise=max((pair.speed.noise for pair in pairs), key=lambda one: one.value),
        spread=max(known) / min(known) - 1.0 if len(known) == len(rates) else None,
        half_width=max((half for pair in pairs if (half := _half_width(pair)) is not None), default=None),
        samples=max((one.samples for one in found), default=0),
        flips=max((one.top1.discordant for one in found), default=None),
        changed=max((one.samples - one.same_top1 for one in found), default=None),
        compared=len(pairs),
        flagged=sum(pair.outcome in (Outcome.REGRESSION, Outcome.IMPROVED) for pair in pairs),
    )


def _half_width(pair: Compared) -> float | None:
    interval = pair.speed.interval
    return None if interval is None else (interval.high - interval.low) / 2


def _net(flips: int) -> int:
    """The smallest surplus of photos that go wrong over those that go right which is significant when `flips` go either
    way besides."""
    half, net = flips // 2, 1
    while Paired(both=0, only_a=half + net, only_b=half, neither=0).p >= ALPHA:
        net += 1
    return net
