"""Older interpreters with numpy, as a vendor's module may ask for: found on this machine, numpy added where it lacks."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

INSTALL_S = 300


def older_python(version: str, cache: Path) -> str:
    """Python `3.10` with numpy: the one that DINOQ_TEST_PYTHON3_10 names, else the machine's, else an environment of
    it in `cache`, made once. Skips the test, and says why, where there is none."""
    named = os.environ.get("DINOQ_TEST_PYTHON" + version.replace(".", "_"))
    found = [named] if named else [path for path in candidates(version) if _is(path, version)]
    if not found:
        pytest.skip(f"no Python {version} on this machine")
    if ready := next((path for path in found if _has_numpy(path)), None):
        return ready
    return _environment(found[0], cache / f"python{version}")


def candidates(version: str) -> Iterator[str]:
    """Where one may be: every folder of PATH, and pyenv's own."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        yield f"{folder}/python{version}"
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}")))


def _environment(python: str, folder: Path) -> str:
    made = f"{folder}/bin/python"
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process of this test run may be at it
        if not _has_numpy(made):
            asked = subprocess.run(
                [python, "-m", "venv", "--clear", folder], capture_output=True, text=True, check=False
            )
            if asked.returncode == 0:
                install = [made, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", "numpy"]
                asked = subprocess.run(install, capture_output=True, text=True, check=False, timeout=INSTALL_S)
            if asked.returncode:
                pytest.skip(f"{python} has no numpy, and none could be installed: {asked.stderr.strip()[-200:]}")
    return made


def _is(path: str, version: str) -> bool:
    """pyenv's shims are there for versions that are not."""
    return _says(path, "import sys; print('%d.%d' % sys.version_info[:2])") == version


def _has_numpy(path: str) -> bool:
    return _says(path, "import numpy; print('yes')") == "yes"


def _says(path: str, code: str) -> str:
    if not os.access(path, os.X_OK):
        return ""
    return subprocess.run([path, "-c", code], capture_output=True, text=True, check=False).stdout.strip()
