"""Pairs, flips, gates and budgets in words."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dinoq.cli.render.headline import headline
from dinoq.cli.render.pairs import agreement_texts, flip_texts, pair_texts
from dinoq.cli.render.rates import best_text, budget_texts
from dinoq.cli.render.text import render
from dinoq.jobs.gates import parse_gate
from dinoq.jobs.pairs import Flip, Flips
from dinoq.jobs.report import Report, build_report
from tests.reports import beside_cpu, make_results, report_of, two_chip_job

GATE = "310/T4 >= 1.6"


def gated(*gates: str, budget_ms: float | None = None) -> Report:
    """Two real chips, 310 and T4, of which the first is 1.17 times as fast at best, card to card."""
    record, manifest = two_chip_job(samples=4096)
    return build_report(record, manifest, gates=tuple(map(parse_gate, gates)), latency_budget_ms=budget_ms)


def words(report: Report) -> list[str]:
    """The first word of every line of the headline."""
    return [word for word, _ in headline(report)]


def test_a_pair_says_who_is_right_where_and_how_much_worse_it_may_be() -> None:
    (text,) = pair_texts(report_of(beside_cpu("real")))
    assert text == (
        "310P3 bs1 against cpu bs1: 398 of 400 top-1 classes are the same, 2 right here only, 0 there only, p = 0.5; "
        "+0.50 pp (-0.46 to +1.80), no worse than 0.41 pp"
    )


def test_a_pair_that_does_not_pass_says_what_is_allowed() -> None:
    record, manifest = beside_cpu("real")
    (text,) = pair_texts(build_report(record, manifest, margin=0.001))
    assert text.endswith("no worse than 0.41 pp: UNDECIDED, 0.1 pp is allowed")


def test_of_a_simulator_a_pair_says_why_nothing_is_decided() -> None:
    (text,) = pair_texts(report_of(beside_cpu("simulated")))
    assert text.endswith("no worse than 0.41 pp; a simulator's answers, which pass and fail nothing")


def test_a_pair_of_equal_answers_is_told_in_a_few_words() -> None:
    (text,) = pair_texts(report_of(two_chip_job(samples=4096)))
    assert text == "310 bs1 against T4 bs1: all 4096 top-1 classes are the same; no worse than 0.09 pp"


def test_a_chip_that_is_worse_than_the_margin_allows_is_said_before_the_tables() -> None:
    record, manifest = beside_cpu("real")
    wrong = [make_results(manifest, batch, run_no=no, wrong=range(40)) for no, batch in ((1, 1), (2, 4))]
    much = [replace(run, results=results) for run, results in zip(record.runs[:2], wrong, strict=True)]
    ((word, text),) = headline(build_report(replace(record, runs=(*much, *record.runs[2:])), manifest))
    assert word == "WORSE"
    assert text.startswith(
        "310P3 bs1 loses 9.25 pp of Top-1 against cpu bs1 on the same 400 photos, more than the 1 pp"
    )


def test_flips_are_named_with_label_and_both_answers() -> None:
    (text,) = flip_texts(report_of(beside_cpu("real")))
    assert text.startswith("310P3 bs1/cpu bs1: photo-000009.jpg (is 8; 8, 9), ")


def test_of_ten_thousand_flips_a_few_are_named_and_the_way_to_the_rest() -> None:
    report = report_of(beside_cpu("real"))
    flips = [Flip(index=at, name=f"{at}.jpg", label=1, here=None, there=2) for at in range(200)]
    many = replace(report, flips=(Flips(run_no=1, against_no=3, total=10_000, shown=tuple(flips)),))
    (text,) = flip_texts(many)
    assert text.startswith("310P3 bs1/cpu bs1: 0.jpg (is 1; NaN, 2), ")
    assert text.endswith("and 9997 more: dinoq compare 42/310P3:1 42/cpu:1 --unlike --flips 10000 --json")
    assert max(map(len, render(many).splitlines())) <= 80


def test_runs_without_a_pair_say_how_far_they_agree() -> None:
    texts = agreement_texts(report_of(beside_cpu("real")))
    assert [text.split(" agrees")[0] for text in texts] == ["310P3 bs4"]


@pytest.mark.parametrize(
    ("gates", "expected", "code"),
    [
        ((), ["PASS"], 0),
        (("310/T4 >= 1.1",), ["PASS", "PASS"], 0),
        ((GATE,), ["FAIL"], 4),
        (("310/T4 >= 1.1", GATE), ["FAIL", "PASS"], 4),
        (("310/T4 >= 1.169",), ["UNDECIDED"], 0),
    ],
)
def test_gates_stand_in_the_headline_what_fails_first(gates: Sequence[str], expected: list[str], code: int) -> None:
    report = gated(*gates)
    assert words(report) == expected
    assert report.exit_code == code


def test_a_gate_says_the_numbers_behind_it() -> None:
    ((_, text),) = headline(gated(GATE))
    assert text.startswith(f"gate {GATE}: 1.169 (1.169 to 1.17")
    assert "card to card, 310 bs16 to T4 bs64" in text


def test_a_job_is_judged_by_the_gates_it_was_submitted_with() -> None:
    record, manifest = two_chip_job(samples=4096)
    stored = replace(record, spec=replace(record.spec, gates=(GATE,)))
    report = build_report(stored, manifest)
    assert (report.exit_code, [gate.text for gate in report.gates]) == (4, [GATE])


def test_figures_that_are_never_divided_fail_their_gate_and_not_the_report() -> None:
    record, manifest = two_chip_job(("simulated", "real"), samples=4096)
    (gate,) = build_report(record, manifest, gates=(parse_gate(GATE),)).gates
    assert gate.status.value == "NOT_MEASURED"
    assert gate.detail == "simulated and real figures are never divided"


def test_the_best_batch_names_what_cannot_be_told_from_it_and_the_smallest() -> None:
    best = replace(gated().best[0], ties=(16, 64), smallest=16, batch=64)
    assert best_text(best).endswith("; bs16 cannot be told from it; bs16 is the smallest within 2 %")


def test_a_budget_names_the_best_batch_that_keeps_it_and_chips_that_have_none() -> None:
    texts = list(budget_texts(gated(budget_ms=2.0)))
    assert texts[0].startswith("T4 bs1, 878.")
    assert texts[0].endswith("of 2 ms")
    assert texts[1] == "310: no batch keeps its p99 within 2 ms"


def test_without_a_budget_nothing_is_said_of_one() -> None:
    assert list(budget_texts(gated())) == []
