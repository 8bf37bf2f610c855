"""A simulated machine with T4s, for tests: its environment, questions to it, and a device process on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

import dinoq
from dinoq.jobs.recipe import RECIPES
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.flight import Inference
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.program import ProgramKey
from dinoq.workers.simulators.machine import devices
from dinoq.workers.simulators.nvidia.card import uuid_of

ROOT = Path(dinoq.__file__).parents[1]
MODULES = ROOT / "workers/simulators/modules"


def machine(
    folder: Path, *, cards: int = 1, faults: str = "", tensorrt: str = "10.16.1", **more: str
) -> dict[str, str]:
    """The environment of a host with so many simulated T4s; `more` is added to it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("DINOQ_", "CUDA_"))}
    return {
        **clean,
        "PYTHONPATH": str(MODULES),
        "DINOQ_SIMULATE": f"T4:{cards}" if cards else "",
        "DINOQ_SIM_STATE": str(folder / "state"),
        "DINOQ_SIM_FAULTS": faults,
        "DINOQ_SIM_TENSORRT": tensorrt,
        **more,
    }


def ask(env: dict[str, str], code: str) -> Any:
    """What `code` leaves in `answer`, executed in a process of that environment."""
    program = f"import json\n{code}\nprint(json.dumps(answer))"
    asked = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    return json.loads(asked.stdout.splitlines()[-1])


def discovered(env: dict[str, str]) -> list[dict[str, Any]]:
    """The devices that discovery finds there."""
    found: list[dict[str, Any]] = ask(
        env, "from dinoq.workers.devices import tensorrt\nanswer = [one._asdict() for one in tensorrt.discover({})]"
    )
    return found


def options(env: dict[str, str], card: int = 0) -> dict[str, str]:
    """What discovery would say that the card is opened with, without asking it."""
    with mock.patch.dict(os.environ, env):
        return {"uuid": uuid_of(devices("nvidia")[card]), "index": str(card)}


def pictures(n: int) -> NDArray[np.uint8]:
    """Noise, the same each time."""
    return np.random.default_rng(0).integers(0, 256, (n, 3, 224, 224), np.uint8)


def work(n: int, batch: int = 4) -> Inference:
    """That many pictures to be classified."""
    return Inference(pictures(n), RECIPES["dino"], batch, 1)


class Host:
    """A device process on a simulated machine, and what one does with it; no lease is kept."""

    def __init__(self, process: DeviceProcess, folder: Path) -> None:
        self._process = process
        self._folder = folder

    def compile(self, onnx: Path, batch: int, precision: str = "fp16", **flags: str) -> tuple[Path, str]:
        """The plan and what the vendor said. Raises: WorkFailed."""
        into = self._folder / "into"
        into.mkdir(exist_ok=True)
        wanted = {"onnx": str(onnx), "batch": batch, "precision": precision, "flags": flags, "into": str(into)}
        with self._process.turn(_free):
            return self._process.compile(wanted, _free)

    def load(self, plan: Path, batch: int, precision: str = "fp16") -> None:
        """Open a plan. Raises: WorkFailed."""
        with self._process.turn(_free):
            self._process.load(ProgramKey(artifact=plan, batch=batch, precision=precision), _free)

    def run(self, work: Inference) -> Inference:
        """Have it computed by the loaded program. Raises: WorkFailed."""
        with self._process.turn(_free):
            self._process.feed(work, _free)
        self._process.wait(work, _free)
        return work


@contextmanager
def host(env: dict[str, str], folder: Path, card: int = 0, python: str = sys.executable) -> Iterator[Host]:
    """A device process for that card of the machine; ended at the end."""
    setup = ChildSetup(
        simulated=True,
        vendor="tensorrt",
        options=options(env, card),
        python=python,
        env=env,
        workdir=folder / "run",
        log=folder / "log",
    )
    process = DeviceProcess(setup, Deadlines(loading_s=60, compiling_s=60, running_s=30))
    try:
        yield Host(process, folder)
    finally:
        process.close()


def _free(*_: object) -> None:
    """No lease to keep."""
