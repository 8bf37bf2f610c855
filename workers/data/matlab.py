"""Fields of a struct array in a MATLAB 5 file, which is how ImageNet's `meta.mat` names its classes; nothing else of it.

The layout is MathWorks' "MAT-File Format" (level 5): tagged elements, matrices as elements of elements, zlib around
some. Every length is checked against what is there, and what is not wanted is passed over by its length.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

MAX_BYTES = 16 << 20
"""Unpacked; meta.mat has a few hundred thousand."""
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
TEXTS = {1: "latin-1", 2: "latin-1", 4: "utf-16", 16: "utf-8", 17: "utf-16"}
MATRIX, COMPRESSED = 14, 15
STRUCT_CLASS, CHAR_CLASS = 2, 4
NUMBER_CLASSES = range(6, 16)

Value = str | float | None
"""A text, a single number, or None for anything else."""


class NoMatFile(Exception):
    """It cannot be read as a MATLAB 5 file with such a struct; the text says why."""


@dataclass(frozen=True, slots=True)
class Element:
    """One tagged piece of data; `order` is `<` or `>`."""

    kind: int
    body: memoryview
    order: str


def read_structs(data: bytes, variable: str, fields: Collection[str]) -> list[dict[str, Value]]:
    """These fields of each element of a struct array, in its order; absent fields are left out. Raises: NoMatFile."""
    if data[:8] == b"\x89HDF\r\n\x1a\n" or data[:10] == b"MATLAB 7.3":
        raise NoMatFile("it is a MATLAB 7.3 file; expected version 5, as ImageNet publishes it")
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None:
        raise NoMatFile("it is no MATLAB 5 file")
    try:
        for element in _elements(memoryview(data)[128:], order):
            inner = list(_elements(_unpacked(element), order)) if element.kind == COMPRESSED else [element]
            for matrix in inner:
                if matrix.kind == MATRIX and (found := _structs(matrix, variable, fields)) is not None:
                    return found
    except (struct.error, ValueError, KeyError, IndexError, zlib.error) as error:
        raise NoMatFile(f"it is damaged ({error})") from None
    raise NoMatFile(f"it has no struct {variable}")


def _elements(body: memoryview, order: str) -> Iterator[Element]:
    """The elements that follow one another: 8 bytes of type and length, or both and up to 4 bytes of data in 8."""
    at = 0
    while at < len(body):
        kind, size = struct.unpack_from(f"{order}II", body, at)
        small = kind >> 16
        start = at + 4 if small else at + 8
        size, kind = (small, kind & 0xFFFF) if small else (size, kind)
        if start + size > len(body) or (small and size > 4):
            raise ValueError(f"an element of {size} bytes does not fit")
        yield Element(kind, body[start : start + size], order)
        padded = size if kind == COMPRESSED else -(-size // 8) * 8
        at = at + 8 if small else start + padded


def _unpacked(element: Element) -> memoryview:
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(element.body, MAX_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError(f"it unpacks to more than {MAX_BYTES >> 20} MiB")
    return memoryview(body)


def _structs(matrix: Element, variable: str, fields: Collection[str]) -> list[dict[str, Value]] | None:
    """None for a matrix of another name or kind."""
    flags, shape, name, *rest = _elements(matrix.body, matrix.order)
    if _class(flags) != STRUCT_CLASS or bytes(name.body).decode("latin-1") != variable:
        return None
    width, names, pieces = int(_numbers(rest[0])[0]), bytes(rest[1].body), rest[2:]
    if width < 1:
        raise ValueError("field names have no width")
    keys = [names[at : at + width].split(b"\0")[0].decode("latin-1") for at in range(0, len(names), width)]
    expected = math.prod(int(size) for size in _numbers(shape)) * len(keys)
    if len(pieces) != expected:
        raise ValueError(f"{len(pieces)} values where {expected} belong")
    rows = (dict(zip(keys, pieces[at : at + len(keys)], strict=True)) for at in range(0, expected, max(len(keys), 1)))
    return [{key: _value(piece) for key, piece in row.items() if key in fields} for row in rows]


def _class(flags: Element) -> int:
    return int(_numbers(flags)[0]) & 0xFF


def _value(piece: Element) -> Value:
    if piece.kind != MATRIX or not piece.body:
        return None
    flags, _, _, *rest = _elements(piece.body, piece.order)
    if not rest:
        return None
    body, kind = rest[0], _class(flags)
    if kind == CHAR_CLASS and body.kind in TEXTS:
        codec = TEXTS[body.kind]
        end = {"<": "-le", ">": "-be"}[body.order] if codec == "utf-16" else ""
        return bytes(body.body).decode(codec + end)
    if kind in NUMBER_CLASSES and body.kind in NUMBERS:
        numbers = _numbers(body)
        return float(numbers[0]) if len(numbers) == 1 else None
    return None


def _numbers(element: Element) -> np.ndarray[tuple[int], np.dtype[np.generic]]:
    return np.frombuffer(element.body, element.order + NUMBERS[element.kind])
