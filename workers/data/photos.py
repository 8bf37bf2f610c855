"""Where photos come from: one seam over a folder and a tar archive, so that nobody above asks which it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

SUFFIXES = frozenset([".jpg", ".jpeg", ".jpe", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"])
Stamps = NDArray[np.int64]


class Photos(Protocol):
    """The photos of a dataset by name, relative to `root` with `/` between folders. May be read by several threads."""

    @property
    def root(self) -> Path:
        """The folder or the archive."""

    @property
    def kind(self) -> str:
        """`folder` or `tar`, for people."""

    def names(self) -> list[str]:
        """Every photo, sorted; hidden files and folders are none. Raises: BadDataset when there is not one."""

    def read(self, name: str) -> bytes:
        """The bytes of one photo. Raises: OSError when it cannot be read, or is none of this place."""

    def stamps(self, names: Sequence[str]) -> Stamps:
        """A row of int64 per name that changes when the photo may have changed. Raises: OSError for one not there."""


def is_photo(name: str) -> bool:
    """Whether a relative name is a photo's: by its suffix, and hidden neither by itself nor by a folder."""
    return Path(name).suffix.lower() in SUFFIXES and not any(part.startswith(".") for part in name.split("/"))


def confined(name: str) -> bool:
    """Whether a relative name stays inside the place it is read from."""
    return not (name.startswith("/") or "\0" in name or ".." in name.split("/"))
