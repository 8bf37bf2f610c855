"""Preprocessing equals torchvision on Pillow to the last bit, for every recipe; and an independent Pillow version of it."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from dinoq.jobs.recipe import RECIPES, Recipe
from dinoq.workers.data import preprocess
from dinoq.workers.data.preprocess import normalise, pixels
from tests.golden.pictures import cases

GOLDEN: dict[str, dict[str, dict[str, str]]] = json.loads(Path(__file__).with_name("pixels.json").read_text())
FILES = cases()
SLOW = "RGB_extreme.bmp"  # 2 GB when made the plain way


def prepared(data: bytes, recipe: Recipe) -> NDArray[np.uint8]:
    out = np.empty((3, recipe.crop, recipe.crop), np.uint8)
    pixels(data, recipe, out)
    return out


def plain(data: bytes, recipe: Recipe) -> NDArray[np.uint8]:
    """Straight from the definition: resize all of it, cut the middle out."""
    image = Image.open(io.BytesIO(data)).convert("RGB")
    if recipe.geometry == "square":
        size = (recipe.resize, recipe.resize)
    else:
        short = min(image.size)
        width, height = (recipe.resize if side == short else int(recipe.resize * side / short) for side in image.size)
        size = (width, height)
    whole = np.asarray(image.resize(size, getattr(Image, recipe.interpolation.upper())))
    top, left = (int(round((side - recipe.crop) / 2.0)) for side in whole.shape[:2])  # noqa: RUF046
    return whole[top : top + recipe.crop, left : left + recipe.crop].transpose(2, 0, 1)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("file", FILES)
def test_pixels_are_torchvisions(name: str, file: str) -> None:
    made = prepared(FILES[file], RECIPES[name])
    assert hashlib.sha256(made.tobytes()).hexdigest() == GOLDEN[name][file]["pixels"]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("file", ["RGB_photo.bmp", "CMYK_tall.tiff", "RGB_tiny.bmp"])
def test_normalised_values_are_torchvisions(name: str, file: str) -> None:
    made = prepared(FILES[file], RECIPES[name])[None]
    out = np.empty(made.shape, np.float32)
    normalise(made, RECIPES[name], out)
    assert hashlib.sha256(out[0].tobytes()).hexdigest() == GOLDEN[name][file]["float32"]


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("file", [file for file in FILES if file != SLOW])
def test_pixels_are_those_of_a_plain_version(name: str, file: str) -> None:
    assert np.array_equal(prepared(FILES[file], RECIPES[name]), plain(FILES[file], RECIPES[name]))


@pytest.mark.parametrize("file", [file for file in FILES if file != SLOW])
def test_where_our_resize_is_not_pillows_pillow_does_it(monkeypatch: pytest.MonkeyPatch, file: str) -> None:
    ours = prepared(FILES[file], RECIPES["dino"])
    monkeypatch.setattr(preprocess, "agrees_with_pillow", lambda _: False)
    assert np.array_equal(prepared(FILES[file], RECIPES["dino"]), ours)


@pytest.mark.parametrize("set_name", ["odd45", "val20"])
def test_real_photos_are_those_of_a_plain_version(shared_data: Path, set_name: str) -> None:
    for photo in sorted((shared_data / set_name / "images").iterdir()):
        data = photo.read_bytes()
        assert np.array_equal(prepared(data, RECIPES["dino"]), plain(data, RECIPES["dino"])), photo.name


def test_every_recipe_and_picture_has_its_hashes() -> None:
    assert {name: set(files) for name, files in GOLDEN.items()} == {name: set(FILES) for name in RECIPES}
