"""Device processes that do not come to serve: who is blamed, and in which words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dinoq.jobs.ledger import Failure, FailureClass
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.program import ProgramKey
from dinoq.workers.tasks import WorkFailed
from tests.integration.programs import program


def free(*_: object) -> None:
    """No lease to keep."""


def failure(tmp_path: Path, python: str, vendor: str = "null") -> Failure:
    """Why a device process of this interpreter loads nothing."""
    log = tmp_path / "vendor.log"
    log.write_text("of another life\n")
    folder = tmp_path / "run"
    setup = ChildSetup(vendor=vendor, options={}, python=python, env=os.environ, workdir=folder, log=log)
    process = DeviceProcess(setup, Deadlines())
    try:
        with pytest.raises(WorkFailed) as failed, process.turn(free):
            process.load(ProgramKey(artifact=Path("x"), batch=1, precision="fp32"), free)
        return failed.value.failure
    finally:
        process.close()


def test_an_interpreter_without_numpy_is_told_and_no_fault_of_the_device(tmp_path: Path) -> None:
    bare = program(tmp_path, "bare", f'exec {sys.executable} -S -E "$@"')
    found = failure(tmp_path, str(bare))
    assert found.kind is FailureClass.TRANSIENT
    assert f"ended with status 1 before it answered, run by {bare}: ModuleNotFoundError: No module named 'numpy'" in (
        found.error
    )


def test_an_interpreter_that_is_none_is_told_and_no_fault_of_the_device(tmp_path: Path) -> None:
    found = failure(tmp_path, "/nowhere/python3.10")
    assert found.kind is FailureClass.TRANSIENT
    assert "run by /nowhere/python3.10: FileNotFoundError" in found.error


def test_one_that_dies_without_a_word_does_not_speak_with_another_lifes(tmp_path: Path) -> None:
    found = failure(tmp_path, str(program(tmp_path, "silent", "exit 4\n")))
    assert "ended with status 4 before it answered" in found.error
    assert "it said nothing" in found.error


def test_one_that_is_killed_by_a_fault_of_its_own_is_still_the_devices(tmp_path: Path) -> None:
    found = failure(tmp_path, str(program(tmp_path, "crashing", "echo halfway; kill -SEGV $$\n")))
    assert found.kind is FailureClass.DEVICE
    assert "died of signal 11: halfway" in found.error
