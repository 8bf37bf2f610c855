"""Reports of what was measured on random data: no accuracy, no coverage, its mode at every figure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from dinoq.cli.render import json as as_json
from dinoq.cli.render import markdown, text
from dinoq.jobs.ranking import best_batches, ratios
from dinoq.jobs.report import Report, build_report
from dinoq.jobs.verdicts import Cell
from tests.modes import make_random_result, mode_job
from tests.reports import make_run, report_of


def timed(*means_ms: float) -> Report:
    """A job of one run on random data, with windows of these means."""
    record, manifest = mode_job("pure", (4,))
    run = make_run([make_random_result(means_ms)], wall_ms=1_000)
    return build_report(replace(record, runs=(run,)), manifest)


def values(report: Report) -> Any:
    return json.loads(as_json.render(report))


def lines(report: Report) -> list[str]:
    return text.render(report).splitlines()


# -- random data alone ------------------------------------------------------------------------------------------------


def test_throughput_is_told_and_accuracy_absent() -> None:
    (run,) = timed(2.0, 2.0, 2.0).runs
    assert run.measured.throughput.compute == pytest.approx(2000.0)
    assert (run.top1, run.top5, run.against, run.agreement, run.coverage.expected) == (None, None, None, None, 0)
    assert {verdict.kind for verdict in run.verdicts} == {"stability"}


def test_every_image_fed_counts_for_the_run_and_the_last_windows_for_the_program() -> None:
    (run,) = timed(4.0, 2.0, 2.0, 2.0).runs
    assert run.measured.throughput.compute == pytest.approx(2000.0)
    assert run.measured.latency.n == 21
    assert run.measured.throughput.job == pytest.approx(4 * (28 + 2))


def test_all_is_well_without_a_word_on_a_published_figure() -> None:
    made = timed(2.0, 2.0, 2.0)
    assert (made.exit_code, made.notes) == (0, ())
    assert lines(made)[1] == "PASS  throughput on random data was measured; that proves no accuracy"


def test_windows_that_never_agreed_make_it_unstable() -> None:
    made = timed(*[2.0, 2.4] * 5)
    (verdict,) = [one for one in made.runs[0].verdicts if one.kind == "stability"]
    assert verdict.status == "UNSTABLE"
    assert "the last 3 of 10 windows lie 20.0 % apart (5 % allowed)" in verdict.text
    assert values(made)["runs"][0]["windows"]["agreed"] is False


def test_the_text_has_dashes_and_says_why() -> None:
    told = lines(timed(2.0, 2.0, 2.04))
    assert "  cpu   bs4^   fp32       -             -       -             -             -" in told
    assert "  ^       pure (cpu bs4): random data, no photos and so no accuracy" in told
    assert "  windows cpu bs4: 3 windows, the last 3 within 2.0 %" in told
    assert "Coverage  none to prove: random data" in told
    assert "Data      none: random pixels, the same ones each time" in told


def test_a_line_ends_without_blanks() -> None:
    record, manifest = mode_job(baseline_top1=0.753)
    assert [line for line in lines(build_report(record, manifest)) if line != line.rstrip()] == []


def test_the_page_has_dashes_and_says_why() -> None:
    page = markdown.render(timed(2.0, 2.0, 2.0))
    assert "| cpu | 4 (pure) | fp32 | - | - | - | - | - | - |" in page
    assert "| cpu | 4 (pure) | fp32 | - | - | - | - | - | - |\n\n- pure (cpu bs4): random data, no photos" in page
    assert "- windows, cpu bs4: 3 windows, the last 3 within 0.0 %" in page
    assert "| data | none: random pixels, the same ones each time |" in page


def test_machines_read_null_where_there_is_nothing() -> None:
    made = values(timed(2.0, 2.0, 2.0))
    (run,) = made["runs"]
    assert (run["mode"], set(run["top1"].values())) == ("pure", {None})
    assert run["windows"] == {"batches": [7, 7, 7], "mean_ms": [2.0, 2.0, 2.0], "apart": 0.0, "agreed": True}
    assert (made["dataset"]["source"], made["dataset"]["fingerprint"]) == (None, None)


def test_what_was_not_timed_is_incomplete() -> None:
    record, manifest = mode_job("pure", (4,))
    run = replace(make_run(state="cancelled", wall_ms=None), devices=())
    made = build_report(replace(record, runs=(run,), state="cancelled"), manifest)
    assert made.exit_code == 6
    assert "random data was not timed" in text.render(made)
    assert "--loop" not in text.render(made)


# -- the recipe: both kinds in one job --------------------------------------------------------------------------------


def test_both_kinds_stand_in_one_report_each_with_its_mode() -> None:
    made = report_of(mode_job())
    assert [run.mode for run in made.runs] == ["dataset", "pure", "pure", "dataset"]
    assert [run.coverage.counted for run in made.runs] == [400, 0, 0, 400]
    heads = [line[:15].split() for line in lines(made) if line.startswith("  cpu ")]
    assert heads == [["cpu", "bs1"], ["cpu", "bs4^"], ["cpu", "bs8^"], ["cpu", "bs16"]] * 2


def test_the_verdict_is_of_the_runs_that_saw_photos() -> None:
    assert lines(report_of(mode_job(baseline_top1=0.99)))[1].startswith(
        "PASS  accuracy holds in both runs on the dataset, at worst"
    )
    assert lines(report_of(mode_job()))[1].startswith(
        "PASS  all 400 samples were evaluated in both runs on the dataset;"
    )


def test_random_data_is_held_against_no_cpu_run() -> None:
    made = report_of(mode_job(chips=("310P3", "cpu")))
    assert [bool(run.agreement) for run in made.runs] == [True, False, False, True, *[False] * 4]


def test_equal_batches_have_equal_modes_and_the_best_says_which() -> None:
    made = report_of(mode_job(batches=(1, 4, 8), chips=("310P3", "T4")))
    assert [(one.batch, one.mode, one.against_mode) for one in made.ratios if not one.best] == [
        (1, "dataset", "dataset"),
        (4, "pure", "pure"),
        (8, "pure", "pure"),
    ]
    assert [(best.batch, best.mode) for best in made.best] == [(8, "pure")] * 2
    told = text.render(made)
    assert "  ratio   310P3/T4: bs1 1.00, bs4^ 1.00, bs8^ 1.00, best 1.00 (bs8^/bs8^);" in told
    assert "  best    310P3 bs8^, 800.0 images/s per chip" in told
    assert "best to best, bs8 (pure)/bs8 (pure): 1.00" in markdown.render(made)


def test_the_same_batch_of_another_mode_is_not_divided() -> None:
    cells = [
        Cell(run_no=no, chip=chip, batch=16, precision="fp16", origin="real", images_per_s=100.0, mode=mode)  # type: ignore[arg-type]
        for no, (chip, mode) in enumerate([("310P3", "dataset"), ("T4", "pure")], start=1)
    ]
    assert [(one.best, one.mode, one.against_mode) for one in ratios(cells)] == [(True, "dataset", "pure")]
    assert [best.mode for best in best_batches(cells)] == ["dataset", "pure"]
