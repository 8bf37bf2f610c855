"""Photos that a device process evaluates with the same classifier on every device."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.chips import chip_named
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.device_process import DeviceProcess
from dinoq.workers.devices.catalog import LocalDevice
from dinoq.workers.flight import Inference
from dinoq.workers.program import ProgramKey


def free(*_: object) -> None:
    """No lease to keep."""


@dataclass(frozen=True)
class Model:
    """The same classifier on every device, at its chip's own precision, compiled where it has to be."""

    onnx: Path
    device: LocalDevice
    made: dict[int, ProgramKey] = field(default_factory=dict)

    def program(self, process: DeviceProcess, batch: int) -> ProgramKey:
        """Compiled for this batch, once, by the process that loads it."""
        if batch not in self.made:
            self.made[batch] = self.compiled(process, batch)
        return self.made[batch]

    def compiled(self, process: DeviceProcess, batch: int) -> ProgramKey:
        options = {**self.device.options, "input_name": "input", "height": "224", "width": "224"}
        precision = chip_named(self.device.facts.chip).precision
        into = self.onnx.parent / f"bs{batch}"
        into.mkdir(exist_ok=True)
        wanted = {"onnx": str(self.onnx), "batch": batch, "precision": precision, "flags": {}, "into": str(into)}
        artifact, said = process.compile({**wanted, "options": options}, free)
        assert said
        return ProgramKey(artifact=artifact, batch=batch, precision=precision)


def photos(n: int) -> NDArray[np.uint8]:
    pixels = np.zeros((n, 3, 224, 224), np.uint8)
    pixels[:, 0] = 255
    return pixels


def evaluate(process: DeviceProcess, model: Model, n: int, batch: int, laps: int = 1) -> Inference:
    work = Inference(photos(n), RECIPES["dino"], batch, laps)
    with process.turn(free):
        process.load(model.program(process, batch), free)
        process.feed(work, free)
    process.wait(work, free)
    return work
