"""The systemd unit, checked as systemd reads it, and that it leaves dinoq the time and the folders it needs."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.cli.settings import BY_NAME
from dinoq.jobs.errors import UsageError
from dinoq.workers.supervisor import GRACE_S

FILE = Path(__file__).parents[1] / "contrib/dinoq.service"


@pytest.fixture(scope="module")
def service() -> configparser.SectionProxy:
    """The unit's [Service]."""
    unit = configparser.RawConfigParser(strict=True)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(FILE)
    return unit["Service"]


def test_systemd_finds_no_fault_in_it(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze to read it with")
    here = tmp_path / FILE.name
    here.write_text(FILE.read_text().replace("/opt/dinoq/bin/dinoq", str(Path(sys.executable).with_name("dinoq"))))
    said = subprocess.run(["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True, check=False)
    ours = [line for line in (said.stdout + said.stderr).splitlines() if FILE.name in line]
    assert (ours, said.returncode) == ([], 0)


def test_only_the_supervisor_is_asked_to_leave_and_it_has_the_time(service: configparser.SectionProxy) -> None:
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > 2 * GRACE_S
    assert service["ExecStart"].endswith("/dinoq up")


def test_state_lies_in_the_folder_that_systemd_makes(service: configparser.SectionProxy) -> None:
    told = dict(pair.split("=") for pair in service["Environment"].split())
    assert told[BY_NAME["home"].variable] == f"/var/lib/{service['StateDirectory']}"
    assert told["XDG_RUNTIME_DIR"] == f"/run/{service['RuntimeDirectory']}"
    assert "PrivateTmp" not in service


def test_it_is_restarted_but_not_with_a_wrong_setting(service: configparser.SectionProxy) -> None:
    assert service["Restart"] == "on-failure"
    assert int(service["RestartPreventExitStatus"]) == UsageError.exit_code
