"""The report as CSV: a row for each run, for machines and spreadsheets."""

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

from dinoq.cli.render import FORMATS, tabular
from dinoq.jobs.report import Report
from tests.pages import NASTY, nasty_job, three_chip_job
from tests.reports import cpu_job, report_of, two_chip_job


def rows(report: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(tabular.render(report) + "\n", newline="")))


def test_each_run_is_a_row_in_order() -> None:
    found = rows(report_of(two_chip_job(samples=256)))
    assert [(row["chip"], row["batch"]) for row in found[:4]] == [
        ("310", "1"),
        ("310", "16"),
        ("310", "64"),
        ("T4", "1"),
    ]
    assert {row["job"] for row in found} == {"42"}


def test_figures_are_not_rounded() -> None:
    report = report_of(cpu_job())
    for row, run in zip(rows(report), report.runs, strict=True):
        assert run.top1 and float(row["top1_low"]) == run.top1.low
        assert float(row["compute_images_per_s"] or "nan") == run.measured.throughput.compute
        assert float(row["p99_ms"]) == run.measured.latency.p99


def test_what_was_not_measured_is_empty() -> None:
    row = rows(report_of(cpu_job(20)))[1]
    assert row["compute_images_per_s"] == row["card_images_per_s"] == row["baseline_top1"] == row["pace"] == ""
    assert row["performance_verdict"] == "NOT_MEASURED"


def test_lines_end_as_rfc_4180_has_it_and_all_have_as_many_fields() -> None:
    text = tabular.render(report_of(cpu_job(20))) + "\n"
    assert text.count("\r\n") == text.count("\n") == 3
    assert len({len(line) for line in csv.reader(io.StringIO(text, newline=""))}) == 1


def test_a_name_is_never_a_formula_nor_another_row() -> None:
    for name in ("=1+2", "+1", "-1", "@SUM(A1)", " =1", "\t=1\n2"):
        record, manifest = cpu_job(20, name=name)
        (row, _) = rows(report_of((record, manifest)))
        assert row["job_name"].startswith(("'", "\\x09")), name
        assert "\n" not in row["job_name"]


def test_quotes_and_commas_of_a_name_stay_in_its_field() -> None:
    record, manifest = cpu_job(20)
    named = replace(record, spec=replace(record.spec, name='a, "b"'))
    assert rows(report_of((named, manifest)))[0]["job_name"] == 'a, "b"'
    assert NASTY.split("\u202e")[0] in rows(report_of(nasty_job()))[0]["job_name"]


def test_numbers_below_zero_stay_numbers() -> None:
    report = report_of(two_chip_job(samples=256))
    differences = [row["top1_difference"] for row in rows(report)]
    assert all(float(value) < 0 for value in differences)


def test_simulated_rows_say_so() -> None:
    found = {row["chip"]: (row["origin"], row["pace"]) for row in rows(report_of(three_chip_job((1,), 64)))}
    assert found == {"310P3": ("simulated", "published"), "T4": ("simulated", "published"), "cpu": ("real", "")}


def test_the_format_is_known_by_its_name() -> None:
    assert FORMATS["csv"] == "tabular"


def test_every_column_is_documented_and_none_else() -> None:
    page = (Path(__file__).parents[2] / "docs/html.md").read_text()
    named = re.findall(
        r"`(\w+)`", " ".join(line.split("|")[1] for line in page.split("## CSV")[1].splitlines() if "|" in line)
    )
    head = tabular.render(report_of(cpu_job(20))).splitlines()[0].split(",")
    missing_top5 = {"top5_correct", "top5_low", "top5_high"}  # "the same of `top5`"
    assert set(named) | missing_top5 == set(head)
