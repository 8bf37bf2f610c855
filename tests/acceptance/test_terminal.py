"""What a person sees on a terminal: bars that fit, and a report that nothing overwrites."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading

from tests.acceptance.conftest import Bench
from tests.command import DINOQ, LIMIT_S

COLUMNS = 50
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(bench: Bench, columns: int) -> tuple[str, str]:
    """`dinoq run` with its stderr on a terminal so wide: stdout, and everything that was drawn."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    drawn = bytearray()

    def read() -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            while block := os.read(ours, 4096):
                drawn.extend(block)

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run(
        [*DINOQ, "run", *map(str, bench.args("--loop", "3000"))],
        env=bench.shell.env({"TERM": "xterm", "LANG": "C.UTF-8"}),
        cwd=bench.shell.home,
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=LIMIT_S,
        check=True,
        text=True,
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    return done.stdout, drawn.decode()


def test_bars_fit_a_narrow_terminal_and_leave_it_to_the_report(bench: Bench) -> None:
    report, drawn = on_a_terminal(bench, COLUMNS)
    lines = re.split(r"[\r\n]+", ESCAPE.sub("", drawn))
    assert lines[0] == "job 1 is stored"
    assert any(re.search(r"cpu bs4 .*/27,000  [\d,]+ img/s  ETA \d+ s\s*$", line) for line in lines)
    assert [line for line in lines if len(line) > COLUMNS] == []
    # The last bar is erased (EL) with the cursor on its line, so that what comes next stands in its place.
    assert drawn.rstrip("\r").endswith("\x1b[2K")
    assert report.startswith("job 1  ")
