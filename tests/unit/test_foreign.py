"""From files of other tools to runs: the published figures, what is asked for, what disagrees, what stays unknown."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dinoq.jobs.card import card_of
from dinoq.jobs.chips import chip_named
from dinoq.jobs.errors import BadResults
from dinoq.jobs.foreign import ForeignRun, Given, decide, one_run_each
from dinoq.jobs.formats.readers import READERS, read
from dinoq.jobs.formats.result_json import result_text
from dinoq.jobs.told import FACTS, SourceFile, joined, measurement, told_from_json
from dinoq.jobs.verdicts import told_accuracy_verdict
from tests.foreign import (
    AIS_CONSOLE,
    CARD_310,
    COMPUTE_MS_T4,
    INTERFACE_310,
    PURE,
    T4,
    TRTEXEC_7,
    perf_file,
    trtexec_log,
)

ON_310 = Given(chip=chip_named("310"), origin="real")
PERF_16 = "perf_vision_batchsize_16_device_0.txt"


def perf_run(batch: int = 16, given: Given = ON_310) -> ForeignRun:
    """The published speed file of the 310."""
    name = f"perf_vision_batchsize_{batch}_device_0.txt"
    return decide(read(perf_file(INTERFACE_310[batch]), name), given, name)


@pytest.mark.parametrize("batch", CARD_310)
def test_a_card_of_310s_is_four_times_the_interface_rate_and_no_more(batch: int) -> None:
    run = perf_run(batch)
    assert (run.batch, run.precision) == (batch, "fp16")
    assert run.told.rates == {"compute": float(INTERFACE_310[batch])}
    assert round(card_of("310", run.told.rates["compute"]).images_per_s, 3) == CARD_310[batch]


@pytest.mark.parametrize("batch", T4)
def test_the_published_t4_figures_follow_from_the_mean_compute_time(batch: int) -> None:
    run = decide(read(trtexec_log(batch, COMPUTE_MS_T4[batch]), "t4.log"), Given(), "t4.log")
    assert (run.chip.name, run.batch, run.precision, run.origin) == ("T4", batch, "fp16", "real")
    assert math.floor(1000 * run.told.rates["compute"]) / 1000 == T4[batch]


def test_queries_are_multiplied_by_the_batch_once_and_called_by_their_name() -> None:
    told = read(trtexec_log(16, "7.98664", "120.5"), "t4.log").told
    (figure,) = told.figures
    assert (figure.value, figure.unit) == (120.5, "qps")
    assert "queries of 16 images" in figure.what and "1928 images/s" in figure.what
    assert "pipeline" not in told.rates and "job" not in told.rates


def test_the_device_rate_has_both_copies_in_it() -> None:
    rates = read(trtexec_log(16, "6.8"), "t4.log").told.rates
    assert rates["device"] == pytest.approx(16_000 / (1.0 + 6.8 + 0.2))


def test_times_of_batches_become_rates_by_the_batch_that_is_given() -> None:
    given = Given(chip=chip_named("T4"), batch=4, precision="fp16", origin="real")
    run = decide(read(TRTEXEC_7, "t4.log", 4), given, "t4.log")
    assert run.told.rates == {"compute": pytest.approx(4000 / 1.12127)}


def test_every_other_rate_of_a_speed_file_is_kept_under_its_own_name() -> None:
    figures = {figure.name: figure.value for figure in perf_run().told.figures}
    assert figures["[e2e] throughputRate"] == 243.034
    assert figures["[post] throughputRate"] == 244.435
    assert len(figures) == 5


@pytest.mark.parametrize(
    ("text", "given", "asked"),
    [
        (PURE, Given(origin="real", batch=4), "--chip"),
        (AIS_CONSOLE, Given(chip=chip_named("310"), batch=16), "--origin"),
        (PURE, ON_310, "--batch"),
        (trtexec_log(16, "7.9", shapes=False), Given(), "--batch"),
        (TRTEXEC_7, Given(chip=chip_named("T4"), batch=1, origin="real"), "--precision"),
    ],
)
def test_only_what_the_file_leaves_out_is_asked_for(text: str, given: Given, asked: str) -> None:
    with pytest.raises(BadResults, match="does not say") as error:
        decide(read(text, "x.txt", given.batch), given, "x.txt")
    assert error.value.hint.startswith(asked)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (replace(ON_310, batch=1), "says 16, but --batch 1"),
        (Given(chip=chip_named("310"), origin="simulated"), "says real, but --origin simulated"),
    ],
)
def test_what_is_said_twice_must_agree(given: Given, told: str) -> None:
    reading = replace(read(perf_file("5"), PERF_16), origin="real")
    with pytest.raises(BadResults, match=told):
        decide(reading, given, PERF_16)


def test_a_batch_that_no_program_has_is_refused() -> None:
    with pytest.raises(BadResults, match="batch 0; expected 1 to 4096"):
        decide(read(perf_file("5"), PERF_16.replace("16", "0")), ON_310, "x")


def test_only_rates_that_are_told_have_a_name() -> None:
    for text in (trtexec_log(16, "7.9"), TRTEXEC_7, AIS_CONSOLE, PURE, perf_file("5")):
        told = read(text, "x", 1).told
        assert told.names.keys() == told.rates.keys()


def test_a_file_that_speaks_of_simulation_cannot_be_called_real() -> None:
    reading = read(perf_file("5") + "simulated by dinoq\n", PERF_16)
    assert reading.origin == "simulated"
    with pytest.raises(BadResults, match="says simulated, but --origin real"):
        decide(reading, ON_310, PERF_16)


def test_what_nobody_told_stays_unknown() -> None:
    assert perf_run().told.unknown == ("precision", "toolkit", "driver", "clock", "warm-up", "executions")
    known = perf_run(given=replace(ON_310, driver="21.0.2", toolkit="CANN 5.1.RC1", precision="fp16")).told
    assert known.unknown == ("clock", "warm-up", "executions")
    assert known.facts["driver"] == "21.0.2"


def test_a_precision_that_is_only_the_toolchains_default_is_said_to_be_so() -> None:
    assert "atc makes unless told otherwise" in perf_run().told.notes[-1]


def test_a_batch_that_the_models_name_contradicts_is_remarked_on() -> None:
    told = read(AIS_CONSOLE.replace("_bs16.om", "_bs1.om"), "x").told
    assert told.notes == ("the model's name says bs1, but throughput was computed with a batch of 16",)
    assert read(AIS_CONSOLE, "x").told.notes == ()


def test_int8_is_no_precision_that_is_compared() -> None:
    with pytest.raises(BadResults, match="int8 run"):
        read(trtexec_log(1, "1.0").replace("--fp16", "--int8"), "t4.log")


def test_nothing_recognises_a_text_of_another_kind() -> None:
    with pytest.raises(BadResults, match=r"notes\.txt is none of: speed file"):
        read("a day in the lab", "notes.txt")


def test_each_kind_of_file_is_recognised_by_its_own_reader_alone() -> None:
    texts = (perf_file("5"), PURE, result_text(5, 10, [0.5]), trtexec_log(1, "1.0"), TRTEXEC_7, AIS_CONSOLE)
    for text in texts:
        assert sum(reader.recognises(text) for reader in READERS) == 1


def test_a_run_survives_being_stored() -> None:
    for text, name in ((perf_file("5"), PERF_16), (trtexec_log(16, "7.9"), "t4.log"), (AIS_CONSOLE, "x")):
        told = replace(read(text, name).told, files=(SourceFile(name, "0" * 64),))
        assert told_from_json(told.to_json()) == told
        assert set(told.facts) == set(FACTS)


def test_speed_and_accuracy_of_one_run_are_put_together() -> None:
    accuracy = decide(
        read(result_text(50_000, 1000, [0.7527] * 5), "result.json"), replace(ON_310, batch=16), "result.json"
    )
    (run,) = one_run_each([accuracy, perf_run()])
    assert (run.told.rates["compute"], run.told.top_k[0], run.told.images) == (601.67, 0.7527, 50_000)
    assert run.told.facts["data"] == "dataset"


def test_two_files_about_the_speed_of_one_run_are_refused() -> None:
    with pytest.raises(BadResults, match="the same run, 310 bs16 fp16"):
        one_run_each([perf_run(), perf_run()])
    assert joined(perf_run().told, perf_run().told) is None


def test_told_figures_stand_in_a_report_where_measured_ones_do() -> None:
    found = measurement(read(trtexec_log(16, "7.98664"), "t4.log").told)
    assert found.throughput.compute == pytest.approx(2003.3456, abs=1e-3)
    assert (found.latency.p50, found.latency.p99, found.latency.p90, found.latency.n) == (7.9, 9.1, None, 0)
    assert found.throughput.why == {"pipeline": "not told by trtexec", "job": "not told by trtexec"}


def test_an_accuracy_that_is_only_told_is_held_against_nothing() -> None:
    verdict = told_accuracy_verdict((0.7, 0.9), 0.753)
    assert verdict is not None
    assert (verdict.status, verdict.exit_code) == ("UNDECIDED", 0)
    assert told_accuracy_verdict((0.7,), None) is None
    assert told_accuracy_verdict((), 0.753) is None
