"""What simulated chips compute."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from dinoq.workers.simulators import compute
from tests.models import write_mean_colour


@pytest.fixture
def model(tmp_path: Path) -> bytes:
    return write_mean_colour(tmp_path / "m.onnx").read_bytes()


@pytest.fixture(autouse=True)
def computing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DINOQ_SIM_NULL", raising=False)


def photos() -> np.ndarray:
    return np.random.default_rng(0).random((4, 3, 8, 8), np.float32)


def logits(model: bytes, precision: str) -> np.ndarray:
    return compute.computation(model, precision, compute.read_graph(model).outputs)([photos()])[0]


def test_a_graph_says_its_inputs_outputs_and_opset(model: bytes) -> None:
    graph = compute.read_graph(model)
    assert graph.inputs == (compute.Value("input", (-1, 3, 8, 8), "float32"),)
    assert graph.outputs == (compute.Value("class", (-1, 3), "float32"),)
    assert (graph.opset, graph.nodes[0].op_type) == (11, "GlobalAveragePool")


@pytest.mark.parametrize("data", [b"", b"no model"])
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no ONNX model"):
        compute.read_graph(data)


def test_fp32_is_not_rounded(model: bytes) -> None:
    assert np.allclose(logits(model, "fp32"), photos().mean((2, 3)), rtol=1e-6)


def test_fp16_differs_a_little_and_stays_float32(model: bytes) -> None:
    half, full = logits(model, "fp16"), logits(model, "fp32")
    assert half.dtype == np.float32
    assert not np.array_equal(half, full)
    assert np.allclose(half, full, rtol=2e-3)
    assert np.array_equal(half, half.astype(np.float16).astype(np.float32))


def first_logit(model: bytes, row: list[float], colour: list[float]) -> float:
    """Of the model with `row` for its first weights, for a picture of one colour, in fp16."""
    proto = onnx.load_model_from_string(model)
    weights = np.array([row, [0, 0, 0], [0, 0, 0]], np.float32)
    proto.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, "weights"))
    picture = np.broadcast_to(np.array(colour, np.float32).reshape(1, 3, 1, 1), (1, 3, 8, 8))
    outputs = compute.read_graph(model).outputs
    return float(compute.computation(proto.SerializeToString(), "fp16", outputs)([picture])[0][0, 0])


def test_weights_and_inputs_are_rounded_each(model: bytes) -> None:
    # float16 has no 2049: it becomes 2048, and a difference of 1 disappears.
    assert first_logit(model, [2049, -2048, 0], [1, 1, 1]) == 0
    assert first_logit(model, [1, -1, 0], [2049, 2048, 0]) == 0
    assert first_logit(model, [2050, -2048, 0], [1, 1, 1]) == 2


def test_what_is_too_large_for_half_becomes_infinite() -> None:
    assert compute.half(np.array([1e5, 1.0], np.float32)).tolist() == [np.inf, 1.0]


def test_nothing_is_class_0_and_needs_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINOQ_SIM_NULL", "1")
    compute_nothing = compute.computation(b"", "fp16", [compute.Value("class", (-1, 5), "float32")])
    assert compute_nothing([np.zeros((3, 1))])[0].argmax(axis=1).tolist() == [0, 0, 0]
