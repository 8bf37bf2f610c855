"""What a worker process needs before it begins."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dinoq.jobs.errors import EnvironmentTrouble
from dinoq.workers.worker_process import WorkerSetup, _child


def test_a_set_env_that_cannot_be_sourced_is_a_sentence_and_no_fault_of_dinoq(tmp_path: Path) -> None:
    setup = WorkerSetup(
        id="w",
        host="h",
        state=tmp_path,
        store=tmp_path,
        state_id="s",
        database_url="",
        broker_url="",
        vendor_env={"PATH": "/usr/bin:/bin"},
    )
    with pytest.raises(EnvironmentTrouble, match=r"set_env names /nowhere/set_env\.sh, which is no file") as told:
        _child(setup, "ascend", sys.executable, {"set_env": "/nowhere/set_env.sh"}, "310P3-0")
    assert "dinoq doctor" in told.value.hint
