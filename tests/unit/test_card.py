"""What a card does: measured, or extrapolated."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dinoq.jobs.card import card_of, card_of_devices
from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.measure import DeviceFigures
from tests.builders import make_device


def device(card: str, index: int, chip: str = "310", host: str = "host-a") -> DeviceFacts:
    return replace(make_device(host, chip, index), card=card)


def figures(devices: Sequence[DeviceFacts], computes: Sequence[float | None]) -> list[DeviceFigures]:
    return [
        DeviceFigures(key=one.key, samples=1, batches=1, compute=rate, cv=None, drift=None, busy_ms=1.0, loading_ms=0.0)
        for one, rate in zip(devices, computes, strict=True)
    ]


FOUR = [device(f"24-{no}", no) for no in range(4)]
DUO = [device(f"8-{no}", no, "310P3") for no in range(2)]


def test_a_card_of_four_chips_is_extrapolated() -> None:
    card = card_of("310", 401.6)
    assert (card.images_per_s, card.chips) == pytest.approx((1606.4, 4))
    assert card.extrapolated


@pytest.mark.parametrize("chip", ["T4", "310P3", "cpu"])
def test_a_card_of_one_chip_is_measured(chip: str) -> None:
    assert not card_of(chip, 100.0).extrapolated


def test_a_card_all_of_whose_chips_ran_is_measured_as_their_sum() -> None:
    card = card_of_devices("310", 100.0, figures(FOUR, [100.0, 110.0, 90.0, 105.0]), FOUR)
    assert (card.images_per_s, card.chips, card.extrapolated) == (405.0, 4, False)


def test_several_whole_cards_have_the_mean_and_a_part_of_one_counts_not() -> None:
    more = [device(f"32-{no}", 4 + no) for no in range(4)]
    part = [device("40-0", 8)]
    ran = figures([*FOUR, *more, *part], [100.0] * 4 + [110.0] * 4 + [500.0])
    card = card_of_devices("310", 120.0, ran, [*FOUR, *more, *part])
    assert (card.images_per_s, card.extrapolated) == (420.0, False)


@pytest.mark.parametrize("computes", [[100.0, 100.0, 100.0, None], [None] * 4])
def test_a_chip_without_a_figure_leaves_the_card_extrapolated(computes: list[float | None]) -> None:
    card = card_of_devices("310", 100.0, figures(FOUR, computes), FOUR)
    assert (card.images_per_s, card.extrapolated) == (400.0, True)


def test_four_chips_of_four_cards_are_no_card() -> None:
    apart = [device(f"{8 * no}-0", no) for no in range(1, 5)]
    assert card_of_devices("310", 100.0, figures(apart, [100.0] * 4), apart).extrapolated


def test_the_same_number_on_two_hosts_is_not_one_card() -> None:
    both = [*FOUR[:2], *(device(f"24-{no}", no, host="host-b") for no in (2, 3))]
    assert card_of_devices("310", 100.0, figures(both, [100.0] * 4), both).extrapolated


def test_a_duo_has_as_many_chips_as_its_host_shows() -> None:
    one = card_of_devices("310P3", 100.0, figures(DUO[:1], [100.0]), DUO)
    assert (one.images_per_s, one.chips, one.extrapolated) == (200.0, 2, True)
    both = card_of_devices("310P3", 100.0, figures(DUO, [100.0, 90.0]), DUO)
    assert (both.images_per_s, both.chips, both.extrapolated) == (190.0, 2, False)


def test_cards_of_one_chip_are_never_put_together() -> None:
    cards = [device(f"00000000:0{no}:00.0", no, "T4") for no in (1, 2)]
    card = card_of_devices("T4", 100.0, figures(cards, [100.0, 100.0]), cards)
    assert (card.images_per_s, card.chips, card.extrapolated) == (100.0, 1, False)


@pytest.mark.parametrize(
    ("card", "place"),
    [("8-1", "8"), ("-", None), ("00000000:01:00.0", "00000000:01:00.0"), ("GPU-5", "GPU-5"), ("GPU-6", "GPU-6")],
)
def test_the_place_of_a_chip_is_its_card(card: str, place: str | None) -> None:
    assert device(card, 0).place == (None if place is None else ("host-a", place))
