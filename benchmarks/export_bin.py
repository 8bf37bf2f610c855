"""Export of preprocessed `.bin` files against writing the same bytes plainly, until the disk has them, in turn."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.preprocess import _photos
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.exports.bins import bin_bytes, write_bins
from dinoq.workers.exports.places import fresh_folder

FILES = 1500
ROUNDS = 5
DINO = RECIPES["dino"]


def measure() -> list[Figure]:
    """The ratio of wall times, and what each reached."""
    with tempfile.TemporaryDirectory() as scratch:
        root = _photos(Path(scratch, "photos"))
        photos = [path.read_bytes() for path in sorted(root.iterdir())]
        pairs = [
            (_timed(Path(scratch, "plain"), _plain), _timed(Path(scratch, "ours"), _export(photos)))
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(plain / ours for plain, ours in pairs)
    megabytes = FILES * bin_bytes(DINO) / 1e6
    plain, ours = (megabytes / statistics.median(times) for times in zip(*pairs, strict=True))
    note = f"plain write {plain:.0f} MB/s, export {ours:.0f} MB/s with {_threads()} threads, synced"
    return [Figure("export of .bin files", ratio, "x", 0.8, 1.0, note)]


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


def _export(photos: list[bytes]) -> Callable[[Path], None]:
    files = {str(no): f"{no}.bin" for no in range(FILES)}

    def read(name: str) -> bytes:
        return photos[int(name) % len(photos)]

    def work(place: Path) -> None:
        with fresh_folder(place) as into:
            write_bins(files, read, DINO, into, threads=_threads(), progress=lambda _: None)

    return work


def _threads() -> int:
    return len(os.sched_getaffinity(0))
