"""An .om model on an Ascend chip, through `aclruntime`: the few of its calls that both builds of version 0.0.2 share.

What it does not check, is checked here: it compares byte counts only, so a wrong dtype of equal size would pass; its
RuntimeErrors carry a number and no reason, which is on fd 1. One thread opens and uses the model.
"""

import atexit
import importlib
import logging
import os
import time
from typing import Any, Dict, List, Tuple

import numpy as np

from dinoq.workers.devices.base import DeviceFault, Outcome, Program, Tensor
from dinoq.workers.devices.execution_clock import ExecutionClock
from dinoq.workers.devices.native_log import NativeLog

log = logging.getLogger(__name__)

INPUT_DTYPES = ("float32", "float16", "uint8")
"""uint8: the model was compiled with AIPP, which normalises on the chip."""
OUTPUT_DTYPES = ("float32", "float16")
DEVICE_ERRORS = ("507033", "acl open device", "SetDevice failed")
VISIBLE = "ASCEND_RT_VISIBLE_DEVICES"
LOG_INFO = 2

_open_session: List[Any] = []
"""The session through which ACL is finalised, once, when the process ends: no session can be opened after that."""


def runtime() -> Any:
    """The module `aclruntime`. Raises: DeviceFault saying what it needs."""
    # Logic ids are passed; the variable would number the devices anew. CANN reads it when it starts.
    os.environ.pop(VISIBLE, None)
    try:
        return importlib.import_module("aclruntime")
    except (ImportError, OSError) as error:
        raise DeviceFault(
            "device",
            "CANN or aclruntime is missing: %s. aclruntime has wheels for CPython 3.7 to 3.10 (3.11 perhaps) on glibc"
            " only; name such an interpreter in [ascend] python, and CANN's set_env.sh in [ascend] set_env" % error,
        ) from None


class NotLoaded(DeviceFault):
    """The runtime did not take the model, on a device that it could open: the model's fault, or that of memory."""

    def __init__(self, text: str) -> None:
        super().__init__("permanent", text)


class OmProgram(Program):
    """One loaded .om; the batch is read from it, or chosen where it was compiled with several (dynamic batch)."""

    def __init__(self, artifact: str, batch: int, device_id: int) -> None:
        self._acl = runtime()
        self._said = NativeLog()
        self._clock = ExecutionClock()
        self.facts: Dict[str, str] = {"clock": "aclruntime"}
        self._session = self._opened(artifact, device_id)
        self._choose_batch(batch)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            text = "the model has %d inputs and %d outputs; expected one of each" % (len(inputs), len(outputs))
            raise DeviceFault("permanent", text)
        self.input, self.output = _tensor(inputs[0], batch), _tensor(outputs[0], batch)
        if self.input.dtype not in INPUT_DTYPES:
            raise DeviceFault("permanent", "input %s is %s; expected float or uint8" % (self.input[0], self.input[2]))
        if self.output.dtype not in OUTPUT_DTYPES:
            text = "output %s is %s; expected logits as float32 or float16"
            raise DeviceFault("permanent", text % (self.output.name, self.output.dtype))
        self._input_bytes = inputs[0].realsize
        if _nbytes(self.input) != self._input_bytes:
            text = "input %s %s is %d bytes by its shape, %d by the model's word"
            raise DeviceFault("permanent", text % (*self.input[:2], _nbytes(self.input), self._input_bytes))

    def run(self, batch: np.ndarray) -> Outcome:
        """Execute one whole batch; the logits are float32 whatever the model's output is."""
        if batch.dtype != self.input.dtype or batch.nbytes != self._input_bytes:
            text = "a batch of %s, %d bytes, for an input of %s, %d bytes"
            raise DeviceFault("permanent", text % (batch.dtype, batch.nbytes, self.input.dtype, self._input_bytes))
        data = np.ascontiguousarray(batch)  # kept alive by this name until the results are on the host
        copies = self._without_old_times()
        try:
            begun = time.perf_counter()
            results = self._session.run([self.output.name], [self._acl.BaseTensor(_address(data), data.nbytes)])
            around_ms = (time.perf_counter() - begun) * 1000.0
            results[0].to_host()
            logits = np.array(results[0])
        except RuntimeError as error:
            raise self._failed("device", "the execution failed", error) from None
        h2d_ms, d2h_ms = _sum_of(copies, "H2D_time_list"), _sum_of(copies, "D2H_time_list")
        return Outcome(self._as_logits(logits), self._compute_ms(around_ms - (h2d_ms or 0.0)), h2d_ms, d2h_ms)

    def close(self) -> None:
        """Unload the model. A build without free_resource does so when its session is dropped."""
        if hasattr(self._session, "free_resource"):
            self._session.free_resource()
        else:
            _open_session.clear()
        self._session = None

    def _opened(self, artifact: str, device_id: int) -> Any:
        options = self._acl.session_options()
        options.log_level = LOG_INFO
        try:
            session = self._acl.InferenceSession(artifact, device_id, options)
        except RuntimeError as error:
            said = self._said.errors()
            if any(sign in said + str(error) for sign in DEVICE_ERRORS):
                raise self._failed("device", "device %d cannot be opened" % device_id, error) from None
            raise NotLoaded(str(self._failed("permanent", "the model cannot be loaded", error))) from None
        _open_session[:] = [session]
        return session

    def _choose_batch(self, batch: int) -> None:
        try:
            if self._session.get_inputs()[0].shape[0] == -1:
                self._session.set_dynamic_batchsize(batch)
            else:
                self._session.set_staticbatch()
        except RuntimeError as error:
            raise self._failed("permanent", "the model does not take batch %d" % batch, error) from None

    def _without_old_times(self) -> Any:
        """The process's list of copies, None where the build has none. Emptied each time, as it would only grow."""
        self._session.reset_sumaryinfo()
        copies: Any = self._acl.MemorySummary() if hasattr(self._acl, "MemorySummary") else None
        if hasattr(copies, "reset"):
            copies.reset()
        return copies

    def _compute_ms(self, around_ms: float) -> float:
        value = self._clock.compute_ms(self._session.sumary().exec_time_list, around_ms)
        if self._clock.own and self.facts["clock"] != "own":
            self.facts["clock"] = "own"
            log.warning("this build's execution times are too coarse by now; timed by our own clock from here on")
        return value

    def _as_logits(self, logits: np.ndarray) -> np.ndarray:
        if logits.size != int(np.prod(self.output.shape)):
            text = "the model returned %s values, its description says %s" % (logits.shape, self.output.shape)
            raise DeviceFault("permanent", text)
        return np.asarray(logits, np.float32).reshape(self.output.shape)

    def _failed(self, kind: str, what: str, error: RuntimeError) -> DeviceFault:
        """The vendor's number and words. After a device's fault nothing is finalised: that could hang."""
        if kind == "device":
            _open_session.clear()
        return DeviceFault(kind, "%s: %s %s" % (what, str(error).strip(), self._said.errors()))


@atexit.register
def _finalise() -> None:
    while _open_session:
        try:
            _open_session.pop().finalize()
        except RuntimeError:
            log.warning("ACL was not finalised")


def _tensor(description: Any, batch: int) -> Tensor:
    """As the model reports it; -1 stands for the chosen batch. Enum members are known by name: numbers may move."""
    dtype = getattr(description.datatype, "name", None) or str(description.datatype).rsplit(".", 1)[-1]
    shape: Tuple[int, ...] = tuple(description.shape)
    if shape and shape[0] == -1:
        shape = (batch, *shape[1:])
    if not shape or min(shape) < 1:
        raise DeviceFault(
            "permanent", "tensor %s has the shape %s; only the batch may be free" % (description.name, shape)
        )
    return Tensor(description.name, shape, {"double": "float64"}.get(dtype, dtype))


def _nbytes(tensor: Tensor) -> int:
    return int(np.prod(tensor.shape)) * np.dtype(tensor.dtype).itemsize


def _address(data: np.ndarray) -> int:
    return int(data.__array_interface__["data"][0])


def _sum_of(copies: Any, name: str) -> Any:
    """The copies of one batch in ms, None where the build does not tell."""
    return float(sum(getattr(copies, name))) if hasattr(copies, name) else None
