"""A comparison as text, Markdown and JSON; a self-test too."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinoq.cli.render.comparison import FORMATS, render
from dinoq.cli.render.comparison_selftest import render as render_selftest
from dinoq.cli.render.words import columns
from dinoq.jobs.compare.comparison import Comparison, Limits, compare_jobs, compare_runs
from dinoq.jobs.compare.selftest import self_test_of
from dinoq.jobs.compare.sides import Side, sides_of
from dinoq.jobs.manifest import Manifest
from tests.builders import make_manifest
from tests.comparisons import BATCHES, MANIFEST, make_side, steady_ms
from tests.reports import paced, two_chip_job

CHARACTERS = st.characters(exclude_characters="\0", exclude_categories=["Cs"]) | st.just("\udc80")
"""What a file name can hold: bytes that are no UTF-8 among it."""
FAST, SLOW = np.full(BATCHES, 5.0), np.full(BATCHES, 5.6)


def made(a: Side, b: Side, **limits: object) -> Comparison:
    return compare_runs(replace(a, job=41), replace(b, job=42), Limits(**limits))  # type: ignore[arg-type]


def text(a: Side, b: Side, **limits: object) -> str:
    return render(made(a, b, **limits), "text")


def test_the_verdict_is_the_first_word() -> None:
    assert text(make_side(), make_side(wrong=range(100, 140))).startswith("REGRESSION  T4:16 accuracy: top-1 -1.95 pp")
    assert text(make_side(FAST), make_side(SLOW)).startswith("REGRESSION  T4:16 throughput: compute -10.7 %")
    assert text(make_side(), make_side()).startswith(
        "NO CHANGE  T4:16: neither accuracy nor throughput changed by more than noise"
    )


def test_what_changed_stands_before_the_figures_with_short_digests() -> None:
    there = make_side(toolkit="kit 2")
    lines = text(make_side(toolkit="kit 1"), there).splitlines()
    assert lines[lines.index("Changed, A -> B") + 1] == "  toolkit         kit 1 -> kit 2"
    assert text(make_side(fingerprint="ab" * 32), make_side(fingerprint="cd" * 32)).count("abababababab ->") == 1


def test_flipped_photos_are_listed_and_the_rest_is_counted() -> None:
    said = text(make_side(), make_side(wrong=range(8)), flips=2)
    assert "Flipped  8 of 2048 photos of T4:16 are right in one run alone" in said
    assert "  photo-000001.jpg  label 0, A says 0, B says 1" in said
    assert "  and 6 more: --flips 8, or --json" in said


def test_identical_answers_are_told_in_a_line() -> None:
    assert "T4:16: all 2048 answers are the same" in text(make_side(wrong=(3,)), make_side(wrong=(3,)))


def test_what_is_unlike_or_simulated_is_said_at_the_top() -> None:
    said = text(make_side(), make_side(origin="simulated"), unlike=True)
    top = said.split("\n\n")[0]
    assert "UNLIKE " in top and "T4:16 origin: real against simulated" in top
    assert "SIMULATED " in top


@pytest.mark.parametrize("format", ["text", "md"])
def test_figures_of_a_virtual_clock_are_marked(format: str) -> None:
    job = paced(two_chip_job(("simulated", "simulated"), samples=256), "310")
    said = render(compare_jobs(sides_of(*job)[1:2], sides_of(*job)[1:2], Limits()), format)
    assert "virtual: of a paced simulator's clock" in said
    assert "virtual" not in render(made(make_side(), make_side()), format)


def test_unpaired_samples_show_the_difference_without_a_p() -> None:
    said = text(make_side(), make_side(manifest=make_manifest(1000), wrong=range(100)))
    row = next(line for line in said.splitlines() if line.startswith("  T4:16   "))
    assert row.split() == ["T4:16", "100.00", "90.00", "-10.00", "-12.02", "to", "-8.28", "-", "UNDECIDED"]
    assert "not paired: 2048 samples against 1000" in said


def test_what_was_not_compared_is_said_at_the_top() -> None:
    here = (make_side(job=1), make_side(job=1, chip="cpu"))
    there = (make_side(job=2), make_side(job=2, chip="310P3"))
    top = render(compare_jobs(here, there, Limits()), "text").split("\n\n")[0]
    assert "NOT COMPARED  cpu:16 of job 1: job 2 has no such run" in top
    assert "NOT COMPARED  310P3:16 of job 2: job 1 has no such run" in top


def test_noise_above_the_floor_says_where_it_comes_from() -> None:
    said = text(make_side(np.tile([5.0, 6.0], BATCHES // 2)), make_side())
    assert "noise is 9.1 %, as the batch times of 41/T4:16 vary so much (CV)" in " ".join(said.split())


def named(name: str) -> Comparison:
    manifest = Manifest((name, *MANIFEST.names[1:]), MANIFEST.labels)
    side = make_side(manifest=manifest)
    named_so = replace(side, report=replace(side.report, name=name, owner=name))
    return made(
        named_so, make_side(manifest=manifest, wrong=(0,), toolkit=name, error=name, results=side.merged.results)
    )


@settings(max_examples=20, deadline=None)
@given(name=st.text(CHARACTERS, min_size=1, max_size=300))
def test_no_line_is_wider_than_80_columns_whatever_things_are_called(name: str) -> None:
    assert max(map(columns, render(named(name), "text").splitlines())) <= 80


def test_markup_in_names_stays_a_name_in_markdown() -> None:
    said = render(named("<b>|@ana|`x`"), "md")
    assert "<b>" not in said and "\\<b\\>\\|\\@ana" in said


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_tells_the_outcome_and_both_sides(format: str) -> None:
    said = render(made(make_side(FAST), make_side(SLOW, toolkit="kit 2")), format)
    assert all(word in said for word in ("REGRESSION", "kit 2", "0.89"))


def test_json_has_every_number_and_no_nan() -> None:
    told = json.loads(render(made(make_side(FAST), make_side(SLOW, wrong=range(40))), "json"))
    pair = told["pairs"][0]
    assert (told["version"], told["outcome"], told["exit_code"]) == (1, "REGRESSION", 4)
    assert (pair["a"], pair["b"], pair["unlike"]) == ("41/T4:16", "42/T4:16", [])
    paired = pair["accuracy"]["paired"]
    assert (paired["top1"]["only_a"], paired["flipped_total"], len(paired["flipped"])) == (40, 40, 40)
    assert pair["throughput"]["images_per_s"]["compute"]["ratio"] == pytest.approx(5.0 / 5.6)
    assert pair["throughput"]["images_per_s"]["device"] == {"a": None, "b": None, "ratio": None}
    assert pair["throughput"]["latency_ms"]["p99"]["change"] == pytest.approx(0.12)
    assert {"what": "chip", "a": "T4", "b": "T4", "same": True} in pair["changes"]


def selftest(format: str) -> str:
    sides = [[make_side(steady_ms(no), job=no)] for no in (43, 44, 45)]
    return render_selftest(self_test_of(42, sides, Limits()), format)


def test_a_selftest_says_what_can_be_told_apart() -> None:
    lines = selftest("text").splitlines()
    assert " ".join(lines[0].split()).startswith(
        "T4:16 throughput: 2.0 % and more can be told (noise floor); accuracy:"
    )
    assert max(map(columns, lines)) <= 80
    assert lines[-2:] == [
        "Jobs      43, 44, 45, each a selftest of 42",
        "Trace     dinoq compare 43 45 · dinoq report 45",
    ]
    told = json.loads(selftest("json"))
    assert (told["selftest_of"], told["jobs"], told["runs"][0]["smallest_speed"]) == (42, [43, 44, 45], 0.02)
    assert "T4:16 | 2.00 |" in selftest("md")
