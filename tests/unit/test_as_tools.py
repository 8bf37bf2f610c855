"""A run as other tools would tell it."""

import re

import pytest

from dinoq.jobs.as_tools import perf_of, summary_of, top_k
from dinoq.jobs.formats.benchmark import perf_text
from dinoq.jobs.measure import Measurement, measure
from dinoq.jobs.merge import Merged, merge
from dinoq.jobs.result import ShardResult
from tests.builders import make_manifest
from tests.reports import make_result, make_results, make_run, make_times

MANIFEST = make_manifest(1024)


def told(results: tuple[ShardResult, ...], batch: int = 16, loop: int = 1) -> tuple[Merged, Measurement]:
    merged = merge(results, MANIFEST.label_array)
    return merged, measure(make_run(results), merged.results, batch=batch, loop=loop)


def test_the_share_of_the_first_k_counts_every_sample_of_the_dataset() -> None:
    merged, _ = told(make_results(MANIFEST, 16, wrong=range(100), unreadable=range(1000, 1024)))
    assert top_k(merged, MANIFEST.label_array) == [900 / 1024, *[1000 / 1024] * 4]


def test_a_gap_improves_no_share() -> None:
    merged, _ = told((make_result(MANIFEST, 0, 512),))
    assert top_k(merged, MANIFEST.label_array) == [0.5] * 5


def test_the_eighth_field_is_the_compute_figure() -> None:
    """The recipe's parse.py takes it from there, whatever else is told."""
    _, measured = told(make_results(MANIFEST, 16, ms=8.0))
    perf = perf_of(measured.devices[0], measured, loop=1)
    assert perf is not None and measured.throughput.compute is not None
    fields = re.findall(r":(.*?),", perf_text(perf).replace("\n", ",") + ",")
    assert float(fields[7]) == pytest.approx(measured.throughput.compute, rel=1e-5)


def test_what_was_not_measured_apart_is_a_dash() -> None:
    _, measured = told(make_results(MANIFEST, 16, ms=8.0))
    perf = perf_of(measured.devices[0], measured, loop=1)
    assert perf is not None
    lines = perf_text(perf).splitlines()
    assert [line.count("-") for line in lines] == [0, 2, 2, 1, 2]


def test_a_device_that_had_others_beside_it_has_no_figure_of_the_whole() -> None:
    _, measured = told(make_results(MANIFEST, 4, ms=8.0, devices=("a", "b")), batch=4)
    perfs = [perf_of(one, measured, loop=1) for one in measured.devices]
    assert [perf and perf.e2e.rate for perf in perfs] == [None, None]
    assert [perf and perf.infer.rate for perf in perfs] == pytest.approx([500.0, 500.0], rel=0.01)


def test_the_pipeline_counts_every_lap() -> None:
    _, measured = told(make_results(MANIFEST, 16, ms=8.0, loop=3), loop=3)
    perf = perf_of(measured.devices[0], measured, loop=3)
    assert perf is not None and perf.infer.rate == pytest.approx(measured.throughput.pipeline)


def test_too_few_batches_give_no_figure() -> None:
    few = (make_result(MANIFEST, 0, 1024, times=make_times([1.0] * 19)),)
    merged, measured = told(few)
    assert perf_of(measured.devices[0], measured, loop=1) is None
    assert summary_of(merged, measured, 16, {}) is None


def test_a_summary_holds_the_times_of_the_full_batches() -> None:
    times = make_times([2.0] * 30 + [50.0], copy_ms=0.5, padded=1)
    merged, measured = told((make_result(MANIFEST, 0, 1024, times=times),))
    summary = summary_of(merged, measured, 16, {"0": (("a.jpg",), ("out/a_0.bin",))})
    assert summary is not None and summary.compute is not None and summary.h2d is not None
    assert (summary.compute.count, summary.compute.max, summary.h2d.mean) == (30, 2.0, 0.5)
    assert summary.throughput == pytest.approx(8000.0)
    assert summary.files == {"0": (("a.jpg",), ("out/a_0.bin",))}


def test_copies_that_the_vendor_does_not_tell_are_left_out() -> None:
    merged, measured = told(make_results(MANIFEST, 16))
    summary = summary_of(merged, measured, 16, {})
    assert summary is not None and summary.h2d is None and summary.d2h is None
