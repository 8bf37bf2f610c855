"""A classifier of three colours, small enough to try a device with: the class is the brightest channel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.recipe import RECIPES, Recipe

SIDE = 8
CLASSES = 3


def write_probe(path: Path) -> None:
    """Write the ONNX: `input` [N, 3, 8, 8] -> mean of each channel -> `class` [N, 3]."""
    import onnx
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["input"], ["means"]),
            helper.make_node("Flatten", ["means"], ["class"], axis=1),
        ],
        "probe",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("class", TensorProto.FLOAT, ["N", CLASSES])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    onnx.save(model, str(path))


def probe_recipe() -> Recipe:
    """The recipe that fits the probe: its size, no mean, no deviation."""
    return replace(RECIPES["dino"], name="probe", crop=SIDE, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


def probe_pictures() -> NDArray[np.uint8]:
    """A red, a green, a blue and again a red picture: classes 0, 1, 2, 0."""
    pictures = np.zeros((4, 3, SIDE, SIDE), np.uint8)
    pictures[np.arange(4), [0, 1, 2, 0]] = 200
    return pictures


PROBE_ANSWER = [0, 1, 2, 0]
PROBE_INPUT = "input"
