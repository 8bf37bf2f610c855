"""What a device worker and its device process hold above their imports, and whether it grows with what they have done."""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.null_job import run_null_job
from tests.processes import descendants

SAMPLES = 256_000
"""1000 parts."""
IMPORTS = "import dinoq.cli.main, dinoq.cli.up, dinoq.cli.hosting, dinoq.workers.worker_process"
READ = "print(open('/proc/self/smaps_rollup').read())"
MB = 1024
WARM = 0.4
"""By then every buffer has been made; what comes after is growth."""


def measure() -> list[Figure]:
    """PSS without file pages, MB: the most that the worker held above its imports, and how it grew afterwards."""
    seen: dict[str, list[float]] = {"worker device": [], "child.py": []}

    def look(up_pid: int) -> None:
        for pid, line in descendants(up_pid).items():
            for what, values in seen.items():
                if what in line and (held := _pss_mb(Path(f"/proc/{pid}/smaps_rollup"))):
                    values.append(held)

    run_null_job(SAMPLES, 1, 4000, look)
    worker, child = seen["worker device"], seen["child.py"]
    return [
        Figure("device worker above its imports", max(worker) - _imports_mb(), "MB", 150.0, None, "upper limit"),
        Figure("device worker, growth over 600 parts", _growth(worker), "MB", 8.0, 0.0, "upper limit"),
        Figure("device process, growth over 600 parts", _growth(child), "MB", 8.0, 0.0, "upper limit"),
    ]


def _growth(values: list[float]) -> float:
    """The last tenth against the tenth after the warm-up, MB."""
    tenth, warm = max(1, len(values) // 10), int(len(values) * WARM)
    return statistics.median(values[-tenth:]) - statistics.median(values[warm : warm + tenth])


def _imports_mb() -> float:
    done = subprocess.run(
        [sys.executable, "-P", "-c", f"{IMPORTS}\n{READ}"], capture_output=True, text=True, check=True
    )
    return _sum_mb(done.stdout)


def _pss_mb(rollup: Path) -> float:
    try:
        return _sum_mb(rollup.read_text())
    except OSError:
        return 0.0


def _sum_mb(rollup: str) -> float:
    """Anonymous and shared memory, the ring among it, half of which counts for either side; no pages of files."""
    return sum(int(kb) for kb in re.findall(r"^Pss_(?:Anon|Shmem):\s+([0-9]+) kB", rollup, re.MULTILINE)) / MB
