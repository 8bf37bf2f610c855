"""Sets up a simulated machine: the vendors' programs by their names, their modules, and the settings they are told by."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

import dinoq
from dinoq.workers.simulators import faults, machine
from dinoq.workers.simulators.ascend import toolkit

HERE = Path(__file__).parent
ROOT = Path(dinoq.__file__).parents[1]
"""What has to be on the path for `import dinoq`: the checkout, or site-packages."""
PROGRAMS = {"atc": "atc.py", "npu-smi": "npu_smi.py"}
"""By the vendor's name; only where the machine has Ascend chips. DINOQ_SIM_PROGRAMS=npu-smi leaves atc out, as a host
with nothing but the driver and the runtime has it."""


def install(folder: Path, *, python: str, simulate: str, env: Mapping[str, str]) -> dict[str, str]:
    """Lay a machine of `simulate` (`310P3:4,T4:1`) out in `folder`; what has to be added to the environment.

    `python` runs the programs: it needs onnx and onnxruntime, not dinoq. Other settings (DINOQ_SIM_FAULTS, DINOQ_SIM_CANN:
    the toolkit's version, and the like) are taken as `env` has them. Raises: ValueError for a machine or fault that cannot be read.
    """
    vendors = {machine.MODELS[chip].vendor for chip in machine.counts(simulate)}
    faults.parse(env.get("DINOQ_SIM_FAULTS", ""))
    state = Path(env.get("DINOQ_SIM_STATE") or folder / "state").resolve()
    state.mkdir(parents=True, exist_ok=True)
    added = {
        "DINOQ_SIMULATE": simulate,
        "DINOQ_SIM_STATE": str(state),
        "PYTHONPATH": _first(str(HERE / "modules"), env.get("PYTHONPATH", "")),
    }
    if "ascend" in vendors:
        home = (folder / "toolkit").resolve()
        toolkit.write(home, env.get("DINOQ_SIM_CANN") or toolkit.VERSION)
        _write_programs(folder / "bin", python, env.get("DINOQ_SIM_PROGRAMS") or ",".join(PROGRAMS))
        added["ASCEND_TOOLKIT_HOME"] = str(home)
        added["PATH"] = _first(str((folder / "bin").resolve()), env.get("PATH", os.defpath))
    return added


def _write_programs(folder: Path, python: str, wanted: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, file in PROGRAMS.items():
        if name not in wanted.split(","):
            (folder / name).unlink(missing_ok=True)
            continue
        program = HERE / "programs" / file
        # Not isolated (-I): PYTHONPATH is how it finds dinoq. -s: no user's packages.
        command = shlex.join([python, "-s", str(program)])
        draft = folder / f".{name}.{os.getpid()}"
        draft.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command} "$@"\n')
        draft.chmod(0o755)
        draft.replace(folder / name)


def _first(path: str, others: str) -> str:
    """Put first on a search path, once, empty entries dropped: they are the working directory."""
    return os.pathsep.join([path, *(other for other in others.split(os.pathsep) if other not in ("", path))])
