"""Preprocessed photos as files."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.folder import Folder
from dinoq.workers.exports.bins import bin_bytes, write_bins
from dinoq.workers.exports.pictures import from_photos

DINO = RECIPES["dino"]


def picture(colour: tuple[int, int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (300, 260), colour).save(out, "PNG")
    return out.getvalue()


def written(photos: dict[str, bytes], into: Path, done: list[int] | None = None) -> dict[str, str]:
    return write_bins(
        {name: f"{name[:-4]}.bin" for name in photos},
        from_photos(folder_of(photos, into.parent), DINO),
        DINO,
        into,
        threads=3,
        progress=(done if done is not None else []).append,
    )


def folder_of(photos: dict[str, bytes], beside: Path) -> Folder:
    (beside / "photos").mkdir()
    for name, body in photos.items():
        (beside / "photos" / name).write_bytes(body)
    return Folder(beside / "photos")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_a_file_is_the_normalised_planes_and_nothing_else(into: Path) -> None:
    assert written({"a.png": picture((255, 0, 51))}, into) == {}
    values = np.fromfile(into / "a.bin", "<f4").reshape(3, -1)
    scaled = np.array([255, 0, 51], np.float32) / np.float32(255)
    expected = (scaled - np.array(DINO.mean, np.float32)) / np.array(DINO.std, np.float32)
    assert (values == expected[:, None]).all()
    assert (into / "a.bin").stat().st_size == bin_bytes(DINO) == 602112


def test_every_photo_gets_its_own_pixels_from_whichever_thread(into: Path) -> None:
    photos = {f"p{n:03}.png": picture((n, n, n)) for n in range(0, 250, 10)}
    assert written(photos, into) == {}
    first = [float(np.fromfile(into / f"{name[:-4]}.bin", "<f4")[0]) for name in photos]
    assert first == sorted(first)
    assert len(set(first)) == len(photos)


def test_a_photo_that_is_no_picture_has_no_file_and_a_reason(into: Path) -> None:
    done: list[int] = []
    unreadable = written({"a.png": picture((1, 2, 3)), "b.png": b"GIF?", "c.png": b""}, into, done)
    assert unreadable == {"b.png": "it is no picture", "c.png": "the file is empty"}
    assert [path.name for path in into.iterdir()] == ["a.bin"]
    assert done == [1, 2, 3]


def test_a_photo_that_cannot_be_read_has_a_reason(into: Path) -> None:
    gone = write_bins(
        {"a.png": "a.bin"}, from_photos(Folder(into), DINO), DINO, into, threads=1, progress=lambda _: None
    )
    assert gone == {"a.png": "it cannot be read: no such file"}


def test_a_file_that_cannot_be_written_is_no_unreadable_photo(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        written({"a.png": picture((1, 2, 3))}, tmp_path / "gone")


def test_who_stops_it_stops_all_threads(into: Path) -> None:
    def stop(done: int) -> None:
        raise KeyboardInterrupt

    photos = folder_of({f"p{n}.png": picture((n, n, n)) for n in range(200)}, into.parent)
    with pytest.raises(KeyboardInterrupt):
        files = {name: name for name in photos.names()}
        write_bins(files, from_photos(photos, DINO), DINO, into, threads=2, progress=stop)
    assert len(list(into.iterdir())) < 200
