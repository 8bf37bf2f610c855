"""The Ascend device code against the simulated vendor: both builds of aclruntime, and what each refuses.

Every device process is a real one; it and the tools are told of the simulated machine by the environment alone.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dinoq.jobs.ledger import FailureClass
from dinoq.workers.devices import ascend, atc
from dinoq.workers.devices.npu_smi_text import Chip, SmiFault
from tests.contract.ascend.rig import BUILDS, Compile, Machine, Open, evaluate, refusal, with_gears
from tests.interpreters import older_python


def test_the_simulated_machine_is_discovered_as_a_real_one(machine: Machine) -> None:
    first, second = machine()
    assert (first.chip, first.logic_id, first.healthy, first.busy) == ("310P3", 0, True, "")
    assert first.key != second.key
    assert first.toolkit == atc.toolkit({})
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


@pytest.mark.parametrize(("images_per_s", "clock"), [(4e3, "aclruntime"), (4e7, "own")])
def test_whose_clock_timed_a_program_is_told(
    machine: Machine, opened: Open, compiled: Compile, tmp_path: Path, images_per_s: float, clock: str
) -> None:
    """One build counts in float32 since the session began: 0.1 us are too short for it."""
    (tmp_path / "pace.toml").write_text(f'[310P3]\nimages_per_s = {{ "4" = {images_per_s} }}\n')
    process = opened(machine(build="A", DINOQ_SIM_PACE=str(tmp_path / "pace.toml"))[0])
    evaluate(process, compiled(4))
    assert process.program_facts == {"clock": clock}


@pytest.mark.parametrize("version", ["3.8", "3.10"])
def test_the_device_process_runs_in_an_older_interpreter(
    machine: Machine, opened: Open, compiled: Compile, version: str, pytestconfig: pytest.Config
) -> None:
    """The wheels of aclruntime end at 3.10, and dinoq begins at 3.11."""
    python = older_python(version, pytestconfig.cache.mkdir("interpreters"))
    found = machine(DINOQ_SIM_NULL="1")  # there it has numpy alone
    work = evaluate(opened(found[0], python), compiled(4))
    assert (work.n_done, work.classes[:, 0].tolist()) == (11, [0] * 11)


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


def test_a_chip_whose_memory_others_hold_is_charged_and_the_model_is_not_blamed(
    machine: Machine, opened: Open, compiled: Compile
) -> None:
    found = machine("310:1", DINOQ_SIM_FAULTS="busy@310:0")  # by more than a 310 has
    failure = refusal(opened(found[0]), compiled(4, soc="310"))
    assert failure.kind is FailureClass.DEVICE
    assert "EL0004: Failed to allocate memory" in failure.error


@pytest.mark.parametrize(
    ("model_mb", "used_mb", "words", "kind"),
    [
        (90, 7700, "load model from file failed", "device"),
        (90, 600, "load model from file failed", None),
        (90, 600, "EL0004: Failed to allocate memory.", "device"),
        (9000, 7700, "EL0004: Failed to allocate memory.", None),
    ],
    ids=["no room", "room", "its own word", "larger than the chip"],
)
def test_whose_fault_a_model_is_that_does_not_load(model_mb: int, used_mb: int, words: str, kind: str | None) -> None:
    chip = Chip(0, 0, 0, "310", "OK", "0000:01:00.0", None, None, None, used_mb, 7759)
    fault = ascend._short_of_memory(words, model_mb, chip)
    assert (fault and fault.kind) == kind


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
    assert ascend.discover({})[0].busy == ""


def test_a_foreign_process_makes_its_device_busy(machine: Machine) -> None:
    first, second = machine(DINOQ_SIM_FAULTS="busy@310P3:1")
    assert first.busy == ""
    assert second.busy.startswith("pid ")


@pytest.mark.parametrize(("fault", "reason"), [("dcmi", "driver"), ("garbled", "layout")])
def test_a_tool_that_gives_no_answer_is_told_with_its_reason(machine: Machine, fault: str, reason: str) -> None:
    with pytest.raises(SmiFault) as refused:
        machine(DINOQ_SIM_FAULTS=f"{fault}-npu-smi@310P3")
    assert refused.value.reason == reason


def test_a_tool_that_hangs_is_given_up_in_time(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    found = machine()
    monkeypatch.setenv("DINOQ_SIM_FAULTS", "hang-npu-smi@310P3")
    monkeypatch.setattr(ascend, "SAMPLE_S", 0.3)
    with pytest.raises(SmiFault, match=r"npu-smi info did not answer within 0\.3 s") as refused:
        ascend.sample_all([one.options or {} for one in found])
    assert refused.value.reason == "hang"


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
