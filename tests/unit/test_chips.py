"""Chips and batches as people write them."""

import pytest

from dinoq.jobs.chips import chip_named, parse_batches, parse_chips
from dinoq.jobs.errors import BadBatches, UnknownChip
from dinoq.workers.simulators.machine import MODELS


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("310P3", "310P3"),
        ("310p3", "310P3"),
        ("Ascend310P3", "310P3"),
        ("310P", "310P3"),
        ("Ascend310P1", "310P1"),
        ("310p7", "310P7"),
        ("Ascend 310", "310"),
        ("Tesla T4", "T4"),
        ("t4", "T4"),
        ("CPU", "cpu"),
    ],
)
def test_a_chip_is_known_by_the_names_people_use(text: str, name: str) -> None:
    assert chip_named(text).name == name


@pytest.mark.parametrize("text", ["", "910B", "310P4", "gpu", "T40"])
def test_an_unknown_chip_is_refused_with_those_there_are(text: str) -> None:
    with pytest.raises(UnknownChip, match="310, 310P3, 310P1, 310P5, 310P7, T4, cpu"):
        chip_named(text)


@pytest.mark.parametrize("name", MODELS)
def test_every_chip_that_can_be_simulated_can_be_asked_for(name: str) -> None:
    assert chip_named(name).name == name


def test_chips_keep_their_order_and_come_once() -> None:
    assert [chip.name for chip in parse_chips("T4,310P3,t4")] == ["T4", "310P3"]


def test_batches_keep_their_order_and_come_once() -> None:
    assert parse_batches("16, 1,16") == (16, 1)


@pytest.mark.parametrize("text", ["0", "a", "1,,16", "", "-1", "1.5", "4097", "1e3", "१"])
def test_a_batch_that_is_no_whole_number_in_range_is_refused(text: str) -> None:
    with pytest.raises(BadBatches, match="1 to 4096"):
        parse_batches(text)
