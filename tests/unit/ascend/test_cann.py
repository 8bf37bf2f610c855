"""The toolkit of a host: its version, its environment, its error lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from dinoq.workers.devices import cann
from dinoq.workers.devices.base import DeviceFault
from dinoq.workers.devices.cann import error_lines, sourced_environment, toolkit_version

BASE = {"PATH": "/usr/bin:/bin", "HOME": "/nowhere"}


@pytest.fixture(autouse=True)
def no_usual_homes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A toolkit of this machine must not answer."""
    monkeypatch.setattr(cann, "USUAL_HOMES", ())


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("version.info", "Version=8.0.RC2\nversion_dir=8.0\n"),
        (
            "aarch64-linux/ascend_toolkit_install.info",
            "package_name=Ascend-cann-toolkit\nversion=8.0.RC2\narch=aarch64\n",
        ),
        ("x86_64-linux/ascend_nnrt_install.info", "version=8.0.RC2\n"),
    ],
)
def test_the_version_is_in_a_file_of_the_toolkit(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(text)
    assert toolkit_version({"ASCEND_TOOLKIT_HOME": str(tmp_path)}) == "CANN 8.0.RC2"


def test_a_version_that_no_file_tells_is_unknown(tmp_path: Path) -> None:
    assert toolkit_version({}) == "CANN unknown"
    assert toolkit_version({"CANN_PATH": "/nowhere"}) == "CANN unknown"
    assert toolkit_version({"CANN_PATH": str(tmp_path)}) == "CANN unknown"


def test_a_sourced_script_changes_the_environment_and_nothing_else(tmp_path: Path) -> None:
    script = tmp_path / "set env; touch bad.sh"
    script.write_text("echo noise\nexport ASCEND_TOOLKIT_HOME=/a\nexport TWO='x\ny=z'\nexport PATH=/a/bin:$PATH\n")
    env = sourced_environment(str(script), BASE)
    changes = {"ASCEND_TOOLKIT_HOME": "/a", "TWO": "x\ny=z", "PATH": "/a/bin:/usr/bin:/bin"}
    assert env == {**BASE, **changes}
    assert not (tmp_path / "bad.sh").exists()


def test_empty_entries_of_paths_are_removed(tmp_path: Path) -> None:
    script = tmp_path / "set_env.sh"
    script.write_text("export PYTHONPATH=/a:$PYTHONPATH:/b\nexport LD_LIBRARY_PATH=$LD_LIBRARY_PATH:\n")
    env = sourced_environment(str(script), BASE)
    assert env["PYTHONPATH"] == "/a:/b"
    assert "LD_LIBRARY_PATH" not in env


@pytest.mark.parametrize("text", [None, "return 3\n", "if\n"], ids=["missing", "fails", "no-shell"])
def test_a_script_that_cannot_be_sourced_is_named(tmp_path: Path, text: str | None) -> None:
    script = tmp_path / "set_env.sh"
    if text is not None:
        script.write_text(text)
    with pytest.raises(DeviceFault, match=r"set_env\.sh"):
        sourced_environment(str(script), BASE)


def test_a_script_whose_last_test_is_false_is_taken(tmp_path: Path) -> None:
    script = tmp_path / "set_env.sh"
    script.write_text("export ASCEND_TOOLKIT_HOME=/a\n[ -f /nowhere ] && export TWO=2\n")
    assert sourced_environment(str(script), BASE) == {**BASE, "ASCEND_TOOLKIT_HOME": "/a"}


@pytest.mark.parametrize("text", ["return 1\n", "export A=1; exit 1\n"], ids=["changes nothing", "leaves the shell"])
def test_one_that_fails_is_quoted(tmp_path: Path, text: str) -> None:
    script = tmp_path / "set_env.sh"
    script.write_text("echo first >&2\necho no driver here >&2\n" + text)
    with pytest.raises(DeviceFault, match=r"set_env\.sh ended with status 1 when sourced: no driver here"):
        sourced_environment(str(script), BASE)


def test_error_lines_are_the_last_ones_each_once() -> None:
    text = "[INFO] acl init success\r[ERROR] one\nEL003: two\nEZ9999: Inner Error!\nEZ9999: Inner Error!\nME10: no\n"
    assert error_lines(text) == ["[ERROR] one", "EL003: two", "EZ9999: Inner Error!"]
    assert error_lines("x Memory_Allocation_Failure(EL0004): Failed to allocate memory.\n") != []
    assert error_lines("\n".join(f"[ERROR] {n}" for n in range(9)), most=2) == ["[ERROR] 7", "[ERROR] 8"]
