"""The speed files of the old benchmark tool."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.benchmark import (
    Perf,
    Stage,
    batch_of_model,
    perf_name,
    perf_text,
    pure_name,
    read_name,
    read_perf,
    read_pure,
)
from tests.foreign import PURE, perf_file

FIGURES = st.floats(1e-3, 1e9).map(lambda value: float(f"{value:.6g}"))
STAGES = st.builds(Stage, rate=FIGURES | st.none(), latency_ms=FIGURES | st.none())


def test_the_published_file_is_read_and_written_to_the_letter() -> None:
    text = perf_file("382.328")
    perf = read_perf(text, "x")
    assert (perf.interface, perf.e2e.latency_ms, perf.post.rate) == (382.328, 205733.0, 244.435)
    assert perf_text(perf) == text


@given(st.builds(Perf, e2e=STAGES, data_read=STAGES, preprocess=STAGES, infer=STAGES, post=STAGES, interface=FIGURES))
def test_what_is_written_is_read_back(perf: Perf) -> None:
    assert read_perf(perf_text(perf), "x") == perf


def test_the_published_script_finds_the_interface_rate_at_its_place() -> None:
    """test/parse.py takes the eighth of the fields between a colon and a comma."""
    perf = read_perf(perf_file("382.328"), "x")
    unknown = Perf(
        **{name: Stage(rate=None, latency_ms=None) for name in ("e2e", "data_read", "preprocess", "infer", "post")},
        interface=perf.interface,
    )
    fields = [
        field.split(":")[-1].strip() for field in perf_text(unknown).replace("\n", ",").split(",") if ":" in field
    ]
    assert fields[7] == "382.328"


def test_the_longer_names_of_stages_and_lines_run_together_are_the_same() -> None:
    longer = perf_file("382.328").replace("[infer]", "[inference]").replace("[post]", "[postprocess]")
    assert read_perf(longer, "x") == read_perf(longer.replace("\n", ""), "x") == read_perf(perf_file("382.328"), "x")


def test_a_number_with_an_exponent_is_read() -> None:
    assert read_perf(perf_file("1.6119e+06"), "x").interface == 1_611_900.0


@pytest.mark.parametrize(
    ("garble", "told"),
    [
        (lambda text: text.replace("[post]", "[p"), "stage [post]"),
        (lambda text: text.replace("Interface throughputRate: 5, ", ""), "Interface throughputRate"),
        (lambda text: text.replace("258.404", "nan"), "'nan' at preprocess"),
        (lambda text: text.replace("Rate: 5,", "Rate: -5,"), "'-5' at infer"),
        (lambda text: text[:200], "stage [infer]"),
    ],
)
def test_a_garbled_file_is_refused_by_what_it_lacks(garble, told: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadResults, match=r"perf\.txt") as error:
        read_perf(garble(perf_file("5")), "perf.txt")
    assert told in str(error.value)


def test_a_run_on_random_data_is_read_in_both_spellings() -> None:
    other = "ave_throughputRate = 604.718samples/s, ave_latency = 1.68188ms"
    assert read_pure(PURE, "x") == read_pure(other, "x")
    assert read_pure(PURE, "x").rate == 604.718


def test_two_different_averages_are_no_one_run() -> None:
    with pytest.raises(BadResults, match="2 different averages"):
        read_pure(PURE + PURE.replace("604.718", "604.719"), "x")


@given(st.integers(1, 4096), st.integers(0, 255))
def test_a_name_says_batch_and_device(batch: int, device: int) -> None:
    name = read_name(perf_name(batch, device))
    assert name is not None
    assert (name.batch, name.device, name.model) == (batch, device, "")


def test_a_name_of_random_data_says_the_model_and_by_custom_its_batch() -> None:
    name = read_name(pure_name("dino_resnet50_bs16", 3))
    assert name is not None
    assert (name.batch, name.device, name.model) == (16, 3, "dino_resnet50_bs16")
    assert read_name("notes.txt") is None


@pytest.mark.parametrize(
    ("name", "batch"),
    [("dino_bs16", 16), ("d7_bs1_modify", 1), ("resnet50", None), ("absurd", None), ("m-batch8", 8), ("bs4", 4)],
)
def test_a_models_name_may_tell_its_batch(name: str, batch: int | None) -> None:
    assert batch_of_model(name) == batch
