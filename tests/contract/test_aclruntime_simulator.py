"""The simulated aclruntime behaves as the real builds do, in processes of its own: fd 1, threads, forks, ends.

What is expected is what the sources and reports of both builds of version 0.0.2 say; see the module's docstrings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from dinoq.workers.simulators.install import HERE
from tests.ascend_rig import GENERAL, INVALID, NO_DEVICE, REFUSED, Rig, simulated_machine


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with simulated_machine(tmp_path_factory.mktemp("machine")) as rig:
        yield rig


# -- construction -----------------------------------------------------------------------------------------------------


def test_every_name_that_an_evaluation_needs_is_there(machine: Rig) -> None:
    methods = "get_inputs get_outputs set_staticbatch set_dynamic_batchsize run sumary reset_sumaryinfo finalize"
    code = f"""
s = opened()
show([name for name in {methods.split()!r} if not hasattr(s, name)])
show([hasattr(aclruntime.MemorySummary(), name) for name in ("H2D_time_list", "D2H_time_list", "reset")])
show(aclruntime.__simulated__)
"""
    assert machine.shown(code) == ["[]", "[True, True, True]", "True"]


def test_an_inference_session_takes_three_positional_arguments(machine: Rig) -> None:
    code = """
o = aclruntime.session_options()
from pathlib import Path
refusal(lambda: aclruntime.InferenceSession("static.om", 0))
refusal(lambda: aclruntime.InferenceSession("static.om", 0, options=o))
refusal(lambda: aclruntime.InferenceSession(model_path="static.om", device_id=0, options=o))
refusal(lambda: aclruntime.InferenceSession(Path("static.om"), 0, o))
refusal(lambda: aclruntime.InferenceSession("static.om", "0", o))
refusal(lambda: aclruntime.InferenceSession("static.om", 0, o))
"""
    assert machine.shown(code) == [REFUSED] * 5 + ["done"]


def test_options_are_three_and_no_more(machine: Rig) -> None:
    code = """
o = aclruntime.session_options()
show(o.loop, o.log_level, repr(o.acl_json_path))
try:
    o.device = 1
except AttributeError:
    show("refused")
"""
    assert machine.shown(code) == ["1 2 ''", "refused"]


def test_no_options_at_all_kill_the_process(machine: Rig) -> None:
    assert machine.python('aclruntime.model("static.om")').returncode == -11


def test_an_absent_cann_is_an_import_error(machine: Rig) -> None:
    ended = machine.python("", DINOQ_SIM_FAULTS="import@310P3")
    assert "ImportError: libascendcl.so: cannot open shared object file" in ended.stderr


@pytest.mark.parametrize("device", [2, -1])
def test_an_unknown_device_is_a_number_and_a_text_on_fd_1(machine: Rig, device: int) -> None:
    ended = machine.python(f"refusal(lambda: opened(device={device}))")
    assert ended.stderr == NO_DEVICE + "\n"
    assert re.search(r"^EL003: .*\n.*507033\n\[ERROR\] acl open device -?\d failed$", ended.stdout, re.MULTILINE)


def test_visible_devices_are_counted_anew(machine: Rig) -> None:
    code = "opened(device=0); refusal(lambda: opened(device=1))\nos.system('npu-smi info >&2')"
    shown = machine.shown(code, ASCEND_RT_VISIBLE_DEVICES="1, 0")
    assert shown[0] == NO_DEVICE
    assert any(re.match(r"\| 16 +0 +\| \d+", line) for line in shown)


@pytest.mark.parametrize("name", ["none.om", "m.onnx", "other.om"])
def test_a_model_that_does_not_load_names_its_file_on_fd_1_only(machine: Rig, name: str) -> None:
    ended = machine.python(f"refusal(lambda: opened({name!r}))")
    assert ended.stderr == INVALID + "\n"
    assert f"[ERROR] load model from file failed, model file is {name}\n" in ended.stdout


def test_a_model_of_another_toolkit_does_not_load(machine: Rig, tmp_path: Path) -> None:
    assert machine.shown("refusal(opened)", ASCEND_TOOLKIT_HOME=str(tmp_path)) == [INVALID]


def test_what_it_says_goes_to_fd_1_past_sys_stdout(machine: Rig) -> None:
    ended = machine.python("sys.stdout = open(os.devnull, 'w'); opened()")
    assert ended.stdout.startswith("[INFO] acl init success\n[INFO] open device 0 success\n[INFO] load model static.om")


def test_the_log_level_silences_it(machine: Rig) -> None:
    code = "o = aclruntime.session_options(); o.log_level = 3; s = aclruntime.InferenceSession('static.om', 0, o)"
    assert machine.python(code).stdout == ""


# -- inputs and outputs -----------------------------------------------------------------------------------------------


def test_a_static_model_describes_itself_in_bytes(machine: Rig) -> None:
    code = """
s = opened()
for d in s.get_inputs() + s.get_outputs():
    show(d.name, d.shape, d.datatype, int(d.datatype), d.size, d.realsize)
show(str(s).splitlines()[3].split())
"""
    assert machine.shown(code) == [
        "input [4, 3, 8, 8] dtype.float32 0 3072 3072",
        "class [4, 3] dtype.float32 0 48 48",
        "['#0', 'input', '(4,', '3,', '8,', '8)', 'float32', '3072', '3072']",
    ]


def test_a_wrong_number_of_bytes_is_refused_with_both_numbers_on_fd_1(machine: Rig) -> None:
    ended = machine.python("s = opened(); refusal(lambda: run(s, address(x[:3])))")
    assert ended.stderr == GENERAL + "\n"
    assert "[ERROR] Check i:0 name:input in size:2304 needsize:3072 not match\n" in ended.stdout


def test_a_wrong_dtype_of_equal_size_passes(machine: Rig) -> None:
    assert machine.shown("s = opened(); refusal(lambda: run(s, address(x.view(np.int32))))") == ["done"]


def test_an_array_itself_is_no_input(machine: Rig) -> None:
    shown = machine.shown("s = opened(); refusal(lambda: run(s, x))")
    assert shown == ["TypeError:run(): incompatible function arguments. The following argument types are supported:"]


def test_an_output_is_on_the_device_until_it_is_fetched(machine: Rig) -> None:
    code = """
s = opened()
t = run(s, address(x))[0]
show(t.type, t.shape)
refusal(lambda: np.array(t))
t.to_host()
show(t.type, np.array(t).dtype, np.array(t).shape)
"""
    assert machine.shown(code) == [
        "type.memory_device [4, 3]",
        "RuntimeError:tensor is in npu. can't convert to numpy array",
        "type.memory_host float32 (4, 3)",
    ]


def test_what_was_fetched_is_the_callers_own(machine: Rig) -> None:
    code = """
s = opened()
t = run(s, address(x))[0]
t.to_host()
np.array(t)[:] = 7
show(np.array(t).max(), [u.to_host() or float(np.array(u).max()) for u in run(s, address(x))])
"""
    assert machine.shown(code) == ["1.0 [1.0]"]


def test_a_tensor_has_to_be_on_the_device_first(machine: Rig) -> None:
    code = """
s = opened()
t = aclruntime.Tensor(x)
refusal(lambda: run(s, t))
t.to_device(0)
refusal(lambda: run(s, t))
refusal(lambda: s.run(["class"], {"input": t}))
"""
    assert machine.shown(code) == [GENERAL, "done", "done"]


def test_an_output_that_is_not_there_is_refused(machine: Rig) -> None:
    assert machine.shown("s = opened(); refusal(lambda: s.run(['logits'], [address(x)]))") == [GENERAL]


def test_an_output_may_be_half(machine: Rig) -> None:
    assert machine.shown("show(opened('half.om').get_outputs()[0].datatype)") == ["dtype.float16"]


def test_a_gear_changes_the_bytes_that_are_needed(machine: Rig) -> None:
    code = """
s = opened("gears.om")
d = s.get_inputs()[0]
show(len(s.get_inputs()), d.shape, d.size, d.realsize)
refusal(lambda: run(s, address(x)))
s.set_dynamic_batchsize(4)
show(s.get_inputs()[0].size, s.get_inputs()[0].realsize, run(s, address(x))[0].shape)
"""
    assert machine.shown(code) == ["1 [-1, 3, 8, 8] 12288 12288", GENERAL, "12288 3072 [4, 3]"]


def test_what_is_no_gear_is_refused_with_the_gears_on_fd_1(machine: Rig) -> None:
    ended = machine.python("s = opened('gears.om'); refusal(lambda: s.set_dynamic_batchsize(3))")
    assert ended.stderr == INVALID + "\n"
    assert re.search(r"\[ERROR\] the dymBatch parameter is not correct\n.*1,4,16\n", ended.stdout)


def test_a_static_model_has_no_gears(machine: Rig) -> None:
    ended = machine.python("s = opened(); s.set_staticbatch(); refusal(lambda: s.set_dynamic_batchsize(4))")
    assert ended.stderr == INVALID + "\n"
    assert "the dynamic_batch_size parameter is not specified for model conversion" in ended.stdout


def test_aipp_makes_the_input_bytes_of_photos(machine: Rig) -> None:
    code = """
s = opened("aipp.om")
d = s.get_inputs()[0]
show(d.datatype, d.shape, d.realsize)
t = run(s, address(np.full((4, 8, 8, 3), 100, np.uint8)))[0]
t.to_host()
show(np.array(t)[0].tolist())
"""
    assert machine.shown(code, DINOQ_SIM_NULL="") == ["dtype.uint8 [4, 8, 8, 3] 768", "[50.0, 100.0, 100.0]"]


def test_logits_differ_a_little_from_exact_ones(machine: Rig) -> None:
    code = """
s = opened()
t = run(s, address(x))[0]
t.to_host()
got, exact = np.array(t), x.mean((2, 3))
show(got.dtype, np.array_equal(got, exact), np.allclose(got, exact, rtol=2e-3))
"""
    assert machine.shown(code, DINOQ_SIM_NULL="") == ["float32 False True"]


def test_it_works_where_dinoq_is_not_installed(machine: Rig) -> None:
    code = """
import sys, types
for name, path in (("dinoq", []), ("dinoq.workers", []), ("dinoq.workers.simulators", [SIMULATORS])):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = path
import aclruntime
aclruntime.InferenceSession("static.om", 0, aclruntime.session_options())
"""
    ended = machine.snippets.run(code.replace("SIMULATORS", repr(str(HERE))), machine.env, machine.folder)
    assert (ended.returncode, ended.stderr) == (0, "")
