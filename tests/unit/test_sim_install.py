"""A simulated machine is laid out so that dinoq finds the vendor's programs and modules by their own names."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.workers.simulators import install as setup
from dinoq.workers.simulators.install import install

FILES = sorted(path.relative_to(setup.HERE) for path in setup.HERE.rglob("*.py") if path.name != "install.py")


def installed(folder: Path, simulate: str = "310P3:2", **env: str) -> dict[str, str]:
    base = {"PATH": os.environ["PATH"], **env}
    return base | install(folder, python=sys.executable, simulate=simulate, env=base)


def said(env: dict[str, str], *argv: str) -> str:
    return subprocess.run(argv, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout


def test_the_programs_are_found_by_name(tmp_path: Path) -> None:
    env = installed(tmp_path / "a folder's name; with $signs")
    assert "Ascend 310P3" in said(env, "npu-smi", "info", "-m")
    assert "usage: atc" in said(env, "atc", "--help")


def test_what_the_user_has_stays_behind_and_the_working_folder_is_left_out(tmp_path: Path) -> None:
    env = installed(tmp_path, PYTHONPATH="/x::/y:")
    assert env["PYTHONPATH"] == f"{setup.HERE / 'modules'}:/x:/y"
    assert env["PATH"].split(":")[0] == str(tmp_path / "bin")


def test_installing_again_changes_nothing(tmp_path: Path) -> None:
    once = installed(tmp_path)
    assert installed(tmp_path, **once) == once


def test_the_toolkit_says_its_version(tmp_path: Path) -> None:
    home = Path(installed(tmp_path)["ASCEND_TOOLKIT_HOME"])
    assert "version=8.0.RC2\n" in next(home.glob("*-linux/ascend_toolkit_install.info")).read_text()


def test_a_machine_without_ascend_chips_has_no_ascend_programs(tmp_path: Path) -> None:
    assert "ASCEND_TOOLKIT_HOME" not in installed(tmp_path, "T4:1")
    assert not (tmp_path / "bin").exists()


@pytest.mark.parametrize(("simulate", "faults"), [("310P9:1", ""), ("T4:1", "melt@T4:0")])
def test_what_cannot_be_simulated_is_refused_before_anything_is_written(
    tmp_path: Path, simulate: str, faults: str
) -> None:
    with pytest.raises(ValueError, match=r"310P9|melt"):
        installed(tmp_path / "new", simulate, DINOQ_SIM_FAULTS=faults)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_simulator_is_written_in_python_3_8(path: Path) -> None:
    ast.parse((setup.HERE / path).read_text(), feature_version=(3, 8))


def test_a_machine_may_have_no_toolchain_and_later_one(tmp_path: Path) -> None:
    installed(tmp_path)
    installed(tmp_path, DINOQ_SIM_PROGRAMS="npu-smi")
    assert [path.name for path in (tmp_path / "bin").iterdir()] == ["npu-smi"]
    installed(tmp_path)
    assert sorted(path.name for path in (tmp_path / "bin").iterdir()) == ["atc", "npu-smi"]


def test_the_toolkit_may_be_of_another_version(tmp_path: Path) -> None:
    home = installed(tmp_path, DINOQ_SIM_CANN="8.1.RC1")["ASCEND_TOOLKIT_HOME"]
    assert "version=8.1.RC1\n" in (Path(home) / "version.info").read_text()
