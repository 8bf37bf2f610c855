"""What the Ascend contract tests share beside their fixtures: types, and how a model is evaluated or refused."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dinoq.jobs.ledger import Failure
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.device_process import DeviceProcess
from dinoq.workers.devices import atc
from dinoq.workers.devices.base import Found
from dinoq.workers.flight import Inference
from dinoq.workers.program import ProgramKey
from dinoq.workers.tasks import WorkFailed

MODEL = {"input_name": "input", "height": "224", "width": "224"}
BUILDS = ("T", "A")
Machine = Callable[..., list[Found]]
Open = Callable[..., DeviceProcess]
Compile = Callable[..., Path]


def free(*_: object) -> None:
    """No lease to keep."""


def reds(n: int) -> NDArray[np.uint8]:
    pixels = np.zeros((n, 3, 224, 224), np.uint8)
    pixels[:, 0] = 255
    return pixels


def evaluate(process: DeviceProcess, om: Path, n: int = 11, batch: int = 4) -> Inference:
    work = Inference(reds(n), RECIPES["dino"], batch, 1)
    with process.turn(free):
        process.load(ProgramKey(artifact=om, batch=batch, precision="fp16"), free)
        process.feed(work, free)
    process.wait(work, free)
    return work


def with_gears(folder: Path) -> Path:
    """A model of several batches, as a user may bring it; dinoq makes none."""
    argv = atc.build_command(f"{folder}/model.onnx", 1, "fp16", {}, f"{folder}/gears", {**MODEL, "soc": "310P3"})
    argv = [word.replace("input:1,", "input:-1,") for word in argv]
    subprocess.run(["atc", *argv, "--dynamic_batch_size=1,4,8"], check=True)
    return folder / "gears.om"


def refusal(process: DeviceProcess, om: Path, batch: int = 4) -> Failure:
    with pytest.raises(WorkFailed) as failed:
        evaluate(process, om, n=400, batch=batch)
    return failed.value.failure
