"""Jobs of the same model and photos stand in one report; others are refused with what differs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest

from dinoq.cli.render import json as json_report
from dinoq.cli.render import markdown, text
from dinoq.jobs.errors import UsageError
from dinoq.jobs.join import join
from dinoq.jobs.recipe import recipe_named
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report, build_report
from dinoq.jobs.result import ShardResult, Times
from tests.builders import sha256
from tests.reports import beside_cpu, make_result, two_chip_job
from tests.unit.test_render_json import SCHEMA


def only(job: JobRecord, number: int, chip: str, **changes: Any) -> JobRecord:
    """A job of its own of one chip's runs, as another site would have had it."""
    mine = [run for run in job.spec.runs if run.chip == chip]
    asked = tuple(replace(run, run_no=no) for no, run in enumerate(mine, start=1))
    runs = tuple(
        replace(
            job.runs[run.run_no - 1],
            run_no=no,
            results=tuple(replace(result, run_no=no) for result in job.runs[run.run_no - 1].results),
        )
        for no, run in enumerate(mine, start=1)
    )
    return replace(job, id=number, spec=replace(job.spec, runs=asked), runs=runs, **changes)


WHOLE, MANIFEST = two_chip_job()
SITES = only(WHOLE, 7, "310"), only(WHOLE, 8, "T4", owner="bob@gpu-02")


def joined(*records: JobRecord) -> Report:
    return build_report(join(records), MANIFEST)


def test_two_sites_joined_say_what_one_job_of_both_would() -> None:
    one, both = build_report(WHOLE, MANIFEST), joined(*SITES)
    assert (both.best, both.ratios, both.refused, both.exit_code) == (one.best, one.ratios, one.refused, one.exit_code)
    for mine, theirs in zip(both.runs, one.runs, strict=True):
        assert replace(mine, job=0, job_run=0) == replace(theirs, job=0, job_run=0)


def test_each_run_knows_whose_it_is() -> None:
    assert [(run.run_no, run.job, run.job_run) for run in joined(*SITES).runs] == [
        *((1, 7, 1), (2, 7, 2), (3, 7, 3)),
        *((4, 8, 1), (5, 8, 2), (6, 8, 3)),
    ]


def test_a_chip_is_held_against_the_cpu_run_of_another_job() -> None:
    record, manifest = beside_cpu("real")
    apart = build_report(join([only(record, 1, "310P3"), only(record, 2, "cpu")]), manifest)
    assert [run.agreement for run in apart.runs] == [run.agreement for run in build_report(record, manifest).runs]


def test_one_job_alone_is_itself() -> None:
    assert join([WHOLE]) is WHOLE


def test_each_job_keeps_its_own_loop() -> None:
    looped = replace(SITES[1], spec=replace(SITES[1].spec, loop=3))
    apart, both = build_report(looped, MANIFEST), joined(SITES[0], looped)
    assert [run.measured for run in both.runs[3:]] == [run.measured for run in apart.runs]
    assert [one.loop for one in both.jobs] == [1, 3]


def test_people_see_which_jobs_fed_their_parts_again() -> None:
    again, thrice = (replace(job, spec=replace(job.spec, loop=no)) for no, job in enumerate(SITES, start=2))
    assert told(SITES[0], thrice).count(" was fed ") == 1
    assert "each part of job 8 was fed 3 times for timing" in told(SITES[0], thrice)
    assert "each part of job 7 was fed 2 times for timing" in told(again, thrice)
    assert "each part was fed 3 times for timing" in told(thrice)


def told(*records: JobRecord) -> str:
    """As a person reads it, on one line."""
    return " ".join(text.render(joined(*records)).split())


def slower(result: ShardResult) -> ShardResult:
    """The same part, each batch twice as long."""
    times = Times.from_blob(result.times)
    return replace(result, times=replace(times, compute_ms=2 * times.compute_ms).to_blob())


def test_of_a_cell_measured_twice_the_job_named_last_counts() -> None:
    runs = tuple(replace(run, results=tuple(map(slower, run.results))) for run in SITES[1].runs)
    again = joined(*SITES, replace(SITES[1], id=9, runs=runs))
    (best,) = [one for one in again.best if one.chip == "T4"]
    assert (again.runs[best.run_no - 1].job, best.ties) == (9, (64,))
    assert ["job 9 measured it again" in " ".join(run.notes) for run in again.runs] == [False] * 3 + [True] * 3 + [
        False
    ] * 3


def test_a_figure_on_random_data_stands_beside_one_on_photos() -> None:
    asked = tuple(replace(run, mode="pure") for run in SITES[1].spec.runs)
    nothing = {"first": 0, "count": 0, "n": 0, "top1": 0, "top5": 0, "predictions": b""}
    runs = tuple(replace(run, results=(replace(run.results[0], **nothing),)) for run in SITES[1].runs)  # type: ignore[arg-type]
    both = joined(*SITES, replace(changed(SITES[1], runs=asked), id=9, runs=runs))
    (best,) = [one for one in both.best if one.chip == "T4"]
    assert best.ties == (64,)
    assert [note for run in both.runs for note in run.notes if "again" in note] == []


def test_a_job_that_failed_is_named_among_others() -> None:
    verdicts = joined(SITES[0], replace(SITES[1], state="failed")).verdicts
    assert [verdict.text for verdict in verdicts] == ["job 8 has failed; 3 of 3 runs are done"]


def changed(job: JobRecord, **spec: Any) -> JobRecord:
    """Another spec."""
    return replace(job, spec=replace(job.spec, **spec))


DIFFERENT: dict[str, tuple[Callable[[JobRecord], JobRecord], str]] = {
    "model": (
        lambda job: changed(job, model=replace(job.spec.model, sha256=sha256("other"))),
        "differ in model: tiny.onnx",
    ),
    "photos": (lambda job: replace(job, fingerprint=sha256("other")), "differ in photos: fingerprint"),
    "recipe": (
        lambda job: changed(job, recipe=recipe_named("modelzoo-2022")),
        "differ in recipe: dino version 1, and modelzoo",
    ),
    "part": (lambda job: changed(job, part_of=50_000), "differ in part of the dataset: None, and 50000"),
    "baseline": (lambda job: changed(job, baseline_top1=0.7), "differ in published Top-1: 0.753, and 0.7"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_what_differs_is_named(what: str) -> None:
    change, told = DIFFERENT[what]
    with pytest.raises(UsageError, match=f"jobs 7 and 8 {told}"):
        join([SITES[0], change(SITES[1])])


@pytest.mark.parametrize(
    ("silent", "loud", "what"),
    [
        (
            changed(SITES[0], baseline_top1=None),
            changed(SITES[1], baseline_top1=0.7),
            "published Top-1: 0.753, and 0.7",
        ),
        (replace(SITES[0], fingerprint=None), replace(SITES[1], fingerprint=sha256("other")), "photos: fingerprint"),
    ],
)
def test_two_jobs_that_differ_are_not_joined_by_a_third_that_does_not_say(
    silent: JobRecord, loud: JobRecord, what: str
) -> None:
    with pytest.raises(UsageError, match=f"jobs 8 and 9 differ in {what}"):
        join([silent, SITES[1], replace(loud, id=9)])


def test_models_that_nobody_knows_are_not_the_same() -> None:
    unknown = [changed(job, model=replace(job.spec.model, sha256="")) for job in SITES]
    with pytest.raises(UsageError, match="job 7 does not say which model it is of"):
        join(unknown)


def test_without_a_fingerprint_the_manifest_decides() -> None:
    unknown = replace(SITES[1], fingerprint=None)
    assert join([SITES[0], unknown]).fingerprint == SITES[0].fingerprint
    other = changed(unknown, data=replace(unknown.spec.data, manifest_id=sha256("other")))
    with pytest.raises(UsageError, match="differ in dataset: manifest"):
        join([SITES[0], other])


def test_a_job_without_photos_is_beside_any_that_has_some() -> None:
    bare = changed(
        SITES[1],
        data=replace(SITES[1].spec.data, samples=0, manifest_id=sha256("")),
        recipe=recipe_named("modelzoo-2022"),
    )
    both = join([replace(bare, fingerprint=None), SITES[0]])
    assert (both.spec.data, both.spec.recipe) == (SITES[0].spec.data, SITES[0].spec.recipe)
    assert [run.chip for run in both.spec.runs] == ["T4"] * 3 + ["310"] * 3


def test_a_baseline_that_one_job_lacks_is_the_others() -> None:
    assert join([changed(SITES[0], baseline_top1=None), SITES[1]]).spec.baseline_top1 == 0.753


def test_a_joined_report_fits_the_schema_and_names_its_jobs() -> None:
    values = json.loads(json_report.render(joined(*SITES)))
    jsonschema.Draft202012Validator(SCHEMA).validate(values)
    assert [(one["job"], one["runs"]) for one in values["jobs"]] == [(7, [1, 2, 3]), (8, [4, 5, 6])]
    assert [(run["job"], run["job_run"]) for run in values["runs"][2:4]] == [(7, 3), (8, 1)]


def test_people_see_which_runs_are_whose() -> None:
    lines = text.render(joined(*SITES)).splitlines()
    assert lines[0].startswith("jobs 7, 8  dino_r")
    assert "Job 8     T4 bs1 bs16 bs64 · bob@gpu-02" in lines
    assert lines[-1] == "Trace     dinoq report 7 --run 310:16 · dinoq logs 7 --run 310:16"
    assert max(map(len, lines)) <= 80
    assert "| job 8 | T4 bs1 bs16 bs64 · bob\\@gpu-02 |" in markdown.render(joined(*SITES))


def test_a_report_of_one_job_names_no_others() -> None:
    values = json.loads(json_report.render(build_report(WHOLE, MANIFEST)))
    assert "jobs" not in values and "job" not in values["runs"][0]


def test_what_is_unreadable_in_each_job_is_told_once() -> None:
    record, manifest = beside_cpu("real")
    piece = replace(record.slices[0], readable=b"\0" + bytes([1]) * 399, reasons={})
    bad = replace(record, slices=(piece,))
    runs = tuple(
        replace(run, results=(make_result(manifest, 0, 256, run_no=run.run_no, unreadable=(0,)), *run.results[1:]))
        for run in bad.runs
    )
    bad = replace(bad, runs=runs)
    both = build_report(join([only(bad, 1, "310P3"), only(bad, 2, "cpu")]), manifest)
    assert [one.name for one in both.unreadable] == [manifest.names[0]]
