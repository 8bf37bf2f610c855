"""Latency and the four scopes of throughput."""

from dataclasses import replace

import numpy as np
import pytest

from dinoq.jobs.measure import Measurement, measure, off_median
from dinoq.jobs.result import ShardResult, Times
from tests.builders import make_manifest
from tests.reports import make_result, make_results, make_run, make_times

MANIFEST = make_manifest(4096)


def measured(*results: ShardResult, batch: int = 4, loop: int = 1, **run: object) -> Measurement:
    return measure(make_run(results, **run), results, batch=batch, loop=loop)  # type: ignore[arg-type]


def part(times: Times, first: int = 0, count: int = 100, device: str = "a") -> ShardResult:
    return make_result(MANIFEST, first, count, no=first + 1, device=device, times=times)


def test_compute_is_the_batch_over_the_mean_time() -> None:
    assert measured(part(make_times([8.0, 12.0] * 10))).throughput.compute == pytest.approx(400.0)


def test_19_timed_batches_are_not_measured_and_20_are() -> None:
    nineteen = measured(part(make_times([10.0] * 20, padded=1)))
    assert nineteen.throughput.compute is None
    assert nineteen.throughput.why["compute"] == "timed batches: 19, of 20 needed"
    assert measured(part(make_times([10.0] * 20))).throughput.compute == pytest.approx(400.0)


def test_a_padded_batch_is_in_no_timing() -> None:
    times = make_times([10.0] * 20 + [500.0], padded=1)
    found = measured(part(times))
    assert (found.latency.n, found.latency.max, found.throughput.compute) == pytest.approx((20, 10.0, 400.0))


def test_batches_of_all_parts_and_devices_count_together() -> None:
    found = measured(part(make_times([10.0] * 10)), part(make_times([30.0] * 10), first=100, device="b"))
    assert found.throughput.compute == pytest.approx(200.0)
    assert [device.compute for device in found.devices] == [None, None]


def test_device_adds_the_copies() -> None:
    assert measured(part(make_times([8.0] * 20, copy_ms=1.0))).throughput.device == pytest.approx(400.0)


def test_device_is_none_where_the_vendor_does_not_tell() -> None:
    found = measured(part(make_times([8.0] * 20)))
    assert found.throughput.device is None
    assert "vendor" in found.throughput.why["device"]


def test_device_is_none_when_one_of_two_devices_does_not_tell() -> None:
    told, silent = make_times([8.0] * 20, copy_ms=1.0), make_times([8.0] * 20)
    assert measured(part(told), part(silent, first=100, device="b")).throughput.device is None


def test_a_device_that_reports_no_time_has_no_figure() -> None:
    found = measured(part(make_times([0.0] * 20)))
    assert (found.throughput.compute, found.latency.cv, found.latency.mean) == (None, None, 0.0)


def test_pipeline_is_samples_over_the_time_between_feeding_and_results() -> None:
    times = replace(make_times([8.0] * 20), fed_ms=1000.0, done_ms=1250.0)
    assert measured(part(times)).throughput.pipeline == pytest.approx(400.0)


def test_overlapping_parts_of_a_device_count_their_time_once() -> None:
    first = replace(make_times([8.0] * 20), fed_ms=0.0, done_ms=200.0)
    inner, last = replace(first, fed_ms=50.0, done_ms=100.0), replace(first, fed_ms=150.0, done_ms=300.0)
    found = measured(part(last, first=200), part(first), part(inner, first=100))
    assert found.devices[0].busy_ms == 300.0
    assert found.throughput.pipeline == pytest.approx(1000.0)


def test_a_pause_between_parts_is_not_pipeline_time() -> None:
    first = replace(make_times([8.0] * 20), fed_ms=0.0, done_ms=100.0)
    later = replace(first, fed_ms=900.0, done_ms=1000.0)
    assert measured(part(first), part(later, first=100)).devices[0].busy_ms == 200.0


def test_pipeline_of_two_devices_is_per_chip_whatever_their_clocks() -> None:
    one = replace(make_times([8.0] * 20), fed_ms=0.0, done_ms=250.0)
    other = replace(one, fed_ms=1e9, done_ms=1e9 + 250.0)
    assert measured(part(one), part(other, first=100, device="b")).throughput.pipeline == pytest.approx(400.0)


def test_job_is_samples_over_the_wall_time_of_all_devices() -> None:
    times = make_times([8.0] * 20)
    assert measured(part(times), part(times, 100, device="b"), wall_ms=500).throughput.job == pytest.approx(400.0)


def test_a_void_wall_time_gives_no_job_figure_but_the_reason() -> None:
    found = measured(part(make_times([8.0] * 20)), wall_void="part 3 was retried")
    assert (found.throughput.job, found.wall_ms, found.throughput.why["job"]) == (None, None, "part 3 was retried")


@pytest.mark.parametrize("wall_ms", [None, 0, -5])
def test_no_wall_time_gives_no_job_figure(wall_ms: int | None) -> None:
    assert measured(part(make_times([8.0] * 20)), wall_ms=wall_ms).throughput.job is None


def test_samples_fed_again_count_as_images_of_pipeline_and_job() -> None:
    times = replace(make_times([8.0] * 20), done_ms=500.0)
    found = measured(part(times), loop=2, wall_ms=1000)
    assert (found.throughput.pipeline, found.throughput.job) == pytest.approx((400.0, 200.0))


def test_unreadable_samples_are_no_images() -> None:
    result = make_result(MANIFEST, 0, 100, unreadable=range(50), times=replace(make_times([8.0] * 20), done_ms=100.0))
    assert measured(result, wall_ms=100).throughput.pipeline == pytest.approx(500.0)


def test_latency_is_told_with_its_percentiles() -> None:
    latency = measured(part(make_times([float(ms) for ms in range(1, 101)]))).latency
    assert (latency.n, latency.min, latency.max, latency.mean) == (100, 1.0, 100.0, 50.5)
    assert (latency.p50, latency.p90, latency.p95, latency.p99) == pytest.approx((50.5, 90.1, 95.05, 99.01))


def test_nothing_measured_is_none_throughout_and_never_nan() -> None:
    found = measured(wall_ms=None)
    assert found.latency.n == 0
    assert {found.latency.mean, found.latency.p99, found.latency.cv, found.throughput.job} == {None}
    assert set(found.throughput.why) == {"compute", "device", "pipeline", "job"}
    assert found.devices == ()


def test_loading_stands_apart() -> None:
    found = measured(part(make_times([8.0] * 20, loading_ms=70.0)), part(make_times([8.0] * 20), first=100))
    assert (found.loading_ms, found.devices[0].busy_ms) == pytest.approx((70.0, 160.0))


def test_devices_have_their_own_figures_and_a_spread() -> None:
    found = measured(part(make_times([9.0] * 20)), part(make_times([11.0] * 20), first=100, device="b"))
    assert [device.compute for device in found.devices] == pytest.approx([444.44, 363.64], abs=0.01)
    assert found.spread == pytest.approx(0.2)


def test_the_order_of_results_changes_no_figure() -> None:
    results = make_results(MANIFEST, 4, devices=("a", "b"))
    shuffled = [results[at] for at in np.random.default_rng(3).permutation(len(results))]
    assert measured(*shuffled) == measured(*results)


def devices(*batch_ms: float) -> Measurement:
    return measured(*(part(make_times([ms] * 20), 100 * n, device=f"d{n}") for n, ms in enumerate(batch_ms)))


def test_each_device_stands_beside_the_median_of_all() -> None:
    found = off_median(devices(10.0, 10.0, 12.5).devices)
    assert found == pytest.approx({"d0": 0.0, "d1": 0.0, "d2": -0.2})


def test_of_two_devices_nobody_can_say_which_is_off() -> None:
    assert off_median(devices(10.0, 20.0).devices) == {}


def test_a_device_without_a_figure_is_no_peer() -> None:
    short = part(make_times([99.0] * 3), 900, device="d9")
    results = [part(make_times([10.0] * 20), 100 * n, device=f"d{n}") for n in range(2)]
    assert off_median(measured(*results, short).devices) == {}


# -- how far the figure may lie off -----------------------------------------------------------------------------------


def test_the_compute_figure_lies_within_its_interval() -> None:
    found = measured(*make_results(MANIFEST, 4, devices=("a", "b")))
    assert found.compute_interval and found.throughput.compute
    assert found.compute_interval.low < found.throughput.compute < found.compute_interval.high


def test_times_that_are_all_the_same_leave_no_interval_to_speak_of() -> None:
    found = measured(part(make_times([10.0] * 40)))
    assert found.compute_interval and found.compute_interval.low == found.compute_interval.high == pytest.approx(400.0)


@pytest.mark.parametrize("batch_ms", [[10.0] * 19, [10.0] * 30 + [np.nan], [0.0] * 30])
def test_without_a_compute_figure_there_are_no_draws(batch_ms: list[float]) -> None:
    found = measured(part(make_times(batch_ms)))
    assert (found.throughput.compute, found.draws, found.compute_interval) == (None, None, None)


def test_a_slow_start_is_told_of_its_device_alone() -> None:
    slow, even = make_times([20.0] * 10 + [10.0] * 90), make_times([10.0] * 100)
    found = measured(part(slow), part(even, first=100, device="b"))
    assert [device.steady_from for device in found.devices] == [10, 0]
