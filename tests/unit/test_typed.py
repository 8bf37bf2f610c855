"""Values from outside become what they claim to be, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import pytest

from dinoq.jobs.typed import Malformed, from_json, typed


@dataclass(frozen=True)
class Wheel:
    """Something small."""

    spokes: int
    side: Literal["left", "right"] = "left"
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Cart:
    """Something that holds it."""

    wheels: tuple[Wheel, ...]
    size: tuple[int, int]
    load: float | None = None


def test_nested_values_become_dataclasses() -> None:
    made = typed(Cart, {"wheels": [{"spokes": 8, "side": "right"}], "size": [1, 2], "load": 3}, "cart")
    assert made == Cart((Wheel(8, "right"),), (1, 2), 3)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"wheels": [], "size": [1, 2], "colour": "red"}, "'colour', which this dinoq does not know"),
        ({"wheels": []}, "cart has no field 'size'"),
        ({"wheels": [{"spokes": True}], "size": [1, 2]}, r"cart.wheels\[0\].spokes is True; expected a whole number"),
        ({"wheels": [{"spokes": 2**63}], "size": [1, 2]}, "expected a whole number"),
        ({"wheels": [{"spokes": 8, "side": "up"}], "size": [1, 2]}, "expected one of left, right"),
        ({"wheels": [{"spokes": 8, "names": {"a": 1}}], "size": [1, 2]}, "names.a is 1; expected a text"),
        ({"wheels": {}, "size": [1, 2]}, "cart.wheels is {}; expected a list"),
        ({"wheels": [], "size": [1, 2, 3]}, "expected a list of 2"),
        ({"wheels": [], "size": [1, 2], "load": "3"}, "cart.load is '3'; expected a number"),
        ([], r"cart is \[\]; expected an object"),
    ],
)
def test_what_does_not_fit_is_named(values: object, told: str) -> None:
    with pytest.raises(Malformed, match=told):
        typed(Cart, values, "cart")


@pytest.mark.parametrize("text", ["NaN", "[1e999]", "-Infinity", "{", "[" * 100_000, "1" * 5000, "\udcff"])
def test_what_is_no_json_of_ours_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="rows is no JSON that can be read"):
        from_json(text.encode("utf-8", "surrogateescape"), "rows")
