"""Preprocessed photos as files."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoq.jobs.recipe import RECIPES
from dinoq.workers.exports.bins import bin_bytes, write_bins

DINO = RECIPES["dino"]


def picture(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 260), colour).save(out, "PNG")
    return out.getvalue()


def written(photos: dict[str, bytes], into: Path, done: list[int] | None = None) -> dict[str, str]:
    files = {name: f"{name}.bin" for name in photos}
    progress = (done if done is not None else []).append
    return write_bins(files, photos.__getitem__, DINO, into, threads=3, progress=progress)


def test_a_file_is_the_normalised_planes_and_nothing_else(tmp_path: Path) -> None:
    assert written({"a": picture((255, 0, 51))}, tmp_path) == {}
    values = np.fromfile(tmp_path / "a.bin", "<f4").reshape(3, -1)
    scaled = np.array([255, 0, 51], np.float32) / np.float32(255)
    expected = (scaled - np.array(DINO.mean, np.float32)) / np.array(DINO.std, np.float32)
    assert (values == expected[:, None]).all()
    assert (tmp_path / "a.bin").stat().st_size == bin_bytes(DINO) == 602112


def test_every_photo_gets_its_own_pixels_from_whichever_thread(tmp_path: Path) -> None:
    photos = {f"p{n}": picture((n, n, n)) for n in range(0, 250, 10)}
    assert written(photos, tmp_path) == {}
    first = [float(np.fromfile(tmp_path / f"{name}.bin", "<f4")[0]) for name in photos]
    assert first == sorted(first)
    assert len(set(first)) == len(photos)


def test_a_photo_that_is_no_picture_has_no_file_and_a_reason(tmp_path: Path) -> None:
    done: list[int] = []
    unreadable = written({"a": picture((1, 2, 3)), "b": b"GIF?", "c": b""}, tmp_path, done)
    assert unreadable == {"b": "it is no picture", "c": "the file is empty"}
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]
    assert done == [1, 2, 3]


def test_a_photo_that_cannot_be_read_has_a_reason(tmp_path: Path) -> None:
    def read(name: str) -> bytes:
        raise PermissionError(13, "Permission denied")

    unreadable = write_bins({"a": "a.bin"}, read, DINO, tmp_path, threads=1, progress=lambda _: None)
    assert unreadable == {"a": "it cannot be read: Permission denied"}


def test_a_file_that_cannot_be_written_is_no_unreadable_photo(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        written({"a": picture((1, 2, 3))}, tmp_path / "gone")


def test_who_stops_it_stops_all_threads(tmp_path: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    photos = {f"p{n}": picture((n, n, n)) for n in range(200)}
    with pytest.raises(KeyboardInterrupt):
        write_bins({name: name for name in photos}, photos.__getitem__, DINO, tmp_path, threads=2, progress=stop)
    assert len(list(tmp_path.iterdir())) < 200
