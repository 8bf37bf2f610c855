"""A vendor's software, piece by piece, where some of it is not as it should be: real processes, a toolkit of scripts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from dinoq.workers.check import Check
from dinoq.workers.devices import ascend_pieces, npu_smi, nvidia_pieces, nvml
from dinoq.workers.devices.base import DeviceFault, Found, Piece
from dinoq.workers.devices.catalog import Surroundings
from dinoq.workers.devices.npu_smi_text import SmiFault
from dinoq.workers.vendor_checks import vendor_checks
from tests.integration.programs import program

PATH = os.environ["PATH"]


@pytest.fixture
def toolkit(tmp_path: Path) -> Path:
    """CANN as scripts: an atc, an aclruntime, and the set_env.sh that leads to both."""
    home = tmp_path / "cann"
    (home / "python").mkdir(parents=True)
    (home / "python/aclruntime.py").touch()
    (home / "version.info").write_text("Version=8.0.RC2\n")
    program(home / "bin", "atc", "exit 0")
    lines = (f"ASCEND_TOOLKIT_HOME={home}", f"PATH={home}/bin:$PATH", f"PYTHONPATH={home}/python:$PYTHONPATH")
    (home / "set_env.sh").write_text("".join(f"export {line}\n" for line in lines))
    return home


def ascend(ascend_python: str = "", env: dict[str, str] | None = None, **options: str) -> dict[str, Check]:
    """What is found of Ascend's software, by name."""
    where = Surroundings(
        host="here",
        env={"PATH": PATH, **(env or {})},
        python=sys.executable,
        ascend_python=ascend_python,
        ascend=options,
    )
    return {check.name: check for check in vendor_checks(where) if check.name.startswith("Ascend")}


def test_set_env_is_sourced_before_anything_is_looked_for(toolkit: Path) -> None:
    found = ascend(set_env=str(toolkit / "set_env.sh"))
    assert found["Ascend toolkit"] == Check("Ascend toolkit", "found", f"CANN 8.0.RC2, {toolkit}/bin/atc")
    assert found["Ascend aclruntime"].text.startswith(f"{toolkit}/python/aclruntime.py")
    assert found["Ascend npu-smi"].status == "missing"


def test_an_interpreter_that_atc_cannot_use_is_broken(toolkit: Path) -> None:
    check = ascend(set_env=str(toolkit / "set_env.sh"), atc_python=sys.executable)["Ascend atc's python"]
    assert check.status == "broken"
    assert "cannot import tbe" in check.text
    assert "need one below 2" in check.text
    assert "[ascend] atc_python" in check.cure


def test_a_toolkit_that_was_not_sourced_is_told_with_its_script(toolkit: Path) -> None:
    program(toolkit / "driver", "npu-smi", "exit 1")
    found = ascend(env={"ASCEND_TOOLKIT_HOME": str(toolkit), "PATH": f"{toolkit}/driver:{PATH}"})
    assert found["Ascend toolkit"].status == "missing"
    assert f"name {toolkit}/set_env.sh in [ascend] set_env" in found["Ascend toolkit"].cure


def test_a_set_env_that_is_no_file_is_broken() -> None:
    assert ascend(set_env="/nowhere/set_env.sh")["Ascend"].status == "broken"


def test_an_interpreter_that_does_not_start_is_broken(toolkit: Path) -> None:
    check = ascend("/nowhere/python3.10", set_env=str(toolkit / "set_env.sh"))["Ascend"]
    assert (check.status, "/nowhere/python3.10" in check.text) == ("broken", True)


def test_an_interpreter_without_numpy_is_told_in_its_own_words(toolkit: Path) -> None:
    bare = program(toolkit, "bare", f'exec {sys.executable} -S -E "$@"')
    check = ascend(str(bare), set_env=str(toolkit / "set_env.sh"))["Ascend"]
    assert (check.status, "No module named 'numpy'" in check.text) == ("broken", True)


@pytest.mark.parametrize("reason", ["driver", "permission", "hang", "layout"])
def test_every_silence_of_npu_smi_has_its_cure(monkeypatch: pytest.MonkeyPatch, reason: str) -> None:
    def refuse(_: object) -> list[Found]:
        raise SmiFault(reason, "it says nothing")

    monkeypatch.setattr(ascend_pieces, "discover", refuse)
    first = ascend_pieces.pieces({"origin": "simulated"})[0]
    assert first == Piece("npu-smi", "broken", "it says nothing", ascend_pieces.CURES[reason])


def test_aclruntime_is_missed_only_where_there_is_a_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> object:
        raise DeviceFault("device", "absent") from None

    monkeypatch.setattr(ascend_pieces, "runtime", absent)
    monkeypatch.setattr(npu_smi, "program", lambda: "npu-smi")
    for chips, status in (([], "missing"), ([Found("310P3", 0, "key")], "broken")):
        monkeypatch.setattr(ascend_pieces, "discover", lambda _, chips=chips: chips)
        assert ascend_pieces.pieces({"origin": "simulated"})[-1].status == status


@pytest.mark.parametrize(
    ("driver", "bindings", "statuses"),
    [
        ("470.82.01", "12.9.10", ["warning", "found"]),
        ("535.288.01", "13.5.0", ["found", "warning"]),
        ("580.95.05", "13.5.0", ["found", "found"]),
    ],
)
def test_a_driver_that_is_too_old_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, driver: str, bindings: str, statuses: list[str]
) -> None:
    told = SimpleNamespace(nvmlSystemGetDriverVersion=lambda: driver, NVMLError=RuntimeError)
    cuda = SimpleNamespace(bindings=SimpleNamespace(__version__=bindings))
    modules = {"pynvml": told, "cuda": cuda, "cuda.bindings": cuda.bindings, "tensorrt": SimpleNamespace()}
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(nvml, "discover", lambda _: [Found("T4", 0, "GPU-1")])
    found = {piece.name: piece.status for piece in nvidia_pieces.pieces({})}
    assert [found["NVML"], found["cuda-bindings"]] == statuses
