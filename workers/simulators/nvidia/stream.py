"""Streams, events and graphs of the simulated card, on a virtual clock.

Nothing that is put on a stream happens before somebody waits for it: whoever reads a result too early, or reuses a
buffer too early, gets what a busy card would give. Each piece of work says how long it took on the card's clock.
"""

from __future__ import annotations

import itertools
from collections import deque
from typing import Callable, NamedTuple, SupportsInt, TypeVar

from dinoq.workers.simulators.nvidia.card import PROCESS, CudaFailure
from dinoq.workers.simulators.nvidia.cuda_types import cudaError_t

T = TypeVar("T")
Work = Callable[[], float]
"""Does a piece of work and answers its time in ms. Raises: CudaFailure."""
COPY_BYTES_PER_MS = 12e6
"""PCIe 3 x16 with pinned memory, roughly."""


class Graph(NamedTuple):
    """What was captured, in order."""

    work: tuple[Work, ...]


class Stream:
    """Work in order; `clock_ms` is when the last piece that was done ended."""

    def __init__(self) -> None:
        self.clock_ms = 0.0
        self._waiting: deque[Work] = deque()
        self._captured: list[Work] | None = None
        self._capture_broken = False

    @property
    def capturing(self) -> bool:
        """Whether work is being recorded, not done."""
        return self._captured is not None

    def put(self, work: Work) -> None:
        """Add work to the end; recorded instead while capturing."""
        if self._captured is not None:
            self._captured.append(work)
        else:
            self._waiting.append(work)

    def wait(self, until: Callable[[], bool] = lambda: False) -> None:
        """Do what waits, or as much as `until` needs. Raises: CudaFailure, what is left of the work is dropped."""
        if self.capturing:
            self.break_capture()
            raise CudaFailure(cudaError_t.cudaErrorStreamCaptureUnsupported)
        while self._waiting and not until():
            work = self._waiting.popleft()
            try:
                self.clock_ms += work()
            except CudaFailure as failure:
                self._waiting.clear()
                PROCESS.note(failure)
                raise

    def begin_capture(self) -> None:
        """Record from now on. Raises: CudaFailure when it does already."""
        if self.capturing:
            raise CudaFailure(cudaError_t.cudaErrorIllegalState)
        self._captured, self._capture_broken = [], False

    def break_capture(self) -> None:
        """Something was done that cannot be recorded."""
        self._capture_broken = self.capturing

    def end_capture(self) -> Graph:
        """What was recorded. Raises: CudaFailure."""
        captured, self._captured = self._captured, None
        if captured is None:
            raise CudaFailure(cudaError_t.cudaErrorIllegalState)
        if self._capture_broken:
            raise CudaFailure(cudaError_t.cudaErrorStreamCaptureInvalidated)
        return Graph(tuple(captured))


class Event:
    """A mark on a stream; `at_ms` once the stream has come there."""

    def __init__(self) -> None:
        self.at_ms: float | None = None
        self.stream: Stream | None = None

    def record(self, stream: Stream) -> None:
        """Mark the end of what is on the stream now."""
        self.at_ms, self.stream = None, stream
        stream.put(lambda: self._reach(stream))

    def wait(self) -> None:
        """Until the stream has come here; at once where it was never recorded. Raises: CudaFailure."""
        if self.stream is not None:
            self.stream.wait(until=lambda: self.at_ms is not None)

    def _reach(self, stream: Stream) -> float:
        self.at_ms = stream.clock_ms
        return 0.0


class Registry:
    """Handles of what lives: whole numbers, never used twice."""

    def __init__(self) -> None:
        self._numbers = itertools.count(0x1000, 0x10)
        self._known: dict[int, object] = {0: Stream()}

    def add(self, thing: object) -> int:
        """A new handle."""
        number = next(self._numbers)
        self._known[number] = thing
        return number

    def stream(self, handle: SupportsInt) -> Stream:
        """The stream of a handle, 0 the default one. Raises: CudaFailure."""
        return self._find(handle, Stream)

    def event(self, handle: SupportsInt) -> Event:
        """The event of a handle. Raises: CudaFailure."""
        return self._find(handle, Event)

    def graph(self, handle: SupportsInt) -> Graph:
        """The graph of a handle, executable or not. Raises: CudaFailure."""
        return self._find(handle, Graph)

    def remove(self, handle: SupportsInt) -> None:
        """Forget it; the default stream stays. Raises: CudaFailure."""
        number = int(handle)
        if number == 0 or number not in self._known:
            raise CudaFailure(cudaError_t.cudaErrorInvalidResourceHandle)
        del self._known[number]

    def capturing(self) -> bool:
        """Whether any stream records."""
        return any(isinstance(thing, Stream) and thing.capturing for thing in self._known.values())

    def _find(self, handle: SupportsInt, kind: type[T]) -> T:
        thing = self._known.get(int(handle))
        if not isinstance(thing, kind):
            raise CudaFailure(cudaError_t.cudaErrorInvalidResourceHandle)
        return thing


REGISTRY = Registry()
