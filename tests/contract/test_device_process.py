"""The parent's side of a device process: work that is given up half-way (cancelled, drained), and warming up."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.recipe import RECIPES
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.devices.catalog import Surroundings, discover
from dinoq.workers.flight import Inference
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.program import ProgramKey
from dinoq.workers.tasks import LeaseLost

PATIENCE = 60  # beats of half a second
GIVE_UPS = 12  # more than a ring has slots


@pytest.fixture
def process(tmp_path: Path) -> Iterator[DeviceProcess]:
    """A device that takes 5 ms for an image."""
    around = Surroundings(host="here", env=dict(os.environ), python=sys.executable, null_devices="1:200", simulate="")
    device = next(one for one in discover(around).devices if one.vendor == "null")
    setup = ChildSetup(
        vendor="null",
        options=device.options,
        python=sys.executable,
        env=dict(os.environ),
        workdir=tmp_path / "run",
        log=tmp_path / "log",
        simulated=True,
    )
    made = DeviceProcess(setup, Deadlines(loading_s=60, running_s=60))
    yield made
    made.close()


def beats(n: int, error: type[Exception]) -> Callable[..., None]:
    """A lease that lasts so many beats."""
    left = iter(range(n))

    def beat(*_: object) -> None:
        if next(left, None) is None:
            raise error

    return beat


def key(tmp_path: Path, batch: int) -> ProgramKey:
    (artifact := tmp_path / "model.onnx").touch()
    return ProgramKey(artifact=artifact, batch=batch, precision="fp32")


def begin(process: DeviceProcess, program: ProgramKey, lease: Callable[..., None]) -> Inference:
    """Load and feed 16 photos while the lease lasts."""
    work = Inference(np.zeros((16, 3, 224, 224), np.uint8), RECIPES["dino"], program.batch, 1)
    with process.turn(lease):
        process.load(program, lease)
        process.feed(work, lease)
    return work


def evaluated(process: DeviceProcess, program: ProgramKey) -> int:
    lease = beats(PATIENCE, TimeoutError)
    work = begin(process, program, lease)
    process.wait(work, lease)
    return work.n_done


def test_no_slot_is_lost_when_feeding_is_given_up(process: DeviceProcess, tmp_path: Path) -> None:
    program = key(tmp_path, 4)
    assert evaluated(process, program) == 16
    for _ in range(GIVE_UPS):
        with pytest.raises(LeaseLost):
            begin(process, program, beats(2, LeaseLost))
    assert evaluated(process, program) == 16


def test_an_answer_nobody_waits_for_is_not_the_next_ones(process: DeviceProcess, tmp_path: Path) -> None:
    with pytest.raises(LeaseLost):
        begin(process, key(tmp_path, 128), beats(2, LeaseLost))  # 10 executions of 640 ms
    assert evaluated(process, key(tmp_path, 4)) == 16


def test_a_program_is_executed_as_often_as_asked_before_it_is_timed(process: DeviceProcess, tmp_path: Path) -> None:
    program = replace(key(tmp_path, 4), warmup=60)  # of 20 ms each
    with process.turn(beats(1, TimeoutError)):
        assert process.load(program, beats(PATIENCE, TimeoutError)) >= 1200
