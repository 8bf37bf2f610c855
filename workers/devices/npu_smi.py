"""Asks `npu-smi`, the driver's own tool: who is there, how it is. Judged by its text; its exit code may be 0 on failure."""

import contextlib
import fcntl
import os
import shutil
import time
from typing import Dict, Iterator, List, Optional

from dinoq.workers.devices.npu_smi_text import (
    Common,
    Inventory,
    Mapped,
    SmiFault,
    parse_blocks,
    parse_common,
    parse_info,
    parse_mapping,
    refusal,
)
from dinoq.workers.devices.vendor_program import inherited, run

TIMEOUT_S = 20.0
USUAL_FOLDERS = "/usr/local/sbin:/usr/local/bin"
"""Where the driver's installer puts it; the first is often not on a user's PATH."""
LOCK = "/tmp/dinoq-npu-smi.lock"
"""One for the host: it must not follow TMPDIR, of which every device process has its own."""


def program() -> Optional[str]:
    """Where npu-smi is on this host; None without one."""
    return shutil.which("npu-smi") or shutil.which("npu-smi", path=USUAL_FOLDERS)


def inventory(timeout_s: float = TIMEOUT_S) -> Inventory:
    """Chips and processes of this host (`info`). Raises: SmiFault."""
    return parse_info(ask("info", timeout_s=timeout_s))


def mapping() -> List[Mapped]:
    """Which chip has which logic id (`info -m`). Raises: SmiFault."""
    return parse_mapping(ask("info", "-m"))


def common(npu: int, timeout_s: float = TIMEOUT_S) -> Dict[int, Common]:
    """Power, clock and load of a card's chips, by chip id (`info -t common`). Raises: SmiFault."""
    return parse_common(ask("info", "-t", "common", "-i", str(npu), timeout_s=timeout_s))


def driver_version(npu: int) -> str:
    """The board's own word on its driver (`info -t board`), empty where it gives none. Raises: SmiFault."""
    blocks = parse_blocks(ask("info", "-t", "board", "-i", str(npu)))
    return next((block["Software Version"] for block in blocks if "Software Version" in block), "")


def ask(*arguments: str, timeout_s: float = TIMEOUT_S) -> str:
    """What `npu-smi ARGUMENTS` prints. One call at a time on a host: it does not bear more. Raises: SmiFault."""
    tool = program()
    if tool is None:
        raise SmiFault("absent", "npu-smi is not on this host: no Ascend driver, or not mounted into this container")
    query = "npu-smi " + " ".join(arguments)
    with _alone(timeout_s):
        try:
            ran = run([tool, *arguments], inherited(), timeout_s)
        except OSError as error:
            raise SmiFault("permission", "%s cannot be started: %s" % (tool, error.strerror)) from None
    if ran.code is None:
        raise SmiFault("hang", "%s did not answer within %g s; is the driver stuck? See dmesg" % (query, timeout_s))
    refused = refusal(ran.output)
    if refused:
        raise refused
    return ran.output


@contextlib.contextmanager
def _alone(timeout_s: float) -> Iterator[None]:
    """Hold the host's lock; without one where the file cannot be had, as a query too many only may fail."""
    descriptor = _lock_file()
    if descriptor is None:
        yield
        return
    try:
        _wait_for(descriptor, time.monotonic() + timeout_s)
        yield
    finally:
        os.close(descriptor)


def _lock_file() -> Optional[int]:
    """Opened for reading, which is enough to lock it and works on another user's file; made if it is not there."""
    for flags in (os.O_RDONLY, os.O_RDONLY | os.O_CREAT):
        try:
            return os.open(LOCK, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError:
            continue
    return None


def _wait_for(descriptor: int, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > deadline:
                raise SmiFault("hang", "another npu-smi on this host does not end; see %s" % LOCK) from None
            time.sleep(0.02)
