"""The simulator of `cuda.bindings.runtime`: names, parameters and answers as in cuda-bindings 12.9.

Every call answers `(status, *values)` and raises nothing but TypeError; on failure the values are None.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, SupportsInt

from dinoq.workers.simulators.nvidia.card import PROCESS, CudaFailure
from dinoq.workers.simulators.nvidia.cuda_types import (
    cudaDeviceProp,
    cudaError_t,
    cudaEvent_t,
    cudaGraph_t,
    cudaGraphExec_t,
    cudaMemcpyKind,
    cudaStream_t,
    cudaStreamCaptureMode,
    cudaUUID_t,
)
from dinoq.workers.simulators.nvidia.heap import HEAP
from dinoq.workers.simulators.nvidia.stream import COPY_BYTES_PER_MS, REGISTRY, Event, Stream

__all__ = ["cudaError_t", "cudaUUID_t"]
__simulated__ = True

cudaStreamDefault = 0
cudaStreamNonBlocking = 1
DRIVER = RUNTIME = 12090


def _answers(values: int = 0, capturable: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Turn a function that raises CudaFailure into a CUDA call; `values` is how many None a failure carries."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                PROCESS.check()
                if not capturable and REGISTRY.capturing():
                    raise CudaFailure(cudaError_t.cudaErrorStreamCaptureUnsupported)
                answer = function(*args, **kwargs)
            except CudaFailure as failure:
                return (failure.status, *[None] * values)
            told = () if values == 0 else answer if values > 1 else (answer,)
            return (cudaError_t.cudaSuccess, *told)

        return call

    return decorate


@_answers(1)
def cudaGetDeviceCount() -> int:
    """How many cards this process sees."""
    return len(PROCESS.devices())


@_answers()
def cudaSetDevice(device: int) -> None:
    """Take a card for this thread; only number 0 can be opened here."""
    if not 0 <= device < len(PROCESS.devices()):
        raise CudaFailure(cudaError_t.cudaErrorInvalidDevice)
    PROCESS.card()


@_answers(1)
def cudaGetDeviceProperties(device: int) -> cudaDeviceProp:
    """What a card is."""
    cards = PROCESS.devices()
    if not 0 <= device < len(cards):
        raise CudaFailure(cudaError_t.cudaErrorInvalidDevice)
    return cudaDeviceProp(cards[device])


@_answers(2)
def cudaMemGetInfo() -> tuple[int, int]:
    """Free and total bytes of the card."""
    return PROCESS.memory()


def cudaDriverGetVersion() -> Any:
    """0 without a driver, which is no failure."""
    try:
        PROCESS.devices()
    except CudaFailure:
        return cudaError_t.cudaSuccess, 0
    return cudaError_t.cudaSuccess, DRIVER


def cudaRuntimeGetVersion() -> Any:
    """The runtime is part of the bindings, and needs no driver."""
    return cudaError_t.cudaSuccess, RUNTIME


def cudaGetErrorName(error: cudaError_t) -> Any:
    """Its name, as bytes."""
    return cudaError_t.cudaSuccess, cudaError_t(error).name.encode()


def cudaGetErrorString(error: cudaError_t) -> Any:
    """Its meaning, as bytes; here no more than the name."""
    return cudaGetErrorName(error)


@_answers()
def cudaGetLastError() -> None:
    """Forget the last failure, unless it is sticky."""


@_answers(1, capturable=False)
def cudaMalloc(size: int) -> int:
    """Memory on the card."""
    return HEAP.allocate(size)


@_answers(capturable=False)
def cudaFree(devPtr: SupportsInt) -> None:
    """Give it back; waits for the card first."""
    HEAP.free(int(devPtr))


@_answers(1, capturable=False)
def cudaMallocHost(size: int) -> int:
    """Pinned memory of the host."""
    PROCESS.card()
    return HEAP.pin(size)


@_answers(capturable=False)
def cudaFreeHost(ptr: SupportsInt) -> None:
    """Give it back."""
    HEAP.unpin(int(ptr))


@_answers()
def cudaMemcpyAsync(dst: SupportsInt, src: SupportsInt, count: int, kind: cudaMemcpyKind, stream: SupportsInt) -> None:
    """Queue a copy; the addresses are looked at now, the bytes when the card comes to it."""
    sides = {cudaMemcpyKind.cudaMemcpyHostToDevice: (HEAP.on_card, HEAP.on_host)}
    sides[cudaMemcpyKind.cudaMemcpyDeviceToHost] = (HEAP.on_host, HEAP.on_card)
    if kind not in sides:
        raise CudaFailure(cudaError_t.cudaErrorInvalidValue)
    into, out_of = sides[kind][0](int(dst), count), sides[kind][1](int(src), count)
    if into is None or out_of is None:
        raise CudaFailure(cudaError_t.cudaErrorInvalidValue)
    target, source = into, out_of

    def copy() -> float:
        target[:] = source
        return count / COPY_BYTES_PER_MS

    REGISTRY.stream(stream).put(copy)


@_answers(1)
def cudaStreamCreateWithFlags(flags: int) -> cudaStream_t:
    """A new stream."""
    if flags not in (cudaStreamDefault, cudaStreamNonBlocking):
        raise CudaFailure(cudaError_t.cudaErrorInvalidValue)
    PROCESS.card()
    return cudaStream_t(REGISTRY.add(Stream()))


@_answers()
def cudaStreamSynchronize(stream: SupportsInt) -> None:
    """Until the stream is empty."""
    REGISTRY.stream(stream).wait()


@_answers()
def cudaStreamWaitEvent(stream: SupportsInt, event: SupportsInt, flags: int) -> None:
    """Let the stream go on only after the event."""
    waiting, mark = REGISTRY.stream(stream), REGISTRY.event(event)

    def hold() -> float:
        mark.wait()
        return max(0.0, (mark.at_ms or 0.0) - waiting.clock_ms)

    waiting.put(hold)


@_answers()
def cudaStreamDestroy(stream: SupportsInt) -> None:
    """Give the stream back once it is empty."""
    REGISTRY.stream(stream).wait()
    REGISTRY.remove(stream)


@_answers(1)
def cudaEventCreate() -> cudaEvent_t:
    """A new event, with times."""
    PROCESS.card()
    return cudaEvent_t(REGISTRY.add(Event()))


@_answers()
def cudaEventRecord(event: SupportsInt, stream: SupportsInt) -> None:
    """Put the event on the stream."""
    REGISTRY.event(event).record(REGISTRY.stream(stream))


@_answers()
def cudaEventSynchronize(event: SupportsInt) -> None:
    """Until the stream has come to the event."""
    REGISTRY.event(event).wait()


@_answers(1)
def cudaEventElapsedTime(start: SupportsInt, end: SupportsInt) -> float:
    """Milliseconds from one event to another, both reached."""
    first, last = REGISTRY.event(start), REGISTRY.event(end)
    if first.stream is None or last.stream is None:
        raise CudaFailure(cudaError_t.cudaErrorInvalidResourceHandle)
    if first.at_ms is None or last.at_ms is None:
        raise CudaFailure(cudaError_t.cudaErrorNotReady)
    return last.at_ms - first.at_ms


@_answers()
def cudaEventDestroy(event: SupportsInt) -> None:
    """Give the event back."""
    REGISTRY.event(event)
    REGISTRY.remove(event)


@_answers()
def cudaStreamBeginCapture(stream: SupportsInt, mode: cudaStreamCaptureMode) -> None:
    """Record what is put on the stream from now on."""
    cudaStreamCaptureMode(mode)
    if int(stream) == 0:
        raise CudaFailure(cudaError_t.cudaErrorStreamCaptureUnsupported)
    REGISTRY.stream(stream).begin_capture()


@_answers(1)
def cudaStreamEndCapture(stream: SupportsInt) -> cudaGraph_t:
    """What was recorded."""
    return cudaGraph_t(REGISTRY.add(REGISTRY.stream(stream).end_capture()))


@_answers(1)
def cudaGraphInstantiate(graph: SupportsInt, flags: int) -> cudaGraphExec_t:
    """Make a graph executable."""
    return cudaGraphExec_t(REGISTRY.add(REGISTRY.graph(graph)))


@_answers()
def cudaGraphLaunch(graphExec: SupportsInt, stream: SupportsInt) -> None:
    """Put all of a graph on the stream."""
    target = REGISTRY.stream(stream)
    for work in REGISTRY.graph(graphExec).work:
        target.put(work)


@_answers()
def cudaGraphExecDestroy(graphExec: SupportsInt) -> None:
    """Give the executable graph back."""
    REGISTRY.remove(graphExec)


@_answers()
def cudaGraphDestroy(graph: SupportsInt) -> None:
    """Give the graph back; what was made of it stays."""
    REGISTRY.remove(graph)
