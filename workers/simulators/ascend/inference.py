"""The simulated inference session, of both builds: a loaded offline model on one device."""

from __future__ import annotations

import os
import platform
import signal
import time
from typing import Any, Sequence

import numpy as np

from dinoq.workers.simulators import compute, telemetry
from dinoq.workers.simulators.ascend import aipp, om, toolkit
from dinoq.workers.simulators.ascend.acl import ACL, ERROR, GENERAL, INFO, INVALID, failure, misused
from dinoq.workers.simulators.ascend.description import NCHW, ND, NHWC, SessionOptions, Summary, TensorDesc, Timeline
from dinoq.workers.simulators.ascend.tensors import MEMORY, BaseTensor, Tensor
from dinoq.workers.simulators.opened import DeviceLost, OpenDevice

MB = 1 << 20


class Session:
    """What both builds offer; each call of it holds the GIL while the real one would (see `opened` and `pace`)."""

    _models = 0

    def __init__(self, *given: Any, **named: Any) -> None:
        self._model: om.Om | None = None
        if named or len(given) != 3 or not isinstance(given[0], str) or not _is_int(given[1]):
            raise self._no_constructor(given)
        path, device_id, options = given
        if options is None:
            # A null pointer there is followed (inferred from the source): the process dies.
            os.kill(os.getpid(), signal.SIGSEGV)
        if not isinstance(options, SessionOptions):
            raise self._no_constructor(given)
        ACL.log_level = options.log_level
        self._options = options
        self._device_id = int(device_id)
        self._opened: OpenDevice = ACL.open_device(self._device_id)
        self._load(path)
        self._timeline = Timeline()

    def _load(self, path: str) -> None:
        try:
            with open(path, "rb") as file:
                model = om.from_bytes(file.read())
            if (model.soc, model.cpu) != ("Ascend" + self._opened.device.chip, platform.machine()):
                raise ValueError("made for another chip or host")
            if model.toolkit != toolkit.version():
                raise ValueError("made by another toolkit")
        except (OSError, ValueError):
            ACL.say(ERROR, f"load model from file failed, model file is {path}")
            raise failure(INVALID) from None
        self._compute = compute.computation(model.onnx, model.precision, model.outputs)
        nothing = os.environ.get("DINOQ_SIM_NULL") == "1"
        self._aipp = aipp.parse(model.aipp) if model.aipp and not nothing else None
        self._model = model
        self._choose(0 if model.dynamic else model.gears[0])
        self._memory_mb = 1 + (len(model.onnx) + sum(desc.size for desc in (*self._inputs, *self._outputs))) // MB
        device = self._opened.device
        if telemetry.read(device).memory_mb + self._memory_mb > device.model.memory_mb:
            os.write(
                1, b"EL0004: Failed to allocate memory.\n        Possible Cause: Available memory is insufficient.\n"
            )
            ACL.say(ERROR, f"load model from file failed, model file is {path}")
            raise failure(INVALID)
        self._opened.take_memory(self._memory_mb)
        Session._models += 1
        self._model_id = Session._models
        ACL.say(INFO, f"load model {path} success")
        ACL.say(INFO, "create model description success")

    def options(self) -> SessionOptions:
        """Those it was made with."""
        return self._options

    def get_inputs(self) -> list[TensorDesc]:
        """As things are now; the hidden input of a model with gears is left out."""
        self._loaded()
        return list(self._inputs)

    def get_outputs(self) -> list[TensorDesc]:
        """As things are now."""
        self._loaded()
        return list(self._outputs)

    def set_staticbatch(self) -> None:
        """Nothing to choose; on a model with gears it chooses none."""
        if self._loaded().dynamic:
            self._choose(0)

    def set_dynamic_batchsize(self, batchsize: int) -> None:
        """Choose a gear. Raises: RuntimeError for a static model and for what is no gear."""
        model = self._loaded()
        if not model.dynamic:
            self._not_converted("dynamic_batch_size")
        if batchsize not in model.gears:
            ACL.say(ERROR, "the dymBatch parameter is not correct")
            os.write(1, ("dynamic batch gears: " + ",".join(map(str, model.gears)) + "\n").encode())
            raise failure(INVALID)
        self._choose(batchsize)

    def set_dynamic_hw(self, width: int, height: int) -> None:
        """Raises: RuntimeError, as no simulated model is converted so."""
        self._not_converted("dynamic_image_size")

    def set_dynamic_dims(self, dims: str) -> None:
        """Raises: RuntimeError, as no simulated model is converted so."""
        self._not_converted("dynamic_dims")

    def set_dynamic_shape(self, shape: str) -> None:
        """Raises: RuntimeError, as no simulated model is converted so."""
        self._not_converted("input_shape_range")

    def set_custom_outsize(self, sizes: list[int]) -> None:
        """Only models of free shapes look at it."""

    def create_tensor_from_fileslist(self, desc: TensorDesc, files: list[str]) -> Tensor:
        """The bytes of some files, one after the other, on the device."""
        raw = b"".join(_file_bytes(path) for path in files)
        return Tensor.on_device(np.frombuffer(raw, np.uint8), self._device_id)

    def run(self, *given: Any) -> list[Tensor]:
        """Execute: output names and a list of BaseTensor, a list of Tensor, or Tensors by name -> tensors on the device.

        Of each input only the number of bytes is checked. Raises: RuntimeError; details on file descriptor 1.
        """
        called = time.perf_counter()
        names, feeds = self._run_arguments(given)
        model = self._loaded()
        ACL.need_context(self._device_id)
        if not self._gear:
            raise failure(GENERAL)
        arrays = self._received(feeds)
        places = {value.name: no for no, value in enumerate(model.outputs)}
        if any(name not in places for name in names):
            ACL.say(ERROR, f"output names {','.join(names)} not found")
            raise failure(GENERAL)
        return self._executed(arrays, [places[name] for name in names], called)

    def sumary(self) -> Summary:
        """The times since the last reset; the name is the vendor's."""
        return self._timeline.summary()

    def reset_sumaryinfo(self) -> None:
        """Forget the times."""
        self._timeline.reset()

    def __str__(self) -> str:
        def lines(descs: list[TensorDesc]) -> str:
            return "".join(
                f"  #{no}    {d.name}  ({', '.join(map(str, d.shape))})  {d.datatype.name}  {d.size}  {d.realsize}\n"
                for no, d in enumerate(descs)
            )

        return f"<Model>\ndevice:\t{self._device_id}\ninput:\n{lines(self.get_inputs())}output:\n{lines(self.get_outputs())}"

    __repr__ = __str__

    def __del__(self) -> None:
        if getattr(self, "_model", None) is not None and ACL.has_open(self._device_id):
            self._unload()

    # -- what the bindings do inside ------------------------------------------------------------------------------

    def _unload(self) -> None:
        self._model = None
        self._opened.take_memory(-self._memory_mb)
        ACL.say(INFO, f"unload model success, model Id is {self._model_id}")

    def _loaded(self) -> om.Om:
        if self._model is None:
            raise failure(GENERAL)
        return self._model

    def _choose(self, gear: int) -> None:
        """Take a batch, 0 for none; what is told of inputs and outputs changes with it."""
        model = self._loaded()
        largest, form = max(model.gears), NHWC if model.aipp else NCHW
        self._gear = gear
        self._inputs = [TensorDesc(value, largest, gear or largest, form) for value in model.inputs]
        self._outputs = [TensorDesc(value, largest, gear or largest, ND) for value in model.outputs]

    def _run_arguments(self, given: tuple[Any, ...]) -> tuple[list[str], list[Any]]:
        names: Any
        feeds: Any
        names, feeds = given if len(given) == 2 else (None, None)
        if isinstance(feeds, dict):
            feeds = [feeds[desc.name] for desc in self._inputs if desc.name in feeds]
        alike = isinstance(feeds, list) and any(
            all(isinstance(f, kind) for f in feeds) for kind in (BaseTensor, Tensor)
        )
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or not alike:
            kinds = ("List[aclruntime.Tensor]", "Dict[str, aclruntime.Tensor]", "List[aclruntime.BaseTensor]")
            raise misused("run", [f"(self, arg0: List[str], arg1: {kind})" for kind in kinds], given)
        return names, feeds

    def _received(self, feeds: Sequence[Any]) -> list[np.ndarray]:
        """The inputs as the model sees them, by their number of bytes alone."""
        if len(feeds) != len(self._inputs):
            ACL.say(ERROR, f"Check input num:{len(feeds)} needed:{len(self._inputs)} not match")
            raise failure(GENERAL)
        arrays = []
        for no, (desc, value, feed) in enumerate(zip(self._inputs, self._loaded().inputs, feeds)):
            n_bytes = feed.size if isinstance(feed, BaseTensor) else feed.nbytes
            if n_bytes != desc.realsize:
                ACL.say(ERROR, f"Check i:{no} name:{desc.name} in size:{n_bytes} needsize:{desc.realsize} not match")
                raise failure(GENERAL)
            begun = time.perf_counter()
            arrays.append(feed.read(value.dtype, (self._gear, *value.shape[1:])))
            if isinstance(feed, BaseTensor):
                MEMORY.H2D_time_list.append((time.perf_counter() - begun) * 1000.0)
        return arrays

    def _executed(self, arrays: list[np.ndarray], places: list[int], called: float) -> list[Tensor]:
        results: list[Tensor] = []
        for no in range(self._options.loop):
            try:
                results, ms = self._opened.execute(lambda: self._forward(arrays, places), self._gear, called)
            except DeviceLost:
                self._died()
            self._timeline.add(ms)
            called = time.perf_counter()
            if self._options.loop > 1:
                os.write(1, f"\rloop inference exec: ({no + 1}/{self._options.loop})".encode())
        return results

    def _forward(self, arrays: list[np.ndarray], places: list[int]) -> list[Tensor]:
        """The outputs at these places, as the model's header says that they are."""
        if self._aipp is not None:
            arrays = [self._aipp.normalise(arrays[0]), *arrays[1:]]
        results, outputs = self._compute(arrays), self._loaded().outputs
        return [Tensor.on_device(results[no].astype(outputs[no].dtype, copy=False), self._device_id) for no in places]

    def _died(self) -> None:
        """An execution fault: the vendor's inner error, and a file dumped in the working directory."""
        os.write(1, b"EZ9999: Inner Error!\n        The error from device, aicore is timeout or lost.\n")
        ACL.say(ERROR, f"execute model failed, modelId is {self._model_id}")
        dump = f"exception_cb_index_0_model_{self._model_id}.bin"
        os.write(1, f"exception_cb model {self._model_id} device {self._device_id} dumped to {dump}\n".encode())
        with open(dump, "wb") as file:
            file.write(b"\0" * 64)
        raise failure(GENERAL)

    def _not_converted(self, parameter: str) -> None:
        ACL.say(ERROR, f"the {parameter} parameter is not specified for model conversion")
        raise failure(INVALID)

    @staticmethod
    def _no_constructor(given: tuple[object, ...]) -> TypeError:
        return misused(
            "__init__", ["aclruntime.InferenceSession(arg0: str, arg1: int, arg2: aclruntime.session_options)"], given
        )


def _is_int(value: object) -> bool:
    return hasattr(value, "__index__")


def _file_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
