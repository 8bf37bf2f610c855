"""The Ascend device code against the simulated vendor: both builds of aclruntime, and what each refuses.

Every device process is a real one; it and the tools are told of the simulated machine by the environment alone.
"""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dinoq.jobs.ledger import Failure, FailureClass
from dinoq.jobs.recipe import RECIPES
from dinoq.workers import children
from dinoq.workers.device_process import ChildSetup, Deadlines, DeviceProcess, ProgramKey
from dinoq.workers.devices import ascend, atc, cann
from dinoq.workers.devices.base import Found
from dinoq.workers.devices.npu_smi_text import SmiFault
from dinoq.workers.flight import Inference
from dinoq.workers.tasks import WorkFailed
from tests.models import write_mean_colour

install = pytest.importorskip("dinoq.workers.simulators.install")

MODEL = {"input_name": "input", "height": "224", "width": "224"}
BUILDS = ("T", "A")
Machine = Callable[..., list[Found]]
Open = Callable[[Found], DeviceProcess]
Compile = Callable[..., Path]


def free(*_: object) -> None:
    """No lease to keep."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Lays out a machine of simulated chips, and tells its devices as dinoq discovers them."""
    monkeypatch.setattr(cann, "USUAL_HOMES", ())

    def lay_out(simulate: str = "310P3:2", build: str = "T", **env: str) -> list[Found]:
        for name, value in {"DINOQ_SIM_ACL_BUILD": build, **env}.items():
            monkeypatch.setenv(name, value)
        added = install.install(tmp_path / "sim", python=sys.executable, simulate=simulate, env=os.environ)
        for name, value in added.items():
            monkeypatch.setenv(name, value)
        return ascend.discover()

    return lay_out


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    made: list[DeviceProcess] = []

    def open_device(found: Found) -> DeviceProcess:
        setup = ChildSetup(
            vendor="ascend",
            options=found.options or {},
            python=sys.executable,
            env=children.without_empty_paths(os.environ),
            workdir=tmp_path / "run",
            log=tmp_path / "log",
        )
        made.append(DeviceProcess(setup, Deadlines(loading_s=60, compiling_s=60, running_s=60)))
        return made[-1]

    yield open_device
    for process in made:
        process.close()


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles with the atc of the machine that is laid out; each kind of model once for all tests."""
    folder = tmp_path_factory.mktemp("models")
    onnx = write_mean_colour(folder / "model.onnx", side=224, classes=1000)

    @functools.cache
    def compile_once(batch: int, precision: str = "fp16", soc: str = "310P3", **flags: str) -> Path:
        return Path(atc.compile(str(onnx), batch, precision, flags, str(folder), {**MODEL, "soc": soc}).path)

    return compile_once


def reds(n: int) -> NDArray[np.uint8]:
    pixels = np.zeros((n, 3, 224, 224), np.uint8)
    pixels[:, 0] = 255
    return pixels


def evaluate(process: DeviceProcess, om: Path, n: int = 11, batch: int = 4) -> Inference:
    work = Inference(reds(n), RECIPES["dino"], batch, 1)
    with process.turn(free):
        process.load(ProgramKey(artifact=om, batch=batch, precision="fp16"), free)
        process.feed(work, free)
    process.wait(work, free)
    return work


def with_gears(folder: Path) -> Path:
    """A model of several batches, as a user may bring it; dinoq makes none."""
    argv = atc.build_command(f"{folder}/model.onnx", 1, "fp16", {}, f"{folder}/gears", {**MODEL, "soc": "310P3"})
    argv = [word.replace("input:1,", "input:-1,") for word in argv]
    subprocess.run(["atc", *argv, "--dynamic_batch_size=1,4,8"], check=True)
    return folder / "gears.om"


def refusal(process: DeviceProcess, om: Path, batch: int = 4) -> Failure:
    with pytest.raises(WorkFailed) as failed:
        evaluate(process, om, n=400, batch=batch)
    return failed.value.failure


def test_the_simulated_machine_is_discovered_as_a_real_one(machine: Machine) -> None:
    first, second = machine()
    assert (first.chip, first.logic_id, first.healthy, first.busy) == ("310P3", 0, True, "")
    assert first.key != second.key
    assert first.toolkit == atc.toolkit()
    assert first.toolkit.startswith("CANN ")
    assert first.driver
    assert first.card != "0-0"  # the NPU id is not the logic id


@pytest.mark.parametrize("build", BUILDS)
def test_a_model_runs_on_either_build(machine: Machine, opened: Open, compiled: Compile, build: str) -> None:
    found = machine(build=build)
    work = evaluate(opened(found[1]), compiled(4))
    assert work.n_done == 11
    assert work.classes[:, 0].tolist() == [0] * 11
    times = work.measured(0.0)
    assert (times.compute_ms > 0).all()
    assert (times.h2d_ms >= 0).all()


@pytest.mark.parametrize("build", BUILDS)
def test_another_model_follows_in_the_same_process(
    machine: Machine, opened: Open, compiled: Compile, build: str
) -> None:
    found = machine(build=build)
    four, eight = compiled(4), compiled(8)
    process = opened(found[0])
    evaluate(process, four)
    pid = process.pid
    assert evaluate(process, eight, batch=8).n_done == 11
    assert process.pid == pid


def test_fp16_differs_from_fp32_in_the_last_digits_only(machine: Machine, opened: Open, compiled: Compile) -> None:
    process = opened(machine()[0])
    half = evaluate(process, compiled(4)).scores[:, 0]
    full = evaluate(process, compiled(4, "fp32")).scores[:, 0]
    np.testing.assert_allclose(half, full, rtol=2e-3)


def test_a_model_with_gears_runs_at_those_and_no_other(machine: Machine, opened: Open, compiled: Compile) -> None:
    found = machine()
    om = with_gears(compiled(4).parents[1])
    assert evaluate(opened(found[0]), om).n_done == 11
    failure = refusal(opened(found[0]), om, batch=5)
    assert failure.kind is FailureClass.PERMANENT
    assert "the model does not take batch 5" in failure.error
    assert "dymBatch parameter is not correct" in failure.error


def test_a_static_model_of_another_batch_is_refused(machine: Machine, opened: Open, compiled: Compile) -> None:
    failure = refusal(opened(machine()[0]), compiled(4), batch=8)
    assert failure.kind is FailureClass.PERMANENT
    assert "executes batch 4" in failure.error


def test_a_model_for_another_chip_is_refused_with_the_vendors_words(
    machine: Machine, opened: Open, compiled: Compile
) -> None:
    found = machine()
    failure = refusal(opened(found[0]), compiled(4, soc="310"))
    assert failure.kind is FailureClass.PERMANENT
    assert "[1][ACL: invalid parameter]" in failure.error
    assert "[ERROR] load model from file failed" in failure.error


def test_a_device_that_cannot_be_opened_is_the_devices_fault(machine: Machine, opened: Open, compiled: Compile) -> None:
    found = machine()[0]
    failure = refusal(opened(found._replace(options={**(found.options or {}), "device_id": "9"})), compiled(4))
    assert failure.kind is FailureClass.DEVICE
    assert "507033" in failure.error
    assert "EL003" in failure.error


def test_a_lost_device_is_charged_and_its_own_words_are_kept(machine: Machine, opened: Open, compiled: Compile) -> None:
    found = machine(DINOQ_SIM_FAULTS="lost@310P3:0:60")
    failure = refusal(opened(found[0]), compiled(4))
    assert failure.kind is FailureClass.DEVICE
    assert "EZ9999: Inner Error!" in failure.error
    assert "[ERROR] execute model failed" in failure.error


def test_a_chip_whose_memory_does_not_rise_is_not_the_one_that_runs(
    machine: Machine, opened: Open, compiled: Compile
) -> None:
    """As when a logic id is taken for another chip's."""
    first, second = machine()
    swapped = {**(first.options or {}), "device_id": (second.options or {})["device_id"]}
    failure = refusal(opened(first._replace(options=swapped)), compiled(4))
    assert failure.kind is FailureClass.DEVICE
    assert "did not rise" in failure.error


def test_a_narrowed_host_offers_those_chips_and_still_means_their_logic_ids(
    machine: Machine, opened: Open, compiled: Compile
) -> None:
    """The runtime would number what is visible anew, from 0; npu-smi would not."""
    (only,) = machine(ASCEND_RT_VISIBLE_DEVICES="1")
    assert only.logic_id == 1
    assert evaluate(opened(only), compiled(4)).n_done == 11


def test_our_own_process_makes_no_device_busy(machine: Machine, opened: Open, compiled: Compile) -> None:
    found = machine()[0]
    process = opened(found)
    evaluate(process, compiled(4))
    running = ascend.sample(found.options or {}).processes
    assert [words.split()[:2] for words in running or ()] == [["pid", str(process.pid)]]
    assert ascend.discover()[0].busy == ""


def test_a_foreign_process_makes_its_device_busy(machine: Machine) -> None:
    first, second = machine(DINOQ_SIM_FAULTS="busy@310P3:1")
    assert first.busy == ""
    assert second.busy.startswith("pid ")


@pytest.mark.parametrize(("fault", "reason"), [("dcmi", "driver"), ("garbled", "layout")])
def test_a_tool_that_gives_no_answer_is_told_with_its_reason(machine: Machine, fault: str, reason: str) -> None:
    with pytest.raises(SmiFault) as refused:
        machine(DINOQ_SIM_FAULTS=f"{fault}-npu-smi@310P3")
    assert refused.value.reason == reason


def test_where_no_process_table_is_printed_nothing_is_told(machine: Machine) -> None:
    found = machine(DINOQ_SIM_FAULTS="no-processes-npu-smi@310P3")[0]
    assert ascend.sample(found.options or {}).processes is None


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [("compile@310P3:2:EZ3003", "EZ3003 .*export with opset 11"), ("no-file-atc@310P3", "left 0 files")],
)
def test_a_toolchain_that_fails_is_told_with_its_code(
    machine: Machine, compiled: Compile, fault: str, sentence: str
) -> None:
    machine(DINOQ_SIM_FAULTS=fault)
    with pytest.raises(atc.AtcFault, match=sentence):
        compiled(2)


def test_a_runtime_that_is_not_there_says_what_to_set(machine: Machine, opened: Open, compiled: Compile) -> None:
    found = machine(DINOQ_SIM_FAULTS="import@310P3")
    failure = refusal(opened(found[0]), Path("any.om"))
    assert failure.kind is FailureClass.DEVICE
    assert "libascendcl.so" in failure.error
    assert "[ascend] python" in failure.error


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
