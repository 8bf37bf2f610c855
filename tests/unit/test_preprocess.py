"""Decoding photos that are none: each is told as such, whatever Pillow makes of it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dinoq.jobs.recipe import RECIPES
from dinoq.workers.data.preprocess import FORMATS, BadSample, pixels

DINO = RECIPES["dino"]
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"


def picture(format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), (1, 2, 3)).save(out, format)
    return out.getvalue()


PICTURES = {format: picture(format) for format in FORMATS}


def decoded(data: bytes) -> str:
    """What is wrong with it; empty for nothing."""
    try:
        pixels(data, DINO, np.empty((3, 224, 224), np.uint8))
    except BadSample as error:
        return str(error)
    return ""


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_that_a_photo_may_have_is_decoded(format: str) -> None:
    assert decoded(PICTURES[format]) == ""


@given(format=st.sampled_from(FORMATS), at=st.integers(0, 400), put=st.binary(min_size=1, max_size=8))
def test_damage_anywhere_is_told_and_never_raised(format: str, at: int, put: bytes) -> None:
    whole = PICTURES[format]
    decoded(whole[:at] + put + whole[at + len(put) :])


@given(format=st.sampled_from(FORMATS), size=st.integers(1, 40))
def test_a_picture_cut_short_in_its_head_is_none(format: str, size: int) -> None:
    assert decoded(PICTURES[format][: min(size, 10)])


def test_a_program_that_draws_is_no_photo() -> None:
    assert decoded(EPS) == "it is no picture"


def test_too_little_memory_is_no_fault_of_the_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(Image, "open", full)
    with pytest.raises(MemoryError):
        decoded(PICTURES["PNG"])


def test_an_error_that_no_decoder_should_raise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def odd(*_: object, **__: object) -> Image.Image:
        raise NotImplementedError("pixel format 9")

    monkeypatch.setattr(Image, "open", odd)
    assert decoded(PICTURES["PNG"]) == "it cannot be decoded: pixel format 9"
