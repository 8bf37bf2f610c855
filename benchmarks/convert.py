"""How long a conversion takes, and how much memory it needs: the whole command in a fresh process."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from tests.dino_net import write_pair

ROUNDS = 5
TOLD = (
    "from dinoq.cli.commands import run\ncode = run()\nprint(open('/proc/self/status').read())\nraise SystemExit(code)"
)
"""The command, and then what the process held at most. A parent's own size would show in what wait4 tells."""
MB = 1024


def measure() -> list[Figure]:
    """`dinoq convert` of a published pair (random weights), as a process: seconds, and the highest resident size."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        backbone, linear = write_pair(folder)
        args = ["convert", str(backbone), str(linear), "-o", str(folder / "out.onnx")]
        plain = [_once(args) for _ in range(ROUNDS)]
        checked = [_once([*args, "--check"]) for _ in range(ROUNDS)]
    return [
        Figure("convert", statistics.median(s for s, _ in plain), "s", 10.0, None, "upper limit; whole process"),
        Figure("convert, peak memory", max(mb for _, mb in plain), "MB", 1000.0, None, "upper limit; resident"),
        Figure("convert --check", statistics.median(s for s, _ in checked), "s", None, None, "whole process"),
        Figure("convert --check, peak memory", max(mb for _, mb in checked), "MB", None, None, "resident"),
    ]


def _once(args: list[str]) -> tuple[float, float]:
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-P", "-c", TOLD, *args], capture_output=True, text=True, check=True)
    seconds = time.perf_counter() - begun
    (peak_kb,) = re.findall(r"^VmHWM:\s+([0-9]+) kB", done.stdout, re.MULTILINE)
    return seconds, int(peak_kb) / MB
