"""Lists of jobs and runs as a terminal, a program and a spreadsheet get them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dinoq.cli.render.listing import as_csv, as_json, as_table
from dinoq.cli.render.past import JOBS, RUNS, legend
from dinoq.cli.render.words import columns
from dinoq.db.history import JobSummary
from dinoq.jobs.verdicts import Status
from tests.past import BEGUN, make_figures

JOB = JobSummary(
    id=7,
    state="done",
    verdict=Status.PASS,
    items_done=3,
    items_total=9,
    samples=0,
    chips=("310P3", "T4"),
    batches=(1, 16),
    created_at=BEGUN,
    finished_at=None,
    owner="ana@lab",
    tags=("nightly", "x"),
    model="m.onnx",
    model_sha256="ab" * 32,
    recipe="dino",
    name="evil\x1b[31m <b>name</b>",
    imported_from="host-a",
)


def lines(*rows: object, shown: tuple[str, ...] = RUNS.shown, room: int | None = None) -> list[str]:
    return as_table(RUNS, rows, shown, room).text.splitlines()


def test_a_run_is_one_line_with_its_figures_to_the_right() -> None:
    head, row = lines(
        make_figures(12), shown=("job", "chip", "batch", "verdict", "top1", "compute_images_per_s", "p99_ms")
    )
    assert head == "job  chip  batch  verdict   top1  compute   p99"
    assert row == " 12  T4       16  PASS     75.00   1858.2  8.90"


def test_what_was_not_measured_is_a_dash() -> None:
    bare = make_figures(verdict=None, top1=None, compute_images_per_s=None, hosts=(), fingerprint=None)
    assert (
        lines(bare, shown=("verdict", "top1", "compute_images_per_s", "hosts", "fingerprint"))[1].split() == ["-"] * 5
    )


def test_a_figure_that_is_no_cards_of_ours_is_marked_and_the_mark_explained() -> None:
    run = make_figures(origin="simulated", pace="published", told="trtexec", mode="pure", given="x.plan")
    assert lines(run, shown=("chip", "batch", "precision"))[1].split() == ["~>*T4", "16^", "-"]
    assert legend([run])[1] == "~ simulated; > told by another tool; * paced: times are a table's; ^ on random data"
    assert len(legend([make_figures()])) == 1


@pytest.mark.parametrize("room", [80, 60, 40])
def test_a_list_fits_the_terminal_and_says_what_it_left_out(room: int) -> None:
    made = as_table(RUNS, [make_figures(12345, verdict=Status.NOT_MEASURED, name="x" * 60)], RUNS.shown, room)
    assert max(map(columns, made.text.splitlines())) <= max(room, 60)
    assert "hosts" in made.left_out


def test_a_job_is_listed_with_its_tags_and_where_it_is_from() -> None:
    text = as_table(JOBS, [JOB], JOBS.shown, None).text
    assert "33 %" in text and "nightly,x" in text and "310P3,T4" in text and "2026-11-23 14:02" in text
    assert text.endswith(r"evil\x1b[31m <b>name</b> (imported from host-a)")


def test_every_column_that_a_list_shows_is_one_it_has() -> None:
    for layout in (JOBS, RUNS):
        assert set(layout.shown) <= set(layout.columns) >= set(layout.heads) | set(layout.cells)
        assert set(layout.expendable) < set(layout.shown)


def test_json_has_whole_values_and_null() -> None:
    (row,) = json.loads(as_json([make_figures(top1=None)], RUNS.columns))
    assert (row["top1"], row["compute_images_per_s"], row["hosts"]) == (None, 1858.2, ["gpu-02"])
    assert (row["verdict"], row["created_at"]) == ("PASS", "2026-11-23T14:02:00+00:00")
    assert as_json([], RUNS.columns) == "[]"


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_csv_has_one_line_a_row_whatever_a_name_holds() -> None:
    odd = replace(JOB, name='a, "b"\nc', tags=("x", "y"), finished_at=datetime(2026, 1, 2, tzinfo=UTC))
    head, row = read(as_csv([odd], ("id", "name", "tags", "finished_at", "verdict")))
    assert head == ["id", "name", "tags", "finished_at", "verdict"]
    assert row == ["7", r'a, "b"\x0ac', "x, y", "2026-01-02T00:00:00+00:00", "PASS"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", " =1"])
def test_a_name_is_never_a_formula(name: str) -> None:
    cell = read(as_csv([replace(JOB, name=name)], ("name",)))[1][0]
    assert cell == f"'{name}"


def test_a_number_stays_a_number_in_csv() -> None:
    assert read(as_csv([make_figures(top1=None)], ("top1", "batch", "p50_ms"))) == [
        ["top1", "batch", "p50_ms"],
        ["", "16", "8.6"],
    ]


def test_a_list_of_nothing_is_its_head() -> None:
    assert as_csv([], ("job", "chip")) == "job,chip"
