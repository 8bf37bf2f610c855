"""When atc is believed, and in what surroundings it works; small programs stand in its place."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.workers.devices import atc, cann
from dinoq.workers.devices.atc import AtcFault
from dinoq.workers.devices.base import Built
from tests.integration import programs
from tests.processes import alive, descendants, eventually
from tests.unit.ascend.samples import ATC_FAILED, ATC_SUCCESS

OPTIONS = {"soc": "310P3", "input_name": "input", "height": "224", "width": "224"}


@pytest.fixture(autouse=True)
def only_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a toolkit of this machine."""
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.setattr(cann, "USUAL_HOMES", ())
    for name in cann.HOME_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def words(output: str) -> str:
    """What atc said, below the command that was given."""
    command, rest = output.split("\n", 1)
    assert command.startswith("$ atc --framework=5 --model=")
    return rest


def compiled(tmp_path: Path, flags: dict[str, str] | None = None, **options: str) -> Built:
    (tmp_path / "into").mkdir(exist_ok=True)
    into = str(tmp_path / "into")
    return atc.compile(str(tmp_path / "m.onnx"), 16, "fp16", flags or {}, into, {**OPTIONS, **options})


def test_success_is_the_exit_code_and_the_line_and_the_file(tmp_path: Path) -> None:
    programs.atc(tmp_path / "bin", ATC_SUCCESS)
    built = compiled(tmp_path, {"log": "$(touch bad);x"})
    assert Path(built.path).read_text() == "om\n"
    assert words(built.output) == ATC_SUCCESS
    assert "--log=$(touch bad);x" in Path(built.path).with_name("argv").read_text()


def test_a_file_that_names_its_host_is_found(tmp_path: Path) -> None:
    programs.atc(tmp_path / "bin", ATC_SUCCESS, made="model_linux_x86_64.om")
    assert compiled(tmp_path).path.endswith("/model_linux_x86_64.om")


@pytest.mark.parametrize(
    ("text", "code", "made", "sentence"),
    [
        (ATC_FAILED + "E19010: No parser for Gelu.\n", 255, "", r"E19010 No parser for Gelu.; .*opset 11"),
        (ATC_FAILED + "E10002: bad.\n", 0, "model.om", "E10002"),
        (ATC_SUCCESS, 255, "model.om", "atc failed"),
        (ATC_SUCCESS, 0, "", "left 0 files"),
        ("", 139, "", "it said nothing"),
    ],
    ids=["failed", "says-failed-ends-0", "says-success-ends-255", "no-file", "crash"],
)
def test_anything_less_is_a_failure(tmp_path: Path, text: str, code: int, made: str, sentence: str) -> None:
    programs.atc(tmp_path / "bin", text, code, made)
    with pytest.raises(AtcFault, match=sentence) as fault:
        compiled(tmp_path)
    assert (fault.value.kind, words(fault.value.output)) == ("permanent", text)


def test_a_host_without_atc_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(AtcFault, match=r"atc is not on this host's PATH.*\[ascend\] set_env"):
        compiled(tmp_path)


def test_one_that_hangs_is_killed_with_the_compiler_below_it(tmp_path: Path) -> None:
    programs.program(tmp_path / "bin", "atc", f"sleep 600 & echo $! > {tmp_path}/pid\necho halfway; wait\n")
    with pytest.raises(AtcFault, match="killed after 2 s") as fault:
        compiled(tmp_path, timeout_s="2")
    assert words(fault.value.output) == "halfway\n"
    pid = int((tmp_path / "pid").read_text())
    eventually(lambda: not alive(pid), "the compiler to be gone")


def test_nothing_is_left_when_the_worker_is_killed(tmp_path: Path) -> None:
    programs.program(tmp_path / "bin", "atc", "sleep 600; true\n")
    code = f"from dinoq.workers.devices import atc; atc.compile('m', 1, 'fp16', {{}}, {str(tmp_path)!r}, {OPTIONS!r})"
    with subprocess.Popen([sys.executable, "-c", code], env=dict(os.environ)) as worker:
        eventually(lambda: "sleep 600" in " ".join(descendants(worker.pid).values()), "atc at work")
        left = list(descendants(worker.pid))
        worker.kill()
    eventually(lambda: not any(map(alive, left)), "all below to be gone")


def test_it_works_in_a_folder_and_a_language_of_its_own(tmp_path: Path) -> None:
    programs.program(tmp_path / "bin", "atc", 'echo "$PWD|$TMPDIR|$LC_ALL"; exit 1\n')
    with pytest.raises(AtcFault) as fault:
        compiled(tmp_path)
    folder, temporary, language = words(fault.value.output).strip().split("|")
    assert Path(folder).parent == tmp_path / "into"
    assert (temporary, language) == (f"{folder}/tmp", "C")


def test_the_stubs_of_the_toolkit_come_after_a_real_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stubs = tmp_path / "cann" / f"{platform.machine()}-linux" / "devlib"
    stubs.mkdir(parents=True)
    monkeypatch.setenv("ASCEND_TOOLKIT_HOME", str(tmp_path / "cann"))
    monkeypatch.setenv("LD_LIBRARY_PATH", "/driver/lib64")
    assert atc.environment(OPTIONS, str(tmp_path))["LD_LIBRARY_PATH"] == f"/driver/lib64:{stubs}"


def test_the_named_python_is_the_one_that_atc_finds(tmp_path: Path) -> None:
    programs.program(tmp_path / "my venv", "python3.9", 'echo "nine $1"')
    programs.program(tmp_path / "bin", "atc", "python3 word; exit 1\n")
    with pytest.raises(AtcFault) as fault:
        compiled(tmp_path, atc_python=str(tmp_path / "my venv" / "python3.9"))
    assert words(fault.value.output) == "nine word\n"


def test_a_long_output_keeps_its_head_and_its_tail(tmp_path: Path) -> None:
    body = (
        'echo begin; i=0; while [ $i -lt 6000 ]; do echo "$i .........................................."; i=$((i+1))\n'
    )
    programs.program(tmp_path / "bin", "atc", body + "done; echo end; exit 1\n")
    with pytest.raises(AtcFault) as fault:
        compiled(tmp_path)
    said = words(fault.value.output)
    assert (said[:6], said[-4:]) == ("begin\n", "end\n")
    assert "bytes left out" in said
    assert len(said) < 201_000


def test_a_host_offers_its_toolkit_only_with_atc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cann").mkdir()
    monkeypatch.setenv("ASCEND_TOOLKIT_HOME", str(tmp_path / "cann"))
    assert atc.toolkit({}) is None
    programs.atc(tmp_path / "bin", ATC_SUCCESS)
    assert atc.toolkit({}) == "CANN unknown"
    (tmp_path / "cann" / "version.info").write_text("Version=8.0.RC2\n")
    assert atc.toolkit({}) == "CANN 8.0.RC2"


def python_with(tmp_path: Path, **modules: str) -> str:
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text)
    return str(programs.program(tmp_path, "py", f'cd {tmp_path} && exec {sys.executable} -S "$@"\n'))


def test_a_python_that_serves_atc_has_no_problems(tmp_path: Path) -> None:
    good = python_with(tmp_path, numpy="__version__ = '1.26.4'", sympy="", decorator="", tbe="print('loaded')")
    assert atc.atc_python_problems(good) == []


def test_what_atcs_python_lacks_is_told_one_by_one(tmp_path: Path) -> None:
    bad = python_with(tmp_path, numpy="__version__ = '2.1.0'", sympy="", decorator="raise ValueError('broken')")
    problems = atc.atc_python_problems(bad)
    assert len(problems) == 3
    assert "decorator: ValueError" in problems[0]
    assert "tbe: ModuleNotFoundError" in problems[1]
    assert "numpy 2.1.0" in problems[2]
    assert "cannot be started" in atc.atc_python_problems(str(tmp_path / "none"))[0]
