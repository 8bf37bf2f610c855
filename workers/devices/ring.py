"""The ring between a device worker and its device process: slots of whole batches in one shared memory file.

Runs in the vendor's interpreter too (Python 3.8, standard library, numpy). The parent writes inputs of slot
`sequence % slots`, sends its 8-byte number over the socket; the child runs its batches, writes logits and times,
sends the same 8 bytes back. Strictly first in, first out: no free list, no locks.
"""

import struct
from typing import NamedTuple, Tuple

import numpy as np

MESSAGE = struct.Struct("<II")
"""(slot, batches in it)."""
MAX_RING_BYTES = 160 << 20
SLOT_IMAGES = 64
SLOT_MS = 30.0
PAGE = 4096


class Layout(NamedTuple):
    """The geometry of a ring. A slot holds `batches` batches of `batch` images; `dtype` is the program's input."""

    slots: int
    batches: int
    batch: int
    shape: Tuple[int, int, int]
    dtype: str
    classes: int

    @property
    def images(self) -> int:
        """Images per slot."""
        return self.batch * self.batches


class Views(NamedTuple):
    """The ring's arrays: `inputs` [slots, images, 3, H, W], `logits` float32 [slots, images, classes],
    `times` float32 [slots, batches, 3] (compute, h2d, d2h in ms; NaN where the vendor does not tell)."""

    inputs: np.ndarray
    logits: np.ndarray
    times: np.ndarray


def plan_layout(batch: int, shape: Tuple[int, int, int], dtype: str, classes: int, batch_ms: float) -> Layout:
    """The ring for a program that takes about `batch_ms` per batch.

    A slot is at most 64 images and 30 ms (one batch where a batch alone is more), so that per-slot costs vanish and
    an item's end is not waited for; four slots, fewer where they would pass 160 MB, never under two.
    """
    batches = max(1, min(SLOT_IMAGES // batch, int(SLOT_MS / max(batch_ms, 0.001))))
    slot_bytes = batches * batch * (int(np.prod(shape)) * np.dtype(dtype).itemsize + classes * 4)
    slots = max(2, min(4, MAX_RING_BYTES // max(slot_bytes, 1)))
    return Layout(slots, batches, batch, shape, dtype, classes)


def nbytes(layout: Layout) -> int:
    """Bytes of the shared memory file."""
    return sum(_sizes(layout))


def views(buffer: "memoryview", layout: Layout) -> Views:
    """The arrays over the mapped file."""
    sizes = _sizes(layout)
    inputs = np.ndarray((layout.slots, layout.images, *layout.shape), layout.dtype, buffer, 0)
    logits = np.ndarray((layout.slots, layout.images, layout.classes), np.float32, buffer, sizes[0])
    times = np.ndarray((layout.slots, layout.batches, 3), np.float32, buffer, sizes[0] + sizes[1])
    return Views(inputs, logits, times)


def _sizes(layout: Layout) -> Tuple[int, int, int]:
    images = layout.slots * layout.images
    inputs = images * int(np.prod(layout.shape)) * np.dtype(layout.dtype).itemsize
    logits = images * layout.classes * 4
    times = layout.slots * layout.batches * 3 * 4
    return _pages(inputs), _pages(logits), _pages(times)


def _pages(size: int) -> int:
    return -(-size // PAGE) * PAGE
