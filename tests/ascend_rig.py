"""A machine with two simulated 310P3, compiled models, and a quick way to run code on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dinoq.workers.simulators.install import ROOT, install
from dinoq.workers.simulators.programs import atc
from tests.models import write_mean_colour
from tests.snippets import Ended, Snippets, snippets

PRELUDE = """
import os, sys, threading
import numpy as np
import aclruntime

def show(*what):
    print(*what, file=sys.stderr)

def opened(name="static.om", device=0):
    return aclruntime.InferenceSession(name, device, aclruntime.session_options())

def address(array):
    return aclruntime.BaseTensor(array.__array_interface__["data"][0], array.nbytes)

def run(s, *feeds):
    return s.run([d.name for d in s.get_outputs()], list(feeds))

def refusal(call):
    try:
        call()
    except Exception as error:
        show(type(error).__name__ + ":" + str(error).splitlines()[0])
    else:
        show("done")

x = np.random.default_rng(0).random((4, 3, 8, 8), np.float32)
"""
GENERAL, INVALID = "RuntimeError:[-1][ACL: general failure] ", "RuntimeError:[1][ACL: invalid parameter] "
NO_DEVICE = "RuntimeError:[507033][Error code unknown] "
REFUSED = "TypeError:__init__(): incompatible function arguments. The following argument types are supported:"


@dataclass(frozen=True)
class Rig:
    """A simulated machine of two 310P3 and compiled models in its working folder."""

    folder: Path
    env: dict[str, str]
    snippets: Snippets

    def python(self, code: str, **env: str) -> Ended:
        """Run code after the prelude: stdout is what the vendor prints, stderr what the code shows."""
        return self.snippets.run(PRELUDE + code, self.env | env, self.folder)

    def shown(self, code: str, **env: str) -> list[str]:
        """The lines that the code shows; it has to end well."""
        ended = self.python(code, **env)
        assert ended.returncode == 0, ended.stderr
        return ended.stderr.splitlines()

    def afresh(self, state: Path) -> Rig:
        """The same machine with a state of its own, for faults that last."""
        return replace(self, env=self.env | {"DINOQ_SIM_STATE": str(state)})


@contextmanager
def simulated_machine(folder: Path) -> Iterator[Rig]:
    """The machine laid out in `folder`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DINOQ_SIM", "ASCEND"))}
    # Nothing is computed unless a test is about that: onnx and onnxruntime take half a second to import.
    kept |= {"DINOQ_SIM_NULL": "1"}
    env = kept | install(folder, python=sys.executable, simulate="310P3:2", env=kept)
    env["PYTHONPATH"] += os.pathsep + str(ROOT)
    write_mean_colour(folder / "m.onnx")
    (folder / "aipp.conf").write_text(
        "aipp_op{ aipp_mode:static input_format:RGB888_U8 src_image_size_w:8 src_image_size_h:8 var_reci_chn_0:0.5 }"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ASCEND_TOOLKIT_HOME", env["ASCEND_TOOLKIT_HOME"])
        _compile(folder, "static")
        _compile(folder, "half", "--output_type=FP16")
        _compile(folder, "other", "--soc_version=Ascend310")
        _compile(folder, "gears", "--input_shape=input:-1,3,8,8", "--dynamic_batch_size=1,4,16")
        _compile(folder, "aipp", f"--insert_op_conf={folder}/aipp.conf")
    with snippets(folder) as running:
        yield Rig(folder, env, running)


def _compile(folder: Path, name: str, *more: str) -> None:
    flags = ["--framework=5", "--soc_version=Ascend310P3", "--input_shape=input:4,3,8,8"]
    assert atc.main([*flags, f"--model={folder}/m.onnx", f"--output={folder}/{name}", *more]) == 0
