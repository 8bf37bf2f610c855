"""Past runs are found, sorted and ranked by SQL, alike on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from dinoq.db.engine import Database
from dinoq.db.history import list_jobs
from dinoq.db.past_runs import UNSOUND, best_runs, has_best, has_runs, list_runs
from dinoq.db.tables.remarks import Note, Tag
from dinoq.jobs.columns import Order
from dinoq.jobs.figures import SEVERITY
from dinoq.jobs.search import Search
from dinoq.jobs.verdicts import Status
from tests.past import BEGUN, make_figures, store_past

LATER = BEGUN + timedelta(days=1)
PAST: tuple[dict[str, Any], ...] = (
    {"chip": "310P3", "batch": 1, "hosts": ("cann-07", "cann-08"), "owner": "ana@cann-07", "toolkit": "CANN 8.0.RC2"},
    {"chip": "T4", "batch": 1, "model": "Other_100%.onnx", "model_sha256": "0ff" + "1" * 61, "created_at": LATER},
    {"chip": "T4", "batch": 16, "verdict": Status.IMPLAUSIBLE, "recipe": "mine", "state": "failed", "name": "odd"},
    {
        "chip": "T4",
        "batch": 16,
        "origin": "simulated",
        "verdict": None,
        "owner": "anastasia@lab",
        "hosts": ("cann-070",),
    },
)


@pytest.fixture
def past(db: Database) -> Database:
    """Four jobs of one run each; the third is tagged, the fourth has a note."""
    store_past(db, *PAST)
    note = {"job_id": 4, "no": 1, "author": "ana", "written_ms": 0, "text": "the Fan was off"}
    db.write(lambda session: session.execute(insert(Tag).values(job_id=3, tag="nightly")))
    db.write(lambda session: session.execute(insert(Note).values(**note)))
    return db


CASES = [
    (Search(), [4, 3, 2, 1]),
    (Search(chip=("T4",)), [4, 3, 2]),
    (Search(chip=("310P3", "T4"), batch=(1,)), [2, 1]),
    (Search(model="other_100%"), [2]),
    (Search(model="_1"), [2]),
    (Search(model="0FF"), [2]),
    (Search(model="x%x"), []),
    (Search(recipe=("mine", "none")), [3]),
    (Search(owner=("ana",)), [1]),
    (Search(owner=("ana@cann-07", "anastasia@lab")), [4, 1]),
    (Search(host=("cann-08",)), [1]),
    (Search(host=("cann-07",)), [1]),
    (Search(host=("CANN-07",)), [1]),
    (Search(owner=("Ana",)), [1]),
    (Search(owner=("ANA@cann-07",)), [1]),
    (Search(tag=("nightly", "weekly")), [3]),
    (Search(since=LATER), [2]),
    (Search(until=LATER), [4, 3, 1]),
    (Search(since=BEGUN, until=BEGUN), []),
    (Search(text="FAN WAS"), [4]),
    (Search(text="ODD"), [3]),
    (Search(text="rc2"), [1]),
    (Search(text="100%"), [2]),
    (Search(verdict=("IMPLAUSIBLE",)), [3]),
    (Search(state=("failed",)), [3]),
    (Search(origin=("simulated",)), [4]),
]  # fmt: skip


@pytest.mark.parametrize(("search", "jobs"), CASES)
def test_runs_are_found_by_what_they_are(past: Database, search: Search, jobs: list[int]) -> None:
    assert [run.job for run in list_runs(past, search)] == jobs
    assert has_runs(past, search) == bool(jobs)


@pytest.mark.parametrize(
    ("search", "jobs"),
    [
        (Search(chip=("T4",), batch=(1,)), [2]),
        (Search(batch=(16,)), [4, 3]),
        (Search(model="tiny"), [4, 3, 2, 1]),
        (Search(owner=("ana",)), [1]),
        (Search(host=("cann-07",)), [1]),
        (Search(verdict=("IMPLAUSIBLE",)), [3]),
        (Search(tag=("nightly",)), [3]),
        (Search(text="fan was"), [4]),
        (Search(text="CANN 8"), [1]),
        (Search(state=("active",)), [4, 3, 2, 1]),
        (Search(state=("done",)), []),
    ],
)
def test_jobs_are_found_by_what_they_are(past: Database, search: Search, jobs: list[int]) -> None:
    assert [job.id for job in list_jobs(past, search)] == jobs


def test_a_job_says_its_tags_and_the_worst_of_its_runs(past: Database) -> None:
    assert [(job.tags, job.verdict) for job in list_jobs(past)] == [
        ((), None),
        (("nightly",), Status.IMPLAUSIBLE),
        ((), Status.PASS),
        ((), Status.PASS),
    ]


def test_what_comes_back_is_what_was_stored(past: Database) -> None:
    assert list_runs(past)[-1] == make_figures(1, **PAST[0])


@pytest.mark.parametrize(("descending", "jobs"), [(False, [2, 4, 1, 3]), (True, [1, 4, 2, 3])])
def test_what_was_not_measured_comes_last_either_way(db: Database, descending: bool, jobs: list[int]) -> None:
    store_past(db, *({"compute_images_per_s": rate} for rate in (30.0, 10.0, None, 20.0)))
    order = Order(column="compute_images_per_s", descending=descending)
    assert [run.job for run in list_runs(db, order=order)] == jobs
    assert [run.job for run in list_runs(db, order=order, limit=2)] == jobs[:2]


def test_equal_ones_come_newest_first(db: Database) -> None:
    store_past(db, {}, {}, {})
    assert [run.job for run in list_runs(db, order=Order(column="model"))] == [3, 2, 1]
    assert [job.id for job in list_jobs(db, order=Order(column="name", descending=True))] == [3, 2, 1]


# -- the best ---------------------------------------------------------------------------------------------------------


def best(db: Database, *runs: dict[str, Any]) -> list[int]:
    """The jobs that the best figures come from."""
    store_past(db, *runs)
    return [run.job for run in best_runs(db)]


def test_the_best_figure_of_each_chip_and_batch_is_named_with_its_job(db: Database) -> None:
    rates = ((16, 10.0), (16, 30.0), (16, 20.0), (1, 5.0))
    assert best(db, *({"batch": batch, "compute_images_per_s": rate} for batch, rate in rates)) == [4, 2]


def test_of_equal_figures_the_first_stands(db: Database) -> None:
    assert best(db, {}, {}) == [1]


@pytest.mark.parametrize(
    "unsound", [{"verdict": Status.IMPLAUSIBLE}, {"verdict": Status.INCOMPLETE}, {"compute_images_per_s": None}]
)
def test_what_cannot_be_or_is_not_whole_is_never_the_best(db: Database, unsound: dict[str, Any]) -> None:
    assert best(db, {"compute_images_per_s": 9e9, **unsound}) == []
    assert (has_runs(db, Search()), has_best(db, Search())) == (True, False)


def test_what_is_unsound_never_hides_behind_a_worse_word() -> None:
    assert set(SEVERITY[: len(UNSOUND)]) == set(UNSOUND)


@pytest.mark.parametrize("verdict", [None, Status.FAIL, Status.UNSTABLE, Status.UNDECIDED])
def test_a_figure_that_is_sound_counts_whatever_else_is_said_of_its_run(db: Database, verdict: Status | None) -> None:
    assert best(db, {"verdict": verdict}) == [1]


@pytest.mark.parametrize(
    "other",
    [
        {"origin": "simulated"},
        {"pace": "published"},
        {"precision": "fp32"},
        {"mode": "pure"},
        {"told": "trtexec"},
        {"given": "x.plan"},
        {"model": "other.onnx"},
    ],
)
def test_figures_that_are_not_alike_are_never_ranked(db: Database, other: dict[str, Any]) -> None:
    assert sorted(best(db, {}, {"compute_images_per_s": 9e9, **other})) == [1, 2]


def test_real_figures_stand_before_simulated_ones(db: Database) -> None:
    assert best(db, {"origin": "simulated", "compute_images_per_s": 9e9}, {}) == [2, 1]


def test_the_best_is_of_those_that_fit(db: Database) -> None:
    store_past(db, {"compute_images_per_s": 9e3, "hosts": ("other",)}, {})
    assert [run.job for run in best_runs(db, Search(host=("gpu-02",)))] == [2]
