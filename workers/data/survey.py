"""Every photo of a dataset looked at once: what it is, whether it can be evaluated, and what is odd about it."""

from __future__ import annotations

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from dinoq.jobs.fingerprint import fingerprint
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.recipe import Recipe
from dinoq.workers.data.photos import Photos
from dinoq.workers.data.preprocess import BadSample, pixels
from dinoq.workers.data.slices import read_again

ORIENTATION = 0x0112
TURNED = range(2, 9)
"""EXIF orientations that mean another picture than the stored one; 1 is upright, others are invalid."""
FORMATS = {"JPEG": (".jpg", ".jpeg", ".jpe"), "PPM": (".ppm", ".pgm"), "TIFF": (".tif", ".tiff")}
SAME = {"MPO": "JPEG"}
"""A camera's several JPEGs in one file begin with an ordinary one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One photo. `format`, `mode` and `size` (width, height) are of the file, empty and (0, 0) when it is no picture;
    `orientation` is EXIF's when it means a turned picture, else 0; `reason` says why it cannot be evaluated."""

    name: str
    n_bytes: int
    sha256: bytes
    format: str = ""
    mode: str = ""
    size: tuple[int, int] = (0, 0)
    orientation: int = 0
    reason: str = ""

    @property
    def misnamed(self) -> bool:
        """Whether its suffix promises another format."""
        suffixes = FORMATS.get(self.format, (f".{self.format.lower()}",))
        return bool(self.format) and PurePosixPath(self.name).suffix.lower() not in suffixes


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found in a dataset. `smallest` and `largest` by number of pixels, None when nothing is a picture;
    `twins` are names of photos with the same bytes; `per_class` counts the photos of each label."""

    samples: int
    n_bytes: int
    formats: dict[str, int]
    modes: dict[str, int]
    smallest: Picture | None
    largest: Picture | None
    unreadable: tuple[Picture, ...]
    misnamed: tuple[Picture, ...]
    turned: tuple[Picture, ...]
    twins: tuple[tuple[str, ...], ...]
    per_class: dict[int, int]
    fingerprint: str


def survey(
    photos: Photos, manifest: Manifest, recipe: Recipe, *, threads: int, progress: Callable[[int], None]
) -> Survey:
    """Read and preprocess each photo as an evaluation would. `progress(n_done)` is called for each, and may raise."""
    pictures = []
    with ThreadPoolExecutor(threads) as pool:
        for picture in pool.map(lambda name: look(photos, name, recipe), manifest.names):
            pictures.append(picture)
            progress(len(pictures))
    return summed(pictures, manifest)


def look(photos: Photos, name: str, recipe: Recipe) -> Picture:
    """What one photo is; whatever is wrong with it is its `reason`."""
    try:
        data = read_again(photos, name)
    except OSError as error:
        return Picture(name=name, n_bytes=0, sha256=bytes(32), reason=f"it cannot be read: {error.strerror or error}")
    reason = ""
    try:
        pixels(data, recipe, np.empty((3, recipe.crop, recipe.crop), np.uint8))
    except BadSample as error:
        reason = str(error)
    seen = Picture(name=name, n_bytes=len(data), sha256=hashlib.sha256(data).digest(), reason=reason)
    try:
        with Image.open(io.BytesIO(data)) as image:
            kind = SAME.get(image.format or "", image.format or "")
            return replace(seen, format=kind, mode=image.mode, size=image.size, orientation=_orientation(image))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError):
        return seen


def summed(pictures: Sequence[Picture], manifest: Manifest) -> Survey:
    """The pictures of a manifest, in its order, as one value."""
    known = [one for one in pictures if one.format]
    by_area = sorted(known, key=lambda one: one.size[0] * one.size[1])
    same: defaultdict[bytes, list[str]] = defaultdict(list)
    for one in pictures:
        if any(one.sha256):
            same[one.sha256].append(one.name)
    return Survey(
        samples=len(pictures),
        n_bytes=sum(one.n_bytes for one in pictures),
        formats=dict(Counter(one.format for one in known).most_common()),
        modes=dict(Counter(one.mode for one in known).most_common()),
        smallest=by_area[0] if by_area else None,
        largest=by_area[-1] if by_area else None,
        unreadable=tuple(one for one in pictures if one.reason),
        misnamed=tuple(one for one in known if one.misnamed),
        turned=tuple(one for one in known if one.orientation),
        twins=tuple(tuple(names) for names in same.values() if len(names) > 1),
        per_class=dict(sorted(Counter(manifest.labels).items())),
        fingerprint=fingerprint(b"".join(one.sha256 for one in pictures), manifest.labels),
    )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ORIENTATION)
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, IndexError, TypeError):
        return 0  # what cannot be read turns nothing
    return value if isinstance(value, int) and value in TURNED else 0
