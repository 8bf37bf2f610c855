"""What a whole card does: measured when all its chips ran together, else extrapolated from one chip."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dinoq.jobs.chips import CHIPS
from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.measure import DeviceFigures


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """Compute images/s of a card of so many chips: their sum when all of them ran the run, else one chip's times their
    number, `extrapolated`."""

    images_per_s: float
    chips: int
    extrapolated: bool


def card_of(chip: str, images_per_s: float, chips: int = 0) -> Card:
    """What the whole card would do if all its chips did as this one; `chips` when a card is known to have more."""
    chips = max(chips, next((known.chips_per_card for known in CHIPS if known.name == chip), 1))
    return Card(images_per_s=images_per_s * chips, chips=chips, extrapolated=chips > 1)


def card_of_devices(chip: str, images_per_s: float, ran: Sequence[DeviceFigures], known: Iterable[DeviceFacts]) -> Card:
    """The card of a run's devices; `known` are the devices of its chip that the fleet has, those of the run too.

    A card has as many chips as its kind is sold with, or more where a host shows more (a Duo). Measured is the mean
    over the cards all of whose chips have a figure.
    """
    place_of = {device.key: device.place for device in known if device.place}
    on_card = Counter(place_of.values())
    sums: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for device in ran:
        if device.key in place_of and device.compute is not None:
            sums[place_of[device.key]].append(device.compute)
    guess = card_of(chip, images_per_s, max((on_card[place] for place in sums), default=0))
    whole = [sum(figures) for figures in sums.values() if len(figures) >= guess.chips]
    if guess.chips == 1 or not whole:
        return guess
    return Card(images_per_s=sum(whole) / len(whole), chips=guess.chips, extrapolated=False)
