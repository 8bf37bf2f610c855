"""Preprocessing as data: what happens to a photo before a model sees it. A new built-in recipe is one entry in RECIPES."""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from dataclasses import asdict, dataclass, replace
from typing import Literal

from dinoq.jobs.errors import BadRecipe

Geometry = Literal["shorter_side", "square"]
Interpolation = Literal["nearest", "bilinear", "bicubic", "box", "hamming", "lanczos"]
OWN = 'a file such as: base = "dino", interpolation = "bilinear", each on a line of its own'


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One named, versioned preprocessing.

    Resize (`shorter_side`: aspect kept, the longer side truncated to int; `square`: both sides to `resize`), then a
    centre crop of `crop` x `crop`, then per channel (RGB, NCHW): `(x / scale - mean) / std` in float32, in this order.
    """

    name: str
    version: int = 1
    geometry: Geometry
    resize: int
    interpolation: Interpolation
    crop: int
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    source: str = ""

    def to_json(self) -> dict[str, object]:
        """All values; `from_json` reads them back."""
        return asdict(self) | {"mean": list(self.mean), "std": list(self.std)}

    def digest(self) -> str:
        """What identifies the pixels *and* the normalisation; name and source do not count."""
        return _sha256({k: v for k, v in self.to_json().items() if k not in ("name", "source")})

    def pixel_digest(self) -> str:
        """What identifies the stored uint8 pixels alone, so that recipes that differ in mean and std share shards."""
        return _sha256({k: self.to_json()[k] for k in ("version", "geometry", "resize", "interpolation", "crop")})


def _sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


_DINO = Recipe(
    name="dino",
    geometry="shorter_side",
    resize=256,
    interpolation="bicubic",
    crop=224,
    scale=255.0,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    source="facebookresearch/dino eval_linear.py: Resize(256, interpolation=3), CenterCrop(224), ImageNet mean and std",
)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        _DINO,
        replace(
            _DINO,
            name="modelzoo-2022",
            interpolation="bilinear",
            source="ModelZoo-PyTorch ACL_PyTorch imagenet_torch_preprocess.py of 2022: shorter side 256, bilinear",
        ),
        replace(
            _DINO,
            name="modelzoo-2023",
            geometry="square",
            interpolation="bilinear",
            source="ModelZoo-PyTorch ACL_PyTorch Dino_Resnet50 preprocess of 2023: both sides 256, bilinear",
        ),
        replace(
            _DINO,
            name="efficientnet-lite",
            scale=1.0,
            mean=(127.0, 127.0, 127.0),
            std=(128.0, 128.0, 128.0),
            source="google efficientnet-lite: (x - 127) / 128 on 0..255 RGB, bicubic, centre crop",
        ),
    )
}


UNTOLD = Recipe(
    name="unknown",
    geometry="shorter_side",
    resize=1,
    interpolation="nearest",
    crop=1,
    scale=1.0,
    mean=(0.0, 0.0, 0.0),
    std=(1.0, 1.0, 1.0),
    source="what was imported does not tell how its pictures were made",
)
"""Stands where nobody told the preprocessing; nothing is ever preprocessed so."""


def recipe_named(name: str) -> Recipe:
    """A built-in recipe. Raises: BadRecipe, naming those there are."""
    if name in RECIPES:
        return RECIPES[name]
    raise BadRecipe(
        f"recipe {name!r} is not built in; there are {', '.join(RECIPES)}.",
        hint="--recipe FILE.toml for one of your own",
    )


def recipe_from_toml(text: str, name: str) -> Recipe:
    """A recipe of the user's own, from the text of a TOML file.

    It holds `geometry`, `resize`, `interpolation`, `crop`, `scale`, `mean`, `std`; what it leaves out is as in `base`
    (default `dino`). Raises: BadRecipe, naming the key and what was expected.
    """
    try:
        values: dict[str, object] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe(f"recipe {name!r} is no TOML: {error}.", hint=OWN) from None
    base = recipe_named(str(values.pop("base", "dino")))
    known = set(base.to_json())
    if unknown := sorted(set(values) - known):
        raise BadRecipe(
            f"recipe {name!r} has the unknown key {unknown[0]!r}; known are {', '.join(sorted(known))}.", hint=OWN
        )
    return recipe_from_json(base.to_json() | {"source": f"{name}"} | values | {"name": str(values.get("name", name))})


def recipe_from_json(values: dict[str, object]) -> Recipe:
    """A recipe from plain values, checked. Raises: BadRecipe, naming the key and what was expected."""
    name = str(values.get("name", ""))
    return Recipe(
        name=name,
        version=_positive(values, "version"),
        geometry=_one_of(values, "geometry", ("shorter_side", "square")),  # type: ignore[arg-type]
        resize=_positive(values, "resize"),
        interpolation=_one_of(  # type: ignore[arg-type]
            values, "interpolation", ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
        ),
        crop=_positive(values, "crop", at_most=_positive(values, "resize")),
        scale=_numbers(values, "scale", 1, nonzero=True)[0],
        mean=_three(_numbers(values, "mean", 3)),
        std=_three(_numbers(values, "std", 3, nonzero=True)),
        source=str(values.get("source", "")),
    )


def _positive(values: dict[str, object], key: str, at_most: int = 4096) -> int:
    value = values.get(key)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= at_most:
        raise BadRecipe(f"recipe key {key!r} is {value!r}; expected a whole number from 1 to {at_most}.", hint=OWN)
    return value


def _one_of(values: dict[str, object], key: str, choices: tuple[str, ...]) -> str:
    value = values.get(key)
    if value not in choices:
        raise BadRecipe(f"recipe key {key!r} is {value!r}; expected one of {', '.join(choices)}.", hint=OWN)
    return str(value)


def _numbers(values: dict[str, object], key: str, n: int, *, nonzero: bool = False) -> tuple[float, ...]:
    value = values.get(key)
    items = value if isinstance(value, list | tuple) else [value]
    numbers = tuple(float(item) for item in items if isinstance(item, int | float) and not isinstance(item, bool))
    if len(numbers) != n or len(items) != n or not all(map(math.isfinite, numbers)) or (nonzero and 0.0 in numbers):
        what = "a number" if n == 1 else f"{n} numbers"
        raise BadRecipe(
            f"recipe key {key!r} is {value!r}; expected {what}{', none of them 0' if nonzero else ''}.", hint=OWN
        )
    return numbers


def _three(numbers: tuple[float, ...]) -> tuple[float, float, float]:
    return numbers[0], numbers[1], numbers[2]
