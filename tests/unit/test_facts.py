"""What is known of cards and models, and how a user adds to it."""

import pytest

from dinoq.jobs.chips import CHIPS
from dinoq.jobs.errors import UsageError
from dinoq.jobs.facts import BUILT_IN, extended


@pytest.mark.parametrize(
    ("text", "name"),
    [("310", "310"), ("310P", "310P3"), ("Ascend 310P3", "310P3"), ("Atlas 300I Pro", "310P3"), ("300I PRO", "310P3"),
     ("Tesla T4", "T4"), ("NVIDIA T4", "T4"), ("300I Duo", "300I Duo"), ("Ｔ４", "T4"), ("910B", None), ("", None)],
)  # fmt: skip
def test_a_card_is_known_by_the_names_people_use(text: str, name: str | None) -> None:
    card = BUILT_IN.card(text)
    assert (card and card.name) == name


def test_the_peak_of_a_card_is_that_of_all_its_chips_and_of_one_table() -> None:
    for chip in CHIPS:
        if chip.peak_tflops:
            card = BUILT_IN.card(chip.name)
            assert card is not None
            assert card.peaks["fp16"] == chip.chips_per_card * chip.peak_tflops


def test_every_fact_says_who_says_so() -> None:
    assert all(card.source for card in BUILT_IN.cards)
    assert all(model.source for model in BUILT_IN.models)


@pytest.mark.parametrize(
    ("text", "name"),
    [("# Dino_Resnet50 Onnx模型端到端推理指导", "dino_resnet50"), ("# ResNet50模型", "resnet50"), ("resnet18 bs1", "resnet18"),
     ("# SE-ResNeXt50_32x4d", "resnext50_32x4d"), ("# Resnet500", None), ("# 3d_resnets", None), ("", None)],
)  # fmt: skip
def test_a_model_is_known_by_whole_words_of_a_title(text: str, name: str | None) -> None:
    model = BUILT_IN.model_in(text)
    assert (model and model.name) == name


def test_a_user_adds_a_card_and_a_model() -> None:
    table = {
        "chips": {"A10": {"peak_tflops_fp16": 125, "names": ["NVIDIA A10", "GA102"], "source": "data sheet"}},
        "models": {"my_net": {"gflop": 3.6}},
    }
    facts = extended(BUILT_IN, table, "facts.toml")
    card, model = facts.card("Nvidia A10"), facts.model_in("# my-net")
    assert card is not None and model is not None
    assert (card.name, card.peaks, card.source) == ("A10", {"fp16": 125}, "data sheet")
    assert (model.gflop, model.source, facts.card("GA102")) == (3.6, "facts.toml", card)


def test_a_user_s_peak_of_a_known_chip_counts_for_each_of_its_chips() -> None:
    card = extended(BUILT_IN, {"chips": {"310": {"peak_tflops_fp16": 11}}}, "facts.toml").card("Ascend310")
    assert card is not None
    assert card.peaks == {"fp16": 44, "int8": 64}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"chip": {}}, "has 'chip'"),
        ({"chips": 3}, "has chips = 3"),
        ({"chips": {"A10": 3}}, r"chips\.A10 is 3"),
        ({"chips": {"A10": {"peak": 3}}}, "peak_tflops_fp16"),
        ({"chips": {"A10": {"peak_tflops_fp16": -1}}}, "number above 0"),
        ({"chips": {"A10": {"peak_tflops_fp16": True}}}, "number above 0"),
        ({"chips": {"A10": {"names": "A10"}}}, "list of names"),
        ({"models": {"net": {}}}, "gflop is None"),
        ({"models": {"net": {"gflop": float("nan")}}}, "number above 0"),
    ],
)
def test_a_fact_that_cannot_be_meant_is_refused(table: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        extended(BUILT_IN, table, "facts.toml")
