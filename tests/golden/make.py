"""Makes pixels.json with torchvision; run by hand where torch and torchvision are installed, with Pillow as locked.

    python -m tests.golden.make

Beside a torch build of another kind torchvision misses operators that are never used here; they are declared first.
"""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import torch
from PIL import Image

from dinoq.jobs.recipe import RECIPES, Recipe
from tests.golden.pictures import cases

operators = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    operators.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision import transforms

MODES = {name: getattr(transforms.InterpolationMode, name.upper()) for name in ("bilinear", "bicubic")}


def hashes(data: bytes, recipe: Recipe) -> dict[str, str]:
    """sha256 of the uint8 planes and of the normalised float32, as torchvision makes them."""
    size = (recipe.resize, recipe.resize) if recipe.geometry == "square" else recipe.resize
    cut = transforms.Compose(
        [transforms.Resize(size, interpolation=MODES[recipe.interpolation]), transforms.CenterCrop(recipe.crop)]
    )
    planes = transforms.PILToTensor()(cut(Image.open(io.BytesIO(data)).convert("RGB")))
    exact = transforms.Normalize(recipe.mean, recipe.std)(planes.to(torch.float32).div(recipe.scale))
    return {key: hashlib.sha256(t.numpy().tobytes()).hexdigest() for key, t in (("pixels", planes), ("float32", exact))}


if __name__ == "__main__":
    Image.MAX_IMAGE_PIXELS = None
    made = {name: {file: hashes(data, recipe) for file, data in cases().items()} for name, recipe in RECIPES.items()}
    Path(__file__).with_name("pixels.json").write_text(json.dumps(made, indent=1) + "\n")
