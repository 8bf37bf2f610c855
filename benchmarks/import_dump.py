"""`dinoq import` of a dump of 50,000 text files with 1000 classes each, as a user types it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure
from dinoq.jobs.formats.dump import dump_name, text_line

IMAGES, CLASSES = 50_000, 1000
VARIANTS = 50
"""So many different outputs, written again and again: making them is no part of it."""
ROUNDS = 3


def measure() -> list[Figure]:
    """The whole command with its imports, in seconds, median of three; each into a history of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        dump, labels = _dump(Path(scratch))
        seconds = sorted(_imported(Path(scratch, f"home{number}"), dump, labels) for number in range(ROUNDS))
    note = f"upper limit; slowest {seconds[-1]:.1f} s"
    return [Figure("import of a 50,000-file dump", seconds[ROUNDS // 2], "s", 60.0, None, note)]


def _dump(folder: Path) -> tuple[Path, Path]:
    rng = np.random.default_rng(7)
    texts = [text_line(rng.standard_normal(CLASSES, np.float32)) for _ in range(VARIANTS)]
    names = [f"photo_{number:08}" for number in range(1, IMAGES + 1)]
    dump, labels = folder / "dumpOutput_device0", folder / "val_label.txt"
    dump.mkdir()
    for number, name in enumerate(names):
        (dump / dump_name(name, 1, "txt")).write_text(texts[number % VARIANTS])
    labels.write_text("".join(f"{name}.JPEG {number % CLASSES}\n" for number, name in enumerate(names)))
    return dump, labels


def _imported(home: Path, dump: Path, labels: Path) -> float:
    command = [sys.executable, "-m", "dinoq", "import", str(dump), "--labels", str(labels)]
    command += ["--chip", "310", "--batch", "16", "--origin", "real"]
    begun = time.perf_counter()
    subprocess.run(command, env={"PATH": "/usr/bin:/bin", "HOME": str(home)}, check=True, capture_output=True)
    return time.perf_counter() - begun
