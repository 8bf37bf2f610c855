"""What an inference session says of itself: its options, its inputs and outputs, the times of its executions."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from dinoq.workers.simulators.ascend.acl import ACL, INFO
from dinoq.workers.simulators.ascend.tensors import DataType, data_type
from dinoq.workers.simulators.compute import Value

ND, NCHW, NHWC = 2, 0, 1
"""aclFormat."""


class SessionOptions:
    """`loop`, `log_level`, `acl_json_path`, and nothing else can be set."""

    __slots__ = ("acl_json_path", "log_level", "loop")

    def __init__(self) -> None:
        self.loop = 1
        self.log_level = INFO
        self.acl_json_path = ""


class TensorDesc:
    """An input or output as the model describes it; `size` and `realsize` in bytes, at the largest and chosen batch."""

    def __init__(self, value: Value, largest: int, chosen: int, form: int) -> None:
        item = np.dtype(value.dtype).itemsize * math.prod(value.shape[1:])
        self.name = value.name
        self.datatype: DataType = data_type(value.dtype)
        self.format = form
        self.shape = list(value.shape)
        self.size = item * largest
        self.realsize = item * chosen


class Summary:
    """What the executions took: build T lists ms, build A (start, end) in ms since the session began, as float32."""

    def __init__(self) -> None:
        self.exec_time_list: list[Any] = []


class Timeline:
    """The clock of one session. A virtual time may be longer than the real one: then the next begins where it ended."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self._last_end_ms = 0.0
        self.summary = Summary()

    def add(self, ms: float) -> None:
        """One execution has just ended, after `ms`."""
        if ACL.build == "T":
            self.summary.exec_time_list.append(float(np.float32(ms)))
            return
        now_ms = (time.perf_counter() - self._begun) * 1000.0
        start_ms = max(self._last_end_ms, now_ms - ms)
        self._last_end_ms = start_ms + ms
        self.summary.exec_time_list.append((float(np.float32(start_ms)), float(np.float32(start_ms + ms))))
