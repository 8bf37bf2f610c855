"""The resize of our own is Pillow's to the last bit, wherever the crop lies and whichever pass comes first."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dinoq.jobs.recipe import Interpolation
from dinoq.workers.data import resample
from dinoq.workers.data.resample import agrees_with_pillow, resized_centre, vertical_first

INTERPOLATIONS: tuple[Interpolation, ...] = ("bilinear", "bicubic", "box", "hamming", "lanczos")
sides = st.integers(1, 90)


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    """The hardest picture: every sum rounds somewhere else."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


def both(picture: Image.Image, size: tuple[int, int], how: Interpolation, box: tuple[int, int, int, int]) -> bool:
    """Whether Pillow and we agree on the part (left, top, width, height) of the resized picture."""
    left, top, width, height = box
    ours = np.empty((3, height, width), np.uint8)
    resized_centre(picture, size, how, (left, top), ours)
    whole = np.asarray(picture.resize(size, Image.Resampling[how.upper()])).transpose(2, 0, 1)
    return np.array_equal(ours, whole[:, top : top + height, left : left + width])


@given(old=st.tuples(sides, sides), new=st.tuples(sides, sides), how=st.sampled_from(INTERPOLATIONS), data=st.data())
@settings(max_examples=100, deadline=None)
def test_any_part_of_any_resize_is_pillows(
    old: tuple[int, int], new: tuple[int, int], how: Interpolation, data: st.DataObject
) -> None:
    left, top = data.draw(st.integers(0, new[0] - 1)), data.draw(st.integers(0, new[1] - 1))
    box = (left, top, data.draw(st.integers(1, new[0] - left)), data.draw(st.integers(1, new[1] - top)))
    assert both(noise(*old, seed=old[0]), new, how, box)


@pytest.mark.parametrize("how", INTERPOLATIONS)
@pytest.mark.parametrize(("old", "new"), [((64, 200), (60, 100)), ((200, 64), (100, 60)), ((3, 500), (224, 224))])
def test_either_order_of_passes_is_pillows(how: Interpolation, old: tuple[int, int], new: tuple[int, int]) -> None:
    assert both(noise(*old), new, how, (0, 0, *new))


def test_the_columns_go_first_only_where_that_saves_much() -> None:
    assert vertical_first((64, 200), (60, 100))
    assert not vertical_first((200, 64), (100, 60))
    assert not vertical_first((100, 100), (50, 50))
    assert not vertical_first((10, 10), (20, 20))


@pytest.mark.parametrize("how", INTERPOLATIONS)
def test_the_installed_pillow_is_agreed_with(how: Interpolation) -> None:
    assert agrees_with_pillow(how)


def test_another_pillow_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    agrees_with_pillow.cache_clear()
    monkeypatch.setattr(resample, "vertical_first", lambda old, new: not vertical_first(old, new))
    assert not agrees_with_pillow("bicubic")
    agrees_with_pillow.cache_clear()
