"""A loaded .om from inside: bytes, threads, times and the end of ACL, on both builds of the simulated aclruntime."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dinoq.workers.devices.base import Found
from tests.contract.ascend.rig import BUILDS, Compile, Machine

AIPP = """aipp_op { aipp_mode: static  input_format: RGB888_U8  src_image_size_w: 256  src_image_size_h: 256
crop: true  load_start_pos_h: 16  load_start_pos_w: 16  crop_size_w: 224  crop_size_h: 224
min_chn_0: 123.675  min_chn_1: 116.28  min_chn_2: 103.53
var_reci_chn_0: 0.0171247538316637  var_reci_chn_1: 0.0175070028011204  var_reci_chn_2: 0.0174291938997821 }"""

IN_PROCESS = """
import sys, threading
import numpy as np
from dinoq.workers.devices import ascend
from dinoq.workers.devices.base import DeviceFault
device_id, npu, chip, om = sys.argv[1:5]
program = ascend.load(om, 4, "fp16", {"device_id": device_id, "npu": npu, "chip": chip})
data = np.zeros(program.input.shape, program.input.dtype)
def attempt(batch):
    try:
        outcome = program.run(batch)
        print("ran", outcome.logits.shape, outcome.logits.dtype, flush=True)
    except DeviceFault as fault:
        print("fault", fault.kind, str(fault).splitlines()[0], flush=True)
"""


def in_log(found: Found, om: Path, code: str) -> str:
    """What a process logs that loads the model and goes on with `code`; fd 1 is a file, as in a device process."""
    options = found.options or {}
    argv = [sys.executable, "-c", IN_PROCESS + code, *(options[key] for key in ("device_id", "npu", "chip")), str(om)]
    path = om.parent / "own.log"
    with path.open("w") as log:
        subprocess.run(argv, stdout=log, stderr=log, cwd=om.parent, check=True)
    return path.read_text()


@pytest.mark.parametrize("build", BUILDS)
def test_a_model_with_aipp_takes_bytes(machine: Machine, compiled: Compile, tmp_path: Path, build: str) -> None:
    found = machine(build=build)
    (tmp_path / "aipp.cfg").write_text(AIPP)
    om = compiled(4, insert_op_conf=str(tmp_path / "aipp.cfg"))
    said = in_log(found[0], om, "print(tuple(program.input)); attempt(data)")
    assert "('input', (4, 256, 256, 3), 'uint8')" in said
    assert "ran (4, 1000) float32" in said


def test_a_batch_of_another_dtype_or_size_never_reaches_the_vendor(machine: Machine, compiled: Compile) -> None:
    """The vendor would take int32 for float32: it has as many bytes."""
    code = "attempt(data.astype(np.int32)); attempt(data[:3]); attempt(np.asfortranarray(data))"
    said = in_log(machine()[0], compiled(4), code)
    assert said.count("fault permanent a batch of") == 2
    assert "not match" not in said
    assert "ran (4, 1000) float32" in said


@pytest.mark.parametrize(("build", "works"), [("T", False), ("A", True)])
def test_the_thread_that_opened_a_model_uses_it(machine: Machine, compiled: Compile, build: str, works: bool) -> None:
    code = "t = threading.Thread(target=attempt, args=(data,)); t.start(); t.join()"
    said = in_log(machine(build=build)[0], compiled(4), code)
    assert ("ran (4, 1000)" in said) is works
    assert ("fault device" in said) is not works


@pytest.mark.parametrize("build", BUILDS)
def test_the_vendors_lists_do_not_grow(machine: Machine, compiled: Compile, build: str) -> None:
    code = """
for _ in range(30): program.run(data)
copies = program._acl.MemorySummary()
print("lengths", len(program._session.sumary().exec_time_list), len(copies.H2D_time_list), len(copies.D2H_time_list))
"""
    assert "lengths 1 1 1" in in_log(machine(build=build)[0], compiled(4), code)


@pytest.mark.parametrize("build", BUILDS)
def test_acl_is_finalised_once_when_the_process_ends(machine: Machine, compiled: Compile, build: str) -> None:
    code = "program.close(); again = ascend.load(om, 4, 'fp16', {'device_id': device_id, 'npu': npu, 'chip': chip})"
    said = in_log(machine(build=build)[0], compiled(4), code)
    assert said.count("end to finalize acl") == 1
    assert said.count("unload model success") == 1  # the first; the second goes with the process
