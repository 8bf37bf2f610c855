"""Real weights on real photos: the counts of an independent loop, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command import Shell


@pytest.mark.parametrize(
    ("name", "samples", "top1", "top5"), [("stubs16", 16, 16, 16), ("val20", 20, 14, 20), ("odd45", 45, 41, 44)]
)
def test_the_reference_counts_come_out(
    shell: Shell, shared_data: Path, name: str, samples: int, top1: int, top5: int
) -> None:
    answer = shell.dinoq(
        *("run", "--chip", "cpu", "--batches", "1,16", "--recipe", "efficientnet-lite", "--format", "json"),
        *("--model", shared_data / "lite0.onnx", "--data", shared_data / name / "images"),
        *("--labels", shared_data / name / "labels.txt"),
    )
    assert answer.code == 0, answer.err
    runs = answer.json["runs"]
    assert [(run["top1"]["correct"], run["top5"]["correct"]) for run in runs] == [(top1, top5)] * 2
    assert [run["coverage"]["counted"] for run in runs] == [samples] * 2
