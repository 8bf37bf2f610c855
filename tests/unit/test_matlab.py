"""The MATLAB files that ImageNet's classes come in, and what is none."""

from __future__ import annotations

import base64
import zlib

import pytest

from dinoq.workers.data.matlab import MAX_BYTES, NoMatFile, read_structs
from tests.archives import SCIPY_META, meta_mat

FIELDS = ("ILSVRC2012_ID", "WNID", "num_children")
SYNSETS = [(1, "n02000001", 0), (2, "n01000002", 0), (300, "n00000003", 2)]


def rows(data: bytes) -> list[tuple[object, ...]]:
    return [tuple(row[field] for field in FIELDS) for row in read_structs(data, "synsets", FIELDS)]


def test_what_scipy_wrote_compressed_is_read() -> None:
    found = rows(base64.b64decode(SCIPY_META))
    assert found == [(1.0, "n02000001", 0.0), (2.0, "n01000002", 0.0), (3.0, "n00000003", 2.0)]


@pytest.mark.parametrize("order", ["<", ">"])
def test_either_byte_order_is_read(order: str) -> None:
    assert rows(meta_mat(SYNSETS, order)) == SYNSETS


def test_only_the_fields_that_are_asked_for_are_read() -> None:
    assert read_structs(meta_mat(SYNSETS), "synsets", ("WNID", "gloss"))[0] == {"WNID": "n02000001"}


def test_a_file_without_that_struct_says_so() -> None:
    with pytest.raises(NoMatFile, match="it has no struct classes"):
        read_structs(meta_mat(SYNSETS), "classes", FIELDS)


@pytest.mark.parametrize("keep", [130, 200, 300, -8])
def test_a_file_that_was_cut_short_is_damaged(keep: int) -> None:
    with pytest.raises(NoMatFile, match="damaged"):
        rows(meta_mat(SYNSETS)[:keep])


@pytest.mark.parametrize("data", [b"", b"no matlab", bytes(200)])
def test_anything_else_is_no_such_file(data: bytes) -> None:
    with pytest.raises(NoMatFile, match="no MATLAB 5 file"):
        rows(data)


def test_the_newer_format_is_named() -> None:
    with pytest.raises(NoMatFile, match=r"7\.3"):
        rows(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512))


def test_what_unpacks_without_end_is_refused() -> None:
    bomb = zlib.compress(bytes(MAX_BYTES + 1))
    head = meta_mat([])[:128]
    with pytest.raises(NoMatFile, match="16 MiB"):
        rows(head + (15).to_bytes(4, "little") + len(bomb).to_bytes(4, "little") + bomb)


@pytest.mark.parametrize("at", range(128, 460, 4))
def test_a_changed_length_or_type_raises_nothing_else(at: int) -> None:
    data = bytearray(meta_mat(SYNSETS))
    data[at : at + 4] = b"\xff\xff\xff\x7f"
    try:
        found = rows(bytes(data))
    except (NoMatFile, KeyError):
        return
    assert len(found) == 3
