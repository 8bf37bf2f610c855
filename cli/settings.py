"""Every setting: flag, then DINOQ_* variable, then dinoq.toml, then default. The only reader of the environment."""

from __future__ import annotations

import os
import socket
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dinoq.jobs.errors import UsageError

CONFIG_NAME = "dinoq.toml"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its name (`DINOQ_NAME` and the key in dinoq.toml follow from it) and what it is for."""

    name: str
    what: str
    is_path: bool = False
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"DINOQ_{self.name.upper()}"


OPTIONS: tuple[Option, ...] = (
    Option("home", "where state and store live by default", is_path=True),
    Option("state", "SQLite, sockets, locks, logs: a local folder", is_path=True),
    Option("store", "models, artifacts, shards: a folder that all hosts of the fleet reach", is_path=True),
    Option("database_url", "SQL of the fleet; an SQLite file in the state folder by default", secret=True),
    Option("broker_url", "queue server of the fleet; an embedded one by default", secret=True),
    Option("insecure_broker", "1 allows redis:// to another machine, inside a private network"),
    Option("host", "this host's name in devices and reports"),
    Option("owner", "who submits; user@host by default"),
    Option("model", "ONNX classifier to evaluate, a file or a name under [models]", is_path=True),
    Option("data", "folder of photos, or a name under [datasets]", is_path=True),
    Option("labels", "label file: NAME INDEX per line", is_path=True),
    Option("recipe", "preprocessing: a built-in name or a TOML file"),
    Option("baseline", "published Top-1 accuracy in percent; the accuracy gate is 1 point below"),
    Option("chip", "chips to evaluate on, e.g. 310P3,T4,cpu"),
    Option("batches", "batch sizes, e.g. 1,16"),
    Option("device", "devices of this host to use: indices, names, or none"),
    Option("prep", "preprocessing threads of this host; 0 for none"),
    Option("running_deadline_s", "a device that shows no progress for so long is restarted"),
    Option("null_devices", "COUNT:IMAGES_PER_S devices that compute nothing, for benchmarks"),
    Option("ascend_python", "interpreter of the device process"),
)
BY_NAME = {option.name: option for option in OPTIONS}
INTERNAL = ("DINOQ_WORKER_ID", "DINOQ_ONLY_JOB", "DINOQ_STATE_ID", "DINOQ_DATASETS")
"""What a supervisor tells its workers; not for people."""


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from: `flag`, `DINOQ_X`, the TOML file's path, or `default`."""

    text: str | None
    source: str


@dataclass(frozen=True)
class Settings:
    """The settings of this call; `env` is the whole environment, for children."""

    values: Mapping[str, Value]
    env: Mapping[str, str]
    datasets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def get(self, name: str) -> str | None:
        """The setting as text, None when nothing sets it."""
        return self.values[name].text

    def need(self, name: str, flag: str) -> str:
        """The setting, or a UsageError that says how to give it."""
        text = self.get(name)
        if text is None:
            option = BY_NAME[name]
            raise UsageError(
                f"no {name} is given ({option.what}).",
                hint=f"{flag}, {option.variable}, or {name} = ... in {CONFIG_NAME}",
            )
        return text

    def path(self, name: str) -> Path:
        """A setting that always has a value, as an absolute path."""
        return Path(self.values[name].text or "").absolute()

    @property
    def home(self) -> Path:
        """Where state and store live by default."""
        return self.path("home")

    @property
    def state(self) -> Path:
        """The local state folder."""
        return self.path("state")

    @property
    def store(self) -> Path:
        """The store that the fleet shares."""
        return self.path("store")

    @property
    def host(self) -> str:
        """This host's name."""
        return self.need("host", "DINOQ_HOST")

    @property
    def owner(self) -> str:
        """Who submits."""
        return self.need("owner", "DINOQ_OWNER")

    @property
    def database_url(self) -> str:
        """SQL of the fleet, or this host's own file."""
        return self.get("database_url") or f"sqlite:///{self.state / 'dinoq.sqlite'}"

    @property
    def insecure_broker(self) -> bool:
        """Whether redis:// to another machine is allowed."""
        return self.get("insecure_broker") in ("1", "true", "yes")

    @property
    def runtime_folder(self) -> Path:
        """Where sockets may live: short, private, local."""
        runtime = self.env.get("XDG_RUNTIME_DIR", "")
        return Path(runtime) if runtime and Path(runtime).is_dir() else Path(tempfile.gettempdir())

    @property
    def debug(self) -> bool:
        """Whether internal errors show their traceback."""
        return bool(self.env.get("DINOQ_DEBUG"))

    def number(self, name: str, default: float) -> float:
        """A setting that is a number not below 0. Raises: UsageError."""
        text = self.get(name)
        try:
            value = default if text is None else float(text)
        except ValueError:
            value = -1.0
        if not value >= 0:
            raise UsageError(f"{name} is {text!r} (from {self.values[name].source}); expected a number from 0.")
        return value


def load(flags: Mapping[str, str | None] | None = None) -> Settings:
    """The settings of this call. Raises: UsageError for a TOML file that cannot be read or has an unknown key."""
    env = dict(os.environ)
    file, table = _config_file(env)
    named = {key: table.pop(key, {}) for key in ("datasets", "models", "ascend")}
    if unknown := sorted(set(table) - set(BY_NAME)):
        raise UsageError(f"{file} has the unknown key {unknown[0]!r}.", hint="dinoq config")
    values: dict[str, Value] = {}
    for option in OPTIONS:
        values[option.name] = _resolve(option, flags or {}, env, table, file) or Value(None, "default")
    _fill_defaults(values, env)
    base = file.parent if file else Path()
    return Settings(values, env, _tables(named["datasets"], base), _tables(named["models"], base))


def _resolve(
    option: Option, flags: Mapping[str, str | None], env: Mapping[str, str], table: Mapping[str, Any], file: Path | None
) -> Value | None:
    if (flag := flags.get(option.name)) is not None:
        return Value(flag, "flag")
    if text := env.get(option.variable):
        return Value(text, option.variable)
    if option.name in table and file is not None:
        found = table[option.name]
        text = ",".join(map(str, found)) if isinstance(found, list) else str(found)
        return Value(_beside(text, file.parent) if option.is_path else text, str(file))
    return None


def _fill_defaults(values: dict[str, Value], env: Mapping[str, str]) -> None:
    def default(name: str, text: str) -> None:
        if values[name].text is None:
            values[name] = Value(text, "default")

    default("home", str(Path(env.get("HOME") or Path.home()) / ".dinoq"))
    home = Path(values["home"].text or "")
    default("state", str(home / "state"))
    default("store", str(home / "store"))
    default("host", socket.gethostname().split(".")[0])
    user = env.get("USER") or env.get("LOGNAME") or f"uid{os.getuid()}"
    default("owner", f"{user}@{values['host'].text}")
    default("recipe", "dino")


def _config_file(env: Mapping[str, str]) -> tuple[Path | None, dict[str, Any]]:
    """The first dinoq.toml of: DINOQ_CONFIG, this folder, DINOQ_HOME."""
    home = Path(env.get("DINOQ_HOME") or Path(env.get("HOME") or Path.home()) / ".dinoq")
    named = env.get("DINOQ_CONFIG")
    places = [Path(named)] if named else [Path(CONFIG_NAME), home / CONFIG_NAME]
    file = next((place.absolute() for place in places if place.is_file()), None)
    if file is None:
        if named:
            raise UsageError(f"DINOQ_CONFIG names {named}, which is no file.")
        return None, {}
    try:
        return file, tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} is no TOML: {error}.") from None


def _tables(found: object, base: Path) -> dict[str, dict[str, str]]:
    """`[datasets.imagenet]` and the like; paths are relative to the file that holds them."""
    if not isinstance(found, dict):
        return {}
    paths = ("path", "labels")
    return {
        name: {k: _beside(str(v), base) if k in paths else str(v) for k, v in entry.items()}
        for name, entry in found.items()
        if isinstance(entry, dict)
    }


def _beside(text: str, base: Path) -> str:
    """A path relative to `base`; a bare name stays a name when no such file is there (it may name a table)."""
    candidate = base / text
    return str(candidate) if "/" in text or candidate.exists() else text
