"""What trtexec prints and exports."""

from __future__ import annotations

import json

import pytest

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.trtexec import log_of_times, read_log, read_times
from tests.foreign import TRTEXEC_7, trtexec_log

LOG = trtexec_log(16, "7.98664")


def test_figures_are_found_by_their_labels() -> None:
    log = read_log(LOG, "x")
    assert (log.compute.mean, log.compute.median, log.compute.percentiles) == (7.98664, 7.9, {99.0: 9.1})
    assert {kind: spread.mean for kind, spread in log.times.items()} == {
        "h2d": 1.0,
        "d2h": 0.2,
        "latency": 9.4,
        "enqueue": 0.4,
    }


def test_the_command_tells_batch_precision_and_model_and_the_log_its_card() -> None:
    log = read_log(LOG, "x")
    assert (log.batch, log.images_per_query, log.precision) == (16, 16, "fp16")
    assert (log.chip, log.version, log.model) == ("Tesla T4", "8.2.5", "/models/dino_resnet50.onnx")


def test_an_implicit_batch_is_in_the_queries_already() -> None:
    log = read_log(LOG.replace("--shapes=input:16x3x224x224", "--batch=8"), "x")
    assert (log.batch, log.images_per_query) == (8, 1)


@pytest.mark.parametrize(
    ("option", "precision", "other"),
    [
        ("--fp16", "fp16", ""),
        ("", "fp32", ""),
        ("--fp16 --int8", None, "int8"),
        ("--best", None, "best"),
        ("--stronglyTyped", None, ""),
    ],
)
def test_options_tell_the_precision(option: str, precision: str | None, other: str) -> None:
    log = read_log(LOG.replace("--fp16", option), "x")
    assert (log.precision, log.other) == (precision, other)


def test_a_ready_engine_tells_no_precision() -> None:
    assert read_log(LOG.replace("--onnx", "--loadEngine").replace("--fp16", ""), "x").precision is None


@pytest.mark.parametrize(
    ("option", "batch"),
    [
        ("--minShapes=x:1x3x8x8 --optShapes=x:4x3x8x8 --maxShapes=x:8x3x8x8", 4),
        ("--optShapes=x:4x3x8x8 --shapes=x:2x3x8x8", 2),
        ("--iterations=100", None),
    ],
)
def test_the_batch_is_that_of_inference(option: str, batch: int | None) -> None:
    assert read_log(LOG.replace("--shapes=input:16x3x224x224", option), "x").batch == batch


@pytest.mark.parametrize(("banner", "version"), [("v8601", "8.6.1"), ("v100900", "10.9.0"), ("v7203", "7.2.3")])
def test_the_banner_tells_the_version(banner: str, version: str) -> None:
    assert read_log(LOG.replace("v8205", banner), "x").version == version


def test_the_layout_of_tensorrt_7_is_read() -> None:
    compute = read_log(TRTEXEC_7, "x").compute
    assert (compute.mean, compute.min, compute.median, compute.percentiles) == (1.12127, 1.05, 1.11, {99.0: 1.3})


def test_a_warning_of_unstable_times_is_a_coefficient_of_variation() -> None:
    warned = LOG + "[W] * GPU compute time is unstable, with coefficient of variance = 4.75%.\n"
    assert read_log(warned, "x").compute.cv == pytest.approx(0.0475)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (LOG.replace("&&&& PASSED", "&&&& FAILED"), "failed"),
        (LOG + LOG, "2 GPU compute times"),
        (LOG.replace("GPU Compute Time", "GPU Time"), "0 GPU compute times"),
        (LOG.replace("mean = 7.98664", "mean = nan"), "0 GPU compute times"),
    ],
)
def test_what_is_no_one_run_that_ended_well_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadResults, match=told):
        read_log(text, "trt.log")


def test_exported_times_become_a_spread() -> None:
    rows = [{"computeMs": ms, "h2dMs": 0.5, "d2hMs": 0.25, "latencyMs": ms + 0.75} for ms in (1.0, 2.0, 3.0)]
    log = log_of_times(read_times(json.dumps(rows), "x"))
    assert (log.compute.mean, log.compute.count, log.compute.median) == (2.0, 3, 2.0)
    assert {kind: spread.mean for kind, spread in log.times.items()} == {"h2d": 0.5, "d2h": 0.25}


def test_exported_times_without_transfers_tell_no_copies() -> None:
    rows = [{"computeMs": 1.0, "h2dMs": 0, "d2hMs": 0}]
    assert log_of_times(read_times(json.dumps(rows), "x")).times == {}


@pytest.mark.parametrize("text", ["[]", "[1]", '[{"computeMs": 0, "h2dMs": 0, "d2hMs": 0}]', '[{"computeMs": 1}]', "["])
def test_exported_times_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(BadResults, match=r"times\.json"):
        read_times(text, "times.json")
