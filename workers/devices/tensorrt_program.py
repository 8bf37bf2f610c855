"""A TensorRT plan on the card, ready to run: pinned buffers, a stream of its own, times from the card's own clock."""

from typing import Any, List, Tuple

import numpy as np

from dinoq.workers.devices import cuda_calls
from dinoq.workers.devices.base import DeviceFault, Options, Outcome, Program, Tensor
from dinoq.workers.devices.tensorrt_vendor import Heard, made, opened, vendor


class TensorrtProgram(Program):
    """One execution context of one static batch. Copies and computation follow one another on one stream, so that
    each is timed by itself."""

    facts: Options

    def __init__(self, plan: bytes, batch: int, facts: Options) -> None:
        trt = vendor()
        self.facts = dict(facts)
        # TensorRT keeps no reference to its logger, nor an engine to its runtime.
        self._heard = heard = Heard(trt)
        self._runtime = runtime = opened(trt.Runtime, heard)
        refused = "TensorRT %s refuses the plan" % trt.__version__
        self._engine = made(runtime.deserialize_cuda_engine(plan), heard, refused)
        # A plan was built on such a card, so that an empty one has the memory for it.
        doing = "making an execution context"
        self._context = made(self._engine.create_execution_context(), heard, doing, "device")
        self.input, self.output = self._tensors(trt, batch)
        self._stream = cuda_calls.Stream()
        self._given = cuda_calls.Mirror(self.input)
        self._told = cuda_calls.Mirror(self.output)
        for name, mirror in ((self.input.name, self._given), (self.output.name, self._told)):
            made(self._context.set_tensor_address(name, mirror.address), heard, "setting the address of " + name)
        self._graph: Any = None
        if facts.get("cuda_graph") == "1":
            self._capture()

    def run(self, batch: np.ndarray) -> Outcome:
        """Execute one batch; the three times are the card's."""
        if batch.shape != self.input.shape or batch.dtype != np.dtype(self.input.dtype):
            text = "a batch of %s %s; the program takes %s" % (batch.shape, batch.dtype, self.input)
            raise DeviceFault("permanent", text)
        self._given.host[...] = batch
        stream = self._stream
        stream.mark(0)
        self._given.upload(stream.handle)
        stream.mark(1)
        self._enqueue()
        stream.mark(2)
        self._told.download(stream.handle)
        stream.mark(3)
        stream.wait()
        h2d_ms, compute_ms, d2h_ms = stream.spans_ms()
        return Outcome(np.array(self._told.host, np.float32), compute_ms, h2d_ms, d2h_ms)

    def close(self) -> None:
        """Give everything back, what was made last first."""
        cudart = cuda_calls.vendor()
        if self._graph is not None:
            cuda_calls.check(cudart.cudaGraphExecDestroy(self._graph), "destroying the graph")
        self._told.free()
        self._given.free()
        self._stream.close()
        del self._context, self._engine, self._runtime

    def _enqueue(self) -> None:
        if self._graph is None:
            made(self._context.execute_async_v3(int(self._stream.handle)), self._heard, "executing the plan", "device")
            return
        cudart = cuda_calls.vendor()
        cuda_calls.check(cudart.cudaGraphLaunch(self._graph, self._stream.handle), "launching the graph")

    def _capture(self) -> None:
        """Record one execution as a CUDA graph and replay that from now on; without one where capture fails.

        TensorRT asks for one execution before, which settles what it does only once.
        """
        cudart, handle = cuda_calls.vendor(), self._stream.handle
        self._enqueue()
        self._stream.wait()
        mode = cudart.cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        cuda_calls.check(cudart.cudaStreamBeginCapture(handle, mode), "beginning a capture")
        queued = self._context.execute_async_v3(int(handle))
        ended = cudart.cudaStreamEndCapture(handle)
        if not queued or int(ended[0]):
            cudart.cudaGetLastError()  # takes the failed capture's status off the record
            cuda_calls.still_well("capturing a CUDA graph")
            self.facts["cuda_graph"] = "0, capture failed"
            return
        graph = cuda_calls.check(ended, "ending the capture")
        self._graph = cuda_calls.check(cudart.cudaGraphInstantiate(graph, 0), "making the graph executable")
        cuda_calls.check(cudart.cudaGraphDestroy(graph), "destroying the captured graph")

    def _tensors(self, trt: Any, batch: int) -> Tuple[Tensor, Tensor]:
        """Input and output as the plan has them; a plan for several batches is set to `batch`."""
        engine, context = self._engine, self._context
        names = [engine.get_tensor_name(number) for number in range(engine.num_io_tensors)]
        entries = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT]
        exits = [name for name in names if engine.get_tensor_mode(name) == trt.TensorIOMode.OUTPUT]
        if (len(entries), len(exits)) != (1, 1):
            raise DeviceFault("permanent", "the plan's tensors are %s; expected one in, one out" % ", ".join(names))
        shape = tuple(engine.get_tensor_shape(entries[0]))
        if shape[0] < 0:
            shape = (batch, *shape[1:])
            doing = "the plan does not take batch %d" % batch
            made(context.set_input_shape(entries[0], shape), self._heard, doing)
        missing: List[str] = context.infer_shapes()
        if missing:
            raise DeviceFault("permanent", "the plan leaves the shape of %s open" % ", ".join(missing))
        out_shape = tuple(context.get_tensor_shape(exits[0]))
        return (
            Tensor(entries[0], shape, _dtype(trt, engine, entries[0])),
            Tensor(exits[0], out_shape, _dtype(trt, engine, exits[0])),
        )


def _dtype(trt: Any, engine: Any, name: str) -> str:
    known = {trt.DataType.FLOAT: "float32", trt.DataType.HALF: "float16"}
    kind = engine.get_tensor_dtype(name)
    if kind not in known:
        raise DeviceFault("permanent", "tensor %s is %s; expected FLOAT or HALF" % (name, kind))
    return known[kind]
