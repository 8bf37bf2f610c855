"""Timing without photos, and as the recipe does: `--mode pure` and `--mode recipe`."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import Any

import pytest

from dinoq.db.engine import Database
from dinoq.jobs.ledger import Kind
from tests.acceptance.conftest import Bench, done
from tests.crew import at_work, items
from tests.processes import eventually

PACE = '[310P3]\nimages_per_s = { "1" = 2, "4" = 8, "8" = 20, "16" = 30 }\n'
"""Half a second a batch, by a clock that nobody waits for: windows end at once."""


def simulated(bench: Bench) -> list[object]:
    """A simulated 310P3 with that table."""
    pace = bench.photos.parent / "pace.toml"
    pace.write_text(PACE)
    return ["--chip", "310P3", "--simulate", "310P3:1", "--pace", pace]


def modes(report: Any) -> list[tuple[int, str, int]]:
    """Batch, mode and samples counted of each run."""
    return [(run["batch"], run["mode"], run["coverage"]["counted"]) for run in report["runs"]]


def test_random_data_needs_no_photos(bench: Bench) -> None:
    only = ["--mode", "pure", "--chip", "cpu", "--model", bench.model, "--batches", "4"]
    answer = bench.shell.dinoq("run", *only)
    assert answer.code == 0, answer.err
    assert "PASS  throughput on random data was measured; that proves no accuracy" in answer.out
    report = bench.shell.dinoq("report", "--json").json
    (run,) = report["runs"]
    assert (modes(report), run["top1"]["accuracy"], report["dataset"]["source"]) == ([(4, "pure", 0)], None, None)
    assert run["throughput"]["compute"] > 0
    assert len(run["windows"]["batches"]) >= 3
    assert bench.shell.dinoq("status", "--json").json["preprocess_total"] == 0
    assert bench.shell.dinoq("status").out.splitlines()[2].split() == ["cpu", "bs4", "pure", "-", "done"]
    assert bench.shell.dinoq("jobs").out.splitlines()[1].split()[3:7] == ["100", "%", "-", "cpu"]


def test_the_recipe_takes_photos_at_batches_1_and_16_and_random_data_at_the_others(bench: Bench) -> None:
    args = bench.args(*simulated(bench), "--batches", "1,4,8,16", "--mode", "recipe", "--format", "json")
    answer = bench.shell.dinoq("run", *args)
    assert answer.code == 0, answer.err
    assert modes(answer.json) == [(1, "dataset", 9), (4, "pure", 0), (8, "pure", 0), (16, "dataset", 9)]
    assert [run["top1"]["correct"] for run in answer.json["runs"]] == [9, None, None, 9]
    (_, four, eight, _) = answer.json["runs"]
    assert [run["windows"]["agreed"] for run in (four, eight)] == [True, True]
    assert four["throughput"]["compute"] == pytest.approx(8, rel=0.01)


def test_the_mode_is_a_setting_and_flags_of_photos_are_told_to_be_of_no_use(bench: Bench) -> None:
    answer = bench.shell.dinoq("submit", "--dry-run", *bench.args("--limit", 3), DINOQ_MODE="pure")
    assert answer.code == 0, answer.err
    assert "note:  random data is fed, no photos: --data, --labels, --limit are not used" in answer.err
    assert "random data, recipe dino, 1 run" in answer.out
    assert "fp32  pure" in answer.out


def test_an_unknown_mode_is_refused(bench: Bench) -> None:
    answer = bench.check("--mode", "purr")
    assert answer.code == 2
    assert "mode 'purr' is none of dataset, pure, recipe" in answer.err


@pytest.mark.long
def test_ctrl_c_hands_random_data_back_uncharged_and_the_next_up_goes_on(bench: Bench, ledger: Database) -> None:
    only = ["--mode", "pure", "--chip", "cpu", "--model", bench.model, "--batches", "8"]
    process = bench.shell.start("run", *only)
    eventually(partial(at_work, ledger, 1, Kind.INFER, "running"), "random data")
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Resume: dinoq up" in err) == (130, True)
    assert [(row.state, row.attempts) for row in items(ledger, 1, Kind.INFER)] == [("queued", 0)]
    bench.shell.start("up", "--prep", "0")
    eventually(partial(done, ledger, 1), "the end")
    (run,) = bench.shell.dinoq("report", "--json").json["runs"]
    assert (run["throughput"]["job"], run["throughput"]["pipeline"] > 0) == (None, True)
