"""Preprocessed photos as the recipe's own tools keep them: one float32 file per photo."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from dinoq.jobs.recipe import Recipe
from dinoq.workers.data.preprocess import normalise
from dinoq.workers.exports.pictures import Make


class _Pictures(threading.local):
    """One thread's arrays, made once: fresh ones cost as much as filling them."""

    def __init__(self, crop: int) -> None:
        self.bytes = np.empty((1, 3, crop, crop), np.uint8)
        self.exact = np.empty((1, 3, crop, crop), "<f4")


def bin_bytes(recipe: Recipe) -> int:
    """The size of each file: float32 [3, crop, crop]."""
    return 4 * 3 * recipe.crop**2


def write_bins(
    files: Mapping[str, str],
    make: Make,
    recipe: Recipe,
    into: Path,
    *,
    threads: int,
    progress: Callable[[int], None],
) -> dict[str, str]:
    """Write each photo of `files` (name: its file's name) into `into`, little-endian float32 [3, crop, crop], RGB.

    `make` gives the pixels. `progress(n_done)` is called for each, and may raise to stop. Returns why, for each photo
    that is no picture; it has no file. Raises: OSError when a file cannot be written.
    """
    pictures, unreadable = _Pictures(recipe.crop), {}
    pool = ThreadPoolExecutor(threads, thread_name_prefix="bin")
    try:
        write = functools.partial(_write, make, recipe, pictures)
        reasons = pool.map(write, files, (into / file for file in files.values()))
        for done, (name, reason) in enumerate(zip(files, reasons, strict=True), start=1):
            if reason:
                unreadable[name] = reason
            progress(done)
    finally:
        pool.shutdown(cancel_futures=True)
    return unreadable


def _write(make: Make, recipe: Recipe, pictures: _Pictures, name: str, path: Path) -> str:
    """One photo; what is wrong with it, empty for nothing."""
    if reason := make(name, pictures.bytes[0]):
        return reason
    normalise(pictures.bytes, recipe, pictures.exact)
    path.write_bytes(pictures.exact.data)
    return ""
