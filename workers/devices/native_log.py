"""What native code prints on fd 1: its exceptions say next to nothing, its printed lines say why.

The device process's fd 1 is a log file that its parent opened; this reads that file back, only when asked.
"""

import ctypes
import os
import stat
import sys
import tempfile

from dinoq.workers.devices.cann import error_lines

MOST_BYTES = 1 << 16


class NativeLog:
    """Everything printed on fd 1 from now on."""

    def __init__(self) -> None:
        _be_a_file()
        _flush()
        self._begin = os.fstat(1).st_size

    def errors(self) -> str:
        """The last error lines that CANN printed, joined; empty text when there are none."""
        _flush()
        begin = max(self._begin, os.fstat(1).st_size - MOST_BYTES)
        # Opened anew by its descriptor: works where the file was renamed or removed, and does not move the writer.
        with open("/proc/self/fd/1", "rb") as log:
            log.seek(begin)
            return " | ".join(error_lines(log.read(MOST_BYTES).decode("utf-8", "replace")))


def _be_a_file() -> None:
    """A pipe or a terminal cannot be read back; what is printed then goes to a file of this process."""
    if not stat.S_ISREG(os.fstat(1).st_mode):
        with tempfile.TemporaryFile() as log:
            os.dup2(log.fileno(), 1)


def _flush() -> None:
    """C buffers what goes to a file, and so does Python."""
    sys.stdout.flush()
    ctypes.CDLL(None).fflush(None)
