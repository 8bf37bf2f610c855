"""Photos in a plain tar archive, read in place: indexed once, then each by its offset. Nothing is extracted."""

from __future__ import annotations

import functools
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dinoq.jobs.errors import BadDataset
from dinoq.workers.data.photos import SUFFIXES, Stamps
from dinoq.workers.data.tar_index import Index, TarFile, indexed

COMPRESSED = {
    b"\x1f\x8b": ("compressed with gzip", "gunzip"),
    b"BZh": ("compressed with bzip2", "bunzip2"),
    b"\xfd7zXZ\0": ("compressed with xz", "unxz"),
    b"\x28\xb5\x2f\xfd": ("compressed with zstd", "unzstd"),
    b"PK\x03\x04": ("a zip archive", "unzip"),
}
"""By the first bytes: what it is, and what makes something readable of it."""


@dataclass(frozen=True, slots=True)
class Tar:
    """The photos of an archive as it was when it was indexed; one that changes afterwards is not read any more."""

    file: TarFile
    index: Index = field(repr=False)
    kind: str = "tar"

    @property
    def root(self) -> Path:
        """The archive."""
        return self.file.path

    def names(self) -> list[str]:
        """Sorted. Raises: BadDataset when there is no photo."""
        if not self.index.places:
            others = f"; it holds {self.index.others} other files" if self.index.others else ""
            raise BadDataset(
                f"{self.root} holds no photos ({' '.join(sorted(SUFFIXES))}){others}.",
                hint="ILSVRC2012_img_val.tar; archives inside an archive are not opened",
            )
        return sorted(self.index.places)

    def read(self, name: str) -> bytes:
        """The bytes of one photo. Raises: OSError when it is no member, or the archive has changed."""
        at, size = self._place(name)
        fd = os.open(self.root, os.O_RDONLY | os.O_CLOEXEC)
        try:
            facts = os.fstat(fd)
            if (facts.st_size, facts.st_mtime_ns) != (self.file.size, self.file.mtime_ns):
                raise OSError("the archive has changed since it was indexed")
            data = os.pread(fd, size, at)
        finally:
            os.close(fd)
        if len(data) != size:
            raise OSError("the archive ends within it")
        return data

    def stamps(self, names: Sequence[str]) -> Stamps:
        """Place and size of each, size and time of change of the archive: int64 [n, 4]. Raises: OSError."""
        rows = [(*self._place(name), self.file.size, self.file.mtime_ns) for name in names]
        return np.array(rows, np.int64).reshape(len(names), 4)

    def _place(self, name: str) -> tuple[int, int]:
        place = self.index.places.get(name)
        if place is None:
            raise FileNotFoundError(f"no such member of {self.root.name}")
        return place


def open_tar(path: Path, cache: Path | None) -> Tar:
    """The archive at `path`, its index taken from `cache` or kept there. Raises: BadDataset for what is no plain tar,
    is damaged, or has a member that cannot be meant: links, devices, names that lead out, names twice."""
    try:
        facts = path.stat()
        head = _head(path) if stat.S_ISREG(facts.st_mode) else b""
    except OSError as error:
        raise BadDataset(f"{path} cannot be read: {error.strerror}.", hint="--data DIR or TAR") from None
    _check_plain(path, head)
    file = TarFile(path, facts.st_size, facts.st_mtime_ns)
    return Tar(file, _index(file, cache))


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


_index = functools.lru_cache(maxsize=2)(indexed)
"""A worker opens the archive once for each slice."""


def _check_plain(path: Path, head: bytes) -> None:
    for magic, (what, program) in COMPRESSED.items():
        if head.startswith(magic):
            raise BadDataset(
                f"{path} is {what}; photos are read in place, from a folder or a plain tar.", hint=f"{program} {path}"
            )
    if not head:
        raise BadDataset(f"{path} is empty or no file; expected a folder or a plain tar.", hint="--data DIR or TAR")
