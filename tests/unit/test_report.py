"""What a report says of a stored job."""

from dataclasses import replace

import pytest

from dinoq.jobs.ledger import Origin
from dinoq.jobs.record import DeviceTrouble, FailedPart, FencedRecord, FleetDevice, JobRecord
from dinoq.jobs.report import NO_BASELINE, Overlap, Report, build_report
from dinoq.jobs.result import Predictions
from dinoq.jobs.verdicts import Kind, Status
from tests.builders import make_device, make_manifest, make_spec
from tests.reports import (
    beside_cpu,
    cpu_job,
    make_record,
    make_result,
    make_results,
    make_run,
    make_times,
    paced,
    report_of,
    two_chip_job,
)

MANIFEST = make_manifest(400)


def word(report: Report, kind: Kind, run: int = 0) -> Status | None:
    return next((verdict.status for verdict in report.runs[run].verdicts if verdict.kind == kind), None)


def with_results(record: JobRecord, run: int, **changes: object) -> JobRecord:
    runs = [replace(one, **changes) if at == run else one for at, one in enumerate(record.runs)]  # type: ignore[arg-type]
    return replace(record, runs=tuple(runs))


def test_a_whole_job_ends_0_with_its_counts() -> None:
    report = report_of(cpu_job(wrong=range(100)))
    assert report.exit_code == 0
    for run in report.runs:
        assert run.top1 and run.top5
        assert (run.top1.correct, run.top5.correct, run.coverage.counted) == (300, 400, 400)
        assert run.top1.low < 0.75 < run.top1.high


def test_answers_with_nan_are_counted_as_wrong_and_named() -> None:
    run = report_of(cpu_job(unranked=range(4), baseline_top1=0.9)).runs[0]
    assert run.top1
    assert (run.nonfinite, run.top1.correct, run.coverage.complete) == (4, 396, True)
    assert "4 of 400 samples were answered with NaN or Inf: not ranked, counted as wrong" in run.notes


def test_runs_keep_chip_batch_and_precision_of_the_spec() -> None:
    report = report_of(two_chip_job(samples=256))
    assert [(run.chip, run.batch, run.precision) for run in report.runs][2:4] == [
        ("310", 64, "fp16"),
        ("T4", 1, "fp16"),
    ]


def test_without_a_baseline_the_report_says_so() -> None:
    report = report_of(cpu_job())
    assert report.notes == (NO_BASELINE,)
    assert word(report, "accuracy") is None


def test_accuracy_that_fell_ends_3() -> None:
    report = report_of(cpu_job(wrong=range(100), baseline_top1=0.77))
    assert (report.exit_code, word(report, "accuracy")) == (3, Status.FAIL)
    assert report.runs[0].against and report.runs[0].against.difference == pytest.approx(-0.02)


def test_a_sample_of_the_dataset_is_undecided_and_ends_0() -> None:
    record, manifest = cpu_job(baseline_top1=0.99, wrong=range(100))
    report = build_report(replace(record, spec=replace(record.spec, part_of=50_000)), manifest)
    assert (report.exit_code, word(report, "accuracy"), report.part_of) == (0, Status.UNDECIDED, 50_000)


def test_unreadable_samples_are_named_lower_the_score_and_end_6() -> None:
    report = report_of(cpu_job(unreadable=(3, 77), baseline_top1=0.9))
    assert [(one.name, one.reason) for one in report.unreadable] == [
        ("photo-000004.jpg", "truncated"),
        ("photo-000078.jpg", "truncated"),
    ]
    assert report.exit_code == 6
    assert (report.runs[0].coverage.unreadable, word(report, "accuracy")) == (2, Status.UNDECIDED)
    assert report.runs[0].top1 and report.runs[0].top1.accuracy == 398 / 400


def test_a_missing_part_lowers_the_score_and_ends_6() -> None:
    record, manifest = cpu_job(samples=512)
    report = build_report(with_results(record, 1, results=record.runs[1].results[1:], state="failed"), manifest)
    assert report.exit_code == 6
    assert (word(report, "coverage", 0), word(report, "coverage", 1)) == (Status.PASS, Status.INCOMPLETE)
    assert report.runs[1].top1 and report.runs[1].top1.accuracy == 0.5


def test_a_run_without_results_has_no_scores_and_no_figures() -> None:
    record, manifest = cpu_job()
    report = build_report(with_results(record, 0, results=(), state="failed", error="no parser for op Gelu"), manifest)
    run = report.runs[0]
    assert (run.top1, run.top5, run.card, run.measured.throughput.pipeline, run.devices) == (None, None, None, None, ())
    assert (report.exit_code, run.coverage.n_missing) == (6, 400)
    assert "Gelu" in run.verdicts[0].text


@pytest.mark.parametrize("state", ["active", "cancelled", "failed"])
def test_a_job_that_is_not_done_is_incomplete_whatever_was_counted(state: str) -> None:
    record, manifest = cpu_job()
    report = build_report(replace(record, state=state), manifest)
    assert (report.exit_code, report.verdicts[0].status) == (6, Status.INCOMPLETE)
    assert state in report.verdicts[0].text


def test_late_attempts_are_counted_and_change_no_number() -> None:
    record, manifest = cpu_job(samples=512)
    same = Predictions.from_blob(record.runs[0].results[0].predictions).digest()
    late = (FencedRecord(no=1, digest=same), FencedRecord(no=2, digest="ab" * 32))
    report = build_report(with_results(record, 0, fenced=late), manifest)
    assert (report.runs[0].coverage.duplicates, report.runs[0].coverage.conflicts) == (2, 1)
    assert report.runs[0].top1 == build_report(record, manifest).runs[0].top1
    assert (report.exit_code, word(report, "stability")) == (0, Status.UNSTABLE)


def unstable_job(chip: str, origin: str) -> JobRecord:
    spec = make_spec(MANIFEST, chips=(chip,), batches=(4,))
    device = make_device("h", chip)
    result = make_result(MANIFEST, 0, 400, device=device.key, times=make_times([1.0, 2.0] * 50))
    run = make_run([result], origin=origin, devices=[device])  # type: ignore[arg-type]
    return make_record(MANIFEST, spec, [run])


@pytest.mark.parametrize(
    ("chip", "origin", "strict", "code"),
    [("T4", "real", True, 5), ("T4", "real", False, 0), ("T4", "simulated", True, 0), ("cpu", "real", True, 0)],
)
def test_unstable_timing_decides_when_strict_on_real_accelerators_alone(
    chip: str, origin: str, strict: bool, code: int
) -> None:
    report = build_report(unstable_job(chip, origin), MANIFEST, strict=strict)
    assert (report.exit_code, word(report, "stability")) == (code, Status.UNSTABLE)


def test_what_is_implausible_ends_7_and_is_neither_best_nor_divided() -> None:
    record, manifest = two_chip_job()
    model = replace(record.spec.model, gflop=50.0)
    report = build_report(replace(record, spec=replace(record.spec, model=model)), manifest)
    assert report.exit_code == 7
    assert [best.chip for best in report.best] == ["T4"]
    assert [best.batch for best in report.best] == [1]
    assert report.ratios == ()


def test_two_chips_are_compared() -> None:
    report = report_of(two_chip_job())
    best = [one for one in report.ratios if one.best]
    assert [(one.chip, one.against, one.batch, one.against_batch) for one in best] == [("310", "T4", 16, 64)]
    assert best[0].value == pytest.approx(4 * 610.3 / 2090.9, rel=0.01)


def test_simulated_and_real_chips_are_not_compared() -> None:
    report = report_of(two_chip_job(("simulated", "real"), samples=2048))
    assert report.ratios == ()
    assert [run.simulated for run in report.runs] == [True] * 3 + [False] * 3


def test_an_origin_that_is_not_fixed_is_neither() -> None:
    record, manifest = cpu_job(batches=(1,))
    assert build_report(with_results(record, 0, origin=None), manifest).runs[0].simulated is None


def test_guessing_points_to_the_labels() -> None:
    report = report_of(cpu_job(samples=400, wrong=range(400)))
    said = "top-1 is hardly better than guessing among 10 classes: suspect the labels, not the chip"
    assert said in report.runs[0].notes
    assert report_of(cpu_job(samples=400, wrong=range(200))).runs[0].notes == ()


def test_what_ran_beside_a_part_is_noted() -> None:
    record, manifest = cpu_job(samples=512)
    results = (replace(record.runs[0].results[0], overlap="compiling, preprocessing"), *record.runs[0].results[1:])
    run = build_report(with_results(record, 0, results=results), manifest).runs[0]
    assert run.notes == ("1 of 2 parts ran beside other work on their host: compiling, preprocessing",)
    assert run.overlaps == (Overlap(what="compiling", parts=1), Overlap(what="preprocessing", parts=1))


def test_failed_parts_and_slices_keep_their_errors() -> None:
    record, manifest = cpu_job()
    failed = (FailedPart(no=1, first=0, count=256, error="boom"),)
    slices = (replace(record.slices[0], readable=None, error="folder vanished"),)
    report = build_report(replace(with_results(record, 0, failed=failed), slices=slices), manifest)
    assert report.runs[0].failed == failed
    assert [piece.error for piece in report.failed_slices] == ["folder vanished"]
    assert report.unreadable == ()


def test_one_sample_one_batch_one_device_is_a_report() -> None:
    report = report_of(cpu_job(samples=1, batches=(1,)))
    assert report.exit_code == 0
    assert report.runs[0].measured.throughput.compute is None
    assert word(report, "performance") is Status.NOT_MEASURED


def test_devices_are_named_as_people_name_them() -> None:
    run = report_of(two_chip_job(samples=256)).runs[0]
    assert run.devices[0].label == "cann-07/310:0"


def test_a_device_that_the_fleet_forgot_keeps_its_key() -> None:
    record, manifest = cpu_job(batches=(1,))
    assert build_report(with_results(record, 0, devices=()), manifest).runs[0].devices[0].label == "host-a/cpu:0"


def test_a_report_can_be_repeated_from_rows_in_any_order() -> None:
    record, manifest = cpu_job(samples=1024)
    turned = with_results(record, 0, results=record.runs[0].results[::-1])
    assert build_report(turned, manifest) == build_report(record, manifest)


def test_parts_of_another_cut_give_the_same_counts() -> None:
    manifest = make_manifest(600)
    spec = make_spec(manifest, batches=(1,))
    whole = make_record(manifest, spec, [make_run([make_result(manifest, 0, 600, wrong=range(9))])])
    cut = make_record(manifest, spec, [make_run(make_results(manifest, 1, wrong=range(9)))])
    one, other = (build_report(record, manifest).runs[0] for record in (whole, cut))
    assert (one.top1, one.top5, one.coverage) == (other.top1, other.top5, other.coverage)


def test_every_run_is_held_against_the_cpu_s_photo_by_photo() -> None:
    runs = report_of(beside_cpu("real")).runs
    found = runs[1].agreement
    assert found is not None
    assert (found.chip, found.batch, found.samples, found.same_top1) == ("cpu", 4, 400, 398)
    assert (found.only_here_right, found.only_there_right) == (2, 0)
    assert runs[2].agreement is None


@pytest.mark.parametrize(("origin", "refused"), [("simulated", "simulated and real"), ("real", "fp16 and fp32")])
def test_a_chip_and_the_cpu_have_no_ratio_and_the_report_says_why(origin: Origin, refused: str) -> None:
    report = report_of(beside_cpu(origin))
    assert report.ratios == ()
    assert [(one.chip, one.against) for one in report.refused] == [("310P3", "cpu")]
    assert report.refused[0].why.startswith(refused)


def test_a_simulator_s_accuracy_is_no_pass_and_no_difference() -> None:
    report = report_of(beside_cpu(baseline_top1=0.9))
    assert [word(report, "accuracy", at) for at in (0, 2)] == [Status.UNDECIDED, Status.PASS]
    assert report.runs[0].against is None and report.runs[2].against is not None
    assert report.exit_code == 0


def test_a_run_on_paced_devices_is_virtual() -> None:
    report = report_of(paced(beside_cpu(), "310P3"))
    assert [(run.virtual, run.pace) for run in report.runs] == [(True, "published")] * 2 + [(False, "")] * 2


def test_hosts_of_different_pace_are_both_named() -> None:
    record, manifest = two_chip_job(("simulated", "simulated"), samples=1024)
    first, *others = record.runs[0].devices
    mixed = with_results(record, 0, devices=(replace(first, pace="published"), *others))
    assert build_report(mixed, manifest).runs[0].pace == "not paced, published"


def test_a_slow_device_is_an_outlier_among_three() -> None:
    devices = [make_device("h", "310P3", index) for index in range(3)]
    spec = make_spec(MANIFEST, chips=("310P3",), batches=(4,))
    times = [make_times([ms] * 25) for ms in (2.0, 2.0, 2.2)]
    results = [make_result(MANIFEST, 100 * at, 100, no=at, device=devices[at].key, times=times[at]) for at in range(3)]
    report = build_report(make_record(MANIFEST, spec, [make_run(results, devices=devices)]), MANIFEST)
    assert [one.outlier for one in report.runs[0].devices] == [False, False, True]
    assert report.runs[0].devices[2].off_median == pytest.approx(-1 / 11)


def test_a_card_is_measured_when_its_chips_ran_together() -> None:
    record, manifest = two_chip_job()
    on_card = [replace(one, card=f"24-{one.index}") for one in record.runs[0].devices]
    card = build_report(with_results(record, 0, devices=tuple(on_card)), manifest).runs[0].card
    assert card is not None
    assert card.images_per_s == pytest.approx(4 * 401.6, rel=0.01)
    assert not card.extrapolated


def test_the_fleet_knows_chips_of_a_card_that_did_not_run() -> None:
    record, manifest = beside_cpu("real")
    device = replace(record.runs[0].devices[0], card="8-0")
    twin = replace(device, key="twin", index=1, card="8-1")
    fleet = (FleetDevice(facts=device, state="ok"), FleetDevice(facts=twin, state="ok"))
    card = build_report(with_results(record, 0, devices=(device,), fleet=fleet), manifest).runs[0].card
    assert card is not None
    assert (card.chips, card.extrapolated) == (2, True)


def test_devices_that_failed_are_told_whether_they_went_on_or_not() -> None:
    record, manifest = beside_cpu("real")
    ill = replace(record.runs[0].devices[0], key="ill", index=1)
    lost = DeviceTrouble(device="ill", failures=2, error="lost", went_on=False)
    stumbled = DeviceTrouble(device=record.runs[0].devices[0].key, failures=1, error="stumbled", went_on=True)
    fleet = (FleetDevice(facts=ill, state="faulty"),)
    run = build_report(with_results(record, 0, fleet=fleet, troubles=(lost, stumbled)), manifest).runs[0]
    assert [(one.device, one.why) for one in run.left_out] == [
        ("lab/310P3:1", "failed 2 times; set aside as faulty: lost")
    ]
    assert run.notes == ("lab/310P3:0 failed once and went on: stumbled",)


def test_a_latency_budget_has_its_own_best_batches() -> None:
    report = build_report(*two_chip_job(), latency_budget_ms=10.0)
    assert [(best.chip, best.batch) for best in report.best] == [("310", 16), ("T4", 64)]
    assert [(best.chip, best.batch) for best in report.best_in_budget] == [("310", 1), ("T4", 16)]


def test_without_a_budget_there_is_none_to_keep() -> None:
    report = report_of(two_chip_job())
    assert (report.latency_budget_ms, report.best_in_budget) == (None, ())


@pytest.mark.parametrize(("chip", "origin", "told"), [("T4", "real", 1), ("T4", "simulated", 0), ("cpu", "real", 0)])
def test_an_accelerator_that_took_a_while_to_become_steady_is_named(chip: str, origin: Origin, told: int) -> None:
    spec, device = make_spec(MANIFEST, chips=(chip,), batches=(4,)), make_device("h", chip)
    result = make_result(MANIFEST, 0, 400, device=device.key, times=make_times([1.2] * 10 + [1.0] * 90))
    record = make_record(MANIFEST, spec, [make_run([result], origin=origin, devices=[device])])
    said = f"h/{chip}:0 became steady after 10 of 100 timed batches; its figure is of all"
    assert build_report(record, MANIFEST).runs[0].notes.count(said) == told
