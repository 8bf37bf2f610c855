"""Latency and the four scopes of throughput, from the times that the devices of a run reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.bootstrap import Interval, interval_of, resampled_rates
from dinoq.jobs.record import RunRecord
from dinoq.jobs.result import ShardResult, Times, by_device, in_feeding_order
from dinoq.jobs.statistics import drift, percentiles, spread, steady_from, variation
from dinoq.jobs.windows import Windows, windows_of

Scope = Literal["compute", "device", "pipeline", "job"]
SCOPES: tuple[Scope, ...] = ("compute", "device", "pipeline", "job")
MIN_BATCHES = 20
"""Fewer timed batches yield no compute or device figure."""
OUTLIER = 0.05
"""A device that lies further off the median of its run's devices is called an outlier."""
MIN_PEERS = 3
"""Of fewer devices nobody can say which one is off."""
Milliseconds = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """compute_ms over the `n` timed batches, in ms; `cv` is a fraction. None where there is nothing to tell."""

    n: int
    min: float | None
    mean: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    max: float | None
    cv: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Images per second in the four scopes (docs/report.md); `why` says, by scope, why a figure is None.

    compute: the program alone, per chip · device: with copies, per chip · pipeline: first batch fed to last result,
    per chip · job: first start to last finish, over all devices of the run.
    """

    compute: float | None
    device: float | None
    pipeline: float | None
    job: float | None
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFigures:
    """What one device of the run did: samples evaluated, batches timed, compute images/s, `cv` and `drift` of its
    compute_ms as fractions, `busy_ms` between feeding and results, `loading_ms` apart. `steady_from` is the place of the
    timed batch from which on its times stay at one level, 0 where all do; None where they never settle, or are too few."""

    key: str
    samples: int
    batches: int
    compute: float | None
    cv: float | None
    drift: float | None
    busy_ms: float
    loading_ms: float
    steady_from: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """How fast a run was. `wall_ms` is None where it measures nothing; `windows` are those of a run on random data.

    `draws` are the compute images/s that might have been measured (jobs/bootstrap.py), None where compute is.
    """

    latency: Latency
    throughput: Throughput
    devices: tuple[DeviceFigures, ...]
    loading_ms: float
    wall_ms: int | None
    windows: Windows | None = None
    draws: NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    @property
    def compute_interval(self) -> Interval | None:
        """The 95 % interval of the compute figure, as the times within the run tell; None without one."""
        return None if self.draws is None else interval_of(self.draws)

    @property
    def spread(self) -> float | None:
        """How far the devices' compute figures lie apart, as a fraction of their mean; None for one device."""
        return spread([device.compute for device in self.devices if device.compute is not None])


def off_median(devices: Sequence[DeviceFigures]) -> dict[str, float]:
    """By key, how far each device's compute figure lies off the median of all, as a fraction of it; empty for fewer
    than three figures."""
    figures = {device.key: device.compute for device in devices if device.compute is not None}
    if len(figures) < MIN_PEERS:
        return {}
    middle = float(np.median(list(figures.values())))
    return {key: figure / middle - 1.0 for key, figure in figures.items()}


def measure(
    run: RunRecord, results: Sequence[ShardResult], *, batch: int, loop: int, pure: bool = False
) -> Measurement:
    """The figures of a run from its merged results, each of which fed its samples `loop` times.

    Images are the evaluated samples times `loop`; padding and unreadable samples are none. Of a `pure` run, which has no
    samples, every image of every batch is one.
    """
    timings = [_Timing.of(key, parts) for key, parts in by_device(results).items()]
    compute_ms = _joined([timing.compute_ms for timing in timings])
    device_ms = _joined([timing.device_ms for timing in timings])
    images = sum(timing.executed * batch if pure else timing.samples * loop for timing in timings)
    busy_ms = sum(timing.busy_ms for timing in timings)
    wall_ms, no_wall = _wall(run)
    figures: dict[Scope, tuple[float | None, str]] = {
        "compute": _rate(compute_ms, batch),
        "device": _rate(device_ms, batch),
        "pipeline": (1000.0 * images / busy_ms, "") if images and busy_ms > 0 else (None, "no sample was evaluated"),
        "job": _job(images, wall_ms, no_wall),
    }
    return Measurement(
        latency=_latency(compute_ms),
        throughput=Throughput(
            **{scope: figure for scope, (figure, _) in figures.items()},
            why={scope: why for scope, (_, why) in figures.items() if why},
        ),
        devices=tuple(timing.figures(batch) for timing in timings),
        loading_ms=sum(timing.loading_ms for timing in timings),
        wall_ms=wall_ms,
        draws=resampled_rates([timing.compute_ms for timing in timings], batch) if figures["compute"][0] else None,
        windows=next((windows_of(Times.from_blob(part.times)) for part in results if pure), None),
    )


@dataclass(frozen=True)
class _Timing:
    """The times of one device, its parts in the order it was fed them. Arrays are of timed batches alone; `executed`
    counts all of them."""

    key: str
    samples: int
    executed: int
    compute_ms: Milliseconds
    device_ms: Milliseconds
    spans: NDArray[np.float64]
    loading_ms: float

    @classmethod
    def of(cls, key: str, parts: Sequence[ShardResult]) -> _Timing:
        times = in_feeding_order(parts)
        rows = np.concatenate(
            [np.stack([one.compute_ms, one.h2d_ms, one.d2h_ms])[:, one.timed] for one in times], axis=1
        ).astype(np.float64)
        return cls(
            key=key,
            samples=sum(part.n for part in parts),
            executed=sum(one.timed.size for one in times),
            compute_ms=rows[0],
            device_ms=rows.sum(axis=0),
            spans=np.array([(one.fed_ms, one.done_ms) for one in times]),
            loading_ms=sum(one.loading_ms for one in times),
        )

    @cached_property
    def busy_ms(self) -> float:
        """The length of the union of its intervals: a device is fed the next part before the last one is back."""
        fed, done = self.spans[:, 0], self.spans[:, 1]
        reached = np.maximum.accumulate(np.concatenate([fed[:1], done]))[:-1]
        return float(np.maximum(done - np.maximum(fed, reached), 0.0).sum())

    def figures(self, batch: int) -> DeviceFigures:
        return DeviceFigures(
            key=self.key,
            samples=self.samples,
            batches=self.compute_ms.size,
            compute=_rate(self.compute_ms, batch)[0],
            cv=_finite(variation(self.compute_ms)),
            drift=_finite(drift(self.compute_ms)),
            busy_ms=self.busy_ms,
            loading_ms=self.loading_ms,
            steady_from=steady_from(self.compute_ms),
        )


def _joined(arrays: Sequence[Milliseconds]) -> Milliseconds:
    return np.concatenate([np.empty(0), *arrays])


def _rate(batch_ms: Milliseconds, batch: int) -> tuple[float | None, str]:
    """1000 * batch / mean, or why there is none."""
    if batch_ms.size < MIN_BATCHES:
        return None, f"timed batches: {batch_ms.size}, of {MIN_BATCHES} needed"
    if not np.isfinite(batch_ms).all():
        return None, "the vendor does not tell these times"
    if (mean := float(batch_ms.mean())) <= 0.0:
        return None, "the device reported no time at all"
    return 1000.0 * batch / mean, ""


def _latency(compute_ms: Milliseconds) -> Latency:
    values = compute_ms[np.isfinite(compute_ms)]
    p50, p90, p95, p99 = percentiles(values, (50, 90, 95, 99))
    low, mean, high = (float(values.min()), float(values.mean()), float(values.max())) if values.size else (None,) * 3
    n = int(values.size)
    return Latency(n=n, min=low, mean=mean, p50=p50, p90=p90, p95=p95, p99=p99, max=high, cv=variation(values))


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _wall(run: RunRecord) -> tuple[int | None, str]:
    if run.wall_void:
        return None, run.wall_void
    if run.first_start_ms is None or run.last_finish_ms is None:
        return None, "nothing was finished"
    wall_ms = run.last_finish_ms - run.first_start_ms
    return (wall_ms, "") if wall_ms > 0 else (None, "it took no time by the database's clock")


def _job(images: int, wall_ms: int | None, no_wall: str) -> tuple[float | None, str]:
    if wall_ms is None:
        return None, no_wall
    return (1000.0 * images / wall_ms, "") if images else (None, "no sample was evaluated")
