"""`make bench`: every measurement in turn, as a table; `python -m benchmarks NAME...` for some of them."""

from __future__ import annotations

import importlib
import os
import sys

from benchmarks.figure import table

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as a worker has it; before anything imports numpy
NAMES = (
    "start",
    "convert",
    "report",
    "html",
    "compare",
    "history",
    "feed",
    "preprocess",
    "memory",
    "queue",
    "cards",
    "cpu",
    "telemetry",
    "tar",
    "export_bin",
    "import_dump",
)


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; exit 1 when a figure misses its floor."""
    figures = []
    for name in names or NAMES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += importlib.import_module(f"benchmarks.{name}").measure()
    print(table(figures))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
