"""The device process: the only one that loads a vendor's runtime. Run as a file: `python child.py VENDOR SOCKET_FD`.

One thread, in the vendor's interpreter (Python 3.8 or later; standard library, numpy and the vendor's module). It
serves one parent over a SOCK_SEQPACKET socket: control messages are JSON objects, `{"do": ...}`, each answered by one;
ring messages are 8 bytes, each answered by the same 8 bytes when its batches are done; before that, `{"changed": ...}`
where the program came to say other facts of itself. A device fault is told, and ends the process: what a vendor's
runtime is worth after one is not known.
"""

import array
import importlib
import json
import mmap
import os
import socket
import sys
import time
import traceback
import types
from typing import Any, Dict

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_MESSAGE = 1 << 16
KEPT_CHARACTERS = 16000
"""Of either end of a vendor's words: as JSON they may take six times as much, and a message of 200 kB still passes."""
WARM_UP_MS = 200.0
MOST_WARM_UP_MS = 60000.0
"""A batch that takes seconds is as warm after a few."""


def stand_in_packages() -> None:
    """Let `from dinoq.workers.devices.base import ...` work where dinoq is not installed.

    Only this folder's files can be imported so, and the simulators': a vendor file that reached for more of dinoq
    would fail at once. It must not be on the path itself, where its tensorrt.py would shadow the vendor's.
    """
    # Real paths: Python resolves links in the one that it puts first, and dinoq/workers is a link in a checkout.
    sys.path[:] = [entry for entry in sys.path if entry and os.path.realpath(entry) != os.path.realpath(HERE)]
    simulators = os.path.join(os.path.dirname(HERE), "simulators")
    rooms = {"dinoq.workers.devices": [HERE], "dinoq.workers.simulators": [simulators]}
    for name, path in {"dinoq": [], "dinoq.workers": [], **rooms}.items():
        package = types.ModuleType(name)
        package.__path__ = path
        sys.modules[name] = package


class DeviceServer:
    """What the process holds: the vendor's file, the loaded program, the mapped ring."""

    def __init__(self, vendor: Any, link: socket.socket) -> None:
        self.vendor = vendor
        self.link = link
        self.program: Any = None
        self.facts: Dict[str, str] = {}
        self.views: Any = None
        self.batch = 0

    def serve(self) -> None:
        """Answer until the parent is gone."""
        while True:
            message, descriptors = receive(self.link)
            if not message:
                return
            if len(message) == ring.MESSAGE.size:
                self.run_slot(*ring.MESSAGE.unpack(message))
                self.tell_changes()
                self.link.send(message)
            else:
                request = json.loads(message.decode())
                answer = getattr(self, "do_" + request.pop("do"))(descriptors, **request)
                self.link.send(json.dumps(answer).encode())

    def run_slot(self, slot: int, batches: int) -> None:
        """Execute the batches of one slot, logits and times written beside them."""
        inputs, logits, times = self.views.inputs[slot], self.views.logits[slot], self.views.times[slot]
        for number in range(batches):
            first, last = number * self.batch, (number + 1) * self.batch
            outcome = self.program.run(inputs[first:last])
            logits[first:last] = outcome.logits
            # None becomes NaN: the vendor does not tell
            times[number] = (outcome.compute_ms, outcome.h2d_ms, outcome.d2h_ms)

    def tell_changes(self) -> None:
        """What a program says of itself may change while it runs, as when it comes to use its own clock."""
        facts = dict(self.program.facts or {})
        if facts != self.facts:
            self.facts = facts
            self.link.send(json.dumps({"changed": facts}).encode())

    def do_discover(self, _: Any, options: Dict[str, str]) -> Dict[str, Any]:
        """Who is there, and what artifacts are made with on this host; `trouble` is why nobody could be found: a driver
        that does not answer says nothing of a compiler beside it."""
        answer = {"found": [], "trouble": ""}  # type: Dict[str, Any]
        answer["toolkit"] = self.vendor.toolkit(options) if hasattr(self.vendor, "toolkit") else None
        try:
            answer["found"] = [one._asdict() for one in self.vendor.discover(options)]
        except base.DeviceFault as fault:
            answer["trouble"] = str(fault)
        return answer

    def do_pieces(self, _: Any, options: Dict[str, str]) -> Dict[str, Any]:
        """What a doctor finds of the vendor's software, in this interpreter and environment."""
        return {"pieces": [one._asdict() for one in self.vendor.pieces(options)]}

    def do_sample(self, _: Any, devices: Any) -> Dict[str, Any]:
        """One reading of each device, by its options; all at once where the vendor tells of a whole host."""
        at_once = getattr(self.vendor, "sample_all", None)
        told = at_once(devices) if at_once else [self.vendor.sample(options) for options in devices]
        return {"readings": [one._asdict() for one in told]}

    def do_compile(self, _: Any, **wanted: Any) -> Dict[str, Any]:
        """Make an artifact; the vendor's words come back with it."""
        built = self.vendor.compile(**wanted)
        return {"path": built.path, "output": fitting(built.output), "simulated": simulated(self.vendor)}

    def do_load(self, _: Any, warmup: int, **wanted: Any) -> Dict[str, Any]:
        """Replace the loaded program, warm it up, tell what it says of itself and how long a batch takes."""
        self.views = None
        if self.program is not None:
            self.program.close()
            self.program = None
        self.program = self.vendor.load(**wanted)
        self.batch = self.program.input.shape[0]
        batch_ms = self.warm_up(warmup)
        self.facts = dict(self.program.facts or {})
        return {
            "input": list(self.program.input),
            "output": list(self.program.output),
            "batch_ms": batch_ms,
            "facts": self.facts,
            "simulated": simulated(self.vendor),
        }

    def warm_up(self, least: int) -> float:
        """Execute it on zeros, never on data, `least` times and for 200 ms at least; the quickest time in ms."""
        data = np.zeros(self.program.input.shape, self.program.input.dtype)
        begun, quickest, runs, spent_ms = time.perf_counter(), float("inf"), 0, 0.0
        while (runs < least or spent_ms < WARM_UP_MS) and spent_ms < MOST_WARM_UP_MS:
            quickest = min(quickest, self.program.run(data).compute_ms)
            runs += 1
            spent_ms = (time.perf_counter() - begun) * 1000.0
        return quickest

    def do_attach(self, descriptors: Any, **layout: Any) -> Dict[str, Any]:
        """Map the ring, and touch its pages now rather than inside a timed phase."""
        geometry = ring.Layout(**dict(layout, shape=tuple(layout["shape"])))
        mapped = mmap.mmap(descriptors[0], ring.nbytes(geometry))
        os.close(descriptors[0])
        self.views = ring.views(mapped, geometry)
        for part in self.views:
            part.reshape(-1).view(np.uint8)[:: ring.PAGE].max()
        return {}


def simulated(vendor: Any) -> bool:
    """Whether a module of the vendor's calls itself a simulator: origin is a fact of what runs, not of a setting."""
    return any(getattr(sys.modules.get(name), "__simulated__", False) for name in vendor.RUNTIME)


def fitting(text: str) -> str:
    """The head and the tail of what a vendor said, so that it fits one message."""
    if len(text) <= 2 * KEPT_CHARACTERS:
        return text
    return "%s\n...\n%s" % (text[:KEPT_CHARACTERS], text[-KEPT_CHARACTERS:])


def told(kind: str, text: str, output: str = "") -> bytes:
    """A fault as the parent reads it."""
    return json.dumps({"fault": kind, "text": text[:4000], "output": fitting(output)}).encode()


def receive(link: socket.socket) -> Any:
    """One message and the file descriptors it carries; empty when the parent is gone."""
    data, extras, _, _ = link.recvmsg(MAX_MESSAGE, socket.CMSG_LEN(4))
    descriptors = array.array("i")
    for level, kind, body in extras:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(body[: len(body) - len(body) % descriptors.itemsize])
    return data, list(descriptors)


def main(vendor: str, descriptor: int) -> int:
    """Serve the socket at `descriptor`; a fault is the last thing told."""
    link = socket.socket(fileno=descriptor)
    try:
        module = importlib.import_module("dinoq.workers.devices." + vendor)
        DeviceServer(module, link).serve()
    except base.DeviceFault as fault:
        link.send(told(fault.kind, str(fault), getattr(fault, "output", "")))
        return 3
    except Exception as error:
        traceback.print_exc()
        link.send(told("device", "%s: %s" % (type(error).__name__, error)))
        return 3
    return 0


if __name__ == "__main__":
    stand_in_packages()
    import numpy as np

    base = importlib.import_module("dinoq.workers.devices.base")
    ring = importlib.import_module("dinoq.workers.devices.ring")
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
