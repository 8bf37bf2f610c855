"""Times, threads, forks and ends of the simulated aclruntime, as both builds of version 0.0.2 have them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ascend_rig import GENERAL, NO_DEVICE, Rig, simulated_machine


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with simulated_machine(tmp_path_factory.mktemp("machine")) as rig:
        yield rig


# -- times ------------------------------------------------------------------------------------------------------------


def test_build_t_lists_milliseconds(machine: Rig) -> None:
    code = """
s = opened()
run(s, address(x)); run(s, address(x))
times = s.sumary().exec_time_list
show([type(ms).__name__ for ms in times])
s.reset_sumaryinfo()
show(len(times), len(s.sumary().exec_time_list))
"""
    assert machine.shown(code, DINOQ_SIM_ACL_BUILD="T") == ["['float', 'float']", "2 0"]


def test_build_a_lists_begin_and_end_as_float32(machine: Rig) -> None:
    code = """
s = opened()
run(s, address(x)); run(s, address(x))
(a, b), (c, d) = s.sumary().exec_time_list
show(0 <= a <= b <= c <= d, all(float(np.float32(ms)) == ms for ms in (a, b, c, d)))
"""
    assert machine.shown(code, DINOQ_SIM_ACL_BUILD="A") == ["True True"]


def test_a_loop_repeats_and_times_each(machine: Rig) -> None:
    code = """
o = aclruntime.session_options()
o.loop = 3
s = aclruntime.InferenceSession("static.om", 0, o)
run(s, address(x))
show(len(s.sumary().exec_time_list))
"""
    ended = machine.python(code)
    assert ended.stderr == "3\n"
    assert "\rloop inference exec: (3/3)" in ended.stdout


def test_copies_are_listed_for_the_whole_process(machine: Rig) -> None:
    code = """
m = aclruntime.MemorySummary()
for s in (opened(), opened()):
    run(s, address(x))[0].to_host()
show(len(m.H2D_time_list), len(aclruntime.MemorySummary().D2H_time_list))
m.reset()
show(len(m.H2D_time_list), len(m.D2H_time_list))
"""
    assert machine.shown(code) == ["2 2", "0 0"]


def test_a_paced_model_tells_the_tables_time(machine: Rig, tmp_path: Path) -> None:
    (tmp_path / "pace.toml").write_text("[310P3]\nimages_per_s = { 4 = 400 }\n")
    code = "s = opened(); run(s, address(x)); show(abs(s.sumary().exec_time_list[0] - 10) < 0.3)"
    assert machine.shown(code, DINOQ_SIM_PACE=str(tmp_path / "pace.toml")) == ["True"]


def test_running_holds_the_gil(machine: Rig, tmp_path: Path) -> None:
    (tmp_path / "pace.toml").write_text("[310P3]\nimages_per_s = { 4 = 20 }\n")
    code = """
import time
count = 0
def counting():
    global count
    while True:
        count += 1
s = opened()
threading.Thread(target=counting, daemon=True).start()
before = count
run(s, address(x))
held = count - before
before = count
time.sleep(0.2)
show(held < (count - before) / 4)
"""
    assert machine.shown(code, DINOQ_SIM_PACE=str(tmp_path / "pace.toml")) == ["True"]


# -- threads, forks, ends ---------------------------------------------------------------------------------------------

IN_A_THREAD = """
s = opened()
t = run(s, address(x))[0]
for call in (lambda: run(s, address(x)), t.to_host):
    thread = threading.Thread(target=refusal, args=(call,))
    thread.start()
    thread.join()
refusal(lambda: run(s, address(x)))
"""


def test_build_t_works_in_the_thread_that_made_it_alone(machine: Rig) -> None:
    assert machine.shown(IN_A_THREAD, DINOQ_SIM_ACL_BUILD="T") == [GENERAL, GENERAL, "done"]


def test_build_a_works_in_any_thread(machine: Rig) -> None:
    assert machine.shown(IN_A_THREAD, DINOQ_SIM_ACL_BUILD="A") == ["done", "done", "done"]


@pytest.mark.parametrize("build", ["T", "A"])
def test_a_fork_inherits_nothing_that_works(machine: Rig, build: str) -> None:
    code = """
s = opened()
if os.fork() == 0:
    refusal(lambda: run(s, address(x)))
    refusal(opened)
    del s
    sys.exit()
os.wait()
refusal(lambda: run(s, address(x)))
os.system("npu-smi info | grep -c python >&2")
"""
    assert machine.shown(code, DINOQ_SIM_ACL_BUILD=build) == [GENERAL, GENERAL, "done", "1"]


def test_a_child_may_open_what_its_parent_never_touched(machine: Rig) -> None:
    code = "if os.fork() == 0:\n    refusal(opened)\n    sys.exit()\nos.wait()"
    assert machine.shown(code) == ["done"]


@pytest.mark.parametrize("build", ["T", "A"])
def test_nothing_opens_after_finalize_and_it_is_once(machine: Rig, build: str) -> None:
    code = """
s = opened()
s.finalize()
refusal(s.finalize)
refusal(lambda: run(s, address(x)))
refusal(opened)
"""
    ended = machine.python(code, DINOQ_SIM_ACL_BUILD=build)
    assert ended.stderr.splitlines() == [GENERAL, GENERAL, GENERAL]
    assert ended.stdout.endswith("end to reset device is 0\n[INFO] end to finalize acl\n")


def test_build_a_frees_one_model_and_keeps_the_others(machine: Rig) -> None:
    code = """
s, other = opened(), opened()
s.free_resource()
refusal(lambda: run(s, address(x)))
refusal(s.free_resource)
refusal(lambda: run(other, address(x)))
refusal(opened)
"""
    assert machine.shown(code, DINOQ_SIM_ACL_BUILD="A") == [GENERAL, GENERAL, "done", "done"]


def test_build_t_frees_a_model_with_its_last_reference(machine: Rig) -> None:
    ended = machine.python("s = opened(); show(hasattr(s, 'free_resource')); del s; os.write(1, b'after')")
    assert ended.stderr == "False\n"
    assert "[INFO] unload model success, model Id is 1\nafter" in ended.stdout


def test_an_opened_device_shows_memory_of_the_right_chip(machine: Rig) -> None:
    code = """
import re
def used():
    return [int(mb) for mb in re.findall(r" (\\d+) +/ 21534", os.popen("npu-smi info").read())]
before = used()
s = opened(device=1)
after = used()
show(after[0] - before[0], after[1] - before[1] > 100)
"""
    assert machine.shown(code) == ["0 True"]


def test_a_device_is_let_go_at_the_end(machine: Rig) -> None:
    machine.shown("s = opened()")
    assert "python" not in subprocess.check_output(["npu-smi", "info"], env=machine.env, text=True)


def test_a_lost_device_leaves_an_inner_error_and_a_dump_and_stays_lost(machine: Rig, tmp_path: Path) -> None:
    machine = machine.afresh(tmp_path / "state")
    code = f"os.chdir({str(tmp_path)!r}); s = opened({str(machine.folder / 'static.om')!r})\n"
    ended = machine.python(
        code + "run(s, address(x)); refusal(lambda: run(s, address(x)))", DINOQ_SIM_FAULTS="lost@310P3:0:1"
    )
    assert ended.stderr == GENERAL + "\n"
    assert re.search(
        r"^EZ9999: Inner Error!.*execute model failed, modelId is 1$", ended.stdout, re.DOTALL | re.MULTILINE
    )
    assert list(tmp_path.glob("exception_cb_index_*.bin"))
    assert machine.shown("refusal(opened); refusal(lambda: opened(device=1))") == [NO_DEVICE, "done"]
