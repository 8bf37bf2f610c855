"""What stands in the sections of the page: agreement, flipped samples, gates, best batches, cards at the top."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from dinoq.cli.render.html import agreement, proof, speed
from dinoq.cli.render.html.glance import glance
from dinoq.cli.render.html.markup import Html, Section
from dinoq.cli.render.html.series import lines_of
from dinoq.jobs.gates import parse_gate
from dinoq.jobs.report import Report, build_report
from tests.builders import make_device, make_manifest, make_spec
from tests.pages import NASTY, three_chip_job
from tests.reports import beside_cpu, cpu_job, make_record, make_results, make_run, report_of, two_chip_job


def cells(html: str) -> list[list[str]]:
    """The texts of every row of every table."""
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    return [
        [re.sub(r"<[^>]*>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows
    ]


def shown(section: Section | None) -> Html:
    assert section is not None
    return section.html


def answers(report: Report) -> Html:
    return shown(agreement.agreement(report, lines_of(report)))


def flipping(flips: int, samples: int) -> Report:
    """A T4 that errs where the cpu does not."""
    manifest = make_manifest(samples)
    spec = make_spec(manifest, chips=("T4", "cpu"), batches=(16,))
    runs = []
    for run in spec.runs:
        device = make_device("lab", run.chip)
        wrong = range(flips) if run.chip == "T4" else ()
        results = make_results(manifest, 16, run_no=run.run_no, devices=[device.key], wrong=wrong)
        runs.append(make_run(results, run_no=run.run_no, devices=[device]))
    return build_report(make_record(manifest, spec, runs), manifest)


def test_the_matrix_holds_every_chip_against_every_other_alike_from_both_sides() -> None:
    rows = cells(answers(report_of(three_chip_job((1, 4), 388))))
    head, *body = rows[:4]
    assert [cell.split()[0] for cell in head] == ["chip", "310P3", "T4", "cpu"]
    matrix = [row[1:] for row in body]
    assert all(matrix[at][at] == "same" for at in range(3))
    assert all(matrix[row][column] == matrix[column][row] for row in range(3) for column in range(3))


def test_a_difference_has_its_interval_its_p_and_its_verdict() -> None:
    report = flipping(3, 400)
    (pair,) = report.pairs
    (row,) = [row for row in cells(answers(report)) if row[:2] == ["T4 bs16", "cpu bs16"] and len(row) == 10]
    low, high = pair.top1.interval
    assert row[2:7] == ["400", "0", "3", "-0.75", f"{100 * low:+.2f} to {100 * high:+.2f}"]
    assert row[7:] == ["0.25", f"{-100 * pair.top1.worst:.2f}", pair.no_worse.value]


def test_flipped_samples_are_named_with_both_answers() -> None:
    html = answers(report_of(beside_cpu("real")))
    assert "2 samples flipped" in html
    assert ["7", "photo-000008.jpg", "7", "7", "8", "310P3 bs1"] not in cells(html)
    assert ["8", "photo-000009.jpg", "8", "8", "9", "310P3 bs1"] in cells(html)


def test_of_very_many_flipped_samples_some_are_named_and_all_are_counted() -> None:
    html = answers(flipping(10_000, 10_240))
    named = [row for row in cells(html) if len(row) == 6 and row[1].startswith("photo-")]
    assert len(named) == agreement.SHOWN
    assert "10000 samples flipped" in html
    assert (
        f"And {10_000 - agreement.SHOWN} more: <code>dinoq compare 42/T4:16 42/cpu:16 --unlike --flips 10000 --json"
        in html
    )


def test_a_hostile_name_of_a_flipped_sample_stays_a_name() -> None:
    record, manifest = beside_cpu("real")
    names = (*manifest.names[:8], NASTY, *manifest.names[9:])
    report = build_report(record, replace(manifest, names=names))
    assert "&lt;script&gt;" in answers(report)
    assert "<script" not in answers(report)


def test_two_chips_that_share_no_sample_are_said_to() -> None:
    record, manifest = beside_cpu("real")
    runs = tuple(replace(run, results=() if run.run_no > 2 else run.results) for run in record.runs)
    assert "No two chips answered the same samples" in answers(build_report(replace(record, runs=runs), manifest))


def test_one_chip_alone_has_no_section_on_agreement() -> None:
    report = report_of(cpu_job())
    assert agreement.agreement(report, lines_of(report)) is None


@pytest.mark.parametrize(("gate", "word", "code"), [("310/T4 >= 0.1", "PASS", "-"), ("310/T4 >= 9", "FAIL", "4")])
def test_a_gate_stands_with_what_was_measured(gate: str, word: str, code: str) -> None:
    report = build_report(*two_chip_job(), gates=[parse_gate(gate)])
    html = shown(proof.verdicts(report))
    (found,) = report.gates
    (row,) = [row for row in cells(html) if row[0] == found.text.replace(">", "&gt;")]
    assert (row[1], row[2], row[-1]) == (word, f"{found.value:.3f}", code)
    assert "Gates and verdicts" in html


def test_a_chip_that_no_batch_keeps_within_the_budget_is_named() -> None:
    report = build_report(*two_chip_job(), latency_budget_ms=1.5)
    html = shown(speed.speed(report, lines_of(report)))
    assert "whose p99 is at most 1.5 ms" in html
    assert "No batch of 310 keeps within 1.5 ms." in html


def test_a_ratio_has_its_interval() -> None:
    report = report_of(two_chip_job())
    rows = [row for row in cells(shown(speed.speed(report, lines_of(report)))) if row[0] == "310/T4"]
    assert len(rows) == len(report.ratios) > 0
    for row, ratio in zip(rows, report.ratios, strict=True):
        assert ratio.interval and row[2:4] == [
            f"{ratio.value:.2f}",
            f"{ratio.interval.low:.3f}–{ratio.interval.high:.3f}",
        ]


def test_the_cards_at_the_top_name_each_chip_once_with_its_best_and_its_lowest() -> None:
    html = glance(report_of(two_chip_job()))
    assert html.count("<li>") == 2
    assert "2087</b> images/s per chip at batch 64" in html
    assert "lowest of 3 runs" in html


def test_simulated_figures_say_so_at_the_top_too() -> None:
    html = glance(report_of(three_chip_job((1,), 64)))
    assert html.count('class="mark">simulated') == 2


def test_lines_say_what_tells_them_apart_and_no_more() -> None:
    report = report_of(beside_cpu())
    assert [line.label for line in lines_of(report)] == ["310P3", "cpu"]
    other = tuple(replace(run, precision="fp32", run_no=run.run_no + 4) for run in report.runs[:2])
    labels = [line.label for line in lines_of(replace(report, runs=(*report.runs, *other)))]
    assert labels == ["310P3 fp16", "cpu", "310P3 fp32"]


def test_two_commands_lead_from_a_run_to_its_parts() -> None:
    rows = cells(shown(proof.trace(report_of(two_chip_job(samples=64)))))
    assert ["310 bs16", "dinoq report 42 --run 310:16", "dinoq logs 42 --run 310:16"] in rows
