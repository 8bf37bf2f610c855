"""Names and contents of dump files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.dump import (
    dump_name,
    image_key,
    logits_of_bytes,
    logits_of_npy,
    logits_of_text,
    read_dump_name,
    text_line,
)
from dinoq.jobs.result import Floats

LOGITS = arrays(np.float32, st.integers(1, 20), elements=st.floats(width=32, allow_nan=False))


@given(LOGITS)
def test_text_gives_back_the_same_bits(logits: Floats) -> None:
    assert logits_of_text(text_line(logits), "x").tobytes() == logits.tobytes()


@given(LOGITS)
def test_bytes_give_back_the_same_bits(logits: Floats) -> None:
    assert logits_of_bytes(logits.astype("<f4").tobytes(), "x").tobytes() == logits.tobytes()


def test_only_the_first_line_counts_and_a_blank_at_its_end_does_no_harm() -> None:
    assert logits_of_text("1.5 2.5 \nfloat32 rgb", "x").tolist() == [1.5, 2.5]


def test_a_numpy_file_is_read_and_one_with_objects_is_not() -> None:
    plain, objects = io.BytesIO(), io.BytesIO()
    np.save(plain, np.array([[1.0, 2.0]]))
    np.save(objects, np.array([{}], object), allow_pickle=True)
    assert logits_of_npy(plain.getvalue(), "x").tolist() == [1.0, 2.0]
    with pytest.raises(BadResults, match="no numpy file of numbers"):
        logits_of_npy(objects.getvalue(), "x")


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1), st.integers(0, 999))
def test_a_name_says_image_and_output(image: str, output: int) -> None:
    said = read_dump_name(dump_name(image, output, "txt"))
    assert said is not None
    assert (said.image, said.output, said.form) == (image, output, "txt")


@pytest.mark.parametrize("name", ["summary.json", "a.txt", "a_x.txt", "a_1.log", "_1.txt", "a_1.txt.bak"])
def test_other_names_are_none(name: str) -> None:
    assert read_dump_name(name) is None


def test_a_photo_and_its_output_have_the_same_key() -> None:
    said = read_dump_name("ILSVRC2012_val_00000001_1.txt")
    assert said is not None
    assert said.key == image_key("val/n01440764/ILSVRC2012_val_00000001.JPEG") == "ILSVRC2012_val_00000001"


@pytest.mark.parametrize(("text", "told"), [("", "empty"), ("1.0 x", "no number"), ("\n1.0", "empty")])
def test_text_that_is_no_vector_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadResults, match=told):
        logits_of_text(text, "a_1.txt")


def test_bytes_that_are_no_floats_are_refused() -> None:
    with pytest.raises(BadResults, match="5 bytes"):
        logits_of_bytes(b"12345", "a_1.bin")
