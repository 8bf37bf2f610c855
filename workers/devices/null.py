"""A device that computes nothing and takes its time: what remains is the cost of dinoq itself.

For benchmarks and for the contract suite of the seam; always `simulated`, and there only when asked for by
DINOQ_NULL_DEVICES=COUNT:IMAGES_PER_S. Like a vendor's runtime it holds the GIL while it works.
"""

import ctypes
import time
from typing import List

import numpy as np

from dinoq.workers.devices.base import Built, DeviceFault, Found, Options, Outcome, Program, Telemetry, Tensor

__simulated__ = True
RUNTIME = (__name__,)
SHAPE = (3, 224, 224)
CLASSES = 1000
SPIN_S = 0.0003
"""Sleep overshoots by about 0.1 ms, so the last stretch is spun."""


def discover(options: Options) -> List[Found]:
    """`null_devices` as `2:1000` is two devices of 1000 images/s each; none for an empty text."""
    wanted = options.get("null_devices", "")
    if not wanted:
        return []
    count, _, rate = wanted.partition(":")
    return [
        Found(
            chip="null",
            logic_id=number,
            key="null:%d" % number,
            toolkit="null 1",
            arch="any",
            options={"images_per_s": rate or "1000"},
        )
        for number in range(int(count))
    ]


def compile(onnx: str, batch: int, precision: str, flags: Options, into: str, options: Options) -> Built:
    """The model stays what it is; it is not looked at."""
    return Built(onnx, "nothing to compile")


def load(artifact: str, batch: int, precision: str, options: Options) -> Program:
    """A program of [batch, 3, 224, 224] to [batch, 1000], whatever the artifact says."""
    rate = float(options["images_per_s"])
    if rate <= 0:
        raise DeviceFault("permanent", "a null device of %s images/s never ends" % rate)
    return NullProgram(batch, batch / rate)


def sample(options: Options) -> Telemetry:
    """It draws no power."""
    return Telemetry()


class NullProgram(Program):
    """Answers class 0 for every image, `seconds` after the batch was given."""

    def __init__(self, batch: int, seconds: float) -> None:
        self.input = Tensor("input", (batch, *SHAPE), "float32")
        self.output = Tensor("class", (batch, CLASSES), "float32")
        self._seconds = seconds
        self._logits = np.zeros((batch, CLASSES), np.float32)
        self._logits[:, 0] = 1.0
        self._usleep = ctypes.PyDLL(None).usleep  # PyDLL, unlike CDLL, keeps the GIL

    def run(self, batch: np.ndarray) -> Outcome:
        """Hold the GIL for the batch's time."""
        begun = time.perf_counter()
        end = begun + self._seconds
        if self._seconds > SPIN_S:
            self._usleep(int((self._seconds - SPIN_S) * 1e6))
        while time.perf_counter() < end:
            pass
        return Outcome(self._logits, (time.perf_counter() - begun) * 1000.0, 0.0, 0.0)
