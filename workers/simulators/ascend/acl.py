"""The state that ACL keeps per process: opened devices, contexts of threads, what it prints, how its errors read.

Two builds share one version number. T (DINOQ_SIM_ACL_BUILD, the default): a thread has the context that its last
constructed inference session set, and nothing else sets one. A: every inference session brings its own context along.
Both refuse to work in a child forked after they began, and after `finalize`.
"""

from __future__ import annotations

import os
import threading

from dinoq.workers.simulators import machine
from dinoq.workers.simulators.opened import DeviceLost, OpenDevice

GENERAL, INVALID, NO_DEVICE = -1, 1, 507033
TEXTS = {GENERAL: "ACL: general failure", INVALID: "ACL: invalid parameter"}
DEBUG, INFO, WARN, ERROR = 1, 2, 3, 4
LEVELS = {DEBUG: "DEBUG", INFO: "INFO", WARN: "WARN", ERROR: "ERROR"}
CONTEXT_MB = 180
"""What an opened device takes before any model is loaded."""


def failure(code: int) -> RuntimeError:
    """The only kind of error there is, trailing space included."""
    return RuntimeError(f"[{code}][{TEXTS.get(code, 'Error code unknown')}] ")


def misused(call: str, signatures: list[str], given: tuple[object, ...]) -> TypeError:
    """How a binding refuses arguments of a wrong kind or number."""
    lines = "".join(f"    {no}. {signature}\n" for no, signature in enumerate(signatures, 1))
    return TypeError(
        f"{call}(): incompatible function arguments. The following argument types are supported:\n{lines}\n"
        f"Invoked with: {', '.join(map(repr, given))}"
    )


class Acl:
    """One process's ACL; there is one, `ACL`."""

    def __init__(self) -> None:
        self.build = os.environ.get("DINOQ_SIM_ACL_BUILD", "T")
        self.log_level = INFO
        self.finalized = False
        self.opened: dict[int, OpenDevice] = {}
        self._pid = 0
        self._thread = threading.local()

    def say(self, level: int, text: str) -> None:
        """Print as C++ does: on file descriptor 1, whatever sys.stdout is."""
        if level >= self.log_level:
            os.write(1, f"[{LEVELS[level]}] {text}\n".encode())

    def open_device(self, device_id: int) -> OpenDevice:
        """The device, opened at its first use; this thread's context is then on it. Raises: RuntimeError."""
        self._check_process()
        if not self._pid:
            self._pid = os.getpid()
            self.say(INFO, "acl init success")
        if device_id not in self.opened:
            self.opened[device_id] = self._open(device_id)
            self.say(INFO, f"open device {device_id} success")
        self._thread.device_id = device_id
        return self.opened[device_id]

    def need_context(self, device_id: int) -> None:
        """Every native call needs one. Raises: RuntimeError in a fork, after finalize, and (T) in a foreign thread."""
        self._check_process()
        if device_id not in self.opened:
            raise failure(GENERAL)
        if self.build == "T" and getattr(self._thread, "device_id", None) != device_id:
            raise failure(GENERAL)

    def has_open(self, device_id: int) -> bool:
        """Whether this very process holds the device open."""
        return not self.finalized and self._pid == os.getpid() and device_id in self.opened

    def finalize(self) -> None:
        """Reset all devices, for good: this process opens none again. Raises: RuntimeError the second time."""
        self._check_process()
        for device_id, opened in self.opened.items():
            opened.close()
            self.say(INFO, "end to destroy context")
            self.say(INFO, f"end to reset device is {device_id}")
        self.opened.clear()
        self.finalized = True
        self.say(INFO, "end to finalize acl")

    def _check_process(self) -> None:
        if self.finalized or self._pid not in (0, os.getpid()):
            raise failure(GENERAL)

    def _open(self, device_id: int) -> OpenDevice:
        visible = _visible(machine.devices("ascend"))
        try:
            if not 0 <= device_id < len(visible):
                raise DeviceLost
            return OpenDevice(visible[device_id], CONTEXT_MB)
        except DeviceLost:
            os.write(1, b"EL003: The argument is invalid.\n        Reason: SetDevice failed.ret=507033\n")
            self.say(ERROR, f"acl open device {device_id} failed")
            raise failure(NO_DEVICE) from None


def _visible(there: list[machine.Device]) -> list[machine.Device]:
    """What ASCEND_RT_VISIBLE_DEVICES leaves: logic ids, ascending; reading ends at the first that is not good."""
    text = os.environ.get("ASCEND_RT_VISIBLE_DEVICES")
    if text is None:
        return there
    kept: list[machine.Device] = []
    for part in text.split(","):
        if not part.isdecimal() or int(part) >= len(there) or (kept and int(part) <= kept[-1].index):
            break
        kept.append(there[int(part)])
    return kept


ACL = Acl()
