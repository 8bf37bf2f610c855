"""How steady a run was: the noise between runs that looking into one of them can show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.measure import MIN_BATCHES
from dinoq.jobs.result import ShardResult, by_device, in_feeding_order

QUARTERS = 4


def unsteadiness(results: Sequence[ShardResult]) -> float | None:
    """How much the slowest quarter of a device's batches took longer than its fastest, less 1; the largest over the
    devices. None where no device has 20 timed batches in each quarter.

    A mean over a quarter of a run wavers at least as much as the mean over all of it does from run to run, unless what
    disturbs it lasts longer than the run.
    """
    found = [_between_quarters(_compute_ms(parts)) for parts in by_device(results).values()]
    return max((one for one in found if one is not None), default=None)


def _compute_ms(parts: Sequence[ShardResult]) -> NDArray[np.float64]:
    """The timed batches of one device, in the order it was fed them."""
    return np.concatenate([one.compute_ms[one.timed] for one in in_feeding_order(parts)]).astype(np.float64)


def _between_quarters(compute_ms: NDArray[np.float64]) -> float | None:
    if compute_ms.size < QUARTERS * MIN_BATCHES or not np.isfinite(compute_ms).all():
        return None
    means = [float(quarter.mean()) for quarter in np.array_split(compute_ms, QUARTERS)]
    return max(means) / min(means) - 1.0 if min(means) > 0.0 else None
