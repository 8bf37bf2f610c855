"""What the plots of a report show, and when there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from dinoq.cli.render.html.drawing import drawing
from dinoq.cli.render.html.markup import Html
from dinoq.cli.render.html.over_batch import latency_plot, throughput_plot
from dinoq.cli.render.html.over_time import MOST_DEVICES, over_time_plot
from dinoq.cli.render.html.per_run import accuracy_plot, devices_plot, off_mean
from dinoq.cli.render.html.series import lines_of
from dinoq.jobs.report import RunReport
from dinoq.jobs.timeline import Series, Timeline
from tests.pages import three_chip_job
from tests.reports import cpu_job, report_of, two_chip_job


@pytest.fixture(autouse=True)
def styled() -> Iterator[None]:
    with drawing():
        yield


def texts(html: Html) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", html)


def described(html: Html) -> str:
    (said,) = re.findall(r"<desc[^>]*>([^<]*)</desc>", html)
    return str(said)


def series(html: Html, no: int) -> int:
    """How many lines are drawn in the colour of this series."""
    return len(re.findall(rf'style="fill: none; stroke: var\(--series-{no}\)', html))


def sampled(*, power_w: Series, temperature_c: Series = ()) -> RunReport:
    """A run of one device that told this, once a second, and nothing else."""
    run = report_of(cpu_job(400)).runs[0]
    silent: Series = (None,) * len(power_w)
    told = replace(
        run.timelines[0],
        read_s=tuple(map(float, range(len(power_w)))),
        power_w=power_w,
        temperature_c=temperature_c or silent,
        clock_mhz=silent,
        utilisation_pct=silent,
    )
    return replace(run, timelines=(told,))


def test_each_run_has_a_row_of_accuracy_and_says_its_interval() -> None:
    report = report_of(two_chip_job(samples=512))
    html = accuracy_plot(report, lines_of(report), top=1)
    assert {"310 bs1", "310 bs16", "T4 bs64", "published", "least that passes"} <= set(texts(html))
    assert "310 bs1 75.00 %" in described(html)


def test_without_a_published_figure_none_is_drawn() -> None:
    report = report_of(cpu_job(40))
    assert "published" not in texts(accuracy_plot(report, lines_of(report), top=1))


def test_throughput_and_latency_have_a_line_for_each_chip_over_the_batches() -> None:
    lines = lines_of(report_of(three_chip_job((1, 4, 16), 512)))
    for html in (throughput_plot(lines), latency_plot(lines)):
        assert [text for text in texts(html) if text in ("1", "4", "16")][:3] == ["1", "4", "16"]
        assert {"310P3 (simulated)", "T4 (simulated)", "cpu"} <= set(texts(html))
        assert "at batch 16" in described(html)


def test_one_batch_makes_no_plot_over_the_batch() -> None:
    lines = lines_of(report_of(cpu_job(400, (4,))))
    assert throughput_plot(lines) == latency_plot(lines) == ""


def test_devices_are_drawn_where_a_run_has_several() -> None:
    report = report_of(three_chip_job((1, 4), 512))
    html = devices_plot(report, lines_of(report))
    assert {"310P3 bs1", "310P3 bs4"} <= set(texts(html))
    assert not {"T4 bs1", "cpu bs1"} & set(texts(html))
    assert sum(off_mean(report.runs[0])) == pytest.approx(0.0, abs=1e-9)


def test_one_device_makes_no_plot_of_devices() -> None:
    report = report_of(cpu_job())
    assert devices_plot(report, lines_of(report)) == ""


def test_only_sensors_that_told_something_have_a_panel() -> None:
    html = over_time_plot(sampled(power_w=(50.0, 51.0), temperature_c=(None, 60.0)))
    assert {"images/s", "W", "°C"} <= set(texts(html))
    assert not {"MHz", "util. %"} & set(texts(html))


def test_a_sensor_that_tells_only_now_and_then_has_a_line_all_the_same() -> None:
    html = over_time_plot(sampled(power_w=(50.0, None, 51.0, None, 52.0, None, 53.0)))
    assert series(html, 0) == 2
    assert "W 50 to 53" in described(html)
    (longest,) = re.findall(r'<path d="([^"]*)" clip-path="[^"]*" style="fill: none; stroke: var\(--series-0\)', html)[
        1:
    ]
    assert longest.count("L") == 3


def test_more_devices_than_can_be_told_apart_are_left_to_the_table() -> None:
    run = report_of(cpu_job(400)).runs[0]
    many = tuple(replace(run.timelines[0], device=f"host/cpu:{no}") for no in range(MOST_DEVICES + 2))
    labels = [text for text in texts(over_time_plot(replace(run, timelines=many))) if text.startswith("host/")]
    assert len(labels) == MOST_DEVICES


def test_the_seconds_of_a_short_run_have_no_more_digits_than_they_need() -> None:
    run = report_of(cpu_job(400)).runs[0]
    short = replace(run.timelines[0], lasts_s=0.1, bucket_s=0.01, images_per_s=(100.0,) * 10)
    labels = texts(over_time_plot(replace(run, timelines=(short,))))
    assert labels[0] == "0"
    assert "0.00" not in labels


def test_a_simulated_run_is_named_so_at_its_plot() -> None:
    html = over_time_plot(report_of(three_chip_job((1,), 64)).runs[0])
    assert "310P3 bs1 (simulated)</figcaption>" in html


def test_a_run_without_a_timeline_has_no_plot() -> None:
    none: tuple[Timeline, ...] = ()
    assert over_time_plot(replace(report_of(cpu_job()).runs[0], timelines=none)) == ""
