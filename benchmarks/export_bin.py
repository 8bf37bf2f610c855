"""Export of preprocessed `.bin` files against writing the same bytes plainly, until the disk has them, in turn."""

from __future__ import annotations

import functools
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.preprocess import _photos
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.slices import store_slice
from dinoq.workers.data.store import open_store
from dinoq.workers.exports.bins import bin_bytes, write_bins
from dinoq.workers.exports.pictures import Make, from_photos, from_store
from dinoq.workers.exports.places import fresh_folder

FILES = 1000
ROUNDS = 5
DINO = RECIPES["dino"]
MEGABYTES = FILES * bin_bytes(DINO) / 1e6


def measure() -> list[Figure]:
    """The ratio of wall times, of photos that a job has prepared already and of photos that are decoded."""
    with tempfile.TemporaryDirectory() as scratch:
        root = _by_many_names(_photos(Path(scratch, "photos")))
        works: list[Callable[[Path], None]] = [
            _plain,
            *(functools.partial(_export, make) for make in _makes(root, Path(scratch))),
        ]
        rounds = [[_timed(Path(scratch, "out"), work) for work in works] for _ in range(ROUNDS)]
    stored, decoded = (statistics.median(row[0] / row[at] for row in rounds) for at in (1, 2))
    plain, *ours = (f"{MEGABYTES / statistics.median(times):.0f} MB/s" for times in zip(*rounds, strict=True))
    name, told = "export of .bin files", f"plain write {plain}, synced; export"
    return [
        Figure(f"{name}, prepared by a job", stored, "x", 0.8, 1.0, f"{told} {ours[0]}"),
        Figure(
            f"{name}, decoding", decoded, "x", None, None, f"{told} {ours[1]}: bound by {_threads()} cores' decoding"
        ),
    ]


def _timed(place: Path, work: Callable[[Path], None]) -> float:
    os.sync()
    begun = time.monotonic()
    work(place)
    os.sync()
    seconds = time.monotonic() - begun
    shutil.rmtree(place)
    return seconds


def _plain(place: Path) -> None:
    body = bytes(bin_bytes(DINO))
    place.mkdir()
    for no in range(FILES):
        (place / f"{no}.bin").write_bytes(body)


def _export(make: Make, place: Path) -> None:
    files = {name: f"{name}.bin" for name in _names()}
    with fresh_folder(place) as into:
        write_bins(files, make, DINO, into, threads=_threads(), progress=lambda _: None)


def _makes(root: Path, scratch: Path) -> tuple[Make, Make]:
    photos, manifest, store = Folder(root), Manifest(_names(), (0,) * FILES), open_store(scratch / "store")
    store_slice(
        *(store, photos, manifest, 0, FILES, DINO), salt="", digests=scratch / "digests", progress=lambda _: None
    )
    return from_store(store, scratch / "digests", photos, manifest, DINO), from_photos(photos, DINO)


def _by_many_names(root: Path) -> Path:
    photos = sorted(root.iterdir())
    for at, name in enumerate(_names()):
        (root / name).hardlink_to(photos[at % len(photos)])
    return root


def _names() -> tuple[str, ...]:
    return tuple(f"photo-{no:05}.jpg" for no in range(FILES))


def _threads() -> int:
    return len(os.sched_getaffinity(0))
