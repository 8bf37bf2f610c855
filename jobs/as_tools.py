"""A run as the recipe's own tools would tell it: the same figures under their names, and nothing that was not measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.formats.ais_bench import Summary
from dinoq.jobs.formats.benchmark import Perf, Stage
from dinoq.jobs.formats.spread import Spread, spread_of
from dinoq.jobs.measure import DeviceFigures, Measurement
from dinoq.jobs.merge import Merged
from dinoq.jobs.result import ShardResult, Times

Files = Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
"""Names of input and output files, by sample."""
_UNTOLD = Stage(rate=None, latency_ms=None)


def top_k(merged: Merged, labels: NDArray[np.int32]) -> list[float]:
    """The share of the dataset's samples whose label is among the first k classes, for k = 1 to 5.

    Of all samples: one that is missing or not readable counts as wrong. `labels` int32 [samples].
    """
    right = merged.predictions().classes == labels[:, None]
    hits = np.logical_or.accumulate(right, axis=1).sum(axis=0)
    return [float(count) / merged.coverage.expected for count in hits]


def perf_of(figures: DeviceFigures, measured: Measurement, *, loop: int) -> Perf | None:
    """What `benchmark` would write of one device of the run; None where too few batches were timed.

    Interface throughputRate is the compute figure, which the published tables take; [infer] is the pipeline's; [e2e] is
    the job's, where the device had no other beside it. The tool's other stages are not measured apart.
    """
    if figures.compute is None:
        return None
    alone = len(measured.devices) == 1
    return Perf(
        e2e=Stage(rate=measured.throughput.job, latency_ms=measured.wall_ms) if alone else _UNTOLD,
        data_read=_UNTOLD,
        preprocess=_UNTOLD,
        infer=Stage(rate=_pipeline(figures, loop), latency_ms=None),
        post=_UNTOLD,
        interface=figures.compute,
    )


def summary_of(merged: Merged, measured: Measurement, batch: int, files: Files) -> Summary | None:
    """What ais_bench would sum the run up as; None where too few batches were timed. Padded batches are left out, and
    times that the vendor does not tell."""
    compute_ms, h2d_ms, d2h_ms = _timed(merged.results)
    if measured.throughput.compute is None:
        return None
    return Summary(
        throughput=measured.throughput.compute,
        compute=spread_of(compute_ms),
        h2d=_spread(h2d_ms),
        d2h=_spread(d2h_ms),
        batch=batch,
        compute_ms=tuple(map(float, compute_ms)),
        files=files,
    )


def _pipeline(figures: DeviceFigures, loop: int) -> float | None:
    return 1000.0 * figures.samples * loop / figures.busy_ms if figures.samples and figures.busy_ms > 0.0 else None


def _timed(results: Sequence[ShardResult]) -> NDArray[np.float64]:
    """compute, h2d and d2h in ms of the full batches, [3, n]."""
    times = [Times.from_blob(result.times) for result in results]
    rows = [np.stack([one.compute_ms, one.h2d_ms, one.d2h_ms])[:, one.timed] for one in times]
    return np.concatenate([np.empty((3, 0)), *rows], axis=1)


def _spread(values_ms: NDArray[np.float64]) -> Spread | None:
    return spread_of(values_ms) if np.isfinite(values_ms).all() else None
