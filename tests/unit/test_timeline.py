"""A run over time: two clocks joined at the run's end, images spread where they were worked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dinoq.jobs.record import RunRecord
from dinoq.jobs.result import ShardResult, Times
from dinoq.jobs.timeline import MOST_BUCKETS, Timeline, bucket_of, timelines
from tests.builders import make_device, make_manifest
from tests.readings import make_block
from tests.reports import make_result, make_results, make_run, make_times

MANIFEST = make_manifest(4096)


def part(no: int, fed_ms: float, lasts_ms: float, *, device: str = "host-a/cpu:0", count: int = 100) -> ShardResult:
    times = make_times([lasts_ms], fed_ms=fed_ms)
    return make_result(MANIFEST, (no - 1) * count, count, no=no, device=device, times=times)


def drawn(
    *parts: ShardResult, wall_ms: int = 10_000, loop: int = 1, run: RunRecord | None = None
) -> tuple[Timeline, ...]:
    made = run or make_run(parts, wall_ms=wall_ms)
    return timelines(made, parts, batch=1, loop=loop)


def images(one: Timeline) -> float:
    edges = [*(at * one.bucket_s for at in range(len(one.images_per_s))), one.lasts_s]
    return math.fsum(rate * (end - begin) for rate, (begin, end) in zip(one.images_per_s, pairwise(edges), strict=True))


def busy(one: Timeline) -> list[int]:
    """The numbers of the buckets in which anything was answered."""
    return [at for at, rate in enumerate(one.images_per_s) if rate > 1e-9]


def test_the_last_result_lies_on_the_runs_finish_whatever_the_hosts_clock_began_at() -> None:
    (early,), (late,) = drawn(part(1, 0.0, 2000.0)), drawn(part(1, 9e9, 2000.0))
    assert early.images_per_s == pytest.approx(late.images_per_s)
    assert busy(early) == list(range(80, 100))
    assert early.bucket_s == 0.1


def test_the_time_before_the_first_feeding_is_seen_as_idle() -> None:
    (one,) = drawn(part(1, 500.0, 1000.0), part(2, 1500.0, 1000.0))
    assert busy(one)[0] == 80
    assert one.images_per_s[90] == pytest.approx(100.0)


def test_parts_that_are_fed_ahead_count_from_the_result_before_them() -> None:
    ahead = replace(part(2, 0.0, 2000.0), times=make_times([2000.0], fed_ms=0.0).to_blob())
    (one,) = drawn(part(1, 0.0, 1000.0), ahead)
    assert one.images_per_s[85] == pytest.approx(one.images_per_s[95]) == pytest.approx(100.0)


def test_a_last_bucket_that_the_run_does_not_fill_is_as_fast_as_the_others() -> None:
    (one,) = drawn(part(1, 0.0, 1050.0), wall_ms=1_055)
    assert one.bucket_s == 0.01
    assert one.images_per_s[-1] == pytest.approx(one.images_per_s[50])


def test_a_pause_between_parts_is_seen() -> None:
    (one,) = drawn(part(1, 0.0, 1000.0), part(2, 4000.0, 1000.0))
    assert [at for at in range(50, 100) if at not in busy(one)] == list(range(60, 90))


def test_each_host_has_a_clock_of_its_own_and_devices_of_one_share_theirs() -> None:
    devices = [make_device("a", index=0), make_device("a", index=1), make_device("b", index=0)]
    parts = [part(1, 1e6, 1000.0, device=devices[0].key), part(2, 1e6, 3000.0, device=devices[1].key)]
    parts.append(part(3, 5.0, 1000.0, device=devices[2].key))
    found = timelines(make_run(parts, devices=devices), parts, batch=1, loop=1)
    assert [busy(one)[0] for one in found] == [70, 70, 90]
    assert [busy(one)[-1] for one in found] == [79, 99, 99]


def test_images_are_evaluated_samples_times_loop() -> None:
    (one,) = drawn(make_result(MANIFEST, 0, 100, unreadable=range(10), times=make_times([500.0])), loop=3)
    assert images(one) == pytest.approx(270.0)


def test_of_random_data_every_image_of_every_batch_counts() -> None:
    parts = [replace(part(1, 0.0, 10.0), count=0, n=0, times=make_times([100.0] * 7).to_blob())]
    (one,) = timelines(make_run(parts), parts, batch=4, loop=1, pure=True)
    assert images(one) == pytest.approx(28.0)


def test_without_a_start_or_a_finish_there_is_no_timeline() -> None:
    parts = [part(1, 0.0, 1000.0)]
    assert drawn(*parts, run=make_run(parts, wall_ms=None)) == ()
    assert drawn(*parts, run=make_run(parts, wall_ms=0)) == ()
    assert timelines(make_run(), [], batch=1, loop=1) == ()


@given(st.lists(st.tuples(st.floats(0, 500), st.floats(1, 500)), min_size=1, max_size=12), st.integers(1, 4))
def test_no_image_is_lost_nor_made_up(spans: Sequence[tuple[float, float]], loop: int) -> None:
    clock, parts = 1e5, []
    for no, (pause, lasts) in enumerate(spans, start=1):
        parts.append(part(no, clock + pause, lasts))
        clock = Times.from_blob(parts[-1].times).done_ms
    wall_ms = math.ceil(clock - 1e5)
    (one,) = drawn(*parts, wall_ms=wall_ms, loop=loop)
    assert images(one) == pytest.approx(100.0 * loop * len(parts), rel=1e-6)
    assert min(one.images_per_s) >= -1e-9


@given(st.floats(0.001, 1e8))
def test_buckets_cover_the_run_and_are_never_too_many(wall_s: float) -> None:
    assert math.ceil(wall_s / bucket_of(wall_s) - 1e-9) <= MOST_BUCKETS


def test_readings_are_seconds_since_the_runs_start_and_only_of_its_time() -> None:
    block = make_block(begun_ms=3_000, device="host-a/cpu:0", power_w=[20.0] * 20, temperature_c=range(20))
    parts = make_results(MANIFEST, 16)
    (one,) = drawn(*parts, run=make_run(parts, telemetry=[block], wall_ms=4_000))
    assert one.read_s == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert one.temperature_c == (2.0, 3.0, 4.0, 5.0, 6.0)
    assert one.clock_mhz == (None,) * 5


def test_blocks_are_put_in_order_and_each_device_has_its_own() -> None:
    blocks = [make_block(begun_ms=at, device="host-a/cpu:0", power_w=[at / 1000]) for at in (9_000, 6_000)]
    blocks.append(make_block(begun_ms=7_000, device="host-b/cpu:0", power_w=[99.0]))
    parts = make_results(MANIFEST, 16)
    (one,) = drawn(*parts, run=make_run(parts, telemetry=blocks))
    assert (one.read_s, one.power_w) == ((1.0, 4.0), (6.0, 9.0))


def test_many_readings_are_thinned_to_means_that_ignore_what_was_not_told() -> None:
    power = [10.0, float("nan"), 30.0] * 400
    block = make_block(begun_ms=5_000, device="host-a/cpu:0", power_w=power)
    parts = make_results(MANIFEST, 16)
    (one,) = drawn(*parts, run=make_run(parts, telemetry=[block], wall_ms=1_200_000))
    assert len(one.read_s) == len(one.power_w) <= MOST_BUCKETS
    assert all(value is not None and 10.0 <= value <= 30.0 for value in one.power_w)
