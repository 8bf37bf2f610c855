"""Jobs into a `.dinoq` file: one zip archive that names its members with size and sha256, whole or not there at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from dinoq import __version__
from dinoq.jobs.carried import VERSION, Carried
from dinoq.jobs.carried_text import to_members
from dinoq.jobs.errors import BadFolder, UsageError

CONTENTS = "dinoq.json"
MOST_BYTES = 1 << 30
"""What a file may hold beside logits: it is read whole."""
CHUNK = 1 << 20


def pack(path: Path, jobs: Sequence[Carried], store: Path, *, logits: bool = False) -> int:
    """Write the jobs into one file, in the place of what was there; its size in bytes.

    `store` is where logits lie. Raises: BadFolder when the disk has no room, before anything is written; UsageError
    for a place that cannot be written, or more than one file can hold.
    """
    carried = jobs if logits else [job.without_logits() for job in jobs]
    members = {name: content for job in carried for name, content in to_members(job).items()}
    files = {place: store / place for job in carried for place in job.logits}
    _check_room(path, sum(map(len, members.values())), sum(map(_size, files.values())))
    return _whole(path, lambda out: _write(out, jobs, members, files))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError as error:
        text = f"logits {file} cannot be read: {error.strerror}."
        raise BadFolder(text, hint="export without --with-logits") from None


def _check_room(path: Path, rows: int, logits: int) -> None:
    if rows > MOST_BYTES:
        text = f"these jobs hold {rows >> 20} MiB, and one file at most {MOST_BYTES >> 20} MiB."
        raise UsageError(text, hint="export them to several files")
    folder = path.absolute().parent
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}.", hint="-o x.dinoq") from None
    if rows + logits > free:
        raise BadFolder(
            f"{folder} has {free >> 20} MiB free, and the export may need {(rows + logits >> 20) + 1} MiB.",
            hint="free space, or -o on another disk",
        )


def _whole(path: Path, write: Callable[[IO[bytes]], None]) -> int:
    """The file appears under its name once it is on disk."""
    fresh = path.absolute().parent / f".{path.name}.{uuid.uuid4().hex}"
    try:
        with fresh.open("xb") as out:
            write(out)
            out.flush()
            os.fsync(out.fileno())
        size = fresh.stat().st_size
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise BadFolder(f"{path} cannot be written: {error.strerror}.", hint="-o on another disk") from None
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return size


def _write(out: IO[bytes], jobs: Sequence[Carried], members: Mapping[str, bytes], files: Mapping[str, Path]) -> None:
    with zipfile.ZipFile(out, "w") as archive:
        listed = []
        for name, content in members.items():
            archive.writestr(_head(name, zipfile.ZIP_DEFLATED), content)
            listed.append({"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()})
        for place, file in files.items():
            listed.append(_add_file(archive, place, file))
        archive.writestr(_head(CONTENTS, zipfile.ZIP_DEFLATED), _contents(jobs, listed))


def _contents(jobs: Sequence[Carried], listed: list[dict[str, object]]) -> str:
    told = [{"uuid": job.job.uuid, "name": job.job.name, "source": job.job.source} for job in jobs]
    values = {"format": "dinoq", "version": VERSION, "made_by": f"dinoq {__version__}", "jobs": told}
    return json.dumps(values | {"members": listed}, indent=1) + "\n"


def _add_file(archive: zipfile.ZipFile, place: str, file: Path) -> dict[str, object]:
    """Copy a file in as it is."""
    digest, size = hashlib.sha256(), 0
    with file.open("rb") as source, archive.open(_head(place, zipfile.ZIP_STORED), "w", force_zip64=True) as target:
        for block in _blocks(source):
            target.write(block)
            digest.update(block)
            size += len(block)
    return {"name": place, "bytes": size, "sha256": digest.hexdigest()}


def _blocks(source: IO[bytes]) -> Iterable[bytes]:
    while block := source.read(CHUNK):
        yield block


def _head(name: str, how: int) -> zipfile.ZipInfo:
    """A member without a time of its own, so that equal jobs give equal files."""
    head = zipfile.ZipInfo(name)
    head.compress_type = how
    head.external_attr = 0o644 << 16
    return head
