"""Runs pieces of Python, each in a process of its own that begins quickly: a fork of one that has numpy at hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER = """
import json, os, sys
import ctypes, dataclasses, platform, random, re, threading, tomllib, uuid, numpy
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if child == 0:
        for descriptor, path in ((0, os.devnull), (1, asked["out"]), (2, asked["err"])):
            os.dup2(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC), descriptor)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        sys.path[:0] = asked["env"].get("PYTHONPATH", "").split(os.pathsep)
        exec(asked["code"], {"__name__": "__main__"})
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    """How a piece ended, and what it wrote to file descriptors 1 and 2."""

    returncode: int
    stdout: str
    stderr: str


class Snippets:
    """The process that forks."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, code: str, env: Mapping[str, str], cwd: Path) -> Ended:
        """Run `code` to its end, in exactly that environment."""
        out, err = self._folder / "out", self._folder / "err"
        asked = {"code": code, "env": dict(env), "cwd": str(cwd), "out": str(out), "err": str(err)}
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        returncode = int(self._process.stdout.readline())
        return Ended(returncode, out.read_bytes().decode(), err.read_bytes().decode())


@contextmanager
def snippets(folder: Path) -> Iterator[Snippets]:
    """A process that runs pieces for as long as the context lasts; outputs pass through `folder`."""
    server = [sys.executable, "-c", SERVER]
    with subprocess.Popen(server, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Snippets(process, folder)
        assert process.stdin
        process.stdin.close()
