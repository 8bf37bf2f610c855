"""What watching devices costs: CPU time of a sampler and of the process that asks the vendor, per second.

Four simulated 310P3. The vendor's own tool is not in it: simulated, it is a Python program and says nothing of the real
one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure
from tests.processes import descendants, eventually

DEVICES = "310P3:4"
SECONDS = 30.0
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LIMIT_PCT = 1.0


def measure() -> list[Figure]:
    """Percent of one core over half a minute, once the sampler has begun."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        cards = ",".join(f"310P3:{index}" for index in range(4))
        argv = [sys.executable, "-P", "-m", "dinoq", "up", "--prep", "0", "--simulate", DEVICES, "--device", cards]
        up = subprocess.Popen(argv, env={**os.environ, "HOME": scratch}, cwd=home, stderr=subprocess.DEVNULL)
        try:
            readings = home / ".dinoq/state/run/telemetry"
            eventually(lambda: len(list(readings.glob("*.json"))) == 4, "the first readings")
            sampler = next(pid for pid, line in descendants(up.pid).items() if "worker sample ascend" in line)
            asking = next(pid for pid, line in descendants(sampler).items() if "child.py" in line)
            itself, question = _shares(sampler, asking)
        finally:
            up.terminate()
            up.wait()
    note = f"upper limit; 4 devices; sampler {itself:.2f}, asking {question:.2f}"
    return [Figure("telemetry, CPU time", itself + question, "% of core", LIMIT_PCT, None, note)]


def _shares(*pids: int) -> list[float]:
    before, begun = [_cpu_s(pid) for pid in pids], time.monotonic()
    time.sleep(SECONDS)
    took_s = time.monotonic() - begun
    return [100 * (_cpu_s(pid) - was) / took_s for pid, was in zip(pids, before, strict=True)]


def _cpu_s(pid: int) -> float:
    """User and system time of the process itself, without the children it has reaped."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
