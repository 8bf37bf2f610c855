"""Jobs of the same photos that list them in another order: joined, but a place in one is another photo in the other."""

from __future__ import annotations

from dataclasses import replace

from dinoq.jobs.agreement import APART
from dinoq.jobs.join import join
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report, build_report
from tests.reports import beside_cpu, make_result, make_slices
from tests.unit.test_join import changed, only

WHOLE, THERE = beside_cpu("real")
BACK = Manifest(THERE.names[::-1], THERE.labels[::-1])
LAST = len(THERE) - 1


def of_chip(chip: str, number: int, manifest: Manifest, wrong: tuple[int, ...], unreadable: int) -> JobRecord:
    """A job of its own that errs at these places and could not read one; its second part was evaluated twice in part."""
    job = only(WHOLE, number, chip)
    runs = []
    for run in job.runs:
        bad = {"run_no": run.run_no, "device": run.results[0].device, "wrong": wrong, "unreadable": (unreadable,)}
        parts = make_result(manifest, 0, 256, no=1, **bad), make_result(manifest, 100, 300, no=2, **bad)  # type: ignore[arg-type]
        runs.append(replace(run, results=parts))
    slices = make_slices(manifest, (1, 4), {unreadable})
    data = replace(job.spec.data, manifest_id=manifest.id)
    return changed(replace(job, runs=tuple(runs), slices=slices), data=data)


CHIP = of_chip("310P3", 1, THERE, wrong=(7,), unreadable=0)
ALIKE = of_chip("cpu", 2, THERE, wrong=(7, 8, 9), unreadable=0)
OTHERWISE = of_chip("cpu", 2, BACK, wrong=(LAST - 7, LAST - 8, LAST - 9), unreadable=LAST)


def joined(*records: JobRecord) -> Report:
    return build_report(join(records), THERE, BACK)


def test_photos_are_not_held_against_others_that_only_stand_in_the_same_place() -> None:
    assert [run.agreement for run in joined(CHIP, OTHERWISE).runs] == [None] * 4
    assert [run.agreement.same_top1 for run in joined(CHIP, ALIKE).runs if run.agreement] == [397, 397]


def test_the_report_says_why_nothing_was_compared() -> None:
    told = [APART in run.notes for run in joined(CHIP, OTHERWISE).runs]
    assert told == [True, True, False, False]
    assert not any(APART in run.notes for run in joined(CHIP, ALIKE).runs)


def test_a_cpu_run_that_lists_the_photos_alike_is_taken_where_there_is_one() -> None:
    both = joined(CHIP, OTHERWISE, replace(ALIKE, id=3))
    assert [run.agreement.same_top1 for run in both.runs if run.agreement] == [397, 397]
    assert not any(APART in run.notes for run in both.runs)


def test_right_answers_are_counted_by_each_jobs_own_labels() -> None:
    apart = [*build_report(CHIP, THERE).runs, *build_report(OTHERWISE, BACK).runs]
    both = joined(CHIP, OTHERWISE).runs
    assert [(run.top1, run.top5, run.coverage) for run in both] == [(run.top1, run.top5, run.coverage) for run in apart]
    assert [run.top1.correct for run in both if run.top1] == [398, 398, 396, 396]


def test_what_is_unreadable_has_the_name_that_its_own_job_gives_it() -> None:
    assert [one.name for one in joined(CHIP, OTHERWISE).unreadable] == [THERE.names[0]]


def test_chips_of_two_jobs_make_a_pair_where_their_photos_are_listed_alike() -> None:
    (pair,) = joined(CHIP, ALIKE).pairs
    assert (pair.run_no, pair.against_no, pair.samples, pair.flips) == (1, 3, 399, 2)
    otherwise = joined(CHIP, OTHERWISE)
    assert not otherwise.pairs and not otherwise.flips
