"""How soon the command answers."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time

from benchmarks.figure import Figure


def measure() -> list[Figure]:
    """`dinoq --help` as a process, and the whole demonstration."""
    return [
        Figure("dinoq --help", _median_s(["--help"], 9), "s", 0.2, None, "upper limit; whole process"),
        Figure("dinoq demo", _median_s(["demo"], 3), "s", 20.0, None, "upper limit; whole process, fresh home"),
    ]


def _median_s(args: list[str], rounds: int) -> float:
    return statistics.median(_once(args) for _ in range(rounds))


def _once(args: list[str]) -> float:
    with tempfile.TemporaryDirectory() as home:
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-P", "-m", "dinoq", *args],
            env={"PATH": "/usr/bin:/bin", "HOME": home},
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return time.perf_counter() - begun
