"""The real command in a process of its own, as a user has it: an empty HOME and nothing else set."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DINOQ = [sys.executable, "-P", "-m", "dinoq"]
LIMIT_S = 120


@dataclass(frozen=True)
class Answer:
    """What a finished command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)


@dataclass
class Shell:
    """A user's shell: a home, a working folder, variables of their own, and the commands left running."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def env(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment: PATH, HOME, and what was set; nothing of dinoq's from the developer's own. Programs are
        executed once, not ten times, before they are timed: nobody looks at the times here."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LD_LIBRARY_PATH")}
        return {**kept, "HOME": str(self.home), "DINOQ_WARMUP": "1", **self.variables, **(extra or {})}

    def dinoq(self, *args: object, **extra: str) -> Answer:
        """Run the command to its end."""
        done = subprocess.run(
            [*DINOQ, *map(str, args)],
            env=self.env(extra),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *args: object, **extra: str) -> subprocess.Popen[str]:
        """Start the command and leave it running; `stop_all` ends it."""
        process = subprocess.Popen(
            [*DINOQ, *map(str, args)],
            env=self.env(extra),
            cwd=self.home,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.running.append(process)
        return process

    def stop_all(self) -> None:
        """End what is still running, with all it started."""
        for process in self.running:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                try:
                    process.communicate(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
            process.communicate()
