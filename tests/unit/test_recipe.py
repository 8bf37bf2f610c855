"""Recipes as data."""

from dataclasses import replace

import pytest

from dinoq.jobs.errors import BadRecipe
from dinoq.jobs.recipe import RECIPES, recipe_from_json, recipe_from_toml, recipe_named


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_survives_json(name: str) -> None:
    assert recipe_from_json(RECIPES[name].to_json()) == RECIPES[name]


def test_a_recipe_of_ones_own_starts_from_dino() -> None:
    made = recipe_from_toml("crop = 192\nmean = [0.5, 0.5, 0.5]", "mine")
    assert made == replace(RECIPES["dino"], name="mine", crop=192, mean=(0.5, 0.5, 0.5), source="mine")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crop = 0", "'crop' is 0"),
        ("crop = 300", "'crop' is 300"),
        ("std = [1, 0, 1]", "'std'"),
        ("mean = [1, 2]", "'mean'"),
        ("interpolation = 'cubic'", "'interpolation' is 'cubic'"),
        ("crops = 1", "unknown key 'crops'"),
        ("crop = ", "no TOML"),
        ("base = 'vit'", "'vit' is not built in"),
        ("scale = nan", "'scale'"),
    ],
)
def test_a_recipe_that_cannot_be_done_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadRecipe, match=words):
        recipe_from_toml(text, "mine")


def test_an_unknown_recipe_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRecipe, match="dino, modelzoo-2022, modelzoo-2023, efficientnet-lite"):
        recipe_named("vit")


def test_recipes_that_differ_in_mean_share_their_pixels() -> None:
    dino, lite = RECIPES["dino"], RECIPES["efficientnet-lite"]
    assert dino.pixel_digest() == lite.pixel_digest()
    assert dino.digest() != lite.digest()
