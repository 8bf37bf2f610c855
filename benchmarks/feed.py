"""From a stored shard to exact float32: what feeds a device."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.preprocess import normalise
from dinoq.workers.data.shards import ShardWriter, fresh_file, open_shard

SAMPLES = 1024
STEP = 64
ROUNDS = 7


def measure() -> list[Figure]:
    """Images per CPU second of one thread, checksums included, the shard in the page cache."""
    recipe = RECIPES["dino"]
    with tempfile.TemporaryDirectory() as scratch:
        with fresh_file(Path(scratch), "shard") as out:
            writer = ShardWriter(out, recipe)
            for _ in range(SAMPLES):
                writer.next_sample()[:] = 100
                writer.accept()
            writer.finish()
        shard = open_shard(Path(scratch, "shard"))
        target = np.zeros((STEP, 3, 224, 224), np.float32)
        rates = []
        for _ in range(ROUNDS):
            begun = time.thread_time()
            for first in range(0, SAMPLES, STEP):
                normalise(shard.checked(first, STEP), recipe, target)
            rates.append(SAMPLES / (time.thread_time() - begun))
    return [
        Figure("shard to exact float32", statistics.median(rates), "img/s", 10_000, 15_000, "per core, crc included")
    ]
