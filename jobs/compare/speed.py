"""Whether a run is faster or slower than another by more than noise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from dinoq.jobs.bootstrap import Interval, ratio_interval
from dinoq.jobs.compare.outcome import Outcome
from dinoq.jobs.compare.sides import Side
from dinoq.jobs.compare.steadiness import unsteadiness
from dinoq.jobs.measure import SCOPES, Measurement, Scope
from dinoq.jobs.verdicts import MAX_CV, MAX_DRIFT

FLOOR = "noise floor"
NOISE = 0.02
"""What two runs of the same thing may differ by although each of them was steady: the least that is called a change."""
Worked = tuple[int, float]
"""The timed batches of a device, and the mean ms of one."""
MOST = 0.9
"""Of cores that are hardly ours it makes no difference how little is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """By how much runs may differ for no reason, a fraction, and what says so."""

    value: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Images per second of both runs in one scope; None where a run has no such figure."""

    scope: Scope
    a: float | None
    b: float | None

    @property
    def ratio(self) -> float | None:
        """The second over the first; None without both."""
        return None if self.a is None or self.b is None or self.a <= 0.0 else self.b / self.a


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """A percentile of both runs' latency, ms per batch; None where it is not told."""

    name: str
    a: float | None
    b: float | None

    @property
    def change(self) -> float | None:
        """How much the second lies above the first, a fraction of it; None without both."""
        return None if self.a is None or self.b is None or self.a <= 0.0 else self.b / self.a - 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedCompared:
    """What became of the throughput, in one word and the reason for it. `interval` is the 95 % bootstrap interval of the
    ratio of compute images/s, second over first, as far as the times within the runs tell; `noise` what they do not."""

    outcome: Outcome
    why: str
    rates: tuple[Rate, ...]
    percentiles: tuple[Percentile, ...]
    interval: Interval | None
    noise: Noise

    @property
    def ratio(self) -> float | None:
        """Compute images/s, second over first."""
        return self.rates[0].ratio


def compare_speed(a: Side, b: Side, *, noise: float = NOISE) -> SpeedCompared:
    """Compute images/s of two runs.

    REGRESSION, IMPROVED: the slower one takes more than the noise longer, and the interval of the ratio leaves out 1.
    NO CHANGE: the whole interval lies within the noise floor, and nothing says that these runs waver by more than it.
    UNDECIDED: neither, or there is too little to say so. `noise` is the floor, a fraction.
    """
    here, there = a.run.measured, b.run.measured
    rates = tuple(
        Rate(scope=scope, a=getattr(here.throughput, scope), b=getattr(there.throughput, scope)) for scope in SCOPES
    )
    interval, allowed = _interval(here, there), noise_of(a, b, floor=noise)
    outcome, why = _outcome(a, b, rates[0].ratio, interval, allowed, floor=noise)
    return SpeedCompared(
        outcome=outcome, why=why, rates=rates, percentiles=_percentiles(here, there), interval=interval, noise=allowed
    )


def noise_of(*sides: Side, floor: float = NOISE) -> Noise:
    """By how much these may differ for no reason: the largest of the floor, of what each run shows of itself, and of how
    several devices shared the work.

    That is how far its quarters lie apart; the variation of its batch times, where that is more than a steady run has;
    5 % where it is UNSTABLE for another reason (throttled, disturbed, drifting); and on a cpu what others took of the
    cores: a share f leaves 1 - f of them, and may cost as much again in caches and in threads that wait for each other.
    """
    found = [Noise(value=floor, why=FLOOR), *(one for side in sides for one in _shown_by(side))]
    found += [one for a, b in combinations(sides, 2) for one in _mix(a, b)]
    return max(found, key=lambda one: one.value)


def _mix(a: Side, b: Side) -> Iterator[Noise]:
    """What it makes that several devices shared the work in another way, which is chance. Where they are not the same
    devices, how far those of a run lie apart."""
    here, there = _by_device(a), _by_device(b)
    if max(len(here), len(there)) < 2:
        return
    why = "the devices shared the work in another way"
    if here.keys() != there.keys():
        apart = max(side.run.measured.spread or 0.0 for side in (a, b))
        yield Noise(value=apart, why=f"{why}, and are not the same")
    else:
        yield Noise(value=max(_moved(here, there), _moved(there, here)), why=why)


def _moved(one: Mapping[str, Worked], other: Mapping[str, Worked]) -> float:
    """How far the mean time of a batch moves when each device of `other` has the share that it had in `one`."""
    own = sum(n * ms for n, ms in other.values()) / sum(n for n, _ in other.values())
    shared_as = sum(one[key][0] * ms for key, (_, ms) in other.items()) / sum(n for n, _ in one.values())
    return max(own, shared_as) / min(own, shared_as) - 1.0


def _by_device(side: Side) -> dict[str, Worked]:
    """The timed batches of each device, and the mean ms of one; only those that have a figure."""
    return {
        one.figures.key: (one.figures.batches, 1000.0 * side.run.batch / one.figures.compute)
        for one in side.run.devices
        if one.figures.compute
    }


def _shown_by(side: Side) -> Iterator[Noise]:
    if (apart := unsteadiness(side.merged.results)) is not None:
        yield Noise(value=apart, why=f"the quarters of {side.name} lie so far apart")
    cv = max((one.figures.cv for one in side.run.devices if one.figures.cv is not None), default=0.0)
    if cv > MAX_CV:
        yield Noise(value=cv, why=f"the batch times of {side.name} vary so much (CV)")
    if others := max((shared(one.program) for one in side.run.devices), default=0.0):
        why = f"others took {100 * others:.0f} % of the cores beside {side.name}"
        yield Noise(value=(1.0 - min(others, MOST)) ** -2 - 1.0, why=why)
    if side.unstable:
        yield Noise(value=MAX_DRIFT, why=f"{side.name} is UNSTABLE")


def shared(program: Mapping[str, str]) -> float:
    """What others took of the cores that a program ran on, a fraction; 0 where nobody told."""
    number = program.get("others", "").removesuffix(" %")
    return float(number) / 100.0 if number.isdecimal() else 0.0


def _interval(a: Measurement, b: Measurement) -> Interval | None:
    if a.draws is None or b.draws is None:
        return None
    return ratio_interval(a.draws, b.draws)


def _percentiles(a: Measurement, b: Measurement) -> tuple[Percentile, ...]:
    return tuple(
        Percentile(name=name, a=getattr(a.latency, name), b=getattr(b.latency, name)) for name in ("p50", "p99")
    )


def _outcome(
    a: Side, b: Side, ratio: float | None, interval: Interval | None, noise: Noise, *, floor: float
) -> tuple[Outcome, str]:
    if ratio is None:
        return Outcome.UNDECIDED, _unmeasured(a, b)
    if a.name == b.name:
        return Outcome.NO_CHANGE, "it is the same run"
    told = f"compute {100 * (ratio - 1.0):+.1f} %"
    if implausible := [side.name for side in (a, b) if side.implausible]:
        return Outcome.UNDECIDED, f"{told}, but {' and '.join(implausible)} is IMPLAUSIBLE"
    if interval is None:
        return Outcome.UNDECIDED, f"{told}; without the times of its batches nothing tells it from noise"
    if _beyond(ratio, noise.value) and not interval.low <= 1.0 <= interval.high:
        return (Outcome.REGRESSION if ratio < 1.0 else Outcome.IMPROVED), told
    if noise.value <= floor and not any(_beyond(end, floor) for end in (interval.low, interval.high)):
        return Outcome.NO_CHANGE, told
    return Outcome.UNDECIDED, f"{told}, which may be noise"


def _beyond(ratio: float, noise: float) -> bool:
    """Whether the slower of two takes more than that longer for an image; of a ratio and of its inverse alike."""
    return ratio <= 0.0 or max(ratio, 1.0 / ratio) > 1.0 + noise


def _unmeasured(a: Side, b: Side) -> str:
    """Which of them has no compute figure, and why."""
    why = [
        f"{side.name}: {side.run.measured.throughput.why.get('compute', 'no figure')}"
        for side in (a, b)
        if side.run.measured.throughput.compute is None
    ]
    return "; ".join(dict.fromkeys(why)) or "the first has no throughput"
