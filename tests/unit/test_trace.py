"""Following a run back to its parts: nothing is lost on the way, and the sum is what the report says."""

import json
from dataclasses import replace
from math import nan

import pytest

from dinoq.cli.render.text import render
from dinoq.cli.render.trace import markdown, text, to_json, trace_renderer
from dinoq.cli.traced import Traced
from dinoq.jobs.errors import UsageError
from dinoq.jobs.report import Report
from dinoq.jobs.trace import PartWork, TracedPart, totals, trace_of
from tests.builders import make_manifest
from tests.reports import cpu_job, make_result, make_times, report_of

SHARD = "a1b2c3d4e5f6"
SAMPLES = make_manifest(64)
TIMES = [make_times([4.0] * 15 + [5.0], padded=1), make_times([8.0] * 16)]


def parts(*, told: bool = True) -> tuple[TracedPart, ...]:
    """Two parts of 32 samples, of which three are wrong, one unreadable; the second came at the second try."""
    silent = make_times([nan] * 16)
    results = [
        make_result(SAMPLES, 0, 32, no=1, wrong=(3, 4), times=TIMES[0] if told else silent),
        make_result(SAMPLES, 32, 32, no=2, wrong=(40,), unreadable=(50,), times=TIMES[1]),
    ]
    works = {
        1: PartWork(no=1, attempts=1, worker="w1", shard=SHARD),
        2: PartWork(no=2, attempts=2, worker="w2", shard=None),
    }
    return trace_of(results, works, {"host-a/cpu:0": "host-a/cpu:0"}, batch=2)


def traced(report: Report) -> Traced:
    """The first run of the report, with the parts above."""
    return Traced(report=report, run=report.runs[0], parts=parts(), totals=totals(parts(), batch=2))


def test_a_part_says_what_was_counted_of_it_and_by_whom() -> None:
    second = parts()[1]
    assert (second.first, second.count, second.n, second.top1, second.unreadable) == (32, 32, 31, 30, 1)
    assert (second.attempts, second.worker, second.shard) == (2, "w2", None)


def test_a_padded_batch_is_in_no_time_of_a_part() -> None:
    first = parts()[0]
    assert (first.batches, first.compute_ms) == (15, 60.0)
    assert first.images_per_s == pytest.approx(500.0)


def test_the_sum_is_over_all_parts() -> None:
    whole = totals(parts(), batch=2)
    assert (whole.parts, whole.n, whole.top1, whole.unreadable, whole.batches) == (2, 63, 60, 1, 31)
    assert whole.images_per_s == pytest.approx(1000.0 * 31 * 2 / (15 * 4.0 + 16 * 8.0))


def test_times_that_are_not_told_give_no_rate() -> None:
    untold = parts(told=False)
    assert untold[0].images_per_s is None
    assert totals(untold, batch=2).images_per_s is None


def test_a_part_that_nobody_finished_here_has_no_worker() -> None:
    (part,) = trace_of([make_result(SAMPLES, 0, 32)], {}, {}, batch=1)
    assert (part.attempts, part.worker, part.device) == (0, "", "host-a/cpu:0")


def test_the_sum_stands_above_the_figures_of_the_report() -> None:
    report = report_of(cpu_job())
    lines = text([traced(report)]).splitlines()
    at = next(no for no, line in enumerate(lines) if line.split()[:1] == ["sum"])
    assert "2 parts" in lines[at] and "63" in lines[at].split()
    assert lines[at + 1].split()[:2] == ["report", str(report.runs[0].coverage.counted)]


def test_it_names_the_shards_in_full_and_where_to_look_further() -> None:
    report = report_of(cpu_job())
    shown = text([traced(report)])
    assert f"Shards    {SHARD}" in shown
    assert shown.endswith(f"dinoq logs {report.job} --run cpu:{report.runs[0].batch}")


def test_a_terminal_of_80_columns_holds_it_and_names_what_it_has_no_room_for() -> None:
    name = "a-host-of-a-long-name-" * 3
    whole = traced(report_of(cpu_job()))
    shown = text([replace(whole, parts=tuple(replace(part, device=name) for part in whole.parts))])
    assert max(map(len, shown.splitlines())) <= 80
    assert "no room for tries, batches" in shown


def test_parts_that_took_several_tries_are_named() -> None:
    whole = traced(report_of(cpu_job()))
    shown = text([replace(whole, parts=(replace(whole.parts[0], attempts=3), *whole.parts[1:]))])
    assert "tried       part 1 3 times" in shown


def test_markdown_has_every_column_and_no_padding() -> None:
    whole = traced(report_of(cpu_job()))
    shown = markdown([replace(whole, parts=(replace(whole.parts[0], overlap="preprocessing"), *whole.parts[1:]))])
    assert "| tries |" in shown
    assert "- beside: parts 1: preprocessing" in shown


def test_markdown_has_a_row_for_each_part() -> None:
    rows = [line for line in markdown([traced(report_of(cpu_job()))]).splitlines() if line.startswith("|")]
    assert len(rows) == 2 + 2 + 2


def test_json_has_figures_that_are_not_rounded() -> None:
    (run,) = json.loads(to_json([traced(report_of(cpu_job()))]))["runs"]
    assert run["totals"]["images_per_s"] == pytest.approx(329.787234, abs=1e-6)
    assert [part["shard"] for part in run["parts"]] == [SHARD, None]


def test_a_format_without_parts_is_refused() -> None:
    with pytest.raises(UsageError, match="not as html"):
        trace_renderer("html")


def test_the_report_names_the_two_commands() -> None:
    last = render(report_of(cpu_job())).splitlines()[-1]
    assert last == "Trace     dinoq report 42 --run cpu:16 · dinoq logs 42 --run cpu:16"


def test_too_few_batches_have_no_rate_in_their_sum_as_in_the_report() -> None:
    few = trace_of([make_result(SAMPLES, 0, 8, times=make_times([1.0] * 4))], {}, {}, batch=2)
    assert few[0].images_per_s is not None
    assert totals(few, batch=2).images_per_s is None
