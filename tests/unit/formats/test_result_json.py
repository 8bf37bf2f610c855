"""result.json of the published postprocessing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.result_json import is_result, read_result, result_text

PUBLISHED = (
    '{"title": "Overall statistical evaluation", "value": [{"key": "Number of images", "value": "50000"}, '
    '{"key": "Number of classes", "value": "1000"}, {"key": "Top1 accuracy", "value": "80.06%"}, '
    '{"key": "Top2 accuracy", "value": "89.18%"}, {"key": "Top3 accuracy", "value": "92.33%"}, '
    '{"key": "Top4 accuracy", "value": "93.98%"}, {"key": "Top5 accuracy", "value": "94.94%"}]}'
)
"""As ModelZoo-PyTorch's README of CSPResNeXt-50 prints it."""


def test_the_published_line_is_read_and_written_to_the_letter() -> None:
    result = read_result(PUBLISHED, "x")
    assert (result.images, result.classes, result.top_k[0]) == (50_000, 1000, 0.8006)
    assert result_text(result.images, result.classes, result.top_k) == PUBLISHED


@given(
    st.integers(1, 10**6), st.integers(2, 30_000), st.lists(st.integers(0, 10_000), min_size=5, max_size=5).map(sorted)
)
def test_what_is_written_is_read_back(images: int, classes: int, hundredths: list[int]) -> None:
    shares = [number / 10_000 for number in hundredths]
    result = read_result(result_text(images, classes, shares), "x")
    assert (result.images, result.classes, list(result.top_k)) == (images, classes, shares)


def test_a_share_is_rounded_as_the_published_script_rounds_it() -> None:
    assert '"75.3%"' in result_text(1000, 10, [0.753])
    assert '"66.67%"' in result_text(3, 10, [2 / 3])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no result.json"),
        (PUBLISHED.replace("Top1", "Topp"), "no 'Top1 accuracy'"),
        (PUBLISHED.replace("80.06%", "180.06%"), "'180.06%'"),
        (PUBLISHED.replace("80.06%", "95.06%"), "higher than that of k + 1"),
        (PUBLISHED.replace('"50000"', '"many"'), "'many' at 'Number of images'"),
        (json.dumps({"title": "x", "value": [1]}), "no result.json"),
    ],
)
def test_a_garbled_file_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadResults) as error:
        read_result(text, "result.json")
    assert told in str(error.value)


def test_other_json_is_none() -> None:
    assert is_result(PUBLISHED)
    assert not is_result('{"NPU_compute_time": {}}')
