"""ResNet-50 with its classifier as an ONNX graph: opset 11 and IR 6, which every toolchain of every chip reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dinoq.workers.models.dino import Weights
from dinoq.workers.models.resnet50 import CLASSES, EPSILON, NORM, SIDE, STEM, Block, Convolution, blocks

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto

OPSET = 11
IR_VERSION = 6
INPUT, OUTPUT = "input", "output"


def build_model(weights: Weights, *, keep_batch_norm: bool, metadata: Mapping[str, str]) -> ModelProto:
    """`input` [N, 3, 224, 224] -> `output` [N, 1000], float32; the same bytes for the same arguments.

    Every batch norm is folded into its convolution, unless it is to be kept. The version of dinoq is left out on
    purpose: the file is known by its sha256, and a new version would make the same model another one.
    """
    from onnx import ModelProto, TensorProto, helper

    model = ModelProto(ir_version=IR_VERSION, producer_name="dinoq")
    model.opset_import.append(helper.make_opsetid("", OPSET))
    for key, text in sorted(metadata.items()):
        model.metadata_props.add(key=key, value=text)
    graph = model.graph
    graph.name = "dino_resnet50"
    graph.input.append(helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", 3, SIDE, SIDE]))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["N", CLASSES]))
    writer = _Writer(graph, weights, keep_batch_norm)
    features = writer.stem(INPUT)
    for block in blocks():
        features = writer.block(block, features)
    writer.classifier(features)
    return model


def fold(weights: Weights, conv: Convolution) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Kernel and bias of the convolution that does what it and its batch norm do; computed in float64."""
    gamma, beta, mean, variance = (weights[f"{conv.norm}.{entry}"].astype(np.float64) for entry in NORM)
    scale = gamma / np.sqrt(variance + EPSILON)
    kernel = weights[f"{conv.name}.weight"] * scale[:, None, None, None]
    return kernel.astype(np.float32), (beta - mean * scale).astype(np.float32)


class _Writer:
    """Adds nodes to a graph, named as torchvision names its modules; each method returns its output's name."""

    def __init__(self, graph: GraphProto, weights: Weights, keep_batch_norm: bool) -> None:
        self.graph = graph
        self.weights = weights
        self.keep_batch_norm = keep_batch_norm

    def stem(self, source: str) -> str:
        features = self._relu("relu", self._convolution(STEM, source))
        return self._node("MaxPool", "maxpool", [features], _square(3, stride=2))

    def block(self, block: Block, source: str) -> str:
        *inner, last = block.convolutions
        features = source
        for number, conv in enumerate(inner, start=1):
            features = self._relu(f"{block.name}.relu{number}", self._convolution(conv, features))
        shortcut = self._convolution(block.shortcut, source) if block.shortcut else source
        total = self._node("Add", f"{block.name}.add", [self._convolution(last, features), shortcut])
        return self._relu(f"{block.name}.relu3", total)

    def classifier(self, source: str) -> None:
        pooled = self._node("GlobalAveragePool", "avgpool", [source])
        flat = self._node("Flatten", "flatten", [pooled], {"axis": 1})
        names = [self._initializer(name, self.weights[name]) for name in ("fc.weight", "fc.bias")]
        self._node("Gemm", "fc", [flat, *names], {"transB": 1}, OUTPUT)

    def _convolution(self, conv: Convolution, source: str) -> str:
        if not self.keep_batch_norm:
            kernel, bias = fold(self.weights, conv)
            return self._convolve(conv, [source, *self._named(conv.name, weight=kernel, bias=bias)])
        kernel = self.weights[f"{conv.name}.weight"]
        plain = self._convolve(conv, [source, *self._named(conv.name, weight=kernel)])
        norm = [self._initializer(f"{conv.norm}.{entry}", self.weights[f"{conv.norm}.{entry}"]) for entry in NORM]
        return self._node("BatchNormalization", conv.norm, [plain, *norm], {"epsilon": EPSILON})

    def _convolve(self, conv: Convolution, inputs: list[str]) -> str:
        return self._node("Conv", conv.name, inputs, _square(conv.kernel, conv.stride))

    def _relu(self, name: str, source: str) -> str:
        return self._node("Relu", name, [source])

    def _named(self, module: str, **arrays: NDArray[np.float32]) -> list[str]:
        return [self._initializer(f"{module}.{name}", array) for name, array in arrays.items()]

    def _node(
        self, kind: str, name: str, inputs: list[str], attributes: Mapping[str, object] | None = None, output: str = ""
    ) -> str:
        from onnx import helper

        output = output or f"{name}.out"
        node = helper.make_node(kind, inputs, [output], name=name)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in (attributes or {}).items())
        self.graph.node.append(node)
        return output

    def _initializer(self, name: str, array: NDArray[np.float32]) -> str:
        from onnx import TensorProto

        tensor = self.graph.initializer.add(name=name, data_type=TensorProto.FLOAT, dims=array.shape)
        tensor.raw_data = array.astype("<f4").tobytes()
        return name


def _square(kernel: int, stride: int) -> dict[str, object]:
    """A window that keeps the size, but for the stride."""
    return {"kernel_shape": [kernel] * 2, "pads": [kernel // 2] * 4, "strides": [stride] * 2}
