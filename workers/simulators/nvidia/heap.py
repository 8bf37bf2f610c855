"""The simulated card's memory, and pinned memory of the host: what copies may touch, and what they must not.

Addresses on the card look like no host address, so that a mix-up of the two is an error here as it is there.
"""

from __future__ import annotations

import bisect
import ctypes
from collections import deque

import numpy as np

from dinoq.workers.simulators.nvidia.card import PROCESS, CudaFailure
from dinoq.workers.simulators.nvidia.cuda_types import cudaError_t

BASE = 1 << 56
ALIGNMENT = 512
PAGE_MB = 2
"""The card hands out memory in pages of 2 MiB."""


class Heap:
    """What one process has allocated; every address is a whole number."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._blocks: dict[int, np.ndarray] = {}
        self._next = BASE
        self._pinned: dict[int, ctypes.Array[ctypes.c_ubyte]] = {}
        # Kept for a while, so that their addresses are nobody else's.
        self._lately_unpinned: deque[ctypes.Array[ctypes.c_ubyte]] = deque(maxlen=8)
        self._used = 0
        self._told_mb = 0

    def allocate(self, nbytes: int) -> int:
        """A new block on the card. Raises: CudaFailure when it does not fit."""
        free, _ = PROCESS.memory()
        if nbytes > free:
            raise CudaFailure(cudaError_t.cudaErrorMemoryAllocation)
        address = self._next
        self._next += -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT + ALIGNMENT
        self._starts.append(address)
        self._blocks[address] = np.zeros(nbytes, np.uint8)
        self._use(nbytes)
        return address

    def free(self, address: int) -> None:
        """Give a block back. Raises: CudaFailure for what is no block's beginning."""
        if address == 0:
            return
        if address not in self._blocks:
            raise CudaFailure(cudaError_t.cudaErrorInvalidValue)
        self._use(-self._blocks.pop(address).nbytes)
        self._starts.remove(address)

    def pin(self, nbytes: int) -> int:
        """Real memory of this process, that the caller may wrap."""
        block = (ctypes.c_ubyte * max(nbytes, 1))()
        address = ctypes.addressof(block)
        self._pinned[address] = block
        return address

    def unpin(self, address: int) -> None:
        """Give pinned memory back. Raises: CudaFailure."""
        block = self._pinned.pop(address, None)
        if block is None:
            raise CudaFailure(cudaError_t.cudaErrorInvalidValue)
        self._lately_unpinned.append(block)

    def on_card(self, address: int, nbytes: int) -> np.ndarray | None:
        """The bytes there; None where the card has no living block that holds them all."""
        place = bisect.bisect_right(self._starts, address) - 1
        if place < 0:
            return None
        start = self._starts[place]
        block = self._blocks[start][address - start : address - start + nbytes]
        return block if block.nbytes == nbytes else None

    def on_host(self, address: int, nbytes: int) -> np.ndarray | None:
        """The bytes there; None for an address of the card, or of pinned memory that was given back."""
        if not 0 < address < BASE or any(_holds(block, address) for block in self._lately_unpinned):
            return None
        for start, block in self._pinned.items():
            if _holds(block, address):
                # A view of the block itself, which a queued copy keeps alive.
                view = np.ctypeslib.as_array(block)[address - start : address - start + nbytes]
                return view if view.nbytes == nbytes else None
        return np.ctypeslib.as_array((ctypes.c_ubyte * nbytes).from_address(address))

    def _use(self, nbytes: int) -> None:
        self._used += nbytes
        now_mb = -(-self._used // (PAGE_MB << 20)) * PAGE_MB
        if now_mb != self._told_mb:
            PROCESS.card().take_memory(now_mb - self._told_mb)
            self._told_mb = now_mb


def _holds(block: ctypes.Array[ctypes.c_ubyte], address: int) -> bool:
    return ctypes.addressof(block) <= address < ctypes.addressof(block) + len(block)


HEAP = Heap()
