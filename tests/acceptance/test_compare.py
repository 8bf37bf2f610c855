"""Two jobs beside each other by the real command: a device that became slow, a model that became worse, and neither."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.acceptance.conftest import Bench
from tests.command import Answer

LOOP = 40
"""Two full batches of four in nine photos, so often: 80 are timed, 20 in each quarter."""


def evaluate(bench: Bench, *more: object, **variables: str) -> int:
    """A run of a simulated 310P3 that takes its times from a table; the job's number."""
    pace = bench.photos.with_name("pace.toml")
    pace.write_text("[310P3]\nimages_per_s = { 4 = 800 }\n")
    simulated = ("--chip", "310P3", "--simulate", "310P3:1", "--pace", pace)
    answer = bench.run("--loop", LOOP, *simulated, *more, **variables)
    assert answer.code == 0, answer.err
    return int(answer.json["job"])


def worsened(model: Path) -> Path:
    """The same classifier with its classes mixed up: every answer is another one."""
    made = onnx.load(str(model))
    weights = made.graph.initializer[0]
    mixed = np.roll(numpy_helper.to_array(weights), 1, axis=0)
    weights.CopyFrom(numpy_helper.from_array(mixed, weights.name))
    onnx.save(made, str(path := model.with_name("worse.onnx")))
    return path


def compare(bench: Bench, *args: object) -> Answer:
    return bench.shell.dinoq("compare", *args, "--json", "--fail-on", "regression")


def test_a_slowed_device_and_a_worse_model_are_regressions_and_no_run_is_one_of_itself(bench: Bench) -> None:
    good = evaluate(bench)
    bad = evaluate(bench, "--model", worsened(bench.model), DINOQ_SIM_FAULTS="slow@310P3:0:1.2")
    answer = compare(bench, good, bad)
    pair = answer.json["pairs"][0]
    assert (answer.code, pair["accuracy"]["outcome"], pair["throughput"]["outcome"]) == (4, "REGRESSION", "REGRESSION")
    assert pair["throughput"]["ratio"] == pytest.approx(1 / 1.2, rel=0.01)
    # A slowed device may tell of another clock, too.
    assert {one["what"] for one in pair["changes"] if not one["same"]} >= {"model", "model sha256", "artifact"}
    assert (compare(bench, good, good).code, compare(bench, bad, f"{good}/310p3:4").code) == (0, 0)


@pytest.mark.long
def test_a_selftest_repeats_a_job_and_flags_none_of_its_repeats(bench: Bench) -> None:
    job = evaluate(bench)
    on = ("--simulate", "310P3:1", "--pace", bench.photos.with_name("pace.toml"))
    answer = bench.shell.dinoq("compare", "--selftest", job, "--times", 5, "--json", *on)
    told = answer.json
    only = told["runs"][0]
    assert (answer.code, told["selftest_of"], len(told["jobs"]), told["simulated"]) == (0, job, 5, True)
    assert (only["flagged"], only["compared"], only["changed"]) == (0, 10, 0)
    assert only["smallest_speed"] == pytest.approx(0.02)
    assert {row["name"] for row in bench.shell.dinoq("jobs", "--json").json} == {
        "colours on photos",
        f"selftest of {job}",
    }
    outcomes = [compare(bench, a, b) for a, b in combinations(told["jobs"], 2)]
    assert [(one.code, one.json["outcome"]) for one in outcomes] == [(0, "NO CHANGE")] * 10


def test_what_is_not_there_is_refused_with_what_to_do(bench: Bench) -> None:
    for args, words in ((("compare", 1, 2), "there is no job 1"), (("compare", "--selftest"), "has no job yet")):
        answer = bench.shell.dinoq(*args)
        assert (answer.code, words in answer.err) == (2, True), answer.err
