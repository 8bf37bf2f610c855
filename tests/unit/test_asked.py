"""What flags say a report is to be judged by."""

from math import inf, nan

import pytest

from dinoq.cli.asked import PLAIN, asked_for
from dinoq.jobs.errors import UsageError
from dinoq.jobs.gates import Gate


def test_flags_become_what_a_report_is_judged_by() -> None:
    asked = asked_for(["t4@16 >= 1500 img/s"], 15.0, 0.5, strict=True)
    assert asked.gates == (Gate(chip="T4", batch=16, threshold=1500.0),)
    assert (asked.strict, asked.latency_budget_ms, asked.margin) == (True, 15.0, 0.005)


def test_without_flags_it_is_judged_as_ever() -> None:
    assert asked_for([], None, 1.0, strict=False) == PLAIN


@pytest.mark.parametrize("budget_ms", [0.0, -1.0, nan, inf])
def test_a_budget_must_be_a_number_above_zero(budget_ms: float) -> None:
    with pytest.raises(UsageError, match="--latency-budget"):
        asked_for([], budget_ms, 1.0, strict=False)


@pytest.mark.parametrize("margin_pp", [0.0, -0.1, nan, 101.0])
def test_a_margin_must_be_points_above_zero(margin_pp: float) -> None:
    with pytest.raises(UsageError, match="--margin"):
        asked_for([], None, margin_pp, strict=False)


def test_a_gate_that_does_not_parse_is_named() -> None:
    with pytest.raises(UsageError, match="'fast enough'"):
        asked_for(["fast enough"], None, 1.0, strict=False)
