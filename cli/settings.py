"""Every setting: flag, then DINOQ_* variable, then dinoq.toml, then default. The only reader of the environment."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dinoq.cli.config_file import CONFIG_NAME, ConfigFile, Named, read_config
from dinoq.jobs.errors import UsageError


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: its name (its variable and its key in dinoq.toml follow from it) and what it is for."""

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
    Option("data", "folder or tar of photos, or a name under [datasets]", is_path=True),
    Option("labels", "label file (NAME INDEX per line), or ImageNet's devkit", is_path=True),
    Option("recipe", "preprocessing: a built-in name or a TOML file", is_path=True),
    Option("baseline", "published Top-1 accuracy in percent; the accuracy gate is 1 point below"),
    Option("warmup", "executions before the first that is timed, at least; 10 by default"),
    Option("chip", "chips to evaluate on, e.g. 310P3,T4,cpu"),
    Option("batches", "batch sizes, e.g. 1,16"),
    Option("mode", "what runs are fed: dataset, pure (random data), or recipe (the dataset at batches 1 and 16)"),
    Option("device", "devices of this host to use: indices, names, chips, or none"),
    Option("prep", "preprocessing threads of this host; 0 for none"),
    Option("running_deadline_s", "a device that shows no progress for so long is restarted"),
    Option("compiling_deadline_s", "a toolchain that has not ended for so long is killed"),
    Option("idle_wait_s", "how long a busy device is waited for; then it is used, and the run is UNSTABLE"),
    Option("null_devices", "COUNT:IMAGES_PER_S devices that compute nothing, for benchmarks"),
    Option("facts", "TOML with peaks of more chips and GFLOP of more models, for dinoq audit", is_path=True),
    Option("simulate", "simulated devices in place of real ones, e.g. 310P3:4,T4:1"),
    Option("pace", "what simulated devices take their times from: published, or a TOML file", is_path=True),
    Option("ascend_set_env", "CANN's set_env.sh, sourced for Ascend programs and modules", is_path=True),
    Option(
        "ascend_python", "interpreter of an Ascend device process, one that aclruntime has a wheel for", is_path=True
    ),
    Option("ascend_atc_python", "interpreter of atc's Python parts: numpy < 2, sympy, decorator, tbe", is_path=True),
)
SHORT, SHORT_PLACE = 60, "/tmp"
"""Bytes of a path below which a socket's still fits with our folder in between; and where there is nothing shorter."""
BY_NAME = {option.name: option for option in OPTIONS}
INTERNAL = (
    *("DINOQ_WORKER_ID", "DINOQ_ONLY_JOB", "DINOQ_STATE_ID", "DINOQ_DATASETS"),
    *("DINOQ_VENDOR_ENV", "DINOQ_LOCAL_DEVICE", "DINOQ_LOCAL_DEVICES", "DINOQ_TOOLCHAIN"),
)
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
    config: ConfigFile = field(default_factory=ConfigFile)

    @property
    def datasets(self) -> Named:
        """The datasets that dinoq.toml names."""
        return self.config.datasets

    @property
    def models(self) -> Named:
        """The models that dinoq.toml names."""
        return self.config.models

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
        return (self.get("insecure_broker") or "").lower() in ("1", "true", "yes")

    @property
    def runtime_folder(self) -> Path:
        """Where sockets may live: local, and short, as their paths have an end; what is made there is private."""
        usual = tempfile.gettempdir()
        places = (self.env.get("XDG_RUNTIME_DIR", ""), usual, SHORT_PLACE)
        fit = (place for place in places if place and len(os.fsencode(place)) <= SHORT and Path(place).is_dir())
        return Path(next(fit, usual))

    def number(self, name: str, default: float) -> float:
        """A setting that is a number not below 0. Raises: UsageError."""
        text = self.get(name)
        try:
            value = default if text is None else float(text)
        except ValueError:
            value = -1.0
        if not value >= 0:
            source = self.values[name].source
            raise UsageError(f"{name} is {text!r} (from {source}); expected a number from 0.", hint="dinoq config")
        return value


def load(flags: Mapping[str, str | None] | None = None) -> Settings:
    """The settings of this call. Raises: UsageError for a TOML file that cannot be read or has an unknown key."""
    env = dict(os.environ)
    config = read_config(env, BY_NAME)
    values = {option.name: _resolve(option, flags or {}, env, config) for option in OPTIONS}
    _fill_defaults(values, env)
    return Settings(values, env, config)


def _resolve(option: Option, flags: Mapping[str, str | None], env: Mapping[str, str], config: ConfigFile) -> Value:
    if (flag := flags.get(option.name)) is not None:
        return Value(flag, "flag")
    if text := env.get(option.variable):
        return Value(_from_here(option, text), option.variable)
    if option.name in config.values:
        return Value(_placed(option, config), str(config.path))
    return Value(None, "default")


def _from_here(option: Option, text: str) -> str:
    """What workers, which live in another folder, are to find too; an interpreter's bare name is looked for on PATH."""
    kept = option.name == "ascend_set_env" or (option.name.startswith("ascend_") and "/" in text)
    return str(Path(text).absolute()) if kept else text


def _placed(option: Option, config: ConfigFile) -> str:
    """A path is relative to the file that holds it; what names a dataset, a model or a built-in recipe is no path."""
    text = config.values[option.name]
    names = {"data": config.datasets, "model": config.models}.get(option.name, {})
    is_name = text in names or (option.name in ("recipe", "pace") and not text.endswith(".toml"))
    return config.beside(text) if option.is_path and not is_name else text


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
