"""One rule for every place that photos come from: a folder, a tar of it, a folder of links."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.errors import BadDataset
from dinoq.jobs.manifest import Manifest
from dinoq.workers.data.datasets import open_photos
from dinoq.workers.data.digests import recall, remember
from dinoq.workers.data.photos import Photos
from tests.archives import pack

FILES = {f"class {n % 3}/photo {n:03}.jpg": hashlib.sha256(str(n).encode()).digest() * (n % 40) for n in range(120)}
NAMES = sorted(FILES)
PLACES = ("folder", "tar", "links")


def place(kind: str, tmp_path: Path, files: dict[str, bytes]) -> Path:
    """The files, kept as such a place keeps them."""
    root = tmp_path / "photos"
    for name, data in {**files, "readme.txt": b"", ".hidden.jpg": b""}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    if kind == "tar":
        return pack(root, tmp_path / "photos.tar")
    if kind == "links":
        for name in files:
            (tmp_path / "links" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "links" / name).symlink_to(root / name)
        return tmp_path / "links"
    return root


@pytest.fixture(params=PLACES)
def photos(request: pytest.FixtureRequest, tmp_path: Path) -> Photos:
    return open_photos(place(request.param, tmp_path, FILES), tmp_path / "cache")


def test_every_photo_is_named_once_sorted_and_nothing_else(photos: Photos) -> None:
    assert photos.names() == NAMES


def test_a_photo_is_its_bytes(photos: Photos) -> None:
    assert {name: photos.read(name) for name in NAMES} == FILES


def test_several_threads_read_the_same_as_one(photos: Photos) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(photos.read, NAMES * 5)) == [FILES[name] for name in NAMES * 5]


@pytest.mark.parametrize("name", ["no such.jpg", "class 1", "../photos/secret.jpg", "/etc/passwd", "x\0y", "readme"])
def test_what_is_no_photo_of_the_place_is_not_read(photos: Photos, name: str) -> None:
    (photos.root.parent / "secret.jpg").write_bytes(b"secret")
    with pytest.raises(OSError):
        photos.read(name)


def test_stamps_are_a_row_for_each_and_the_same_as_long_as_nothing_changes(photos: Photos) -> None:
    stamps = photos.stamps(NAMES)
    assert (len(stamps), stamps.dtype.name) == (len(NAMES), "int64")
    assert np.array_equal(stamps, photos.stamps(NAMES))
    assert len(photos.stamps([])) == 0


def test_a_stamp_of_what_is_not_there_is_an_error(photos: Photos) -> None:
    with pytest.raises(OSError):
        photos.stamps(["no such.jpg"])


def test_digests_are_remembered(photos: Photos, tmp_path: Path) -> None:
    manifest, sha256s = Manifest(tuple(NAMES), (0,) * len(NAMES)), bytes(range(32)) * len(NAMES)
    remember(tmp_path / "notes", photos, manifest, 0, sha256s, photos.stamps(NAMES))
    assert recall(tmp_path / "notes", photos, manifest, 0, len(NAMES)) == sha256s


@pytest.mark.parametrize("kind", PLACES)
def test_digests_of_changed_photos_are_forgotten(kind: str, tmp_path: Path) -> None:
    photos = open_photos(place(kind, tmp_path, FILES), tmp_path / "cache")
    manifest = Manifest(tuple(NAMES), (0,) * len(NAMES))
    remember(tmp_path / "notes", photos, manifest, 0, bytes(range(32)) * len(NAMES), photos.stamps(NAMES))
    changed = open_photos(
        place("folder" if kind == "links" else kind, tmp_path, {NAMES[7]: b"new"}), tmp_path / "cache"
    )
    again = photos if kind == "links" else changed
    assert recall(tmp_path / "notes", again, manifest, 0, len(NAMES)) is None


@pytest.mark.parametrize("kind", PLACES)
def test_a_place_without_photos_is_refused(kind: str, tmp_path: Path) -> None:
    root = place(kind, tmp_path, {"x/no.txt": b""})
    with pytest.raises(BadDataset, match="holds no photos"):
        open_photos(root).names()


def test_a_place_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match="is not there"):
        open_photos(tmp_path / "nowhere")


def test_an_archive_that_changed_since_it_was_indexed_is_not_read(tmp_path: Path) -> None:
    photos = open_photos(place("tar", tmp_path, {"a.jpg": b"old"}))
    place("tar", tmp_path, {"0.jpg": b"x" * 20_000, "a.jpg": b"new"})
    with pytest.raises(OSError, match="has changed"):
        photos.read("a.jpg")


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    root = place("folder", tmp_path, {"a/x.jpg": b"1"})
    (root / "b").symlink_to(root / "a")
    (root / "a/up").symlink_to(root)
    assert open_photos(root).names() == ["a/x.jpg", "b/x.jpg"]
