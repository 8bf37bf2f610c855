"""What one ended run comes to: the words and numbers of its report, none of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dinoq.jobs.figures import SEVERITY, RunFigures, figures_of, worst
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import ImportedFrom, JobRecord
from dinoq.jobs.report import build_report
from dinoq.jobs.spec import GivenArtifact
from dinoq.jobs.told import Told
from dinoq.jobs.verdicts import CODES, PRECEDENCE, Status, Verdict
from tests.builders import make_device
from tests.reports import BEGUN, beside_cpu, cpu_job, paced, two_chip_job


def figures(job: tuple[JobRecord, Manifest]) -> tuple[RunFigures, ...]:
    return figures_of(job[0], build_report(*job))


def test_the_figures_are_the_reports() -> None:
    job = two_chip_job()
    report = build_report(*job)
    for one, run in zip(figures(job), report.runs, strict=True):
        assert (one.job, one.run_no, one.chip, one.batch) == (42, run.run_no, run.chip, run.batch)
        assert run.top1 and run.card
        assert (one.top1_correct, one.top1, one.card_images_per_s) == (
            run.top1.correct,
            run.top1.accuracy,
            run.card.images_per_s,
        )
        rate = run.measured.throughput
        assert (one.compute_images_per_s, one.job_images_per_s) == (rate.compute, rate.job)
        interval = run.measured.compute_interval
        assert interval and (one.compute_low_images_per_s, one.compute_high_images_per_s) == (
            interval.low,
            interval.high,
        )
        assert (one.p50_ms, one.p99_ms) == (run.measured.latency.p50, run.measured.latency.p99)
        assert (one.hosts, one.created_at, one.toolkit) == (("cann-07",), BEGUN, run.toolkit)


def test_a_run_that_has_not_ended_has_none() -> None:
    record, manifest = cpu_job()
    runs = (replace(record.runs[0], state="open"), record.runs[1])
    assert [one.run_no for one in figures((replace(record, runs=runs), manifest))] == [2]


def test_a_run_ended_with_its_last_part() -> None:
    record, manifest = cpu_job(batches=(1,))
    assert figures((record, manifest))[0].finished_at != BEGUN
    never = replace(record, runs=(replace(record.runs[0], last_finish_ms=None),))
    assert figures((never, manifest))[0].finished_at == BEGUN


def test_where_figures_are_from_is_told() -> None:
    record, manifest = cpu_job(batches=(1,))
    told = Told(tool="trtexec", kind="log", rates={"compute": 100.0}).knowing(driver="535", data="random")
    run = replace(record.runs[0], told=told, results=())
    imported = replace(record, runs=(run,), imported=ImportedFrom(source="lab", at=BEGUN))
    (one,) = figures((imported, manifest))
    assert (one.told, one.imported, one.driver, one.mode, one.compute_images_per_s) == (
        "trtexec",
        "lab",
        "535",
        "pure",
        100.0,
    )


def test_the_pace_of_simulators_and_the_file_of_an_artifact_are_told() -> None:
    record, manifest = paced(beside_cpu(), "310P3")
    given = GivenArtifact(uri="x", sha256="ab", name="x.om")
    spec = replace(record.spec, runs=(replace(record.spec.runs[0], given=given), *record.spec.runs[1:]))
    first, *_, last = figures((replace(record, spec=spec), manifest))
    assert (first.pace, first.origin, first.given) == ("published", "simulated", "x.om")
    assert (last.pace, last.origin, last.given) == ("", "real", "")


def test_drivers_are_those_of_the_devices() -> None:
    record, manifest = cpu_job(batches=(1,))
    run = replace(record.runs[0], devices=(replace(make_device(), driver="24.1"),))
    assert figures((replace(record, runs=(run,)), manifest))[0].driver == "24.1"


@pytest.mark.parametrize(
    ("words", "one"),
    [
        ((), None),
        (("PASS", "UNDECIDED"), "UNDECIDED"),
        (("PASS", "FAIL", "UNSTABLE"), "FAIL"),
        (("IMPLAUSIBLE", "INCOMPLETE"), "INCOMPLETE"),
    ],
)
def test_the_worst_word_stands_for_all(words: tuple[str, ...], one: str | None) -> None:
    assert worst(Verdict(kind="coverage", status=Status(word), text="") for word in words) == one


def test_every_word_has_its_place_and_those_that_decide_are_as_exit_codes_are() -> None:
    assert sorted(SEVERITY) == sorted(Status)
    code = {status: code for (_, status), code in CODES.items()}
    ranked = [PRECEDENCE.index(code[status]) for status in SEVERITY if status in code]
    assert ranked == sorted(ranked)
