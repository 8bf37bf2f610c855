"""Child processes that never outlive their parent: own session, parent-death signal, output to a log file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from dinoq.workers.devices.cann import sourced_environment

DRAIN = signal.SIGUSR2
"""Asks a supervisor or worker to finish what is in hand and leave. Not SIGUSR1: Celery takes that for itself."""
LAUNCHER = Path(__file__).with_name("launch.py")


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    death_signal: signal.Signals = signal.SIGKILL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `argv` with its output appended to `log`.

    Call it from a thread that lives as long as the child should: the kernel sends `death_signal` when that thread ends.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    # -S -E: the launcher needs nothing of the environment, and starts in 10 ms.
    launcher = [sys.executable, "-S", "-E", str(LAUNCHER), str(os.getpid()), str(int(death_signal))]
    with log.open("ab") as output:
        return subprocess.Popen(
            [*launcher, *argv],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=pass_fds,
            start_new_session=True,
        )


def kill(child: subprocess.Popen[bytes]) -> None:
    """Kill the child and what it started in its session, and reap it."""
    if child.poll() is None:
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            child.kill()
    child.wait()


def vendor_env(env: Mapping[str, str], options: Mapping[str, str]) -> dict[str, str]:
    """The environment of a vendor's process: as the vendor's `set_env` in `options` changes it, without empty paths.

    Raises: DeviceFault when that script is missing or fails.
    """
    set_env = options.get("set_env")
    return without_empty_paths(sourced_environment(set_env, env) if set_env else env)


def without_empty_paths(env: Mapping[str, str]) -> dict[str, str]:
    """The environment with empty entries of PYTHONPATH removed: an empty entry is the working directory, and a user's
    own `redis.py` there would be imported in place of the library."""
    paths = [path for path in env.get("PYTHONPATH", "").split(os.pathsep) if path]
    return {
        **{k: v for k, v in env.items() if k != "PYTHONPATH"},
        **({"PYTHONPATH": os.pathsep.join(paths)} if paths else {}),
    }
