"""Which differences of throughput are told from noise, and which are not."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dinoq.jobs.compare.outcome import Outcome
from dinoq.jobs.compare.sides import Side, side_of
from dinoq.jobs.compare.speed import FLOOR, SpeedCompared, compare_speed, noise_of, shared
from dinoq.jobs.compare.steadiness import unsteadiness
from dinoq.jobs.told import Told
from dinoq.jobs.verdicts import Status, Verdict
from tests.builders import make_device
from tests.comparisons import BATCHES, MANIFEST, job_with, make_side, restless_ms, steady_ms
from tests.reports import make_result, make_times

FLAGGED = (Outcome.REGRESSION, Outcome.IMPROVED)


def compared(a: Side, b: Side) -> SpeedCompared:
    return compare_speed(replace(a, job=1), replace(b, job=2))


@pytest.mark.parametrize("draw", [steady_ms, restless_ms])
def test_a_against_a_is_flagged_in_none_of_twenty_tries(draw: Callable[[int], NDArray[np.float64]]) -> None:
    runs = [make_side(draw(seed)) for seed in range(40)]
    outcomes = [compared(a, b).outcome for a, b in zip(runs[:20], runs[20:], strict=True)]
    assert not [outcome for outcome in outcomes if outcome in FLAGGED]


def test_steady_runs_of_the_same_thing_are_no_change() -> None:
    assert compared(make_side(steady_ms(1)), make_side(steady_ms(2))).outcome is Outcome.NO_CHANGE


@pytest.mark.parametrize("seed", range(5))
def test_a_device_slowed_by_a_tenth_is_a_regression(seed: int) -> None:
    made = compared(make_side(steady_ms(seed)), make_side(1.1 * steady_ms(seed + 100)))
    assert made.outcome is Outcome.REGRESSION
    assert made.ratio == pytest.approx(1 / 1.1, rel=0.02)


def test_a_busy_cpu_that_takes_three_times_as_long_is_a_regression() -> None:
    assert compared(make_side(restless_ms(1)), make_side(3.5 * restless_ms(2))).outcome is Outcome.REGRESSION


def test_a_change_within_the_floor_is_none_and_beyond_a_lower_one_is_told() -> None:
    a, b = make_side(np.full(BATCHES, 5.0), job=1), make_side(np.full(BATCHES, 5.05), job=2)
    assert compare_speed(a, b).outcome is Outcome.NO_CHANGE
    assert compare_speed(a, b, noise=0.005).outcome is Outcome.REGRESSION


def test_what_the_quarters_of_a_run_differ_by_is_no_regression() -> None:
    drifting = np.repeat([5.0, 5.0, 5.0, 5.6], BATCHES // 4)
    made = compared(make_side(np.full(BATCHES, 5.0)), make_side(drifting))
    assert made.outcome is Outcome.UNDECIDED
    assert made.noise.value == pytest.approx(0.12)
    assert "quarters" in made.noise.why


def test_quarters_need_twenty_batches_each() -> None:
    short = make_side(np.full(BATCHES, 5.0)).merged.results[:4]
    assert unsteadiness(short) is None


def test_batch_times_that_vary_more_than_a_steady_runs_count_as_noise() -> None:
    alternating = np.tile([5.0, 6.0], BATCHES // 2)
    noise = noise_of(make_side(alternating))
    assert noise.value == pytest.approx(0.0913, rel=0.01)
    assert noise.why == "the batch times of 42/T4:16 vary so much (CV)"


def test_cores_that_others_took_half_of_hide_a_run_of_a_third_the_speed() -> None:
    busy = make_side(np.full(BATCHES, 15.0), chip="cpu", programs={"host-a/cpu:0": {"others": "50 %"}})
    made = compared(make_side(np.full(BATCHES, 5.0), chip="cpu"), busy)
    assert (made.outcome, made.noise.value) == (Outcome.UNDECIDED, 3.0)
    assert made.noise.why == "others took 50 % of the cores beside 2/cpu:16"


@pytest.mark.parametrize(("said", "share"), [("37 %", 0.37), ("100 %", 1.0), ("", 0.0), ("much", 0.0)])
def test_what_others_took_is_read_as_the_device_told_it(said: str, share: float) -> None:
    assert shared({"others": said}) == share


def test_a_steady_run_has_the_noise_floor() -> None:
    assert (noise_of(make_side(), floor=0.03).value, noise_of(make_side()).why) == (0.03, FLOOR)


def test_a_run_against_itself_says_so() -> None:
    side = make_side(restless_ms(1))
    made = compare_speed(side, side)
    assert (made.outcome, made.why) == (Outcome.NO_CHANGE, "it is the same run")


def test_a_run_without_a_figure_is_undecided_and_says_why() -> None:
    made = compare_speed(make_side(job=1), make_side(job=2, results=()))
    assert made.outcome is Outcome.UNDECIDED
    assert made.why == "2/T4:16: timed batches: 0, of 20 needed"
    assert (made.ratio, made.interval) == (None, None)


def test_a_told_figure_has_no_interval_and_so_no_verdict() -> None:
    told = Told(tool="trtexec", kind="log", rates={"compute": 1600.0})
    made = compare_speed(make_side(job=1), make_side(job=2, results=(), told=told))
    assert made.outcome is Outcome.UNDECIDED
    assert made.ratio is not None and made.interval is None


def test_an_impossible_figure_is_never_judged() -> None:
    fast = make_side(np.full(BATCHES, 0.01), job=2)
    verdict = Verdict(kind="plausibility", status=Status.IMPLAUSIBLE, text="400 % of the chip's peak")
    run = replace(fast.run, verdicts=(verdict,))
    made = compare_speed(make_side(job=1), replace(fast, report=replace(fast.report, runs=(run,))))
    assert (made.outcome, "IMPLAUSIBLE" in made.why) == (Outcome.UNDECIDED, True)


def shared_work(job: int, parts_of_first: int) -> Side:
    """Two devices of 5 and 6 ms, of which the first took so many of the 8 parts."""
    keys = ["host-a/T4:0"] * parts_of_first + ["host-a/T4:1"] * (8 - parts_of_first)
    results = [
        make_result(
            MANIFEST,
            256 * at,
            256,
            no=at + 1,
            device=key,
            times=make_times([5.0 if key.endswith("0") else 6.0] * 16, fed_ms=1e4 * at),
        )
        for at, key in enumerate(keys)
    ]
    record = job_with({"T4": tuple(results)}, job=job)
    devices = (make_device("host-a", "T4", 0), make_device("host-a", "T4", 1))
    return side_of(replace(record, runs=(replace(record.runs[0], devices=devices),)), MANIFEST, 1)


def test_devices_that_share_the_work_in_another_way_are_no_regression() -> None:
    made = compare_speed(shared_work(1, 5), shared_work(2, 3))
    assert made.ratio == pytest.approx(0.957, abs=0.002)
    assert made.outcome is Outcome.UNDECIDED
    assert made.noise.why == "the devices shared the work in another way"


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(0.8, 1.25), seed=st.integers(0, 50))
def test_the_other_way_round_it_is_the_mirror(factor: float, seed: int) -> None:
    a, b = make_side(steady_ms(seed)), make_side(factor * steady_ms(seed + 1))
    here, there = compared(a, b), compared(b, a)
    assert there.outcome in (here.outcome.mirrored, Outcome.UNDECIDED, Outcome.NO_CHANGE)
    assert here.ratio and there.ratio and there.ratio == pytest.approx(1 / here.ratio)
    assert (here.outcome in FLAGGED) == (there.outcome in FLAGGED)
