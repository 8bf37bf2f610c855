"""Where an export takes pixels from: the store where a job left them, else the photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.slices import store_slice
from dinoq.workers.data.store import Store, open_store
from dinoq.workers.exports.pictures import Make, from_photos, from_store

DINO = RECIPES["dino"]
N = 40
MANIFEST = Manifest(tuple(f"p{n:02}.png" for n in range(N)), (0,) * N)


class Unreadable(Folder):
    """Photos whose names and stamps can be had, and nothing else: what is got of them is not from them."""

    def read(self, name: str) -> bytes:
        raise PermissionError(13, "never")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    root.mkdir()
    for n, name in enumerate(MANIFEST.names):
        Image.new("RGB", (260, 300), (6 * n, 0, 255 - n)).save(root / name)
    return root


@pytest.fixture
def store(tmp_path: Path, photos: Path) -> Store:
    """A store that holds the photos, prepared by a job with the recipe dino."""
    made, digests = open_store(tmp_path / "store"), tmp_path / "digests"
    named = {"salt": "job", "digests": digests, "progress": lambda _: None}
    store_slice(made, Folder(photos), MANIFEST, 0, N, DINO, **named)  # type: ignore[arg-type]
    return made


def got(make: Make, name: str) -> tuple[np.ndarray, str]:
    out = np.zeros((3, 224, 224), np.uint8)
    return out, make(name, out)


def test_what_a_job_prepared_is_taken_and_equal_to_what_the_photos_give(
    store: Store, photos: Path, tmp_path: Path
) -> None:
    taken = from_store(store, tmp_path / "digests", Unreadable(photos), MANIFEST, DINO)
    made = from_photos(Folder(photos), DINO)
    for name in (MANIFEST.names[0], MANIFEST.names[33], MANIFEST.names[39]):
        ours, theirs = got(taken, name), got(made, name)
        assert np.array_equal(ours[0], theirs[0])
        assert ours[1] == theirs[1] == ""


def test_another_recipe_is_made_from_the_photos(store: Store, photos: Path, tmp_path: Path) -> None:
    make = from_store(store, tmp_path / "digests", Unreadable(photos), MANIFEST, RECIPES["modelzoo-2022"])
    assert got(make, "p00.png")[1] == "it cannot be read: never"


def test_photos_that_changed_since_are_read_again(store: Store, photos: Path, tmp_path: Path) -> None:
    Image.new("RGB", (256, 256), (1, 2, 3)).save(photos / "p05.png")
    make = from_store(store, tmp_path / "digests", Folder(photos), MANIFEST, DINO)
    assert got(make, "p05.png")[0][:, 100, 100].tolist() == [1, 2, 3]


def test_a_damaged_block_is_made_from_the_photos(store: Store, photos: Path, tmp_path: Path) -> None:
    (shard,) = (store.path / "shards").rglob("*.shard")
    with shard.open("r+b") as file:
        file.write(b"\x77" * 100)
    make = from_store(store, tmp_path / "digests", Folder(photos), MANIFEST, DINO)
    assert got(make, "p00.png")[0][:, 0, 0].tolist() == [0, 0, 255]
    sound = from_store(store, tmp_path / "digests", Unreadable(photos), MANIFEST, DINO)
    assert [got(sound, name)[1] for name in ("p00.png", "p39.png")] == ["it cannot be read: never", ""]


def test_an_empty_store_changes_nothing(photos: Path, tmp_path: Path) -> None:
    make = from_store(open_store(tmp_path / "new"), tmp_path / "digests", Folder(photos), MANIFEST, DINO)
    assert got(make, "p02.png")[0][:, 0, 0].tolist() == [12, 0, 253]
