"""Accelerators that are simulated at their vendors' interfaces, and the very commands of a host that has them."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import dinoq.workers.simulators
from tests.acceptance.conftest import COLOURS, Bench
from tests.chaos.evaluation import device_workers
from tests.command import Shell
from tests.processes import eventually

SETS = {"stubs16": (16, 16, 16), "val20": (20, 14, 20), "odd45": (45, 41, 44)}
"""Photos, and the right answers of an independent loop: Top-1 and Top-5."""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A user who keeps the home: what was compiled for one set of photos serves the next."""
    made = Shell(tmp_path_factory.mktemp("home"))
    yield made
    made.stop_all()


def settings_of(folder: Path, name: str) -> dict[str, str]:
    """What has to be said of one set of photos."""
    photos = {"data": str(folder / name / "images"), "labels": str(folder / name / "labels.txt")}
    return {"model": str(folder / "lite0.onnx"), "recipe": "efficientnet-lite", **photos}


def near(run: dict[str, Any], name: str) -> bool:
    """All photos counted, and Top-1 and Top-5 within one photo of the reference."""
    samples, top1, top5 = SETS[name]
    off = abs(run["top1"]["correct"] - top1), abs(run["top5"]["correct"] - top5)
    return bool(run["coverage"]["counted"] == samples and max(off) <= 1)


@pytest.mark.parametrize(
    "name", ["odd45", *(pytest.param(name, marks=pytest.mark.long) for name in ("stubs16", "val20"))]
)
def test_three_chips_answer_as_the_reference_does(simulated: Shell, shared_data: Path, name: str) -> None:
    options = [part for key, value in settings_of(shared_data, name).items() for part in (f"--{key}", value)]
    chips = ("--chip", "310P3,T4,cpu", "--batches", "1,16", "--simulate", "310P3:2,T4:1")
    answer = simulated.dinoq("run", *chips, *options)
    assert answer.code == 0, answer.err
    report = simulated.dinoq("report", "--json").json
    runs = report["runs"]
    assert [(run["chip"], run["batch"]) for run in runs] == [(c, b) for c in ("310P3", "T4", "cpu") for b in (1, 16)]
    assert all(near(run, name) for run in runs)
    assert [run["simulated"] for run in runs] == [True] * 4 + [False] * 2
    for run in runs[:4]:
        assert run["agreement"]["against"] == {"chip": "cpu", "batch": run["batch"]}
        assert run["agreement"]["same_top1"] >= run["agreement"]["samples"] - 1 == SETS[name][0] - 1
    assert not [one for one in report["ratios"] if "cpu" in (one["chip"], one["against"])]
    lines = answer.out.splitlines()
    assert lines[1].startswith("SIMULATED  310P3 and T4 are simulators")
    assert sum(line.startswith(("~ 310P3 bs", "~ T4    bs")) for line in lines) == 8
    # Every two chips are paired at one batch, and the others hold theirs against the cpu.
    assert [" ".join(line.split()[1:6]) for line in lines if line.startswith("  paired")] == [
        "310P3 bs1 against T4 bs1:",
        "310P3 bs1 against cpu bs1:",
        "T4 bs1 against cpu bs1:",
    ]
    assert sum(" agrees with cpu bs" in line for line in lines) == 2


def test_the_whole_command_is_chip_and_batches_beside_a_living_up(simulated: Shell, shared_data: Path) -> None:
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in settings_of(shared_data, "val20").items()]
    (simulated.home / "dinoq.toml").write_text("".join(lines))
    up = simulated.start("up", "--simulate", "310P3:4")
    eventually(lambda: len(device_workers(simulated)) == 5, "four 310P3 and the cpu")
    assert "compiles: CANN 8.0.RC2" in simulated.dinoq("devices").out
    answer = simulated.dinoq("submit", "--chip", "310P3", "--batches", "1,16", "--wait")
    assert answer.code == 0, answer.err
    report = simulated.dinoq("report", "--json").json
    assert [(run["chip"], run["batch"], run["simulated"]) for run in report["runs"]] == [
        ("310P3", 1, True),
        ("310P3", 16, True),
    ]
    assert all(near(run, "val20") for run in report["runs"])
    assert "SIMULATED  310P3 is a simulator" in answer.out
    assert simulated.dinoq("down").code == 0
    assert up.wait(30) == 0


def test_paced_to_the_published_column_a_t4_reports_it_as_virtual(bench: Bench) -> None:
    for n in range(64):
        Image.new("RGB", (224, 224), COLOURS[n % 3]).save(bench.photos / f"p{n}.jpg")
    bench.relabel("".join(f"p{n}.jpg {n % 3}\n" for n in range(64)))
    batches = (1, 4, 8, 16, 32, 64)
    answer = bench.run(
        *("--chip", "T4", "--batches", ",".join(map(str, batches)), "--loop", "20"),
        *("--simulate", "T4:1", "--pace", "published"),
    )
    assert answer.code == 0, answer.err
    table = Path(dinoq.workers.simulators.__file__).with_name("published.toml").read_text(encoding="utf-8")
    published = tomllib.loads(table)["T4"]["images_per_s"]
    runs = answer.json["runs"]
    measured = {run["batch"]: run["throughput"]["compute"] for run in runs}
    assert measured == pytest.approx({batch: published[str(batch)] for batch in batches}, rel=0.02)
    assert {(run["simulated"], run["virtual"], run["pace"]) for run in runs} == {(True, True, "published")}
    text = bench.shell.dinoq("report").out
    assert "T4 is a simulator paced to published tables" in " ".join(text.split())


def test_a_batch_that_the_table_lacks_fails_and_says_so(bench: Bench) -> None:
    answer = bench.shell.dinoq(
        "run", *bench.args()[4:], "--chip", "310P3", "--batches", "3", "--simulate", "310P3:1", "--pace", "published"
    )
    assert answer.code == 6
    assert "the pace table (published) has no figure for 310P3 bs3" in " ".join(answer.out.split())
