"""A file that a command is asked to write: looked at before the work, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dinoq.jobs.errors import UsageError


def check_free(path: Path, *, force: bool) -> None:
    """Raises: UsageError where the file could not be written, or is there already and `force` is not set."""
    with _said(path):
        if path.is_dir():
            raise UsageError(f"{path} is a folder; expected a file to write.", hint=f"-o {path / 'report.md'}")
        if not path.parent.is_dir():
            text = f"there is no folder {path.parent} to write {path.name} into."
            raise UsageError(text, hint=f"mkdir -p {path.parent}")
        if path.is_file() and not force:
            raise UsageError(
                f"{path} is there already; it was not changed.", hint="--force to replace it, or another -o"
            )
        if not path.exists() and not os.access(path.parent, os.W_OK):
            raise UsageError(f"{path} cannot be written: its folder is read-only.", hint="-o FILE")


def write_whole(path: Path, text: str) -> None:
    """Beside its place first, then into it: whoever reads it finds the old file or the new one, never half of one. A file
    that is replaced keeps its mode, a link what it points to; a pipe or a device is written into.

    Raises: UsageError.
    """
    with _said(path):
        place = path.resolve()
        if place.exists() and not place.is_file():
            place.write_text(text, encoding="utf-8")
        else:
            _replace(place, text)


def _replace(place: Path, text: str) -> None:
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with beside.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        if place.exists():
            shutil.copymode(place, beside)
        beside.replace(place)
    finally:
        with suppress(OSError):
            beside.unlink()


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """What the system refuses, as a sentence."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", hint="-o FILE") from None
