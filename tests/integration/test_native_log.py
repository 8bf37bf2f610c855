"""What native code printed is read back from fd 1. In a process of its own: fd 1 is the whole process's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import IO

CODE = """
import ctypes, sys
from dinoq.workers.devices.native_log import NativeLog
libc = ctypes.CDLL(None)
libc.printf(b"[ERROR] of before\\n")
log = NativeLog()
libc.printf(b"[INFO] fine\\n[ERROR] open device 0 failed\\n")
print("EL003: The argument is invalid.")
sys.stderr.write(log.errors())
"""


def said(stdout: int | IO[str]) -> str:
    argv = [sys.executable, "-c", CODE]
    return subprocess.run(argv, stdout=stdout, stderr=subprocess.PIPE, text=True, check=True).stderr


def test_error_lines_since_it_began_are_found_in_the_log_file(tmp_path: Path) -> None:
    with (tmp_path / "log").open("a") as log:
        assert set(said(log).split(" | ")) == {"[ERROR] open device 0 failed", "EL003: The argument is invalid."}
    assert "[INFO] fine" in (tmp_path / "log").read_text()


def test_a_pipe_is_made_a_file_that_can_be_read_back() -> None:
    assert "[ERROR] open device 0 failed" in said(subprocess.PIPE)
