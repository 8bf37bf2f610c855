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
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.folder import Folder
from dinoq.workers.exports.bins import bin_bytes, write_bins
from dinoq.workers.exports.places import fresh_folder

FILES = 1500
ROUNDS = 5
DINO = RECIPES["dino"]


def measure() -> list[Figure]:
    """The ratio of wall times, and what each reached."""
    with tempfile.TemporaryDirectory() as scratch:
        root = _by_many_names(_photos(Path(scratch, "photos")))
        pairs = [
            (_timed(Path(scratch, "plain"), _plain), _timed(Path(scratch, "ours"), functools.partial(_export, root)))
            for _ in range(ROUNDS)
        ]
    ratio = statistics.median(plain / ours for plain, ours in pairs)
    megabytes = FILES * bin_bytes(DINO) / 1e6
    plain, ours = (megabytes / statistics.median(times) for times in zip(*pairs, strict=True))
    note = f"plain write {plain:.0f} MB/s, export {ours:.0f} MB/s with {_threads()} threads, synced"
    return [Figure("export of .bin files", ratio, "x", 0.8, 1.0, note)]


def _by_many_names(root: Path) -> Path:
    photos = sorted(root.iterdir())
    for no in range(FILES - len(photos)):
        (root / f"again-{no}.jpg").hardlink_to(photos[no % len(photos)])
    return root


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


def _export(root: Path, place: Path) -> None:
    files = {path.name: f"{path.stem}.bin" for path in root.iterdir()}
    with fresh_folder(place) as into:
        write_bins(files, Folder(root), DINO, into, threads=_threads(), progress=lambda _: None)


def _threads() -> int:
    return len(os.sched_getaffinity(0))
