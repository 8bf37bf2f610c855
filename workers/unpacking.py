"""Jobs out of a `.dinoq` file. Nothing in it is believed: sizes, names and sha256s are checked before rows are read."""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import uuid
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from dinoq.jobs.carried import VERSION, Carried
from dinoq.jobs.carried_checks import LOGITS, check
from dinoq.jobs.carried_text import dataset_member, from_members, members_of
from dinoq.jobs.errors import BadExchange, BadFolder
from dinoq.jobs.typed import Malformed, from_json, typed
from dinoq.workers.data.shards import fresh_file
from dinoq.workers.packing import CHUNK, CONTENTS, MOST_BYTES

MOST_CONTENTS = 64 << 20
DATASET = re.compile("datasets/[0-9a-f]{64}[.]txt")
AGAIN = "have it exported and sent again"
WAYS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What a damaged archive makes zipfile raise."""


class Newer(Malformed):
    """A file of a version that this dinoq does not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member as the file's table of contents tells of it."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which job the file carries, and where it was worked."""

    uuid: str
    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`dinoq.json`: everything else in the file."""

    format: str
    version: int
    made_by: str
    jobs: list[Origin] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)


@dataclass(frozen=True)
class Unpacked:
    """The jobs of an open file, and its logits by their place, which are checked but not copied yet."""

    jobs: tuple[Carried, ...]
    archive: zipfile.ZipFile
    logits: dict[str, Member]

    @contextmanager
    def logits_in(self, path: Path, store: Path, named: Callable[[list[str]], Collection[str]]) -> Iterator[None]:
        """The logits lie in the store while the block decides about the jobs. However it ends, of those that were not
        there before only what the history has `named` by then stays.

        Raises: BadExchange when the store holds others in that place, BadFolder for a disk without room.
        """
        fresh: list[str] = []
        try:
            with _sentences(path):
                new = {place: member for place, member in self.logits.items() if not _there(member, store / place)}
                _check_room(store, sum(member.bytes for member in new.values()))
                for place, member in new.items():
                    _store(self.archive, member, store / place)
                    fresh.append(place)
            yield
        finally:
            for place in set(fresh).difference(named(fresh) if fresh else ()):
                (store / place).unlink(missing_ok=True)


@contextmanager
def unpack(path: Path) -> Iterator[Unpacked]:
    """The jobs of a file, every byte and every row checked. Raises: BadExchange, saying what is wrong with it."""
    with _opened(path) as file:
        with _sentences(path):
            made = _unpacked(zipfile.ZipFile(file))
        with made.archive:
            yield made


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise BadExchange(f"{path} cannot be read: {error.strerror}.", hint="dinoq import x.dinoq") from None
    with file:
        yield file


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except Malformed as error:
        hint = "update dinoq on this host" if isinstance(error, Newer) else AGAIN
        raise BadExchange(f"{path} cannot be imported: {error}.", hint=hint) from None
    except BROKEN as error:
        what = str(error) or type(error).__name__
        raise BadExchange(f"{path} is damaged, or no .dinoq file: {what}.", hint=AGAIN) from None
    except OSError as error:
        raise BadExchange(f"{path} cannot be taken in: {error.strerror or error}.", hint="dinoq doctor") from None


def _unpacked(archive: zipfile.ZipFile) -> Unpacked:
    contents = _contents(archive)
    _check_names(archive, contents)
    logits = {one.name: one for one in contents.members if LOGITS.fullmatch(one.name)}
    rows = {one.name: _read(archive, one) for one in contents.members if one.name not in logits}
    jobs = tuple(from_members(job.uuid, rows) for job in contents.jobs)
    for job in jobs:
        check(job)
    used = {place for job in jobs for place in (*job.logits, dataset_member(job.manifest.id))}
    if lacking := used - {*logits, *rows}:
        raise Malformed(f"it lacks {min(lacking)}")
    if stray := {name for name in (*logits, *rows) if not name.startswith("jobs/")} - used:
        raise Malformed(f"its member {min(stray)} belongs to no job")
    for one in logits.values():
        _check_logits(archive, one)
    return Unpacked(jobs, archive, logits)


def _contents(archive: zipfile.ZipFile) -> Contents:
    """The table of contents. Raises: Malformed for another format, Newer."""
    heads = [head for head in archive.infolist() if head.filename == CONTENTS]
    if len(heads) != 1 or heads[0].file_size > MOST_CONTENTS:
        raise Malformed(f"it has no {CONTENTS} of a sound size, so it is no .dinoq file")
    values = from_json(_inflated(archive, heads[0]), CONTENTS)
    told = values if isinstance(values, dict) else {}
    version = told.get("version")
    if told.get("format") != "dinoq" or type(version) is not int:
        raise Malformed(f"its {CONTENTS} does not say that it is a .dinoq file")
    if version > VERSION:
        made_by = str(told.get("made_by"))[:40]
        raise Newer(f"it is of version {version}, made by {made_by}; this dinoq reads version {VERSION}")
    return typed(Contents, told, CONTENTS)


def _check_names(archive: zipfile.ZipFile, contents: Contents) -> None:
    """The file holds what its table of contents names, nothing else, and no name that a job does not have."""
    there = sorted(head.filename for head in archive.infolist())
    named = sorted([CONTENTS, *(one.name for one in contents.members)])
    if there != named or len(set(named)) != len(named):
        odd = next(iter(set(there) ^ set(named)), "a member twice")
        raise Malformed(f"its members are not those that {CONTENTS} names ({odd[:80]!r})")
    uuids = [job.uuid for job in contents.jobs]
    needed = {name for one in uuids for name in members_of(one)}
    if not uuids or len(set(uuids)) != len(uuids) or not all(re.fullmatch("[0-9a-f]{32}", one) for one in uuids):
        raise Malformed("it names no jobs, or one twice")
    if lacking := needed - set(named):
        raise Malformed(f"it lacks {min(lacking)}")
    for one in contents.members:
        known = one.name in needed or DATASET.fullmatch(one.name) or LOGITS.fullmatch(one.name)
        if not known or one.bytes < 0:
            raise Malformed(f"its member {one.name[:80]!r} is none that a job has")
    if sum(one.bytes for one in contents.members if not LOGITS.fullmatch(one.name)) > MOST_BYTES:
        raise Malformed(f"it would unpack to more than {MOST_BYTES >> 20} MiB")


def _read(archive: zipfile.ZipFile, member: Member) -> bytes:
    """A member whole. Raises: Malformed when it is not what the table of contents says."""
    head = archive.getinfo(member.name)
    if head.file_size != member.bytes:
        raise Malformed(f"{member.name} has {head.file_size} bytes instead of {member.bytes}")
    content = _inflated(archive, head)
    if hashlib.sha256(content).hexdigest() != member.sha256:
        raise Malformed(f"{member.name} is not what was written: its sha256 differs")
    return content


def _inflated(archive: zipfile.ZipFile, head: zipfile.ZipInfo) -> bytes:
    """No more than the size that the head tells: read in pieces, zipfile inflates no more of it at once."""
    with _member(archive, head) as file:
        return b"".join(iter(lambda: file.read(CHUNK), b""))


def _member(archive: zipfile.ZipFile, head: zipfile.ZipInfo) -> IO[bytes]:
    if head.compress_type not in WAYS or head.flag_bits & 1:
        raise Malformed(f"{head.filename} is packed in a way that a .dinoq file is not")
    return archive.open(head)


def _blocks(archive: zipfile.ZipFile, member: Member) -> Iterator[bytes]:
    """A large member piece by piece. Raises: Malformed at its end when it was not what the table of contents says."""
    digest, size = hashlib.sha256(), 0
    with _member(archive, archive.getinfo(member.name)) as file:
        while block := file.read(CHUNK):
            digest.update(block)
            size += len(block)
            yield block
    if (size, digest.hexdigest()) != (member.bytes, member.sha256):
        raise Malformed(f"{member.name} is not what was written: its sha256 differs")


def _check_logits(archive: zipfile.ZipFile, member: Member) -> None:
    """They are what their name says, as whatever asks the store for them will see."""
    named = LOGITS.fullmatch(member.name)
    if named is None or named[1] != member.sha256:
        raise Malformed(f"{member.name} is not what its name says")
    for _ in _blocks(archive, member):
        pass


def _there(member: Member, path: Path) -> bool:
    """Whether it is where it belongs already. Raises: Malformed for another one there."""
    if not path.exists():
        return False
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != member.sha256:
            raise Malformed(f"the store holds another {member.name}")
    return True


def _check_room(store: Path, needed: int) -> None:
    free = shutil.disk_usage(store).free if needed else 0
    if needed > free:
        raise BadFolder(
            f"the store {store} has {free >> 20} MiB free, and these logits need {(needed >> 20) + 1} MiB.",
            hint="free space, or export without --with-logits",
        )


def _store(archive: zipfile.ZipFile, member: Member, path: Path) -> None:
    """Copy a member to where it belongs."""
    name = f".{uuid.uuid4().hex}"
    with fresh_file(path.parent, name) as out:
        for block in _blocks(archive, member):
            out.write(block)
    (path.parent / name).replace(path)
