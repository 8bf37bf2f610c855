"""From plan to logits: runtime, engine, execution context."""

from __future__ import annotations

import json
import weakref
from typing import Any

import numpy as np

from dinoq.workers.simulators import compute
from dinoq.workers.simulators.nvidia import trt_plan
from dinoq.workers.simulators.nvidia.card import PROCESS, CudaFailure
from dinoq.workers.simulators.nvidia.cuda_types import cudaError_t
from dinoq.workers.simulators.nvidia.heap import HEAP
from dinoq.workers.simulators.nvidia.stream import REGISTRY, Stream
from dinoq.workers.simulators.nvidia.trt_build import open_card
from dinoq.workers.simulators.nvidia.trt_logger import ILogger, check_logger
from dinoq.workers.simulators.nvidia.trt_names import DataType, Dims, LayerInformationFormat, TensorIOMode, data_type


class Runtime:
    """Opens plans on the card that CUDA has as number 0. Raises: TypeError where there is none."""

    def __init__(self, logger: ILogger) -> None:
        self._logger = check_logger(logger, "Runtime")
        open_card(self._logger)

    def deserialize_cuda_engine(self, serialized_engine: bytes) -> ICudaEngine | None:
        """The engine; None for a plan that is damaged, or of another version or card."""
        try:
            facts, model = trt_plan.unpack(bytes(serialized_engine))
            return ICudaEngine(facts, model, self._logger)
        except (trt_plan.Refused, CudaFailure) as error:
            self._logger.log(ILogger.ERROR, "IRuntime::deserializeCudaEngine: Error Code 1: %s" % error)
            return None


class ICudaEngine:
    """A plan on the card."""

    def __init__(self, facts: dict[str, Any], model: bytes, logger: ILogger) -> None:
        self.logger = logger
        self.inputs = {name: compute.Value(name, tuple(shape), dtype) for name, shape, dtype in facts["inputs"]}
        self.outputs = {name: compute.Value(name, tuple(shape), dtype) for name, shape, dtype in facts["outputs"]}
        self.profiles: list[dict[str, list[list[int]]]] = facts["profiles"]
        self.compute = compute.computation(model, facts["precision"], tuple(self.outputs.values()))
        weights = HEAP.allocate(len(model))
        weakref.finalize(self, HEAP.free, weights).atexit = False

    num_io_tensors = property(lambda self: len(self.inputs) + len(self.outputs))
    num_optimization_profiles = property(lambda self: max(1, len(self.profiles)))

    def get_tensor_name(self, index: int) -> str:
        """By its number, inputs first."""
        names: list[str] = [*self.inputs, *self.outputs]
        return names[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        """Which way it goes; NONE for a name that is not there."""
        if name in self.inputs:
            return TensorIOMode.INPUT
        return TensorIOMode.OUTPUT if name in self.outputs else TensorIOMode.NONE

    def get_tensor_shape(self, name: str) -> Dims:
        """-1 where open."""
        return Dims(self.value(name).shape)

    def get_tensor_dtype(self, name: str) -> DataType:
        """What it is made of."""
        return data_type(self.value(name).dtype)

    def get_tensor_profile_shape(self, name: str, profile_index: int) -> list[Dims]:
        """Least, best and largest shape of an input."""
        return [Dims(shape) for shape in self.profiles[profile_index][name]]

    def create_execution_context(self) -> IExecutionContext:
        """One caller's own state."""
        return IExecutionContext(self)

    def create_engine_inspector(self) -> EngineInspector:
        """What tells of its layers."""
        return EngineInspector(self)

    def value(self, name: str) -> compute.Value:
        """The tensor of that name."""
        return self.inputs[name] if name in self.inputs else self.outputs[name]


class EngineInspector:
    """Tells what an engine is made of."""

    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine

    def get_engine_information(self, format: LayerInformationFormat) -> str:
        """As JSON."""
        return json.dumps({"Layers": [], "Bindings": [*self._engine.inputs, *self._engine.outputs]})


class IExecutionContext:
    """Shapes and addresses of one caller, and execution on a stream."""

    active_optimization_profile = 0

    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine
        self._shapes = {name: value.shape for name, value in engine.inputs.items()}
        self._addresses: dict[str, int] = {}
        self._executed = False

    def set_optimization_profile_async(self, profile_index: int, stream_handle: int) -> bool:
        """Choose a profile."""
        if not 0 <= profile_index < self._engine.num_optimization_profiles:
            return self._refuse("Profile index %d is out of range" % profile_index)
        self.active_optimization_profile = profile_index
        return True

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        """False outside the profile."""
        given, known = tuple(shape), self._engine.inputs[name].shape
        if len(given) != len(known) or any(a not in (-1, b) for a, b in zip(known, given)):
            return self._refuse("Static dimension mismatch while setting input shape for %s" % name)
        if -1 in known:
            least, _, most = self._engine.profiles[self.active_optimization_profile][name]
            if not all(a <= b <= c for a, b, c in zip(least, given, most)):
                text = "Set dimension %s for tensor %s does not satisfy any optimization profiles. Valid range: %s..%s"
                return self._refuse(text % (list(given), name, least, most))
        self._shapes[name] = given
        return True

    def infer_shapes(self) -> list[str]:
        """The inputs whose shape is still open."""
        return [name for name, shape in self._shapes.items() if -1 in shape]

    def get_tensor_shape(self, name: str) -> Dims:
        """As it now is; an output's follows from the input's."""
        if name in self._shapes:
            return Dims(self._shapes[name])
        batch = next(iter(self._shapes.values()))[0]
        shape = self._engine.outputs[name].shape
        return Dims((batch, *shape[1:]) if shape[0] == -1 else shape)

    def set_tensor_address(self, name: str, memory: int) -> bool:
        """Where it is on the card."""
        if self._engine.get_tensor_mode(name) is TensorIOMode.NONE:
            return self._refuse("Invalid tensor name %s" % name)
        self._addresses[name] = int(memory)
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        """Queue one execution; what it reads and writes are the addresses, when the card comes to it."""
        if not isinstance(stream_handle, int):
            raise TypeError("execute_async_v3(): incompatible function arguments: stream_handle is no int")
        try:
            PROCESS.check()
            stream = REGISTRY.stream(stream_handle)
        except CudaFailure as failure:
            return self._refuse("Cuda Runtime (%s)" % failure)
        missing = [name for name in (*self._engine.inputs, *self._engine.outputs) if not self._addresses.get(name)]
        if missing or self.infer_shapes():
            return self._refuse("Neither address or allocator is set for %s" % (missing or self.infer_shapes()))
        if stream.capturing and not self._executed:
            # What the first execution settles cannot be recorded.
            stream.break_capture()
            return self._refuse("Cuda Runtime (operation not permitted when stream is capturing)")
        self._queue(stream)
        self._executed = True
        return True

    def _queue(self, stream: Stream) -> None:
        shapes = {name: tuple(self.get_tensor_shape(name)) for name in (*self._engine.inputs, *self._engine.outputs)}
        addresses = dict(self._addresses)

        def work() -> float:
            places = {name: _place(self._engine.value(name), shapes[name], addresses[name]) for name in shapes}
            given = [places[name] for name in self._engine.inputs]
            results, took_ms = PROCESS.execute(lambda: self._engine.compute(given), given[0].shape[0])
            for name, result in zip(self._engine.outputs, results):
                places[name][...] = result
            return took_ms

        stream.put(work)

    def _refuse(self, why: str) -> bool:
        self._engine.logger.log(ILogger.ERROR, "IExecutionContext: Error Code 3: API Usage Error (%s)" % why)
        return False


def _place(value: compute.Value, shape: tuple[int, ...], address: int) -> np.ndarray:
    """The tensor's bytes on the card as an array. Raises: CudaFailure, sticky, for an address that is none there."""
    dtype = np.dtype(value.dtype)
    raw = HEAP.on_card(address, int(np.prod(shape)) * dtype.itemsize)
    if raw is None:
        raise CudaFailure(cudaError_t.cudaErrorIllegalAddress)
    return raw.view(dtype).reshape(shape)
