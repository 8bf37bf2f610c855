"""Tar archives in place: every way that tar writes names, and every archive that is refused."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.errors import BadDataset
from dinoq.workers.data.tar import Tar, open_tar
from dinoq.workers.data.tar_headers import GNU_NAME, PAX, DamagedTar, Member, members
from dinoq.workers.data.tar_index import TarFile, indexed
from tests.archives import BLOCK, add_entry, write_tar

LONG = "/".join(["n01440764-a-folder-with-a-long-name"] * 7) + "/photo.JPEG"
FILES = {"a.jpg": b"first", "b/c.JPEG": b"second" * 200, "readme.txt": b"no photo", LONG: b"third"}
PHOTOS = {name: data for name, data in FILES.items() if name != "readme.txt"}


def opened(path: Path) -> Tar:
    """Without a cache."""
    return open_tar(path, None)


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_photos_are_read_where_they_lie_however_long_their_names(tmp_path: Path, format: int) -> None:
    photos = opened(write_tar(tmp_path / "x.tar", FILES, format=format))
    assert photos.names() == sorted(PHOTOS)
    assert {name: photos.read(name) for name in photos.names()} == PHOTOS


def test_names_in_two_fields_are_put_together(tmp_path: Path) -> None:
    name = "d" * 120 + "/photo.jpg"
    photos = opened(write_tar(tmp_path / "x.tar", {name: b"1"}, format=tarfile.USTAR_FORMAT))
    assert photos.names() == [name]


def test_names_that_are_no_utf8_or_not_latin_are_kept(tmp_path: Path) -> None:
    names = ["照片.jpg", "b\udcff.jpg"]
    photos = opened(write_tar(tmp_path / "x.tar", dict.fromkeys(names, b"1")))
    assert photos.names() == sorted(names)


def test_a_leading_dot_and_doubled_slashes_are_no_part_of_a_name(tmp_path: Path) -> None:
    assert opened(write_tar(tmp_path / "x.tar", {"./a.jpg": b"1", "b//c.jpg": b"2"})).names() == ["a.jpg", "b/c.jpg"]


def test_hidden_files_are_no_photos(tmp_path: Path) -> None:
    files = {"._a.jpg": b"x", ".git/a.jpg": b"x", "a.jpg": b"1"}
    assert opened(write_tar(tmp_path / "x.tar", files)).names() == ["a.jpg"]


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/a.jpg", "b/../../a.jpg"])
def test_a_member_that_leads_out_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadDataset, match=f"member '{name}', which leads out"):
        opened(write_tar(tmp_path / "x.tar", {**FILES, name: b"x"}))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (tarfile.SYMTYPE, "a symbolic link"),
        (tarfile.LNKTYPE, "a hard link"),
        (tarfile.CHRTYPE, "a device"),
        (tarfile.BLKTYPE, "a device"),
        (tarfile.FIFOTYPE, "a pipe"),
        (tarfile.GNUTYPE_SPARSE, "sparse"),
        (b"Z", "of tar's type 'Z'"),
    ],
)
def test_a_member_that_is_no_file_is_refused_by_name(tmp_path: Path, kind: bytes, words: str) -> None:
    path = add_entry(write_tar(tmp_path / "x.tar", FILES), "odd.jpg", kind, "a.jpg")
    with pytest.raises(BadDataset, match=f"has the member odd.jpg, which is {words}, not a file") as caught:
        opened(path)
    assert "--dereference" in caught.value.hint


def test_a_photo_that_is_there_twice_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"holds a\.jpg twice"):
        opened(write_tar(tmp_path / "x.tar", {"a.jpg": b"1", "./a.jpg": b"2"}))


@pytest.mark.parametrize("keep", [3 * BLOCK, 2 * BLOCK + 7, 2 * BLOCK, BLOCK + 2, 100])
def test_an_archive_that_was_cut_short_is_refused_wherever_the_cut_fell(tmp_path: Path, keep: int) -> None:
    path = write_tar(tmp_path / "x.tar", {"a.jpg": b"1", "b.jpg": b"2" * 2000})
    os.truncate(path, keep)
    with pytest.raises(BadDataset, match="cut short"):
        opened(path)


def test_a_damaged_header_is_refused_and_nothing_behind_it_is_lost_silently(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {"a.jpg": b"1", "b.jpg": b"2"})
    data = bytearray(path.read_bytes())
    data[2 * BLOCK] ^= 1
    path.write_bytes(data)
    with pytest.raises(BadDataset, match=f"damaged: at byte {2 * BLOCK}"):
        opened(path)


def cut(data: bytes, start: int, length: int) -> bytes:
    return data[start : start + length]


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_no_byte_of_a_header_changes_unnoticed(tmp_path: Path, format: int) -> None:
    good = write_tar(tmp_path / "x.tar", {"b/a.jpg": b"1"}, format=format).read_bytes()
    for at in set(range(BLOCK)) - set(range(148, 156)):  # there the sum itself stands, between blanks
        data = bytearray(good)
        data[at] ^= 1
        with pytest.raises(DamagedTar):
            list(members(partial(cut, bytes(data)), len(data)))


def header(size: bytes, kind: bytes = b"0") -> bytes:
    """One whose sum is right, whatever its field of a size holds."""
    fields = b"a.jpg".ljust(124, b"\0") + size + bytes(12) + b" " * 8 + kind + bytes(100) + b"ustar\x0000"
    block = fields.ljust(BLOCK, b"\0")
    return block[:148] + f"{sum(block):06o}\0 ".encode() + block[156:]


def found(data: bytes) -> list[Member]:
    """Its members, each block looked at a few times at most."""
    reads = itertools.count()

    def read_at(at: int, length: int) -> bytes:
        assert at >= 0 and next(reads) <= 2 * (len(data) // BLOCK + 1)
        return cut(data, at, length)

    return list(members(read_at, len(data)))


@pytest.mark.parametrize(
    "size",
    [
        *(b"-0000001000\0", b"-1\0\0\0\0\0\0\0\0\0\0", b"+0000000001\0", b"00000_00001\0", b"0o000000001\0"),
        *(b"00000000008\0", b"\xff" * 12, b"\x80" + b"\xff" * 11),
    ],
)
@pytest.mark.parametrize("kind", [b"0", PAX, GNU_NAME])
def test_a_size_that_is_none_is_refused(size: bytes, kind: bytes) -> None:
    with pytest.raises(DamagedTar):
        found(header(size, kind) + bytes(2 * BLOCK))


SIZES = st.from_regex(rb"[-+ ]?[0-8]{0,4}_?[0-7]{0,5}", fullmatch=True).map(lambda digits: digits.ljust(12, b"\0"))
"""What int() takes for an octal number, and some that it does not."""


@given(
    size=SIZES | st.binary(min_size=12, max_size=12),
    kind=st.sampled_from([b"0", b"5", b"g", b"K", PAX, GNU_NAME]),
    rest=st.integers(0, 4),
)
def test_no_size_leads_round_in_circles(size: bytes, kind: bytes, rest: int) -> None:
    data = header(size, kind) * 2 + bytes(rest * BLOCK)
    with contextlib.suppress(DamagedTar):
        assert len(found(data)) <= 2


@pytest.mark.parametrize("size", ["9" * 5000, "-1", "\N{ARABIC-INDIC DIGIT ONE}", ""])
def test_a_size_in_a_pax_record_that_is_none_is_refused(size: str) -> None:
    told = f" size={size}\n".encode()
    length = next(n for n in range(len(told), len(told) + 9) if n == len(told) + len(str(n)))
    record = str(length).encode() + told
    body = record.ljust(-(-len(record) // BLOCK) * BLOCK, b"\0")
    with pytest.raises(DamagedTar, match="a member's size is"):
        found(header(f"{len(record):011o}\0".encode(), PAX) + body + header(b"00000000001\0") + bytes(3 * BLOCK))


@pytest.mark.parametrize("body", [b"no tar at all" * 100, b"short"])
def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(body)
    with pytest.raises(BadDataset, match=r"is no tar archive|is cut short"):
        opened(tmp_path / "x.tar")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.tar").touch()
    with pytest.raises(BadDataset, match="is empty"):
        opened(tmp_path / "x.tar")


def test_a_compressed_archive_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", FILES)
    (tmp_path / "x.tar.gz").write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(BadDataset, match="compressed with gzip") as caught:
        opened(tmp_path / "x.tar.gz")
    assert caught.value.hint == f"gunzip {tmp_path}/x.tar.gz"


def test_a_zip_is_refused_with_the_cure(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as out:
        out.writestr("a.jpg", b"1")
    with pytest.raises(BadDataset, match="a zip archive"):
        opened(tmp_path / "x.zip")


def test_archives_inside_an_archive_are_counted_and_not_opened(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "train.tar", {"n01440764.tar": b"x", "n01443537.tar": b"x"})
    with pytest.raises(BadDataset, match=r"holds no photos .*; it holds 2 other files"):
        opened(path).names()


def test_a_pax_record_that_pax_did_not_write_is_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {LONG: b"1"}, format=tarfile.PAX_FORMAT)
    path.write_bytes(path.read_bytes().replace(b" path=", b"_path=", 1))
    with pytest.raises(BadDataset, match="pax header is not what pax writes"):
        opened(path)


def now(path: Path) -> TarFile:
    facts = path.stat()
    return TarFile(path, facts.st_size, facts.st_mtime_ns)


def test_an_index_is_made_once_and_then_taken_from_its_note(tmp_path: Path) -> None:
    file = now(write_tar(tmp_path / "x.tar", FILES))
    made = indexed(file, tmp_path / "tars")
    assert [one.name.startswith(".") for one in (tmp_path / "tars").iterdir()] == [False]
    (tmp_path / "x.tar").unlink()
    assert indexed(file, tmp_path / "tars") == made
    assert set(made.places) == set(PHOTOS)


def test_an_archive_that_was_written_anew_is_indexed_anew(tmp_path: Path) -> None:
    indexed(now(write_tar(tmp_path / "x.tar", {"a.jpg": b"1"})), tmp_path / "tars")
    write_tar(tmp_path / "x.tar", {"b.jpg": b"1"})
    os.utime(tmp_path / "x.tar", ns=(1, 1))
    assert set(indexed(now(tmp_path / "x.tar"), tmp_path / "tars").places) == {"b.jpg"}


@pytest.mark.parametrize("junk", [b"", b"no archive at all", b"PK\x03\x04cut short"])
def test_a_broken_note_is_no_note(tmp_path: Path, junk: bytes) -> None:
    file = now(write_tar(tmp_path / "x.tar", FILES))
    indexed(file, tmp_path / "tars")
    (note,) = (tmp_path / "tars").iterdir()
    note.write_bytes(junk)
    assert set(indexed(file, tmp_path / "tars").places) == set(PHOTOS)


def test_a_note_that_points_behind_the_archive_is_not_believed(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", {"a.jpg": b"1"})
    indexed(now(path), tmp_path / "tars")
    (note,) = (tmp_path / "tars").iterdir()
    other = write_tar(tmp_path / "y.tar", {"a.jpg": b"1" * 90_000, "b.jpg": b"1"})
    indexed(now(other), tmp_path / "others")
    (foreign,) = (tmp_path / "others").iterdir()
    note.write_bytes(foreign.read_bytes())
    assert indexed(now(path), tmp_path / "tars").places == {"a.jpg": (BLOCK, 1)}


def test_a_note_that_cannot_be_kept_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = now(write_tar(tmp_path / "x.tar", FILES))
    assert set(indexed(file, tmp_path / "file").places) == set(PHOTOS)
