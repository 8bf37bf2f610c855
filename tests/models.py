"""Small ONNX classifiers that the tests make for themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper


def write_mean_colour(
    path: Path, side: int = 8, classes: int = 3, batch: int | None = None, dtype: str = "float32"
) -> Path:
    """A classifier whose answer is the brightest channel: class 0 for red, 1 for green, 2 for blue."""
    weights = np.zeros((classes, 3), dtype)
    weights[:3] = np.eye(3)
    kind = helper.np_dtype_to_tensor_dtype(weights.dtype)
    n: str | int = "N" if batch is None else batch
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["means"]),
            helper.make_node("Flatten", ["means"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "weights"], ["class"], transB=1),
        ],
        "mean_colour",
        [helper.make_tensor_value_info("input", kind, [n, 3, side, side])],
        [helper.make_tensor_value_info("class", kind, [n, classes])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.save(model, str(path))
    return path


def write_log_colour(path: Path, plus: float = 1.9) -> Path:
    """The same at 224 x 224, with the logarithm of each channel's mean, normalised, `plus` this: NaN where that is below 0,
    as it is of the recipe `dino` for photos without red."""
    model = onnx.load(str(write_mean_colour(path, side=224)))
    gemm = model.graph.node[-1]
    gemm.input.append("plus")
    gemm.output[0] = "sums"
    model.graph.initializer.append(numpy_helper.from_array(np.full(3, plus, np.float32), "plus"))
    model.graph.node.append(helper.make_node("Log", ["sums"], ["class"]))
    onnx.save(model, str(path))
    return path


def write_cast_colour(path: Path, kind: int, *, alone: bool) -> Path:
    """The same at 224 x 224, with its answer as another kind of number (onnx.TensorProto): that alone, or beside it."""
    model = onnx.load(str(write_mean_colour(path, side=224)))
    model.graph.node.append(helper.make_node("Cast", ["class"], ["cast"], to=kind))
    if alone:
        model.graph.output.pop()
    model.graph.output.append(helper.make_tensor_value_info("cast", kind, ["N", 3]))
    onnx.save(model, str(path))
    return path
