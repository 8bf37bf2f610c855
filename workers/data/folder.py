"""Photos in a folder. Links are the user's own and are followed, wherever they point."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dinoq.jobs.errors import BadDataset
from dinoq.workers.data.photos import SUFFIXES, Stamps, confined, is_photo


@dataclass(frozen=True, slots=True)
class Folder:
    """The photos under a folder, at any depth."""

    root: Path
    kind: str = "folder"

    def names(self) -> list[str]:
        """Sorted, relative to the root. Links that point nowhere are listed: they fail later, as samples.

        Raises: BadDataset when there is no photo, or a folder that cannot be listed: what is in it would be missed.
        """
        found = []
        for folder, folders, files in os.walk(self.root, followlinks=True, onerror=_refuse):
            folders[:] = [name for name in folders if not name.startswith(".") and not _turns_back(folder, name)]
            inside = Path(folder).relative_to(self.root)
            found += [(inside / name).as_posix() for name in files if is_photo(name)]
        if not found:
            raise BadDataset(f"{self.root} holds no photos ({' '.join(sorted(SUFFIXES))}).", hint="--data DIR or TAR")
        return sorted(found)

    def read(self, name: str) -> bytes:
        """The bytes of one photo. Raises: OSError when it cannot be read, or its name leads out of the folder."""
        if not confined(name):
            raise PermissionError(f"{name!r} is not inside the data folder")
        path = self.root / name
        if not path.is_file():
            raise FileNotFoundError("no such file" if not path.is_dir() else "it is a folder")
        return path.read_bytes()

    def stamps(self, names: Sequence[str]) -> Stamps:
        """Size and time of change in ns, int64 [n, 2]. Raises: OSError for a file that is not there."""
        facts = [(self.root / name).stat() for name in names]
        return np.array([(fact.st_size, fact.st_mtime_ns) for fact in facts], np.int64).reshape(len(names), 2)


def _refuse(error: OSError) -> None:
    raise BadDataset(f"folder {error.filename} cannot be listed: {error.strerror}.", hint="chmod, or leave it out")


def _turns_back(folder: str, name: str) -> bool:
    """Whether a folder is a link to one that it lies in: following it would never end."""
    path = Path(folder, name)
    return path.is_symlink() and Path(folder).resolve().is_relative_to(path.resolve())
