"""A file that a command is asked to write: looked at before the work, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from dinoq.jobs.errors import UsageError


def check_free(path: Path, *, force: bool) -> None:
    """Raises: UsageError where the file could not be written, or is there already and `force` is not set."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder; expected a file to write.", hint=f"-o {path / 'report.md'}")
    if not path.parent.is_dir():
        raise UsageError(f"there is no folder {path.parent} to write {path.name} into.", hint=f"mkdir -p {path.parent}")
    if path.exists() and not force:
        raise UsageError(f"{path} is there already; it was not changed.", hint="--force to replace it, or another -o")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"{path} cannot be written: its folder is read-only.", hint="-o FILE")


def write_whole(path: Path, text: str) -> None:
    """Beside its place first, then into it: whoever reads it finds the old file or the new one, never half of one. A file
    that is replaced keeps its mode, a link what it points to.

    Raises: UsageError.
    """
    place = path.resolve()
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        if place.exists():
            shutil.copymode(place, beside)
        beside.replace(place)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="-o FILE") from None
    finally:
        with suppress(OSError):
            beside.unlink()
