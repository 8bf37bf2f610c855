"""A machine of simulated Ascend chips, device processes on it, and models compiled for it."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinoq.workers import children
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.devices import ascend, atc, cann
from dinoq.workers.devices.base import Found
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.simulators import install
from tests.contract.ascend.rig import MODEL, Compile, Machine, Open
from tests.models import write_mean_colour


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Lays out a machine of simulated chips, and tells its devices as dinoq discovers them."""
    monkeypatch.setattr(cann, "USUAL_HOMES", ())

    def lay_out(simulate: str = "310P3:2", build: str = "T", **env: str) -> list[Found]:
        for name, value in {"DINOQ_SIM_ACL_BUILD": build, **env}.items():
            monkeypatch.setenv(name, value)
        added = install.install(tmp_path / "sim", python=sys.executable, simulate=simulate, env=os.environ)
        for name, value in added.items():
            monkeypatch.setenv(name, value)
        return ascend.discover({})

    return lay_out


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made: list[DeviceProcess] = []

    def open_device(found: Found, python: str = sys.executable) -> DeviceProcess:
        setup = ChildSetup(
            simulated=True,
            vendor="ascend",
            options=found.options or {},
            python=python,
            env=children.without_empty_paths(os.environ),
            workdir=tmp_path / "run",
            log=tmp_path / "log",
        )
        made.append(DeviceProcess(setup, Deadlines(loading_s=60, compiling_s=60, running_s=60)))
        return made[-1]

    yield open_device
    for process in made:
        process.close()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles with the atc of the machine that is laid out; each kind of model once for all tests."""
    folder = tmp_path_factory.mktemp("models")
    onnx = write_mean_colour(folder / "model.onnx", side=224, classes=1000)

    @functools.cache
    def compile_once(batch: int, precision: str = "fp16", soc: str = "310P3", **flags: str) -> Path:
        return Path(atc.compile(str(onnx), batch, precision, flags, str(folder), {**MODEL, "soc": soc}).path)

    return compile_once
