"""The manifest of a dataset: which samples, in which order, with which labels. Fixed at submit, known by its id."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Manifest:
    """Sample names (relative to the data root, `/` between folders) and their 0-based classes, in evaluation order."""

    names: tuple[str, ...]
    labels: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.labels):
            raise ValueError(f"{len(self.names)} names and {len(self.labels)} labels")

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def id(self) -> str:
        """sha256 over names and labels in order."""
        return hashlib.sha256(self.to_text()).hexdigest()

    @cached_property
    def label_array(self) -> NDArray[np.int32]:
        """The labels as int32 [n]."""
        return np.array(self.labels, dtype=np.int32)

    def to_blob(self) -> bytes:
        """For SQL; `from_blob` reads it back."""
        return zlib.compress(self.to_text())

    @classmethod
    def from_blob(cls, blob: bytes) -> Manifest:
        """The manifest that `to_blob` wrote."""
        return cls.from_text(zlib.decompress(blob))

    @classmethod
    def from_text(cls, text: bytes) -> Manifest:
        """The manifest that `to_text` wrote."""
        rows = [line.split(" ", 1) for line in text.decode("utf-8", "surrogateescape").split("\0")[:-1]]
        return cls(tuple(name for _, name in rows), tuple(int(label) for label, _ in rows))

    def to_text(self) -> bytes:
        """`LABEL NAME` of each sample, a NUL after each; the sha256 of it is the id."""
        # NUL ends a row: the one character that no file name can hold.
        rows = (f"{label} {name}\0" for name, label in zip(self.names, self.labels, strict=True))
        return "".join(rows).encode("utf-8", "surrogateescape")
