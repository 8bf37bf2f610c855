"""The command that the product exists for, on simulated cards and real photos; and figures of a virtual clock."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dinoq.workers import simulators
from dinoq.workers.simulators import pace
from tests.acceptance.conftest import Bench
from tests.command import Shell

PUBLISHED = Path(simulators.__file__).parent / "published.toml"


@pytest.mark.parametrize(("name", "samples", "top1", "top5"), [("stubs16", 16, 16, 16), ("odd45", 45, 41, 44)])
def test_three_chips_agree_on_real_photos(
    shell: Shell, shared_data: Path, name: str, samples: int, top1: int, top5: int
) -> None:
    photos = shared_data / name
    given = ("--model", shared_data / "lite0.onnx", "--recipe", "efficientnet-lite", "--format", "json")
    where = ("--data", photos / "images", "--labels", photos / "labels.txt", "--simulate", "310P3:2,T4:1")
    answer = shell.dinoq("run", "--chip", "310P3,T4,cpu", "--batches", "1,16", *given, *where)
    assert answer.code == 0, answer.err
    runs = answer.json["runs"]
    assert [(run["chip"], run["batch"]) for run in runs] == [(c, b) for c in ("310P3", "T4", "cpu") for b in (1, 16)]
    assert all(abs(run["top1"]["correct"] - top1) <= 1 and abs(run["top5"]["correct"] - top5) <= 1 for run in runs)
    assert [run["simulated"] for run in runs] == [True] * 4 + [False] * 2
    assert all(run["agreement"]["same_top1"] >= samples - 1 for run in runs[:4])


def test_one_shell_brings_the_cards_up_and_another_submits_the_whole_command(bench: Bench) -> None:
    lines = {"model": bench.model, "data": bench.photos, "labels": bench.labels, "recipe": "dino"}
    text = "".join(f"{key} = {json.dumps(str(value))}\n" for key, value in lines.items())
    (bench.shell.home / "dinoq.toml").write_text(text)
    assert bench.shell.dinoq("db", "upgrade").code == 0
    up = bench.shell.start("up", "--simulate", "310P3:4")
    told = iter(lambda: up.stderr.readline() if up.stderr else "", "")
    assert any("dinoq up on" in line for line in told)
    answer = bench.shell.dinoq("submit", "--chip", "310P3", "--batches", "1,16", "--wait", DINOQ_LIMIT="")
    if answer.code == 8:  # the workers were not registered yet; the job is stored and waits
        answer = bench.shell.dinoq("submit", "--chip", "310P3", "--batches", "1,16", "--wait")
    assert answer.code == 0, answer.err
    assert "SIMULATED" in answer.out


def test_a_paced_t4_reports_the_published_column_and_says_that_it_is_virtual(bench: Bench) -> None:
    batches = (1, 4, 8, 16, 32, 64)
    flags = ("--chip", "T4", "--batches", ",".join(map(str, batches)), "--simulate", "T4:1", "--pace", "published")
    answer = bench.run(*flags, "--loop", "40")
    assert answer.code == 0, answer.err
    table = pace.read(str(PUBLISHED))
    for run in answer.json["runs"]:
        published = 1000.0 * run["batch"] / (pace.from_table(table, "T4", run["batch"]) or 0.0)
        if run["throughput"]["compute"] is not None:
            assert run["throughput"]["compute"] == pytest.approx(published, rel=0.02)
        assert (run["simulated"], run["virtual"]) == (True, True)
    assert sum(run["throughput"]["compute"] is not None for run in answer.json["runs"]) >= 3
