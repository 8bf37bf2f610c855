"""Where an export goes: a place that is new, on a disk with room for it, filled whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

from dinoq.jobs.errors import BadFolder, DinoqError, UsageError

NEW = "-o names a new folder, or one without this in it"


def require_new(*places: Path) -> None:
    """Raises: UsageError for a place where there is something already."""
    for place in places:
        if place.exists() or place.is_symlink():
            raise UsageError(f"{place} is there already, and is not written over.", hint=NEW)


def require_room(folder: Path, files: int, file_bytes: int) -> None:
    """Raises: BadFolder when the disk under `folder`, which need not be there yet, cannot take so many files of so many
    bytes, each rounded up to whole blocks."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    disk = os.statvfs(there)
    needed = files * -(-file_bytes // disk.f_bsize) * disk.f_bsize
    free = disk.f_bavail * disk.f_frsize
    if needed > free:
        raise BadFolder(
            f"{folder} needs {_size(needed)} for {files} files, and its disk has {_size(free)} free.",
            hint="free space, or -o on another disk",
        )
    if disk.f_files and files > disk.f_favail:
        raise BadFolder(
            f"{folder} needs {files} files, and its disk takes only {disk.f_favail} more.", hint="-o on another disk"
        )


@contextlib.contextmanager
def fresh_folder(place: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `place` when the block ends, and is gone when it fails or is interrupted.

    Raises: UsageError for a place that is there or cannot be written, BadFolder for a full disk.
    """
    require_new(place)
    fresh = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
    try:
        fresh.mkdir(parents=True)
        yield fresh
        fresh.rename(place)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise _told(place, error) from None
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def require_free(texts: Mapping[Path, str]) -> None:
    """Raises: UsageError where there is something else than the text that is to be written."""
    require_new(*(place for place, text in texts.items() if not _holds(place, text)))


def write_texts(texts: Mapping[Path, str]) -> None:
    """Write new files; those that hold just this may be there. Raises: UsageError, BadFolder."""
    require_free(texts)
    for place, text in texts.items():
        fresh = place.with_name(f".{place.name}.{uuid.uuid4().hex}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(_encoded(text))
            fresh.replace(place)
        except OSError as error:
            fresh.unlink(missing_ok=True)
            raise _told(place, error) from None


def _holds(place: Path, text: str) -> bool:
    return place.is_file() and place.read_bytes() == _encoded(text)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")  # names as the file system has them


def _told(place: Path, error: OSError) -> DinoqError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return BadFolder(f"the disk of {place} is full.", hint="free space, or -o on another disk")
    return UsageError(f"{place} cannot be written: {error.strerror}.", hint="-o FOLDER")


def _size(count: int) -> str:
    """`30.1 GB`, `512 MB`."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
