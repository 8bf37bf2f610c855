"""Shards, the store, and slices made into it."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoq.jobs.errors import BadFolder
from dinoq.jobs.ledger import ArtifactRef, Preprocessed
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.shards import BLOCK, DamagedShard, Shard, ShardWriter, fresh_file, open_shard, shard_key
from dinoq.workers.data.slices import store_slice
from dinoq.workers.data.store import Store, open_store

DINO = RECIPES["dino"]
N = BLOCK + 3


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    root = tmp_path / "photos"
    root.mkdir()
    for n in range(N):
        Image.new("RGB", (260, 260), (n, 2 * n, 3 * n)).save(root / f"{n:02}.png")
    return root


def stored(store: Store, root: Path, salt: str = "job") -> Preprocessed:
    names = tuple(f"{n:02}.png" for n in range(N))
    manifest = Manifest(names, (0,) * N)
    digests = root.with_name("digests")
    return store_slice(store, Folder(root), manifest, 0, N, DINO, salt=salt, digests=digests, progress=lambda _: None)


def opened(store: Store, made: Preprocessed) -> Shard:
    return open_shard(store.shard_path(made.shard_key))


def test_a_slice_holds_every_photo_in_order(store: Store, photos: Path) -> None:
    made = stored(store, photos)
    pixels = opened(store, made).checked(0, N)
    assert [int(picture[1, 0, 0]) for picture in pixels] == [2 * n for n in range(N)]
    assert made.readable == b"\1" * N


def test_a_slice_that_is_stored_is_not_made_again(store: Store, photos: Path) -> None:
    made = stored(store, photos)
    before = store.shard_path(made.shard_key).stat().st_mtime_ns
    assert stored(store, photos) == made
    assert store.shard_path(made.shard_key).stat().st_mtime_ns == before


def test_a_changed_photo_makes_another_shard(store: Store, photos: Path) -> None:
    made = stored(store, photos)
    Image.new("RGB", (261, 260), (9, 9, 9)).save(photos / "01.png")
    assert stored(store, photos).shard_key != made.shard_key


def test_a_photo_that_is_no_picture_is_zeros_with_its_reason_also_when_found_again(store: Store, photos: Path) -> None:
    (photos / "01.png").write_text("no picture")
    for made in (stored(store, photos), stored(store, photos)):
        assert made.readable[1] == 0
        assert made.reasons == {"01.png": "it is no picture"}
    assert not opened(store, made).checked(1, 1).any()


def test_a_photo_that_could_not_be_read_is_tried_again_by_the_next_job(store: Store, photos: Path) -> None:
    (photos / "01.png").rename(photos / "away")
    made = stored(store, photos)
    assert "cannot be read" in made.reasons["01.png"]
    (photos / "away").rename(photos / "01.png")
    assert stored(store, photos, salt="next").reasons == {}


@pytest.mark.parametrize("at", [0, 150_528 * 5, 150_528 * (N - 1)])
def test_a_changed_byte_is_noticed_where_it_is_read(store: Store, photos: Path, at: int) -> None:
    made = stored(store, photos)
    with store.shard_path(made.shard_key).open("r+b") as file:
        file.seek(at)
        file.write(b"\xab\xcd")
    with pytest.raises(DamagedShard, match="damaged"):
        opened(store, made).checked(0, N)


@pytest.mark.parametrize("keep", [0, 10, 1000, -1])
def test_a_shard_that_was_cut_short_is_noticed(store: Store, photos: Path, keep: int) -> None:
    path = store.shard_path(stored(store, photos).shard_key)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(DamagedShard):
        open_shard(path)


def test_a_shard_that_is_not_there_is_a_damaged_one(store: Store) -> None:
    with pytest.raises(DamagedShard, match="not in the store"):
        open_shard(store.shard_path("ab" * 32))


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), fresh_file(tmp_path, "x") as out:
        out.write(b"half")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_the_key_forgets_labels_and_keeps_geometry() -> None:
    sha = bytes(range(32))
    assert shard_key(sha, DINO, "a") == shard_key(sha, RECIPES["efficientnet-lite"], "b")
    assert shard_key(sha, DINO, "a") != shard_key(sha, RECIPES["modelzoo-2022"], "a")
    assert shard_key(bytes(32), DINO, "a") != shard_key(bytes(32), DINO, "b")


def test_an_unwritten_sample_is_zeros() -> None:
    out = io.BytesIO()
    writer = ShardWriter(out, DINO)
    writer.next_sample()[:] = 7
    writer.accept("broken")
    assert writer.finish() == b"\0"
    assert not np.frombuffer(out.getvalue(), np.uint8, 3 * 224 * 224).any()


def test_a_store_keeps_its_id(tmp_path: Path) -> None:
    assert open_store(tmp_path).id == open_store(tmp_path).id != ""


def test_a_model_is_kept_by_its_content(store: Store, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"weights")
    sha256 = store.add_model(tmp_path / "m.onnx")
    assert store.model_path(sha256).read_bytes() == b"weights"


def test_a_changed_artifact_is_noticed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x.om").write_bytes(b"code")
    made = store.put_artifact("ab" * 32, tmp_path / "x.om")
    assert store.verify(made)
    store.artifact_path(made).write_bytes(b"codf")
    assert not store.verify(made)


def test_an_artifact_outside_the_store_is_refused(store: Store) -> None:
    with pytest.raises(BadFolder, match="outside"):
        store.artifact_path(ArtifactRef(key="ab", uri="../../etc/passwd", sha256=""))


def test_a_key_is_hexadecimal_or_nothing(store: Store) -> None:
    with pytest.raises(BadFolder):
        store.shard_path("../../x")
