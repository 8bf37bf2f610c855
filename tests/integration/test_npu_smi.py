"""How npu-smi is asked: judged by its text, in time, one at a time."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from dinoq.workers.devices import npu_smi
from dinoq.workers.devices.npu_smi_text import SmiFault
from tests.integration import programs
from tests.processes import alive, eventually
from tests.unit.ascend import samples


@pytest.fixture(autouse=True)
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An npu-smi of this machine must not answer."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setattr(npu_smi, "USUAL_FOLDERS", "")
    monkeypatch.setattr(npu_smi, "LOCK", str(tmp_path / "lock"))


def test_the_text_counts_not_the_exit_code(tmp_path: Path) -> None:
    programs.npu_smi(tmp_path / "bin", {"info": samples.DUO}, code=1)
    assert len(npu_smi.inventory().chips) == 2
    programs.npu_smi(tmp_path / "bin", {"info": samples.NO_DRIVER}, code=0)
    with pytest.raises(SmiFault, match="-8005") as fault:
        npu_smi.inventory()
    assert (fault.value.reason, fault.value.kind) == ("driver", "device")


def test_it_speaks_the_language_of_the_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    programs.program(tmp_path / "bin", "npu-smi", 'echo "$LC_ALL"')
    assert npu_smi.ask("info").strip() == "C"


def test_arguments_reach_it_one_by_one(tmp_path: Path) -> None:
    programs.npu_smi(tmp_path / "bin", {"info -m": samples.MAPPING, "info -t board -i 8": samples.BOARD})
    assert npu_smi.mapping()[0].npu == 4
    assert npu_smi.driver_version(8) == "24.1.rc2"


def test_a_host_without_it_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SmiFault) as fault:
        npu_smi.inventory()
    assert fault.value.reason == "absent"


def test_one_that_hangs_is_killed_with_what_it_started(tmp_path: Path) -> None:
    programs.program(tmp_path / "bin", "npu-smi", f"sleep 600 & echo $! > {tmp_path}/pid; wait\n")
    with pytest.raises(SmiFault, match="did not answer within") as fault:
        npu_smi.inventory(timeout_s=0.5)
    assert fault.value.reason == "hang"
    pid = int((tmp_path / "pid").read_text())
    eventually(lambda: not alive(pid), "what it started to be gone")


def test_one_that_is_no_program_is_a_clear_sentence(tmp_path: Path) -> None:
    programs.program(tmp_path / "bin", "npu-smi", "").write_bytes(b"\x7fELF nothing")
    with pytest.raises(SmiFault, match="cannot be started"):
        npu_smi.inventory()


def test_two_queries_never_run_at_once(tmp_path: Path) -> None:
    """The program itself fails when it finds another of its kind at work."""
    programs.program(tmp_path / "bin", "npu-smi", f"mkdir {tmp_path}/busy || echo TWO; rmdir {tmp_path}/busy\n")
    said: list[str] = []
    threads = [threading.Thread(target=lambda: said.append(npu_smi.ask("info"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [""] * 6


def test_a_lock_that_is_never_given_back_is_told(tmp_path: Path) -> None:
    programs.npu_smi(tmp_path / "bin", {"info": samples.DUO})
    with npu_smi._alone(1), pytest.raises(SmiFault, match="another npu-smi"):
        npu_smi.inventory(timeout_s=0.1)
