"""Where the photos lie in a tar archive: found once by its headers, then remembered by path, size and time of change."""

from __future__ import annotations

import hashlib
import os
import uuid
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dinoq.jobs.errors import BadDataset
from dinoq.workers.data.photos import confined, is_photo
from dinoq.workers.data.tar_headers import FOLDER, KINDS, LABEL, REGULAR, DamagedTar, Member, members

VERSION = 1


@dataclass(frozen=True, slots=True)
class TarFile:
    """An archive in one state: its size in bytes and time of change in ns."""

    path: Path
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Index:
    """`places`: offset and size in bytes by name; `others` counts the files that are no photos."""

    places: Mapping[str, tuple[int, int]]
    others: int


def indexed(file: TarFile, cache: Path | None) -> Index:
    """The index of an archive. A lost or broken note only costs another look at the headers. Raises: BadDataset."""
    note = None if cache is None else cache / f"{_key(file)}.npz"
    found = None if note is None else _recall(note, file.size)
    if found is None:
        found = _scan(file)
        if note is not None:
            _remember(note, found)
    return found


def _scan(file: TarFile) -> Index:
    try:
        with file.path.open("rb", buffering=0) as opened:
            fd = opened.fileno()
            found = _collected(file.path, members(lambda at, length: os.pread(fd, length, at), file.size))
            facts = os.fstat(fd)
    except DamagedTar as error:
        raise _refused(file.path, str(error), "fetch or pack it again, and compare its size or checksum") from None
    except OSError as error:
        raise _refused(file.path, f"cannot be read: {error.strerror}", "--data DIR or TAR") from None
    if (facts.st_size, facts.st_mtime_ns) != (file.size, file.mtime_ns):
        raise _refused(file.path, "changes while it is read", "wait until it is complete")
    return found


def _collected(archive: Path, entries: Iterable[Member]) -> Index:
    places: dict[str, tuple[int, int]] = {}
    others = 0
    for member in entries:
        name = _checked(archive, member)
        if name is None:
            continue
        if not is_photo(name):
            others += 1
        elif name in places:
            raise _refused(archive, f"holds {name} twice", "pack the archive anew, each photo once")
        else:
            places[name] = (member.at, member.size)
    return Index(places, others)


def _checked(archive: Path, member: Member) -> str | None:
    """The relative name of a file, None for what is none. Raises: BadDataset for what cannot be read in place."""
    if member.kind == LABEL:
        return None
    name = _normal(member.name)
    if not confined(name):
        raise _refused(archive, f"has the member {member.name!r}, which leads out of it", "pack it with relative names")
    if member.kind == FOLDER or member.name.endswith("/"):
        return None
    if member.kind not in REGULAR:
        cure = "tar --dereference --hard-dereference packs the photos themselves"
        what = KINDS.get(member.kind, f"of tar's type {member.kind.decode('latin-1')!r}")
        raise _refused(archive, f"has the member {name}, which is {what}, not a file", cure)
    return name


def _normal(name: str) -> str:
    """Without `./` and doubled slashes; what begins with a slash or goes up stays so."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    return ("/" if name.startswith("/") else "") + "/".join(parts)


def _refused(archive: Path, why: str, cure: str) -> BadDataset:
    return BadDataset(f"{archive} {why}.", hint=cure)


def _key(file: TarFile) -> str:
    what = f"{VERSION}\0{file.path.resolve()}\0{file.size}\0{file.mtime_ns}"
    return hashlib.sha256(what.encode(errors="surrogateescape")).hexdigest()


def _recall(note: Path, end: int) -> Index | None:
    try:
        with note.open("rb") as file, np.load(file) as kept:
            names = bytes(kept["names"].tobytes()).decode(errors="surrogateescape").split("\0")[:-1]
            rows, others = kept["places"], int(kept["others"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    sound = rows.shape == (len(names), 2) and rows.dtype == np.int64
    if not sound or (len(names) and (rows.min() < 0 or rows.sum(axis=1).max() > end)):
        return None
    return Index(dict(zip(names, map(tuple, rows.tolist()), strict=True)), others)


def _remember(note: Path, found: Index) -> None:
    names = "".join(f"{name}\0" for name in found.places).encode(errors="surrogateescape")
    places = np.array(list(found.places.values()), np.int64).reshape(len(found.places), 2)
    fresh = note.with_name(f".{uuid.uuid4().hex}.npz")
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        np.savez(fresh, names=np.frombuffer(names, np.uint8), places=places, others=np.int64(found.others))
        fresh.replace(note)
    except OSError:
        return
