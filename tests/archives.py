"""Archives that the tests make for themselves: tars, good and bad, and ImageNet's devkit with classes of our own."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

KIT = "ILSVRC2012_devkit_t12/data"
TRUTH = "ILSVRC2012_validation_ground_truth.txt"
BLOCK = 512


def write_tar(
    path: Path, files: Mapping[str, bytes], *, mode: Literal["w", "w:gz"] = "w", format: int = tarfile.GNU_FORMAT
) -> Path:
    """A tar of these files, in this order."""
    with tarfile.open(path, mode, format=format) as out:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            out.addfile(entry, io.BytesIO(data))
    return path


def add_entry(path: Path, name: str, kind: bytes, target: str = "") -> Path:
    """One more entry of another kind than a file."""
    with tarfile.open(path, "a") as out:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, target
        out.addfile(entry)
    return path


def pack(folder: Path, path: Path) -> Path:
    """A tar of a folder as `tar -C folder --dereference -cf path .` makes it."""
    with tarfile.open(path, "w", dereference=True) as out:
        out.add(folder, ".")
    return path


def write_devkit(path: Path, truth: Iterable[int], files: Mapping[str, bytes]) -> Path:
    """A devkit as ImageNet packs it, with this ground truth and these other files beside it."""
    text = "".join(f"{number}\n" for number in truth).encode()
    inside = {f"{KIT}/{name}": data for name, data in {TRUTH: text, **files}.items()}
    return write_tar(path, {"ILSVRC2012_devkit_t12/readme.txt": b"no", **inside}, mode="w:gz")


def meta_mat(synsets: Sequence[tuple[float, str, int]], order: str = "<") -> bytes:
    """A MATLAB 5 file with the struct `synsets`: ILSVRC2012_ID, WNID and num_children of each."""

    def element(kind: int, body: bytes) -> bytes:
        return struct.pack(f"{order}II", kind, len(body)) + body + bytes(-len(body) % 8)

    def matrix(kind: int, shape: tuple[int, int], name: bytes, *rest: bytes) -> bytes:
        flags, dims = struct.pack(f"{order}II", kind, 0), struct.pack(f"{order}ii", *shape)
        return element(14, b"".join((element(6, flags), element(5, dims), element(1, name), *rest)))

    def number(value: float) -> bytes:
        stored = element(4, struct.pack(f"{order}H", value)) if isinstance(value, int) else None
        return matrix(6, (1, 1), b"", stored or element(9, struct.pack(f"{order}d", value)))

    def text(value: str) -> bytes:
        return matrix(4, (1, len(value)), b"", element(16, value.encode()))

    names = b"".join(name.ljust(16, b"\0") for name in (b"ILSVRC2012_ID", b"WNID", b"num_children"))
    width = struct.pack(f"{order}Ii", 4 << 16 | 5, 16)
    values = [piece for no, wnid, n in synsets for piece in (number(no), text(wnid), number(n))]
    head = b"MATLAB 5.0 MAT-file, made for a test".ljust(124) + struct.pack(f"{order}H", 0x0100)
    head += b"IM" if order == "<" else b"MI"
    return head + matrix(2, (len(synsets), 1), b"synsets", width, element(1, names), *values)


SCIPY_META = (
    "TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFdlZCBOb3YgMjUgMDc6Mjg6MDYgMjAyNgAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAXgAAAHic42NgYLgBxGxAzAGlQYAVymcEYhEoDRLLL8lI"
    "LQLSnEC8gAEdfLCHMhwgFAeUFoDSIlBaAkrLQGkFKK0EpVWgtBqU1oDSWlBaB0rrQWkDKG0IpY2gtLEDADTHC/sPAAAA8wAAAHic42NgYMhgYW"
    "BgA9IcQMzEAAGsUD4zEDNCMTsQF1fmFaeWFAPlWRj4oOJuQOzpExwW5GxkYGgU7+nCEO4HJOCgPL8opRjOyyvNjU/OyMxJKUrNY2BAsCAAZKYF"
    "A8I9bGjuYUTCIMAJFYeAD/Yg/Q5I+lmw6OdE0i8A5ecZGBmAgCGSOwiZw49mDoifnVmikJZfoaMQVppTkFpMoX8g7jDAox8GkPXD9FFgrwP54W"
    "gIDkcjHO7AZg4bmjkgPjCRlaQWUeyPAQo/DgrCDwKMkdxBjjnJiUV5mWX5RalU8Q9mesCmnwlNvwBc+wd7mDkAbeUv/g=="
)
"""What SciPy 1.17 wrote (savemat, compressed): `other`, then `synsets` = 1 n02000001, 2 n01000002, and the inner node 3
n00000003 with 2 children; fields ILSVRC2012_ID, WNID, words, num_children, children. Base64."""
