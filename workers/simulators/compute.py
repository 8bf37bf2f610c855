"""What simulated chips compute with: ONNX Runtime on the CPU, rounded through float16 so that results differ as theirs do.

fp16: weights, inputs and outputs are rounded through float16, the arithmetic between stays float32; inputs and outputs
stay float32 arrays, as both vendors keep them. fp32: no rounding. DINOQ_SIM_NULL=1 computes nothing, and needs neither
onnx nor onnxruntime.
"""

from __future__ import annotations

import os
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

Compute = Callable[[Sequence[np.ndarray]], "list[np.ndarray]"]
"""Inputs in the model's order, batch first -> outputs in its order, float32."""
FREE = -1


class Value(NamedTuple):
    """An input or output: free sizes are -1; dtype as numpy names it."""

    name: str
    shape: tuple[int, ...]
    dtype: str


class Node(NamedTuple):
    """An operator of the graph."""

    name: str
    op_type: str


class Graph(NamedTuple):
    """What toolchains look at in an ONNX file."""

    opset: int
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    nodes: tuple[Node, ...]


def read_graph(model: bytes) -> Graph:
    """What the model says of itself. Raises: ValueError for bytes that are no ONNX model."""
    import onnx

    try:
        proto = onnx.load_model_from_string(model)
    except Exception as error:
        raise ValueError(f"no ONNX model: {error}") from None
    graph = proto.graph
    if not graph.output:
        raise ValueError("no ONNX model: it has no output")
    weights = {tensor.name for tensor in graph.initializer}
    opsets = [entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx")]
    return Graph(
        opset=max(opsets, default=0),
        inputs=tuple(_value(value) for value in graph.input if value.name not in weights),
        outputs=tuple(_value(value) for value in graph.output),
        nodes=tuple(Node(node.name, node.op_type) for node in graph.node),
    )


def computation(model: bytes, precision: str, outputs: Sequence[Value]) -> Compute:
    """What executes the model at any batch that it allows; `outputs` is all that is known of it when nothing is computed."""
    if os.environ.get("DINOQ_SIM_NULL") == "1":
        return _nothing(outputs)
    session = _session(_rounded(model) if precision == "fp16" else model)
    names = [value.name for value in session.get_inputs()]

    def compute(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        given = [half(array) for array in inputs] if precision == "fp16" else list(inputs)
        results: list[np.ndarray] = session.run(None, dict(zip(names, given)))
        return [half(array) for array in results] if precision == "fp16" else results

    return compute


def half(array: np.ndarray) -> np.ndarray:
    """A float32 array rounded through float16; what is too large becomes infinite, other dtypes pass."""
    if array.dtype != np.float32:
        return array
    with np.errstate(over="ignore"):
        return array.astype(np.float16).astype(np.float32)


def _nothing(outputs: Sequence[Value]) -> Compute:
    """Class 0 for every image; one array per batch size, made once."""
    kept: dict[int, list[np.ndarray]] = {}

    def compute(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        batch = inputs[0].shape[0]
        if batch not in kept:
            kept[batch] = [np.zeros((batch, *value.shape[1:]), np.float32) for value in outputs]
            for array in kept[batch]:
                array[:, 0] = 1.0
                array.flags.writeable = False  # they are given out again and again
        return kept[batch]

    return compute


def _rounded(model: bytes) -> bytes:
    import onnx
    from onnx import numpy_helper

    proto = onnx.load_model_from_string(model)
    for tensor in proto.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            tensor.CopyFrom(numpy_helper.from_array(half(numpy_helper.to_array(tensor)), tensor.name))
    rounded: bytes = proto.SerializeToString()
    return rounded


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ.get("DINOQ_SIM_THREADS", "1"))
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _value(value: Any) -> Value:
    import onnx

    tensor = value.type.tensor_type
    shape = tuple(dim.dim_value if dim.dim_value > 0 else FREE for dim in tensor.shape.dim)
    return Value(value.name, shape, onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name)
