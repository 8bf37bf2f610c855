"""ImageNet's development kit as label source: the validation ids in the order of the photos, and what the ids mean.

The ground truth is a column of ILSVRC2012_ID; `meta.mat` (or a synset list) says which WordNet id each is; the class is
the place of that WordNet id among the sorted ones. The id less one is another order, and wrong.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.errors import BadLabels
from dinoq.jobs.imagenet import photo_name
from dinoq.workers.data.label_file import INDEX, WNID
from dinoq.workers.data.labels import Labels
from dinoq.workers.data.matlab import NoMatFile, read_structs
from dinoq.workers.data.tar_headers import BLOCK, REGULAR, DamagedTar, members

TRUTH = re.compile(r"(.*_)?validation_ground_truth\.txt")
META = re.compile(r"meta.*\.mat")
SYNSETS = re.compile(r".*(synset|map_clsloc).*\.txt")
GZIP = b"\x1f\x8b"
USTAR_AT = 257
MAX_BYTES = 256 << 20
FOLDERS = (".", "data", "ILSVRC2012_devkit_t12/data")
"""Where its files lie in an unpacked one."""
CURE = "--labels ILSVRC2012_devkit_t12.tar.gz as published, or lines NAME INDEX (val_map.txt)"


@dataclass(frozen=True, slots=True)
class Devkit:
    """What counts of one: the ground truth, and the files that may say what the ids mean, by name."""

    truth: bytes
    meanings: Mapping[str, bytes]


def is_devkit(path: Path) -> bool:
    """Whether labels are given as a devkit: its archive, its folder, or its ground truth with a meaning beside it."""
    if path.is_dir():
        return True
    try:
        head = _head(path)
    except OSError:
        return False
    first = head.split(b"\n")[0].strip().decode("latin-1")
    column = INDEX.fullmatch(first) is not None
    return _is_archive(head) or (column and any(_is_meaning(file.name) for file in path.parent.iterdir()))


def read_devkit(path: Path) -> Labels:
    """The class of every validation photo by name. Raises: BadLabels."""
    try:
        kit = _in_folder(path) if path.is_dir() else _in_archive(path) if _is_archive(_head(path)) else _beside(path)
    except OSError as error:
        raise BadLabels(f"devkit {path} cannot be read: {error.strerror}.", hint=CURE) from None
    wnids = _wnids(path, kit.meanings)
    places = {wnid: place for place, wnid in enumerate(sorted(wnids.values()))}
    classes = {}
    for number, line in enumerate(kit.truth.decode("utf-8-sig", "replace").split(), start=1):
        if not INDEX.fullmatch(line) or int(line) not in wnids:
            raise BadLabels(
                f"the ground truth in {path} is {line[:20]!r} for photo {number}; expected an ILSVRC2012_ID from 1 to"
                f" {len(wnids)}.",
                hint=CURE,
            )
        classes[photo_name(number)] = places[wnids[int(line)]]
    return Labels(path=path, classes=classes, style="devkit, by ILSVRC2012_ID", by_wordnet=True, whole=True)


def _is_meaning(name: str) -> bool:
    return bool(META.fullmatch(name) or SYNSETS.fullmatch(name))


def _is_archive(head: bytes) -> bool:
    return head.startswith(GZIP) or head[USTAR_AT : USTAR_AT + 5] == b"ustar"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(BLOCK)


def _in_folder(path: Path) -> Devkit:
    found = [file for folder in FOLDERS if (path / folder).is_dir() for file in sorted((path / folder).iterdir())]
    return _kit(path, ((file.name, file) for file in found))


def _beside(path: Path) -> Devkit:
    meanings = {file.name: file.read_bytes() for file in sorted(path.parent.iterdir()) if _is_meaning(file.name)}
    return Devkit(path.read_bytes(), meanings)


def _in_archive(path: Path) -> Devkit:
    """Only what counts is looked at, and nothing is written anywhere."""
    data = _unpacked(path)
    try:
        found = list(members(lambda at, length: data[at : at + length], len(data)))
    except DamagedTar as error:
        raise BadLabels(f"devkit {path} {error}.", hint=CURE) from None
    files = [one for one in found if one.kind in REGULAR]
    return _kit(path, ((one.name.rsplit("/", 1)[-1], data[one.at : one.at + one.size]) for one in files))


def _kit(path: Path, files: Iterable[tuple[str, bytes | Path]]) -> Devkit:
    counts = {name: body for name, body in files if TRUTH.fullmatch(name) or _is_meaning(name)}
    read = {name: body if isinstance(body, bytes) else body.read_bytes() for name, body in counts.items()}
    truths = sorted(name for name in read if TRUTH.fullmatch(name))
    if not truths:
        raise BadLabels(
            f"devkit {path} has no ILSVRC2012_validation_ground_truth.txt; is it ImageNet's devkit?", hint=CURE
        )
    return Devkit(read[truths[0]], {name: body for name, body in read.items() if _is_meaning(name)})


def _unpacked(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise BadLabels(f"{path} is no devkit: it has more than {MAX_BYTES >> 20} MiB.", hint=CURE)
    data = path.read_bytes()
    if not data.startswith(GZIP):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    try:
        unpacked = unpacker.decompress(data, MAX_BYTES)
    except zlib.error as error:
        raise BadLabels(f"devkit {path} is damaged: {error}.", hint=CURE) from None
    if not unpacker.eof:
        why = f"unpacks to more than {MAX_BYTES >> 20} MiB" if unpacker.unconsumed_tail else "is cut short"
        raise BadLabels(f"devkit {path} {why}.", hint=CURE)
    return unpacked


def _wnids(path: Path, meanings: Mapping[str, bytes]) -> dict[int, str]:
    """WordNet id by ILSVRC2012_ID, 1 to n: of the classes alone, inner nodes of the hierarchy left out."""
    for name in sorted(meanings, key=lambda name: (not META.fullmatch(name), len(name), name)):
        rows = _from_meta(path, meanings[name]) if META.fullmatch(name) else _from_list(path, name, meanings[name])
        wnids = dict(rows)
        if sorted(wnids) != list(range(1, len(rows) + 1)) or len(set(wnids.values())) != len(rows):
            raise BadLabels(f"{name} of devkit {path} does not name each id from 1 on once.", hint=CURE)
        return wnids
    raise BadLabels(
        f"devkit {path} has no meta.mat and no synset list; without one nobody knows which class an ILSVRC2012_ID is"
        " (the id less one is not its index).",
        hint=CURE,
    )


def _from_meta(path: Path, data: bytes) -> list[tuple[int, str]]:
    try:
        rows = read_structs(data, "synsets", ("ILSVRC2012_ID", "WNID", "num_children"))
    except NoMatFile as error:
        raise BadLabels(f"meta.mat of devkit {path} cannot be read: {error}.", hint=CURE) from None
    found = []
    for row in rows:
        number, wnid = row.get("ILSVRC2012_ID"), str(row.get("WNID"))
        # NaN and infinity are no integers.
        if not isinstance(number, float) or not number.is_integer() or not WNID.fullmatch(wnid):
            raise BadLabels(f"meta.mat of devkit {path} has an entry without ILSVRC2012_ID and WNID.", hint=CURE)
        if not row.get("num_children"):
            found.append((int(number), wnid))
    return found


def _from_list(path: Path, name: str, data: bytes) -> list[tuple[int, str]]:
    """`ID WNID ...` or `WNID ID ...` per line, or only the WordNet ids in the order of the ids."""
    found: list[tuple[int, str]] = []
    for no, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), start=1):
        words = line.split()[:2]
        wnids, numbers = (
            [word for word in words if WNID.fullmatch(word)],
            [word for word in words if INDEX.fullmatch(word)],
        )
        if words and len(wnids) != 1:
            raise BadLabels(f"{name} of devkit {path} line {no} has no WordNet id.", hint=CURE)
        if words:
            found.append((int(numbers[0]) if numbers else len(found) + 1, wnids[0]))
    wnids = [wnid for _, wnid in found]
    if wnids == sorted(wnids) and [number for number, _ in found] == list(range(1, len(found) + 1)):
        raise BadLabels(
            f"{name} of devkit {path} has the WordNet ids sorted: that is the order of the index, not of ILSVRC2012_ID.",
            hint=CURE,
        )
    return found
