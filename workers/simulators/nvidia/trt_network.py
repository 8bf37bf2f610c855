"""What TensorRT reads of an ONNX file: a network of tensors and layers."""

from __future__ import annotations

from typing import NamedTuple

from dinoq.workers.simulators import compute
from dinoq.workers.simulators.nvidia.trt_logger import ILogger
from dinoq.workers.simulators.nvidia.trt_names import MAJOR, DataType, Dims, data_type


class ITensor(NamedTuple):
    """An input or output of network or layer; -1 in its shape is open."""

    name: str
    shape: Dims
    dtype: DataType


class ILayer:
    """One operator."""

    def __init__(self, name: str, output: ITensor) -> None:
        self.name = name
        self._output = output

    def get_output(self, index: int) -> ITensor | None:
        """Its only output."""
        return self._output if index == 0 else None


class INetworkDefinition:
    """Empty until a parser fills it."""

    def __init__(self, flags: int) -> None:
        # Before 10 a network without the flag leaves out the batch; since then there is no other kind.
        self.explicit_batch = MAJOR >= 10 or bool(flags & 1)
        self.model = b""
        self.graph: compute.Graph | None = None
        self._inputs: list[ITensor] = []
        self._outputs: list[ITensor] = []
        self._layers: list[ILayer] = []

    def fill(self, model: bytes) -> None:
        """Take a model in. Raises: ValueError for what cannot be read."""
        graph = compute.read_graph(model)
        self._inputs = [_tensor(value) for value in graph.inputs]
        self._outputs = [_tensor(value) for value in graph.outputs]
        self._layers = _layers(model)
        self.model, self.graph = model, graph

    num_inputs = property(lambda self: len(self._inputs))
    num_outputs = property(lambda self: len(self._outputs))
    num_layers = property(lambda self: len(self._layers))

    def get_input(self, index: int) -> ITensor:
        """By its number."""
        return self._inputs[index]

    def get_output(self, index: int) -> ITensor:
        """By its number."""
        return self._outputs[index]

    def get_layer(self, index: int) -> ILayer:
        """By its number."""
        return self._layers[index]

    @property
    def holds_half(self) -> bool:
        """Whether anything in it is computed in fp16 by its own type."""
        outputs = (layer.get_output(0) for layer in self._layers)
        return any(output is not None and output.dtype is DataType.HALF for output in outputs)


class ParserError:
    """Why the parser stopped."""

    def __init__(self, text: str) -> None:
        self._text = text

    def desc(self) -> str:
        """In words."""
        return self._text

    def node(self) -> int:
        """At which node; -1 for none."""
        return -1

    def code(self) -> int:
        """TensorRT's number for the kind of error."""
        return 8


class OnnxParser:
    """Fills a network from an ONNX file's bytes."""

    def __init__(self, network: INetworkDefinition, logger: ILogger) -> None:
        self._network = network
        self._logger = logger
        self._errors: list[ParserError] = []

    num_errors = property(lambda self: len(self._errors))

    def parse(self, model: bytes, path: str | None = None) -> bool:
        """Whether it could be read; why not is told by `get_error` and the logger."""
        try:
            if not self._network.explicit_batch:
                raise ValueError(
                    "This version of the ONNX parser only supports networks with an explicit batch dimension"
                )
            self._network.fill(bytes(model))
        except ValueError as error:
            self._errors.append(ParserError(str(error)))
            self._logger.log(ILogger.ERROR, "ModelImporter.cpp: %s" % error)
        return not self._errors

    def get_error(self, index: int) -> ParserError:
        """By its number."""
        return self._errors[index]


def _tensor(value: compute.Value) -> ITensor:
    return ITensor(value.name, Dims(value.shape), data_type(value.dtype))


def _layers(model: bytes) -> list[ILayer]:
    """One layer per node, its output's type inferred; FLOAT where nothing says otherwise."""
    import onnx

    graph = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(model)).graph
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*graph.value_info, *graph.output)}
    half = onnx.TensorProto.FLOAT16
    return [
        ILayer(node.name, ITensor(name, Dims(), DataType.HALF if kinds.get(name) == half else DataType.FLOAT))
        for node in graph.node
        for name in node.output[:1]
    ]
