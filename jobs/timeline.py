"""A run over time, device by device: how many images a second it answered, beside what its sensors told meanwhile."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.record import RunRecord
from dinoq.jobs.result import ShardResult, Times, by_device
from dinoq.jobs.telemetry import Block

MOST_BUCKETS = 120
"""A run is cut into at most so many buckets of equal length; of each sensor at most so many readings are kept."""
LENGTHS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""How long a bucket may be; of a run of many days it is a multiple of the last."""
SENSORS = ("power_w", "temperature_c", "clock_mhz", "utilisation_pct")
Series = tuple[float | None, ...]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One device during a run; times are seconds since the run's start.

    The run took `lasts_s`. `images_per_s[i]` is of [i, i + 1) x `bucket_s`, the last of what the run had of it. `read_s` are the times of the readings, in order; each sensor has a
    value for every one of them, None where it told nothing. All five are empty where nobody sampled.
    """

    device: str
    lasts_s: float
    bucket_s: float
    images_per_s: tuple[float, ...]
    read_s: tuple[float, ...] = ()
    power_w: Series = ()
    temperature_c: Series = ()
    clock_mhz: Series = ()
    utilisation_pct: Series = ()


@dataclass(frozen=True)
class _Parts:
    """What one device answered: arrays [parts] of when each was fed and back, in seconds of its host's clock, and of how
    many images it had; in the order of feeding."""

    fed_s: Numbers
    done_s: Numbers
    images: Numbers


def timelines(
    run: RunRecord, results: Sequence[ShardResult], *, batch: int, loop: int, pure: bool = False
) -> tuple[Timeline, ...]:
    """One for each device that gave results, by key; none where no start and finish of the run were stored.

    Two clocks meet. A run's start and finish, and the readings, are of the database's clock; feeding and results are of the
    monotonic clock of the device's host, whose zero is its own. What both see is the end: a run finishes when its last
    result is stored, milliseconds after it came back. So each host's last result is laid on the run's finish. For the host
    that ended last that is exact but for the time of storing; another host of the run is drawn later than it was, by as much
    as it ended earlier. A host that was booted meanwhile has begun its clock anew: its parts before that cannot be placed,
    and what would lie outside the run is not shown.

    A part's images are spread evenly from its feeding (or the result before it, for parts are fed ahead) to its result,
    for within a part nothing is known. They are its evaluated samples times `loop`, or those of every batch of a `pure` run.
    """
    if run.first_start_ms is None or run.last_finish_ms is None or run.last_finish_ms <= run.first_start_ms:
        return ()
    wall_s = (run.last_finish_ms - run.first_start_ms) / 1000.0
    parts = {key: _parts(mine, batch, loop, pure) for key, mine in by_device(results).items()}
    host_of = {device.key: device.host for device in run.devices}
    ends_s: defaultdict[str, float] = defaultdict(lambda: -math.inf)
    for key, one in parts.items():
        host = host_of.get(key, key)
        ends_s[host] = max(ends_s[host], float(one.done_s.max()))
    return tuple(
        _timeline(key, one, wall_s, wall_s - ends_s[host_of.get(key, key)], run.first_start_ms, run.telemetry)
        for key, one in parts.items()
    )


def bucket_of(wall_s: float) -> float:
    """The shortest bucket of which no more than MOST_BUCKETS cover so long a run, in seconds."""
    fitting = (length for length in LENGTHS_S if length * MOST_BUCKETS >= wall_s)
    return next(fitting, LENGTHS_S[-1] * math.ceil(wall_s / LENGTHS_S[-1] / MOST_BUCKETS))


def _parts(results: Iterable[ShardResult], batch: int, loop: int, pure: bool) -> _Parts:
    rows = []
    for part in results:
        times = Times.from_blob(part.times)
        rows.append((times.fed_ms, times.done_ms, 1000.0 * (times.timed.size * batch if pure else part.n * loop)))
    fed_s, done_s, images = np.array(sorted(rows)).T / 1000.0
    return _Parts(fed_s, done_s, images)


def _timeline(
    key: str, parts: _Parts, wall_s: float, shift_s: float, start_ms: int, blocks: Iterable[Block]
) -> Timeline:
    bucket_s = bucket_of(wall_s)
    read_s, values = _readings([block for block in blocks if block.device == key], start_ms, wall_s)
    return Timeline(
        device=key,
        lasts_s=wall_s,
        bucket_s=bucket_s,
        images_per_s=_rates(parts, wall_s, shift_s, bucket_s),
        read_s=tuple(read_s.tolist()),
        **{name: _series(row) for name, row in zip(SENSORS, values, strict=True)},
    )


def _rates(parts: _Parts, wall_s: float, shift_s: float, bucket_s: float) -> tuple[float, ...]:
    """Images that were back by the end of each bucket, less those by its begin, over what it has of the run.

    How many are back is a line that is straight from each part's begin to its end, and level between parts.
    """
    reached = np.maximum.accumulate(parts.done_s)
    begun = np.maximum(parts.fed_s, np.concatenate([parts.fed_s[:1], reached[:-1]]))
    moments = np.stack([begun, np.maximum(begun, reached)], axis=1).ravel() + shift_s
    total = np.cumsum(parts.images)
    back = np.stack([total - parts.images, total], axis=1).ravel()
    edges = np.minimum(wall_s, bucket_s * np.arange(math.ceil(wall_s / bucket_s - 1e-9) + 1))
    made: list[float] = (np.diff(np.interp(edges, moments, back)) / np.diff(edges)).tolist()
    return tuple(made)


def _readings(blocks: Sequence[Block], start_ms: int, wall_s: float) -> tuple[Numbers, Numbers]:
    """When they were made, [n], and what the sensors told, [sensors, n], NaN for nothing; at most MOST_BUCKETS, each the
    mean of as many neighbours."""
    if not blocks:
        return np.empty(0), np.empty((len(SENSORS), 0))
    # float64: milliseconds of an epoch are too many for float32.
    at_s = np.concatenate(
        [(b.begun_ms - start_ms) / 1000.0 + b.samples.column("offset_s").astype(float) for b in blocks]
    )
    told = np.concatenate([np.stack([b.samples.column(name) for name in SENSORS]) for b in blocks], axis=1).astype(
        float
    )
    order = np.argsort(at_s, kind="stable")
    order = order[(at_s[order] >= 0.0) & (at_s[order] <= wall_s)]
    return _thinned(at_s[order], told[:, order])


def _thinned(at_s: Numbers, told: Numbers) -> tuple[Numbers, Numbers]:
    step = math.ceil(at_s.size / MOST_BUCKETS)
    if step <= 1:
        return at_s, told
    firsts = np.arange(0, at_s.size, step)
    known = np.isfinite(told)
    sums = np.add.reduceat(np.where(known, told, 0.0), firsts, axis=1)
    counts = np.add.reduceat(known, firsts, axis=1, dtype=float)
    means = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return np.add.reduceat(at_s, firsts) / np.diff([*firsts, at_s.size]), means


def _series(row: Numbers) -> Series:
    return tuple(value if math.isfinite(value) else None for value in row.tolist())
