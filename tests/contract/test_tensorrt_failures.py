"""What a T4 that breaks, lacks something or is not the right one makes of a run: each told with its reason and class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from onnx import TensorProto

from dinoq.jobs.ledger import FailureClass
from dinoq.workers.tasks import WorkFailed
from tests import t4
from tests.models import write_cast_colour, write_mean_colour


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return write_mean_colour(tmp_path / "model.onnx", side=224, classes=1000)


@pytest.mark.parametrize(
    ("faults", "kind", "why"),
    [
        ("compile@T4:4:10", FailureClass.PERMANENT, "building the plan: .*Error Code 10"),
        ("import@T4", FailureClass.DEVICE, "cannot be imported .libnvinfer.so.10.*install dinoq.t4."),
    ],
)
def test_a_failed_build_tells_the_vendors_reason(
    faults: str, kind: FailureClass, why: str, model: Path, tmp_path: Path
) -> None:
    with t4.host(t4.machine(tmp_path, faults=faults), tmp_path) as host, pytest.raises(WorkFailed, match=why) as failed:
        host.compile(model, 4)
    assert failed.value.failure.kind is kind


@pytest.mark.parametrize(("fault", "again"), [("lost@T4:0:5", False), ("sticky@T4:0:5", True)])
def test_after_a_launch_failure_the_process_ends_and_only_a_living_card_is_opened_again(
    fault: str, again: bool, model: Path, tmp_path: Path
) -> None:
    with t4.host(t4.machine(tmp_path, faults=fault), tmp_path) as host:
        plan, _ = host.compile(model, 4)
        with pytest.raises(WorkFailed, match=r"cudaErrorLaunchFailure \(CUDA error 719\); this process") as failed:
            host.load(plan, 4)
        assert failed.value.failure.kind is FailureClass.DEVICE
        if again:
            host.compile(model, 4)
        else:
            with pytest.raises(WorkFailed, match="CUDA error 999"):
                host.compile(model, 4)


def test_a_card_that_is_not_there_is_told(model: Path, tmp_path: Path) -> None:
    env = t4.machine(tmp_path)
    with t4.host(env, tmp_path) as host:
        env["DINOQ_SIMULATE"] = ""
        with pytest.raises(WorkFailed, match="no NVIDIA card that this driver can use is visible") as failed:
            host.compile(model, 4)
    assert failed.value.failure.kind is FailureClass.DEVICE


def test_each_process_sees_its_own_card_alone(model: Path, tmp_path: Path) -> None:
    env = t4.machine(tmp_path, cards=2)
    both = [t4.options(env, card) for card in (0, 1)]
    with t4.host(env, tmp_path, card=1) as host:
        host.load(host.compile(model, 4)[0], 4)
        code = f"from dinoq.workers.devices import nvml\nanswer = [nvml.sample(o).processes for o in {both!r}]"
        first, second = t4.ask(env, code)
        assert [card["busy"] for card in t4.discovered(env)] == ["", ""], "it is nobody else's"
    assert (first, len(second)) == ([], 1)


LOADING = """
from dinoq.workers.devices import base, cuda_calls, nvml, tensorrt
options = {options!r}
plan = tensorrt.compile({model!r}, 4, "fp16", {{}}, {into!r}, options).path
{spoilt}
try:
    tensorrt.load(plan, 4, "fp16", options)
    answer = "", "loaded"
except base.DeviceFault as fault:
    answer = fault.kind, str(fault)
"""


def loading(model: Path, spoilt: str) -> Any:
    """The fault of loading a plan after the lines `spoilt`."""
    env = t4.machine(model.parent, cards=2)
    values = {"options": t4.options(env), "model": str(model), "into": str(model.parent), "spoilt": spoilt}
    return t4.ask(env, LOADING.format(**values))


@pytest.mark.parametrize("fresh", [True, False])
def test_a_card_whose_memory_does_not_rise_at_its_first_use_is_another(model: Path, fresh: bool) -> None:
    """Later a neighbour may end, and less be used than before: that proves nothing."""
    forgotten = "tensorrt._proven.clear()\n" if fresh else ""
    kind, text = loading(model, forgotten + "nvml.memory_used = lambda options: 0")
    assert kind == ("device" if fresh else "")
    assert ("holds 0 MiB, not more than before: another card must be in use" in text) is fresh


def test_another_card_than_the_one_pinned_is_never_used(model: Path) -> None:
    spoilt = "from dinoq.workers.simulators.nvidia.card import PROCESS; PROCESS._visible = PROCESS._visible * 0"
    spoilt += "\nfrom dinoq.workers.simulators.machine import devices; PROCESS._visible.append(devices('nvidia')[1])"
    kind, text = loading(model, spoilt)
    assert kind == "device"
    assert text.startswith("CUDA opened GPU-")


NO_ROOM = """
free = cuda_calls.vendor().cudaMemGetInfo()[1]
from dinoq.workers.simulators.nvidia.heap import HEAP
HEAP.allocate = lambda nbytes, real=HEAP.allocate: real(nbytes if nbytes < 1 << 20 else free + nbytes)
"""
SMALL_CARD = """
import cuda.bindings.runtime as cudart
cudart.cudaMemGetInfo = lambda: (cudart.cudaError_t.cudaSuccess, 0, 1 << 20)
"""
NO_CONTEXT = """
from dinoq.workers.simulators.nvidia.trt_run import ICudaEngine
def refuse(engine):
    engine.logger.log(engine.logger.ERROR, "Error Code 2: OutOfMemory (Requested size was 2000000 bytes.)")
ICudaEngine.create_execution_context = refuse
"""


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (NO_ROOM, "allocating 3 MiB for input: cudaErrorMemoryAllocation (CUDA error 2)"),
        (NO_CONTEXT, "making an execution context: Error Code 2: OutOfMemory"),
    ],
)
def test_memory_that_others_hold_is_one_cards_matter_what_no_card_has_is_the_runs(
    model: Path, spoilt: str, words: str
) -> None:
    kind, text = loading(model, spoilt)
    assert (kind, words in text) == ("device", True), text
    assert loading(model, spoilt + SMALL_CARD)[0] == "permanent"


def test_a_plan_for_which_a_card_has_no_memory_left_moves_to_another(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with t4.host(t4.machine(tmp_path, faults=f"busy@T4:0:once={other}"), tmp_path) as host:
        plan, _ = host.compile(model, 4)
        other.touch()
        with pytest.raises(WorkFailed, match="cudaErrorMemoryAllocation") as failed:
            host.load(plan, 4)
    assert failed.value.failure.kind is FailureClass.DEVICE


@pytest.mark.parametrize(
    ("kind", "alone", "words"),
    [
        (TensorProto.FLOAT, False, "the ONNX has 1 inputs and 2 outputs; expected one of each"),
        (TensorProto.INT32, True, "tensor cast is DataType.INT32; expected FLOAT or HALF"),
    ],
)
def test_outputs_other_than_one_of_floats_are_refused(tmp_path: Path, kind: int, alone: bool, words: str) -> None:
    onnx = write_cast_colour(tmp_path / "model.onnx", kind, alone=alone)
    with t4.host(t4.machine(tmp_path), tmp_path) as host, pytest.raises(WorkFailed) as failed:
        host.load(host.compile(onnx, 4)[0], 4)
    assert (failed.value.failure.kind, str(failed.value)) == (FailureClass.PERMANENT, words)
