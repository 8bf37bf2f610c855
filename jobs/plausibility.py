"""What no chip does: the rules by which a figure cannot be true, for what was measured here and what others published."""

from __future__ import annotations

from collections.abc import Sequence

PROPORTIONAL = 1.12
"""Images/s per image of the batch that differ by less than this factor are the same: measured columns saturate."""
PROPORTIONAL_BATCHES = 3
PROPORTIONAL_UP_TO = 16
OFF_NEIGHBOURS = 1.8
COUNTED_TWICE = "grows in proportion to the batch, as if the batch were counted twice"

Point = tuple[int, float]
"""A batch and its images/s; rows of them go from the smallest batch to the largest."""


def share_of_peak(images_per_s: float, gflop: float, peak_tflops: float) -> float:
    """The figure as a fraction of the peak, `gflop` being one image's; above 1 it cannot be."""
    return images_per_s * gflop / 1000.0 / peak_tflops


def is_proportional(row: Sequence[Point]) -> bool:
    """Whether the batch was counted twice: images/s over batch stays the same over at least 3 batches up to 16 or more.

    Source: the later published DINO table, whose 310P column does; a chip saturates long before. A cpu need not.
    """
    if len(row) < PROPORTIONAL_BATCHES or row[-1][0] < PROPORTIONAL_UP_TO:
        return False
    per_batch = [figure / batch for batch, figure in row]
    return max(per_batch) <= PROPORTIONAL * min(per_batch)


def off_neighbours(row: Sequence[Point]) -> dict[int, float]:
    """By its place in the row: how many times both its neighbours a figure is, where that is more than 1.8 times."""
    found = {}
    for at, ((_, below), (_, figure), (_, above)) in enumerate(zip(row, row[1:], row[2:], strict=False), start=1):
        if figure > OFF_NEIGHBOURS * max(below, above):
            found[at] = figure / max(below, above)
    return found


def times_neighbours(factor: float) -> str:
    """The words for a figure off its neighbours."""
    return f"{factor:.1f} times both its neighbours"
