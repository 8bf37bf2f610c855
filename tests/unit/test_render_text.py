"""The report for a terminal."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dinoq.cli.render.text import render
from dinoq.cli.render.words import clip, columns, printable, wrapped
from dinoq.jobs.record import FailedPart, FencedRecord, JobRecord
from dinoq.jobs.report import build_report
from tests.builders import make_manifest, make_spec
from tests.reports import (
    beside_cpu,
    cpu_job,
    make_record,
    make_result,
    make_results,
    make_run,
    make_times,
    paced,
    report_of,
    two_chip_job,
)

CPU = """\
job 42  lite0 on val20                             2026-11-23 14:02 UTC  ada@lab
PASS  all 20 samples were evaluated in both runs; no published accuracy was
      given, so there is no accuracy verdict (--baseline 75.3)

Accuracy            top-1 %       95 % CI top-5 %   top-1 right   top-5 right
  cpu   bs1    fp32   70.00   48.10-85.45  100.00         14/20         20/20
  cpu   bs16   fp32   70.00   48.10-85.45  100.00         14/20         20/20

Throughput, images/s                  per chip   whole run    compute, ms
                     compute   device  pipeline       job      p50      p99 CV %
  cpu   bs1    fp32   333.33        -    333.33      2.00     3.00     3.01  0.3
  cpu   bs16   fp32        -        -    554.62      2.00    18.00    18.00    -
  -       device: the vendor does not tell these times (cpu bs1)
  -       compute, device: timed batches: 1, of 20 needed (cpu bs16)
  95 % CI of compute, plus or minus %: cpu bs1 0.2

Coverage  20/20 samples, 0 unreadable, 0 duplicates, 0 conflicts

Model     tiny.onnx · sha256 04dbdf2f0303 · 224 x 224 · 10 classes
Data      /photos · 20 photos · fingerprint 44863b03e990
Recipe    dino version 1 · shorter side 256 bicubic, centre crop 224
Origin    real · ONNX Runtime 1.22.0
Artifact  sha256 c7c5c1d70c5d
Devices   host-a/cpu:0
Trace     dinoq report 42 --run cpu:1 · dinoq logs 42 --run cpu:1"""


def test_a_job_on_cpu_reads_like_this() -> None:
    assert render(report_of(cpu_job(20, wrong=range(6), name="lite0 on val20"))) == CPU


def test_a_job_that_passes_in_spite_of_nan_says_so_at_its_head() -> None:
    lines = render(report_of(cpu_job(unranked=(1,), batches=(1,), baseline_top1=0.9))).splitlines()
    assert lines[1].startswith("PASS  accuracy holds")
    assert lines[2] == "NaN   cpu bs1: 1 answer with NaN or Inf among the logits, counted as wrong"


def test_two_chips_read_like_this() -> None:
    text = render(report_of(two_chip_job()))
    assert text.splitlines()[1:3] == [
        "PASS  accuracy holds in all 6 runs, at worst 0.30 pp below the published figure",
        "      · 310/T4 = 1.17 at best batch",
    ]
    for line in (
        "Accuracy            top-1 %       95 % CI top-5 %     of 75.30 % published",
        "  310   bs16   fp16   75.00   73.65-76.30  100.00   -0.30 pp  99.60 %  PASS",
        "  T4    bs16   fp16   1857.3   1815.2    1815.2     409.6     8.62     8.64  0.3",
        "  card    310: bs1 1606.4, bs16 2440.0, bs64 2239.8 images/s, extrapolated as",
        "  ratio   310/T4: bs1 1.83, bs16 1.31, bs64 1.07, best 1.17 (bs16/bs64);",
        "Origin    310 bs1 bs16 bs64: real · CANN 8.0.RC2",
    ):
        assert line in text.splitlines()


def test_a_simulated_run_says_so_where_the_eye_goes() -> None:
    lines = render(report_of(two_chip_job(("simulated", "simulated"), samples=256))).splitlines()
    assert lines[1].startswith("SIMULATED  310 and T4 are simulators; none of their figures was measured")
    one = render(report_of(two_chip_job(("simulated", "real"), samples=256)))
    assert "SIMULATED  310 is a simulator; none of its figures was measured on a card" in one
    assert "SIMULATED" not in CPU


def test_the_worst_verdict_comes_first() -> None:
    lines = render(report_of(cpu_job(unreadable=(3, 77), baseline_top1=0.753))).splitlines()
    assert lines[1:3] == [
        "INCOMPLETE  cpu bs1 bs16: 398/400 samples: 2 unreadable, 0 missing",
        "UNDECIDED   cpu bs1 bs16: only 398 of 400 samples were evaluated",
    ]


def test_a_failed_gate_says_by_how_much() -> None:
    lines = render(report_of(cpu_job(wrong=range(120), baseline_top1=0.753))).splitlines()
    assert lines[1].startswith("FAIL  cpu bs1 bs16: 70.00 % is 5.30 pp below the published 75.30 %")


def test_a_note_is_told_once_for_all_its_runs() -> None:
    text = render(report_of(cpu_job(wrong=range(395))))
    assert text.count("suspect the") == 1
    assert "  note    cpu bs1 bs16: top-1 is hardly better than guessing among 10 classes" in text


def test_samples_fed_again_are_told() -> None:
    record, manifest = cpu_job()
    text = render(build_report(replace(record, spec=replace(record.spec, loop=3)), manifest))
    assert "  loop    each part was fed 3 times for timing; accuracy is of the first pass" in text


def test_loading_is_told_apart() -> None:
    manifest = make_manifest(20)
    result = make_result(manifest, 0, 20, times=make_times([1.0] * 20, loading_ms=310.0))
    record = make_record(manifest, make_spec(manifest), [make_run([result])])
    assert "  loading cpu bs1 0.31 s; in no figure per chip" in render(build_report(record, manifest))


def test_batches_that_cannot_be_told_apart_are_named() -> None:
    manifest = make_manifest(400)
    spec = make_spec(manifest, batches=(1, 2, 4))
    runs = [
        make_run(make_results(manifest, run.batch, run_no=run.run_no, ms=ms), run_no=run.run_no)
        for run, ms in zip(spec.runs, (3.0, 2.0, 3.98), strict=True)
    ]
    text = render(build_report(make_record(manifest, spec, runs), manifest))
    assert "bs2 cannot be told from it; bs2 is the smallest within 2 %" in " ".join(text.split())


def test_unreadable_photos_are_named_and_many_are_counted() -> None:
    text = render(report_of(cpu_job(unreadable=range(7), batches=(1,))))
    assert "  photo   photo-000005.jpg is unreadable: truncated\n" in text
    assert "photo-000006.jpg" not in text
    assert "  photo   and 2 more: dinoq report 42 --format json" in text


def broken_job() -> JobRecord:
    record, _ = cpu_job(1024, name="名前" * 60)
    first, second = record.runs
    first = replace(first, fenced=(FencedRecord(no=1, digest="ab"),))
    errors = [FailedPart(no=no, first=256 * (no - 1), count=256, error=f"\x1b[31mboom\n{'x' * 200}") for no in (3, 4)]
    second = replace(
        second, results=second.results[:2], failed=tuple(errors), state="failed", error="no op " + "y" * 900
    )
    return replace(record, runs=(first, second), state="failed", owner="o" * 90 + "@" + "h" * 90)


def test_coverage_shows_each_count_that_is_not_zero() -> None:
    text = render(build_report(broken_job(), cpu_job(1024)[1]))
    assert "Coverage  cpu bs1: 1024/1024 samples, 0 unreadable, 1 duplicates, 1 conflicts" in text
    assert "cpu bs16: 512/1024 samples, 0 unreadable, 512 missing, 0 duplicates, 0" in text
    assert "  missing cpu bs16: samples 512-1023" in text
    assert "  failed  cpu bs16, 2 parts:\n          \\x1b[31mboom\\x0axxx" in text
    assert "  UNSTABLE cpu bs1: the same samples were answered differently" in text
    assert "dinoq logs 42 --run cpu:16" in text


def test_what_ended_a_run_is_told_once() -> None:
    record, manifest = cpu_job(512, batches=(1,))
    parts = tuple(FailedPart(no=no, first=0, count=256, error="run 1 could not be compiled: no Gelu") for no in (1, 2))
    run = replace(record.runs[0], results=(), state="failed", error="no Gelu", failed=parts)
    assert render(build_report(replace(record, runs=(run,), state="failed"), manifest)).count("Gelu") == 1


def test_cancelled_parts_say_so() -> None:
    record, manifest = cpu_job(512, batches=(1,))
    run = replace(record.runs[0], results=(), failed=(FailedPart(no=1, first=0, count=256, error=""),))
    text = render(build_report(replace(record, runs=(run,), state="cancelled"), manifest))
    assert "  failed  cpu bs1, 1 part: cancelled" in text


def test_nothing_evaluated_is_a_dash_with_its_reason() -> None:
    record, manifest = cpu_job(batches=(1,))
    run = replace(record.runs[0], results=(), first_start_ms=None, last_finish_ms=None, origin=None, artifact=None)
    text = render(build_report(replace(record, runs=(run,), state="active"), manifest))
    assert "INCOMPLETE  the job is active; 1 of 1 runs are done" in text
    assert "  cpu   bs1    fp32       -             -       -             -             -" in text
    assert "  -       job: nothing was finished" in text
    assert "nan" not in text.lower()


def test_no_line_is_wider_than_80_columns_and_none_can_move_the_cursor() -> None:
    text = render(build_report(broken_job(), cpu_job(1024)[1]))
    assert max(map(columns, text.splitlines())) <= 80
    assert printable(text.replace("\n", "")) == text.replace("\n", "")


names = st.text(st.characters(exclude_categories=()), max_size=300)


@settings(max_examples=50, deadline=None)
@given(names, names, names, names, st.floats(1e-6, 1e12), st.integers(1, 10**9))
def test_whatever_the_names_and_figures_lines_stay_within_80_columns(
    name: str, owner: str, model: str, error: str, ms: float, wall_ms: int
) -> None:
    record, manifest = cpu_job(40, (1, 4096))
    spec = replace(
        record.spec,
        name=name,
        model=replace(record.spec.model, name=model),
        data=replace(record.spec.data, source=model),
    )
    run = replace(record.runs[0], error=error, wall_void=owner, toolkit=model, last_finish_ms=5000 + wall_ms)
    device = replace(run.devices[0], host=name, driver=owner, key="host-a/cpu:0")
    run = replace(run, devices=(device,), failed=(FailedPart(no=1, first=0, count=1, error=name),))
    text = render(build_report(replace(record, spec=spec, owner=owner, runs=(run, record.runs[1])), manifest))
    assert max(map(columns, text.splitlines())) <= 80
    assert text.isprintable() or set(text) - {"\n"} == {sign for sign in text if sign.isprintable()}


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("short", 10, "short"),
        ("a-very-long-name.jpg", 12, "a-ve...e.jpg"),
        ("名前名前名前", 9, "名...名前"),
        ("\udcff\n", 20, "\\xff\\x0a"),
    ],
)
def test_names_are_clipped_in_their_middle(text: str, room: int, expected: str) -> None:
    assert clip(text, room) == expected


def test_wrapped_lines_stand_below_the_text() -> None:
    assert wrapped("head  ", "one two threefour", 12) == ["head  one", "      two", "      threef", "      our"]


def test_agreement_with_the_cpu_is_a_line_for_each_run_of_which_no_pair_says_it() -> None:
    lines = render(report_of(beside_cpu("real"))).splitlines()
    assert "  paired  310P3 bs1 against cpu bs1: 398 of 400 top-1 classes are the same, 2" in lines
    assert "  sample  310P3 bs4 agrees with cpu bs4 on 398 of 400 photos (99.50 %); right" in lines
    assert "          here only 2, there only 0" in lines
    assert sum(line.startswith("  sample") for line in lines) == 1


def test_full_agreement_is_said_in_one_line() -> None:
    record, manifest = beside_cpu("real")
    same = replace(record.runs[3], results=record.runs[1].results)
    text = render(build_report(replace(record, runs=(*record.runs[:3], same)), manifest))
    assert "  sample  310P3 bs4 agrees with cpu bs4 on 400 of 400 photos\n" in text


def test_every_row_of_a_simulator_is_marked_and_no_other() -> None:
    lines = render(report_of(beside_cpu())).splitlines()
    assert sum(line.startswith("~ 310P3 bs") for line in lines) == 4
    assert sum(line.startswith("  cpu   bs") for line in lines) == 4
    assert any(line.startswith("  ~       a simulator's row") for line in lines)
    assert "~" not in CPU


def test_a_refused_ratio_stands_where_ratios_stand() -> None:
    text = render(report_of(beside_cpu()))
    assert "  ratio   310P3/cpu: none; simulated and real figures are never divided" in text


def test_a_simulator_s_accuracy_is_undecided_with_a_dash_for_the_difference() -> None:
    text = render(report_of(beside_cpu(baseline_top1=0.9)))
    assert "UNDECIDED  310P3 bs1 bs4: 99.75 % is a simulator's, no chip's: not held against" in text
    assert "~ 310P3 bs1    fp16   99.75   98.60-99.96  100.00          -        -  UNDECIDED" in text


def test_a_paced_run_says_what_its_times_are() -> None:
    lines = render(report_of(paced(beside_cpu(), "310P3"))).splitlines()
    assert lines[1:3] == [
        "SIMULATED  310P3 is a simulator paced to published tables; none of its figures",
        "           was measured on a card",
    ]
    figures = [line.split() for line in lines if line.startswith(("~ 310P3", "  cpu"))][4:]
    assert [[cell.endswith("*") for cell in row[-7:]] for row in figures] == [
        *([[False, False, True, True, False, False, False]] * 2),
        *([[False] * 7] * 2),
    ]
    assert "  *       paced (310P3 bs1 bs4): compute times are the table's (published)," in lines


def test_an_unpaced_report_has_no_virtual_figure() -> None:
    assert "*" not in render(report_of(beside_cpu()))
