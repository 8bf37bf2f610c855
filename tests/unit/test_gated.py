"""Gates held against the figures of a report."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from dinoq.jobs.compare.sides import side_of
from dinoq.jobs.errors import UsageError
from dinoq.jobs.gates import Gated, parse_gate
from dinoq.jobs.join import join
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report, build_report
from dinoq.jobs.told import Told
from dinoq.jobs.verdicts import Status
from tests.builders import make_device, make_manifest, make_spec
from tests.reports import make_record, make_result, make_run, make_times, two_chip_job

Job = tuple[JobRecord, Manifest]
MANIFEST = make_manifest(400)
WORDS = (Status.PASS, Status.FAIL, Status.UNDECIDED)


def report(job: Job, *gates: str, strict: bool = False) -> Report:
    return build_report(*job, gates=[parse_gate(text) for text in gates], strict=strict)


def gated(job: Job, text: str) -> Gated:
    (found,) = report(job, text).gates
    return found


def noisy(cv: float = 0.02, origin: str = "real") -> Job:
    """One T4 at batch 4: 100 batches of about 10 ms, 400 images/s, their order without a pattern."""
    times = make_times([10.0 * (1.0 + cv * ((7 * n * n) % 13 - 6) / 6) for n in range(100)])
    spec = make_spec(MANIFEST, chips=("T4",), batches=(4,))
    device = make_device("h", "T4")
    run = make_run([make_result(MANIFEST, 0, 400, device=device.key, times=times)], devices=[device], origin=origin)  # type: ignore[arg-type]
    return make_record(MANIFEST, spec, [run]), MANIFEST


def without(job: Job, *runs: int, state: str = "failed", error: str = "no memory") -> Job:
    """The same job, these runs without any result."""
    record, manifest = job
    changed = [replace(run, results=(), state=state, error=error) if run.run_no in runs else run for run in record.runs]
    return replace(record, runs=tuple(changed)), manifest


def test_a_floor_below_the_interval_passes_and_one_above_it_fails() -> None:
    job = two_chip_job()
    assert [gated(job, f"310/T4 >= {floor}").status for floor in (1.1, 1.2)] == [Status.PASS, Status.FAIL]
    assert [gated(job, f"T4@16 >= {floor} img/s").status for floor in (1800, 1900)] == [Status.PASS, Status.FAIL]


def test_a_floor_within_the_interval_is_undecided() -> None:
    found = gated(noisy(), "T4 >= 400 img/s")
    assert found.value and found.low and found.high
    assert (found.low < 400.0 < found.high, found.status) == (True, Status.UNDECIDED)
    assert "the floor lies within the interval" in found.detail


@pytest.mark.parametrize("floor", [395.0, 399.0, 399.9, 400.0, 401.0, 405.0])
def test_the_word_follows_from_the_interval_alone(floor: float) -> None:
    found = gated(noisy(), f"T4 >= {floor} img/s")
    assert found.low is not None and found.high is not None
    assert found.status is WORDS[0 if found.low >= floor else 1 if found.high < floor else 2]


def test_a_figure_without_noise_may_equal_its_floor_but_not_exceed_it() -> None:
    exactly = noisy(cv=0.0)
    assert [gated(exactly, f"T4 {sign} 400 img/s").status for sign in (">=", ">")] == [Status.PASS, Status.FAIL]


def test_cards_are_compared_unless_chips_are_asked_for() -> None:
    job = two_chip_job()
    card, chip = gated(job, "310/T4 >= 1"), gated(job, "310/T4 >= 1 per chip")
    assert card.value and chip.value and card.high and chip.high
    assert (card.value / chip.value, card.high / chip.high) == pytest.approx((4.0, 4.0), rel=0.01)
    assert ("card to card" in card.detail, "chip to chip" in chip.detail) == (True, True)
    whole, one = gated(job, "310@16 >= 1 img/s"), gated(job, "310@16 >= 1 img/s per chip")
    assert whole.value and one.value and whole.value / one.value == pytest.approx(4.0, rel=0.01)


def test_without_a_batch_the_best_ones_are_held_against_each_other() -> None:
    assert "310 bs16 to T4 bs64" in gated(two_chip_job(), "310/T4 >= 1").detail
    assert "310 bs1 to T4 bs1" in gated(two_chip_job(), "310@1/T4@1 >= 1").detail


def test_the_detail_has_the_numbers_and_their_unit() -> None:
    found = gated(noisy(), "T4@4 >= 400 img/s")
    assert found.detail.startswith(f"{found.value:.1f} ({found.low:.1f} to {found.high:.1f}) images/s per card at bs4")


@pytest.mark.parametrize(("floor", "code"), [(300, 0), (500, 4)])
def test_a_gate_that_fails_ends_4(floor: int, code: int) -> None:
    assert report(noisy(cv=0.001), f"T4 >= {floor} img/s").exit_code == code


@pytest.mark.parametrize(("strict", "code"), [(False, 0), (True, 5)])
def test_what_noise_leaves_open_ends_5_when_strict(strict: bool, code: int) -> None:
    assert report(noisy(), "T4 >= 400 img/s", strict=strict).exit_code == code


@pytest.mark.parametrize(("gates", "code"), [((), 0), (("T4 >= 10 img/s",), 5)])
def test_with_a_gate_unstable_timing_decides(gates: Sequence[str], code: int) -> None:
    assert report(noisy(cv=0.2), *gates).exit_code == code


@pytest.mark.parametrize("floor", [10, 400, 9000])
def test_a_simulator_passes_and_fails_no_gate_and_decides_nothing(floor: int) -> None:
    made = report(noisy(cv=0.2, origin="simulated"), f"T4 >= {floor} img/s", strict=True)
    assert (made.gates[0].status, made.exit_code) == (Status.UNDECIDED, 0)
    assert made.gates[0].value and "passes and fails no gate" in made.gates[0].detail


def test_a_run_that_failed_leaves_the_gate_incomplete_and_ends_6() -> None:
    made = report(without(two_chip_job(), 5), "T4@16 >= 1 img/s")
    assert (made.gates[0].status, made.gates[0].value, made.exit_code) == (Status.INCOMPLETE, None, 6)
    assert made.gates[0].detail == "T4 bs16: no memory"


def test_too_few_batches_leave_the_gate_not_measured_and_end_6() -> None:
    job = two_chip_job(samples=1024)
    assert report(job, "T4@16 >= 1 img/s").exit_code == 0
    made = report(job, "T4@64 >= 1 img/s")
    assert (made.gates[0].status, made.exit_code) == (Status.NOT_MEASURED, 6)
    assert made.gates[0].detail == "T4 bs64: timed batches: 16, of 20 needed"


def test_what_a_simulator_had_too_few_batches_for_decides_nothing_either() -> None:
    made = report(two_chip_job(("simulated", "simulated"), samples=1024), "T4@64 >= 1 img/s", strict=True)
    assert (made.gates[0].status, made.exit_code) == (Status.NOT_MEASURED, 0)


def test_what_is_missing_may_not_help_a_gate_to_pass() -> None:
    job = without(two_chip_job(), 6)  # T4 bs64, its best
    found = gated(job, "310/T4 >= 1.2")
    assert (found.status, found.exit_code) == (Status.INCOMPLETE, 6)
    assert found.value and found.detail.endswith("; T4 bs64: no memory")
    assert gated(job, "310/T4 >= 2").status is Status.FAIL
    assert gated(job, "310@16/T4@16 >= 1.2").status is Status.PASS


def test_nor_may_it_make_a_gate_fail() -> None:
    job = without(two_chip_job(), 2)  # 310 bs16, its best
    assert gated(job, "310/T4 >= 1.2").status is Status.INCOMPLETE
    assert gated(job, "310/T4 >= 1").status is Status.PASS


def test_a_figure_that_cannot_be_is_held_against_no_floor() -> None:
    record, manifest = two_chip_job()
    job = replace(record, spec=replace(record.spec, model=replace(record.spec.model, gflop=50.0))), manifest
    made = report(job, "310@16 >= 1 img/s")
    assert (made.gates[0].status, made.gates[0].value, made.exit_code) == (Status.IMPLAUSIBLE, None, 7)
    assert "implausible" in made.gates[0].detail


def test_simulated_and_real_are_never_divided_and_the_report_is_made_all_the_same() -> None:
    made = report(two_chip_job(("simulated", "real")), "310/T4 >= 1")
    assert (made.gates[0].status, made.gates[0].detail) == (
        Status.NOT_MEASURED,
        "simulated and real figures are never divided",
    )
    assert made.exit_code == 6


@pytest.mark.parametrize("gate", ["310P3/T4 >= 1", "T4@8 >= 1 img/s"])
def test_what_was_not_run_is_refused(gate: str) -> None:
    with pytest.raises(UsageError, match="no run of"):
        report(two_chip_job(), gate)


def test_a_figure_that_was_told_without_times_decides_nothing() -> None:
    record, manifest = noisy()
    told = Told(tool="trtexec", kind="log", rates={"compute": 900.0})
    job = replace(record, runs=(replace(record.runs[0], told=told, results=()),)), manifest
    found = gated(job, "T4 >= 100 img/s")
    assert (found.status, found.value, found.low) == (Status.UNDECIDED, 900.0, None)


def test_of_jobs_that_measured_the_same_the_last_one_counts() -> None:
    slow, manifest = noisy(cv=0.001)
    times = make_times([5.0] * 100)
    quick = replace(slow.runs[0], results=(replace(slow.runs[0].results[0], times=times.to_blob()),))
    both = join([slow, replace(slow, id=43, uuid="ab" * 16, runs=(quick,))])
    (found,) = build_report(both, manifest, gates=[parse_gate("T4@4 >= 700 img/s")]).gates
    assert found.status is Status.PASS
    assert found.value == pytest.approx(800.0)


@pytest.mark.parametrize("floor", [1.0, 1.16, 1.165, 1.167, 1.168, 1.17, 1.2])
def test_the_other_way_round_a_ratio_fails_where_it_passed(floor: float) -> None:
    there, back = (gated(two_chip_job(), text).status for text in (f"310/T4 >= {floor!r}", f"T4/310 > {1 / floor!r}"))
    mirrored = {Status.PASS: Status.FAIL, Status.FAIL: Status.PASS, Status.UNDECIDED: Status.UNDECIDED}
    assert back is mirrored[there]


def test_a_stored_gate_about_what_was_never_run_measures_nothing() -> None:
    record, manifest = two_chip_job()
    job = replace(record, spec=replace(record.spec, gates=("310P3/T4 >= 1",))), manifest
    (gate,) = report(job).gates
    assert (gate.status, gate.detail) == (Status.NOT_MEASURED, "there is no such run")


def test_a_job_s_own_gates_are_no_matter_of_one_side_of_a_comparison() -> None:
    record, manifest = two_chip_job()
    kept = replace(record, spec=replace(record.spec, gates=("310/T4 >= 1",)))
    assert side_of(kept, manifest, 1).report.gates == ()
