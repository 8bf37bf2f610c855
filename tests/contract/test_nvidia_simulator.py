"""The simulated NVIDIA stack is as unkind as the real one: what a caller gets wrong there, it gets wrong here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import t4

START = """
import ctypes, numpy as np, os
import cuda.bindings.runtime as cudart
def ok(answer):
    assert answer[0] == cudart.cudaError_t.cudaSuccess, answer
    return answer[1] if len(answer) == 2 else answer[1:]
H2D, D2H = cudart.cudaMemcpyKind.cudaMemcpyHostToDevice, cudart.cudaMemcpyKind.cudaMemcpyDeviceToHost
def pinned(n):
    address = ok(cudart.cudaMallocHost(n))
    return address, np.frombuffer((ctypes.c_ubyte * n).from_address(address), np.uint8)
"""
ROUND_TRIP = """
source, given = pinned(8)
target, told = pinned(8)
place, stream = ok(cudart.cudaMalloc(8)), ok(cudart.cudaStreamCreateWithFlags(1))
given[:] = 7
ok(cudart.cudaMemcpyAsync(place, source, 8, H2D, stream))
ok(cudart.cudaMemcpyAsync(target, place, 8, D2H, stream))
"""


def ask(folder: Path, code: str, **machine: Any) -> Any:
    return t4.ask(t4.machine(folder, **machine), START + code)


def test_a_copy_has_happened_only_after_somebody_waited(tmp_path: Path) -> None:
    code = (
        "before = told.tolist()\ngiven[:] = 9\nok(cudart.cudaStreamSynchronize(stream))\nanswer = before, told.tolist()"
    )
    before, after = ask(tmp_path, ROUND_TRIP + code)
    assert before == [0] * 8
    assert after == [9] * 8  # the buffer was used again too early, and the card read that


@pytest.mark.parametrize(
    "copy",
    [
        "cudaMemcpyAsync(source, place, 8, H2D, stream)",  # a host address for the card
        "cudaMemcpyAsync(place, place, 8, H2D, stream)",  # the card's for the host
        "cudaMemcpyAsync(place, source, 1024, H2D, stream)",  # past the end
        "cudaMemcpyAsync(gone, source, 8, H2D, stream)",  # given back
        "cudaMemcpyAsync(place, unpinned, 8, H2D, stream)",
        "cudaFree(gone)",
        "cudaFreeHost(place)",
    ],
)
def test_an_address_of_the_wrong_kind_is_an_invalid_value(copy: str, tmp_path: Path) -> None:
    gone = "gone, unpinned = ok(cudart.cudaMalloc(8)), pinned(8)[0]\nok(cudart.cudaFree(gone)), ok(cudart.cudaFreeHost(unpinned))"
    assert ask(tmp_path, f"{ROUND_TRIP}\n{gone}\nanswer = cudart.{copy}[0].name") == "cudaErrorInvalidValue"


def test_events_tell_the_cards_time_once_they_are_reached(tmp_path: Path) -> None:
    code = """
size = 24_000_000
source, place = pinned(size)[0], ok(cudart.cudaMalloc(size))
stream = ok(cudart.cudaStreamCreateWithFlags(1))
first, last, other = (ok(cudart.cudaEventCreate()) for _ in range(3))
ok(cudart.cudaEventRecord(first, stream))
ok(cudart.cudaMemcpyAsync(place, source, size, H2D, stream))
ok(cudart.cudaEventRecord(last, stream))
early, never = (cudart.cudaEventElapsedTime(first, event)[0].name for event in (last, other))
ok(cudart.cudaEventSynchronize(last))
answer = early, never, ok(cudart.cudaEventElapsedTime(first, last))"""
    early, never, ms = ask(tmp_path, code)
    assert (early, never) == ("cudaErrorNotReady", "cudaErrorInvalidResourceHandle")
    assert ms == pytest.approx(2.0)  # 24 MB at 12 GB/s


BEGIN_CAPTURE = "ok(cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureMode(1)))\n"


def test_a_graph_replays_what_was_captured(tmp_path: Path) -> None:
    code = """
run = ok(cudart.cudaGraphInstantiate(ok(cudart.cudaStreamEndCapture(stream)), 0))
answer = []
for value in (1, 2):
    given[:] = value
    ok(cudart.cudaGraphLaunch(run, stream))
    ok(cudart.cudaStreamSynchronize(stream))
    answer.append(int(told[0]))"""
    buffers, copy, copies = ROUND_TRIP.partition("ok(cudart.cudaMemcpyAsync")
    assert ask(tmp_path, buffers + BEGIN_CAPTURE + copy + copies + code) == [1, 2]


def test_waiting_for_a_stream_breaks_its_capture(tmp_path: Path) -> None:
    code = "waited = cudart.cudaStreamSynchronize(stream)[0].name\nanswer = waited, cudart.cudaStreamEndCapture(stream)[0].name"
    waited, ended = ask(tmp_path, ROUND_TRIP + BEGIN_CAPTURE + code)
    assert (waited, ended) == ("cudaErrorStreamCaptureUnsupported", "cudaErrorStreamCaptureInvalidated")


def test_cuda_sees_what_the_environment_leaves_it_and_never_looks_again(tmp_path: Path) -> None:
    code = """
seen = []
for setting in ("1", "0,1"):
    os.environ["CUDA_VISIBLE_DEVICES"] = setting
    seen.append((ok(cudart.cudaGetDeviceCount()), ok(cudart.cudaGetDeviceProperties(0)).uuid.bytes.hex()))
answer = seen"""
    uuid = t4.options(t4.machine(tmp_path, cards=2), 1)["uuid"].replace("-", "").removeprefix("GPU")
    assert ask(tmp_path, code, cards=2) == [[1, uuid]] * 2


@pytest.mark.parametrize(("cards", "status"), [(0, 35), (1, 100)])
def test_no_card_is_a_status_and_never_an_exception(cards: int, status: int, tmp_path: Path) -> None:
    code = "answer = [int(cudart.cudaGetDeviceCount()[0]), int(cudart.cudaMalloc(8)[0]), cudart.cudaMalloc(8)[1]]"
    assert ask(tmp_path, code, cards=cards, CUDA_VISIBLE_DEVICES="") == [status, status, None]


def test_a_forked_child_cannot_use_cuda(tmp_path: Path) -> None:
    code = """
ok(cudart.cudaMalloc(8))
reader, writer = os.pipe()
if os.fork() == 0:
    os.write(writer, cudart.cudaMalloc(8)[0].name.encode())
    os._exit(0)
answer = os.read(reader, 100).decode()"""
    assert ask(tmp_path, code) == "cudaErrorInitializationError"


def test_more_than_the_card_holds_is_refused_and_what_is_given_back_can_be_had_again(tmp_path: Path) -> None:
    code = """
free, total = ok(cudart.cudaMemGetInfo())
most = cudart.cudaMalloc(total)[0].name
place = ok(cudart.cudaMalloc(32 << 20))
less = ok(cudart.cudaMemGetInfo())[0]
ok(cudart.cudaFree(place))
answer = most, free - less, ok(cudart.cudaMemGetInfo())[0] - free"""
    assert ask(tmp_path, code) == ["cudaErrorMemoryAllocation", 32 << 20, 0]


ENGINE = """
import tensorrt as trt
from dinoq.workers.models.probe import write_probe
from pathlib import Path
said = []
class Log(trt.ILogger):
    def log(self, severity, msg):
        said.append(msg)
log = Log()
builder = trt.Builder(log)
network = builder.create_network(1)
write_probe(Path({model!r}))
assert trt.OnnxParser(network, log).parse(Path({model!r}).read_bytes())
config = builder.create_builder_config()
profile = builder.create_optimization_profile()
profile.set_shape("input", (2, 3, 8, 8), (2, 3, 8, 8), (4, 3, 8, 8))
"""
CONTEXT = """
config.add_optimization_profile(profile)
engine = trt.Runtime(log).deserialize_cuda_engine(builder.build_serialized_network(network, config))
context = engine.create_execution_context()
"""


def engine(folder: Path, code: str) -> Any:
    return ask(folder, ENGINE.format(model=str(folder / "probe.onnx")) + code)


def test_building_without_a_profile_answers_none_and_says_why(tmp_path: Path) -> None:
    answer, said = engine(tmp_path, "answer = builder.build_serialized_network(network, config), said[-1]")
    assert answer is None
    assert "no optimization profile" in said


def test_shapes_are_open_until_they_are_set_and_only_the_profiles_are_taken(tmp_path: Path) -> None:
    code = """
before = list(context.get_tensor_shape("class")), context.infer_shapes()
taken = [context.set_input_shape("input", (batch, 3, 8, 8)) for batch in (1, 5, 3)]
answer = before, taken, list(context.get_tensor_shape("class")), context.infer_shapes()"""
    before, taken, after, missing = engine(tmp_path, CONTEXT + code)
    assert before == [[-1, 3], ["input"]]
    assert taken == [False, False, True]
    assert (after, missing) == ([3, 3], [])


def test_a_host_address_given_to_the_engine_ends_cuda_in_this_process(tmp_path: Path) -> None:
    code = """
context.set_input_shape("input", (2, 3, 8, 8))
stream = ok(cudart.cudaStreamCreateWithFlags(1))
unset = context.execute_async_v3(int(stream))
for name in ("input", "class"):
    context.set_tensor_address(name, pinned(4096)[0])
queued = context.execute_async_v3(int(stream))
waited = cudart.cudaStreamSynchronize(stream)[0].name
answer = unset, queued, waited, cudart.cudaMemGetInfo()[0].name, context.execute_async_v3(int(stream))"""
    illegal = "cudaErrorIllegalAddress"
    assert engine(tmp_path, CONTEXT + code) == [False, True, illegal, illegal, False]


def test_an_inconsistent_profile_is_the_one_thing_that_raises(tmp_path: Path) -> None:
    code = """
try:
    profile.set_shape("input", (4, 3, 8, 8), (2, 3, 8, 8), (2, 3, 8, 8))
except ValueError:
    answer = "ValueError"
"""
    assert engine(tmp_path, code) == "ValueError"


def test_without_its_flag_eight_reads_no_onnx(tmp_path: Path) -> None:
    code = (
        ENGINE.format(model=str(tmp_path / "probe.onnx")).split("network =")[0]
        + """
parser = trt.OnnxParser(builder.create_network(), log)
answer = parser.parse(b""), parser.get_error(0).desc()"""
    )
    read, why = ask(tmp_path, code, tensorrt="8.6.1")
    assert not read
    assert "explicit batch" in why


def test_every_simulated_module_says_so(tmp_path: Path) -> None:
    names = ("tensorrt", "cuda", "cuda.bindings", "cuda.bindings.runtime", "pynvml")
    assert (
        ask(tmp_path, f"import importlib\nanswer = [importlib.import_module(n).__simulated__ for n in {names}]")
        == [True] * 5
    )


def test_the_simulators_can_be_imported_where_dinoq_is_not_installed(tmp_path: Path) -> None:
    child = t4.ROOT / "workers/devices/child.py"
    code = f"""
import runpy, sys
sys.path[:] = [entry for entry in sys.path if entry and not any(part in entry for part in ("site-packages", {str(t4.ROOT)!r}))]
for name in [name for name in sys.modules if name.split(".")[0] == "dinoq"]:
    del sys.modules[name]
sys.meta_path[:] = [finder for finder in sys.meta_path if "editable" not in repr(finder)]
try:
    import dinoq
    absent = False
except ModuleNotFoundError:
    absent = True
runpy.run_path({str(child)!r})["stand_in_packages"]()
from dinoq.workers.simulators.machine import devices
answer = [absent, devices("nvidia")[0].chip]"""
    assert t4.ask(t4.machine(tmp_path), code) == [True, "T4"]
