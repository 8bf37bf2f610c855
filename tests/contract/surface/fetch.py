"""Put other versions of the real TensorRT bindings where the contract test finds them: `python -m ... FOLDER`.

Only the bindings, a megabyte each; NVIDIA's licence lets you install them, not pass them on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {"8.6.1": "tensorrt-bindings==8.6.1", "11.4.0.106": "tensorrt-cu12-bindings==11.4.0.106"}


def main(folder: Path) -> None:
    """Install each into a folder of its own."""
    beside = Path(__file__).parents[3] / ".venv-boot/bin/uv"
    uv = shutil.which("uv") or str(beside)
    for version, package in PACKAGES.items():
        argv = [
            uv,
            "pip",
            "install",
            "--python",
            sys.executable,
            "--no-deps",
            "--target",
            str(folder / version),
            package,
        ]
        subprocess.run(argv, check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
