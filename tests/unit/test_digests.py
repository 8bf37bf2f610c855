"""What is remembered of photos, and when it is no longer believed."""

import os
from pathlib import Path

import pytest

from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.digests import recall, remember
from dinoq.workers.data.folder import Folder

NAMES = ("a.jpg", "b\udcff.jpg", "deep/c.jpg")
MANIFEST = Manifest(NAMES, (0, 1, 2))
DIGESTS = bytes(range(96))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three photos whose digests are remembered."""
    (tmp_path / "photos/deep").mkdir(parents=True)
    for name in NAMES:
        (tmp_path / "photos" / name).write_bytes(b"photo")
    photos = Folder(tmp_path / "photos")
    remember(tmp_path / "notes", photos, MANIFEST, 0, DIGESTS, photos.stamps(NAMES))
    return tmp_path / "photos"


def recalled(root: Path, manifest: Manifest = MANIFEST, first: int = 0, count: int = 3) -> bytes | None:
    """What is remembered of these samples."""
    return recall(root.with_name("notes"), Folder(root), manifest, first, count)


def test_files_as_they_were_need_not_be_read(root: Path) -> None:
    assert recalled(root) == DIGESTS


def test_what_changed_while_it_was_read_is_not_remembered(root: Path) -> None:
    photos = Folder(root)
    before = photos.stamps(NAMES)
    (root / NAMES[0]).write_bytes(b"the whole photo, copied by now")
    remember(root.with_name("notes"), photos, MANIFEST, 0, DIGESTS, before)
    assert recalled(root) is None


def test_a_file_of_another_size_is_read_again(root: Path) -> None:
    facts = (root / NAMES[1]).stat()
    (root / NAMES[1]).write_bytes(b"other photo")
    os.utime(root / NAMES[1], ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert recalled(root) is None


def test_a_file_that_was_written_anew_is_read_again(root: Path) -> None:
    facts = (root / NAMES[1]).stat()
    os.utime(root / NAMES[1], ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert recalled(root) is None


def test_a_file_that_is_gone_is_looked_for_again(root: Path) -> None:
    (root / NAMES[2]).unlink()
    assert recalled(root) is None


@pytest.mark.parametrize(("first", "count"), [(0, 2), (1, 2), (1, 3)])
def test_another_cut_of_the_dataset_is_another_note(root: Path, first: int, count: int) -> None:
    assert recalled(root, first=first, count=count) is None


def test_another_dataset_in_the_same_folder_is_another_note(root: Path) -> None:
    assert recalled(root, Manifest(NAMES, (0, 1, 3))) is None


def test_another_folder_with_the_same_names_is_another_note(root: Path) -> None:
    elsewhere = root.rename(root.with_name("moved"))
    assert recalled(elsewhere) is None


@pytest.mark.parametrize("junk", [b"", b"no archive at all", b"PK\x03\x04cut short"])
def test_a_broken_note_is_no_note(root: Path, junk: bytes) -> None:
    for note in root.with_name("notes").iterdir():
        note.write_bytes(junk)
    assert recalled(root) is None


def test_a_note_that_cannot_be_kept_is_no_error(root: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    remember(tmp_path / "file", Folder(root), MANIFEST, 0, DIGESTS, Folder(root).stamps(NAMES))
    assert recall(tmp_path / "file", Folder(root), MANIFEST, 0, 3) is None
