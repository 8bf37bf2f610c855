"""The members of a plain tar archive from their headers alone: names, places and sizes. Nothing is extracted.

POSIX ustar, pax records and GNU long names, as POSIX.1-2017 (pax) and GNU tar's manual ("Basic Tar Format") describe.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

BLOCK = 512
MAX_EXTENDED = 1 << 20
"""Bytes of a pax header or a long name; larger ones are no names."""
REGULAR = (b"0", b"\0", b"7")
FOLDER = b"5"
LABEL, GNU_NAME, GNU_LINK, PAX, PAX_GLOBAL, SPARSE = b"V", b"L", b"K", b"x", b"g", b"S"
KINDS = {
    b"1": "a hard link",
    b"2": "a symbolic link",
    b"3": "a device",
    b"4": "a device",
    b"6": "a pipe",
    SPARSE: "sparse",
}

OCTAL = re.compile(rb"[0-7]*")
SIZE = re.compile(r"[0-9]{1,20}")

ReadAt = Callable[[int, int], bytes]
"""(offset, length) to that many bytes, or fewer at the end."""


class DamagedTar(Exception):
    """The archive is cut short, or is not what tar writes; the text continues a sentence that names it."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry: `at` and `size` place its bytes in the archive, `kind` is its type flag."""

    name: str
    at: int
    size: int
    kind: bytes


def members(read_at: ReadAt, end: int) -> Iterator[Member]:
    """Every entry of an archive of `end` bytes, in its order, names as written. Raises: DamagedTar.

    An archive without its end mark was cut short, even where the cut fell between two entries.
    """
    at = 0
    said: dict[str, str] = {}
    while (header := _header(read_at(at, BLOCK), at)) is not None:
        name, size, kind = header
        body = at + BLOCK
        if kind in (GNU_NAME, GNU_LINK, PAX, PAX_GLOBAL):
            said |= _extended(kind, _body(read_at, body, size))
            at = body + _padded(size)
            continue
        size = int(said.get("size", size))
        stored = 0 if kind == FOLDER else size
        name = said.get("path", name)
        if body + stored > end:
            raise DamagedTar(f"is cut short: {name} ends at byte {body + stored}, the file at {end}")
        yield Member(name, body, size, SPARSE if "sparse" in said else kind)
        at, said = body + _padded(stored), {}


def _header(block: bytes, at: int) -> tuple[str, int, bytes] | None:
    """Name, size and type flag; None for the zeros that end an archive."""
    if len(block) < BLOCK:
        raise DamagedTar(f"is cut short: at byte {at} neither another entry nor the end mark follows")
    if not any(block):
        return None
    if _number(block[148:156], at) != sum(block) - sum(block[148:156]) + 8 * ord(" "):
        raise _no_header(at)
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and (prefix := _text(block[345:500])):
        name = f"{prefix}/{name}"
    return name, _number(block[124:136], at), block[156:157]


def _number(field: bytes, at: int) -> int:
    """Octal digits, or binary with the first bit set (GNU, for 8 GiB and more)."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:])
    digits = field.split(b"\0")[0].strip()
    # A sign would step back over what was read, for ever; int() takes one, and underscores.
    if not OCTAL.fullmatch(digits):
        raise _no_header(at)
    return int(digits or b"0", 8)


def _no_header(at: int) -> DamagedTar:
    return DamagedTar(f"is damaged: at byte {at} there is no header of tar" if at else "is no tar archive")


def _body(read_at: ReadAt, at: int, size: int) -> bytes:
    if size > MAX_EXTENDED:
        raise DamagedTar(f"is damaged: at byte {at} a name of {size} bytes begins")
    body = read_at(at, size)
    if len(body) < size:
        raise DamagedTar(f"is cut short: at byte {at} a name of {size} bytes begins")
    return body


def _extended(kind: bytes, body: bytes) -> dict[str, str]:
    """What it says of the entry that follows: `path`, `size`, and whether it is sparse. Global records say nothing."""
    if kind == GNU_NAME:
        return {"path": _text(body)}
    records = _pax(body) if kind == PAX else {}
    said: dict[str, str] = {key: records[key] for key in ("path", "size") if key in records}
    if any(key.startswith("GNU.sparse.") for key in records):
        said["sparse"] = ""
    if not SIZE.fullmatch(said.get("size", "0")):
        raise DamagedTar(f"is damaged: a member's size is {said['size'][:20]!r}")
    return said


def _pax(body: bytes) -> dict[str, str]:
    """`LENGTH KEY=VALUE` lines; LENGTH counts the whole line."""
    records: dict[str, str] = {}
    while body:
        digits, blank, _ = body.partition(b" ")
        length = int(digits) if digits.isdigit() and len(digits) < 8 else 0
        key, equals, value = body[len(digits) + 1 : length - 1].partition(b"=")
        if not (blank and equals and len(digits) < length <= len(body)):
            raise DamagedTar("is damaged: a pax header is not what pax writes")
        records[key.decode(errors="surrogateescape")] = value.decode(errors="surrogateescape")
        body = body[length:]
    return records


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode(errors="surrogateescape")
