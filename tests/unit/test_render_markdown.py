"""The report as Markdown."""

from dataclasses import replace

from dinoq.cli.render.markdown import escape, render
from dinoq.jobs.record import FailedPart, FleetDevice
from dinoq.jobs.report import build_report
from tests.reports import beside_cpu, cpu_job, paced, report_of, two_chip_job

NASTY = "a|b*_`[x](y)<img src=q onerror=1>\n# head"


def test_each_run_is_a_row_of_accuracy_throughput_and_coverage() -> None:
    text = render(report_of(cpu_job(20, wrong=range(6))))
    assert "| cpu | 1 | fp32 | 70.00 | 48.10-85.45 | 14 | 100.00 | 20 | - |" in text
    assert "| cpu | 16 | fp32 | - | - | 554.62 | 2.00 | 18.000 | 18.000 | 18.000 | - | 1 |" in text
    assert "| cpu | 16 | fp32 | 20 | 20 | 0 | 0 | 0 | 0 |" in text


def test_rows_have_as_many_cells_as_their_head() -> None:
    text = render(report_of(two_chip_job(samples=256)))
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) == 5
    for rows in tables:
        assert len({row.count("|") for row in rows}) == 1


def test_nothing_in_a_name_is_markup() -> None:
    assert escape(NASTY) == r"a\|b\*\_\`\[x\](y)\<img src=q onerror=1\>\\x0a\# head"


def test_names_are_escaped_wherever_they_stand() -> None:
    record, manifest = cpu_job(batches=(1,), unreadable=(0,))
    nasty = replace(manifest, names=(NASTY, *manifest.names[1:]))
    slices = (replace(record.slices[0], reasons={NASTY: NASTY}),)
    run = replace(record.runs[0], error=NASTY, toolkit=NASTY, wall_void=NASTY)
    run = replace(run, failed=(FailedPart(no=1, first=0, count=1, error="!" + NASTY[1:]),))
    spec = replace(record.spec, name=NASTY, model=replace(record.spec.model, name=NASTY))
    text = render(build_report(replace(record, spec=spec, owner=NASTY, slices=slices, runs=(run,)), nasty))
    assert text.count(escape(NASTY)) >= 9
    assert "<img" not in text.replace(r"\<img", "")


def test_reasons_for_dashes_and_verdicts_are_given() -> None:
    text = render(report_of(cpu_job(20)))
    assert "- cpu bs16, compute: timed batches: 1, of 20 needed" in text
    assert "| cpu bs16 | performance | NOT\\_MEASURED | timed batches: 1, of 20 needed (--loop 20) |" in text
    assert "no published accuracy was given" in text


def test_gaps_failures_and_unreadable_photos_are_listed() -> None:
    record, manifest = cpu_job(512, batches=(1,), unreadable=(3,))
    failed = (FailedPart(no=2, first=256, count=256, error="boom"),)
    run = replace(record.runs[0], results=record.runs[0].results[:1], failed=failed)
    text = render(build_report(replace(record, runs=(run,)), manifest))
    assert "- cpu bs1: samples 256-511 missing" in text
    assert "- cpu bs1, 1 part: boom" in text
    assert "| photo-000004.jpg | truncated |" in text
    assert "- **INCOMPLETE** cpu bs1: 255/512 samples: 1 unreadable, 256 missing" in text


def test_ratios_cards_and_simulators_are_told() -> None:
    text = render(report_of(two_chip_job(("simulated", "simulated"))))
    assert "**SIMULATED** 310 and T4 are simulators" in text
    assert "- 310/T4, best to best, bs16/bs64: 1.17 (compute, card to card, simulated)" in text
    assert "- card, 310 bs1: 1606.36, extrapolated as compute x 4 chips" in text


def test_against_the_published_figure() -> None:
    text = render(report_of(two_chip_job(samples=256)))
    assert "| -0.30 (99.60 %) |" in text


def test_what_is_simulated_or_virtual_is_marked_in_its_row() -> None:
    text = render(report_of(paced(beside_cpu(), "310P3")))
    assert text.count("| 310P3 (simulated) | 1 | fp16 |") == 3
    (row,) = [line for line in text.splitlines() if line.startswith("| 310P3 (simulated) | 1 | fp16 | 499.99 |")]
    assert [cell.strip().endswith(r"\*") for cell in row.split("|")[4:8]] == [False, False, True, True]
    assert r"- \* paced (310P3 bs1 bs4): compute times are the table's (published)" in text


def test_agreement_refusals_and_missing_devices_are_listed() -> None:
    record, manifest = beside_cpu()
    other = replace(record.runs[0].devices[0], key="other", index=1, toolkit="kit 2")
    run = replace(record.runs[0], fleet=(FleetDevice(facts=other, state="ok"),), toolkit="kit 1")
    text = render(build_report(replace(record, runs=(run, *record.runs[1:])), manifest))
    assert (
        "- paired, 310P3 bs1 against cpu bs1: 398 of 400 top-1 classes are the same, 2 right here only, 0 there only"
        in text
    )
    assert "- ratio 310P3/cpu: none; simulated and real figures are never divided" in text
    assert "- without lab/310P3:1 (310P3 bs1): has kit 2; the run is bound to kit 1" in text
