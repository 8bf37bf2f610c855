"""Preprocessing to the store against torchvision on Pillow, per core, on the same files, in turn."""

from __future__ import annotations

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.figure import Figure
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.folder import Folder
from dinoq.workers.data.shards import open_shard
from dinoq.workers.data.slices import store_slice
from dinoq.workers.data.store import open_store

PHOTOS = 100
ROUNDS = 8
SIZES = ((500, 375),) * 6 + ((375, 500),) * 2 + ((800, 600), (300, 200))


def measure() -> list[Figure]:
    """The ratio of CPU times; the pixels are compared first."""
    name = "preprocess to the store"
    try:
        reference = _torchvision()
    except (ImportError, RuntimeError) as error:
        return [Figure(name, None, "x", 1.2, 1.26, f"skipped, needs torch and torchvision: {error}")]
    with tempfile.TemporaryDirectory() as scratch:
        root = _photos(Path(scratch, "photos"))
        ratios = [_round(root, Path(scratch, f"store{number}"), reference) for number in range(ROUNDS)]
    return [Figure(name, statistics.median(ratios[1:]), "x", 1.2, 1.26, "torchvision's CPU time / ours, per core")]


def _round(root: Path, folder: Path, reference: Callable[[bytes], np.ndarray]) -> float:
    names = tuple(sorted(path.name for path in root.iterdir()))
    manifest, store = Manifest(names, (0,) * len(names)), open_store(folder)
    begun = time.process_time()
    made = store_slice(
        *(store, Folder(root), manifest, 0, PHOTOS, RECIPES["dino"]),
        salt="",
        digests=folder / "digests",
        progress=lambda _: None,
    )
    ours = time.process_time() - begun
    pixels = open_shard(store.shard_path(made.shard_key)).pixels
    begun = time.process_time()
    theirs = [reference((root / name).read_bytes()) for name in names]
    other = time.process_time() - begun
    exact = np.empty((1, 3, 224, 224), np.float32)
    from dinoq.workers.data.preprocess import normalise

    for at, value in enumerate(theirs):
        normalise(pixels[at : at + 1], RECIPES["dino"], exact)
        assert np.array_equal(exact[0], value), names[at]
    return other / ours


def _torchvision() -> Callable[[bytes], np.ndarray]:
    import torch

    torch.set_num_threads(1)
    from torchvision import transforms

    recipe = RECIPES["dino"]
    whole = transforms.Compose(
        [
            transforms.Resize(256, interpolation=transforms.InterpolationMode.BICUBIC),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(recipe.mean, recipe.std),
        ]
    )

    def prepare(data: bytes) -> np.ndarray:
        array: np.ndarray = whole(Image.open(io.BytesIO(data)).convert("RGB")).numpy()
        return array

    return prepare


def _photos(root: Path) -> Path:
    root.mkdir()
    rng = np.random.default_rng(0)
    for n in range(PHOTOS):
        width, height = SIZES[n % len(SIZES)]
        coarse = Image.fromarray(rng.integers(0, 255, (height // 8, width // 8, 3), np.uint8)).resize((width, height))
        noisy = np.clip(np.asarray(coarse, np.int16) + rng.integers(-12, 12, (height, width, 3)), 0, 255)
        Image.fromarray(noisy.astype(np.uint8)).save(root / f"{n:03}.jpg", quality=92)
    return root
