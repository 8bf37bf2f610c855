"""dinoq.toml: the settings of a folder or a person, and the datasets and models that this host knows by name."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dinoq.cli.checkpoint_pair import pair_in
from dinoq.jobs.errors import UsageError

CONFIG_NAME = "dinoq.toml"
TABLES = ("datasets", "models")
PREFIXED = ("ascend",)
"""`[ascend] python` is the setting `ascend_python`."""
EXAMPLE = '[datasets.imagenet] path = "/data/val" labels = "/data/val.txt"'
Named = Mapping[str, Mapping[str, str]]
"""`[datasets.imagenet]` and the like: by name, then by key; paths are absolute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigFile:
    """What was read, from where; `path` is None and the rest empty where there is no file."""

    path: Path | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    datasets: Named = field(default_factory=dict)
    models: Named = field(default_factory=dict)

    def beside(self, text: str) -> str:
        """A path of the file: relative to its folder, not to where dinoq was started."""
        return _beside(self.path, text) if self.path else text


def read_config(env: Mapping[str, str], known: Collection[str]) -> ConfigFile:
    """The first dinoq.toml of: DINOQ_CONFIG, this folder, DINOQ_HOME.

    Raises: UsageError for a file that cannot be read, an unknown key, or an entry without a path.
    """
    path = _find(env)
    if path is None:
        return ConfigFile()
    table = _parsed(path)
    for prefix in PREFIXED:
        if isinstance(table.get(prefix), dict):
            table |= {f"{prefix}_{key}": value for key, value in table.pop(prefix).items()}
    tables = {name: table.pop(name, {}) for name in TABLES}
    if unknown := sorted(set(table) - set(known)):
        raise UsageError(
            f"{path} has the unknown key {unknown[0]!r}{_nearest(unknown[0], known)}.", hint="dinoq config"
        )
    return ConfigFile(
        path=path,
        values={key: _text(path, key, value) for key, value in table.items()},
        datasets=_named(path, "datasets", tables["datasets"], ("path", "labels")),
        models=_named(path, "models", tables["models"], ("path",)),
    )


def _find(env: Mapping[str, str]) -> Path | None:
    home = Path(env.get("DINOQ_HOME") or Path(env.get("HOME") or Path.home()) / ".dinoq")
    named = env.get("DINOQ_CONFIG")
    places = [Path(named)] if named else [Path(CONFIG_NAME), home / CONFIG_NAME]
    found = next((place.absolute() for place in places if place.is_file()), None)
    if found is None and named:
        raise UsageError(f"DINOQ_CONFIG names {named}, which is no file.", hint="unset DINOQ_CONFIG")
    return found


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is no TOML: {error}.", hint='lines such as: chip = "310P3"') from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint=f"chmod u+r {path}") from None


def _nearest(key: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(key, [*known, *TABLES], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


def _text(path: Path, key: str, value: object) -> str:
    """As it would be written in a variable: `true`, `16`, `1,16`."""
    if isinstance(value, dict):
        raise UsageError(f"{path} has a table [{key}]; expected {key} = a value.", hint="dinoq config")
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _named(path: Path, table: str, found: object, keys: tuple[str, ...]) -> Named:
    if not isinstance(found, dict):
        raise UsageError(f"{path} has {table} = {found!r}; expected tables [{table}.NAME].", hint=EXAMPLE)
    entries = {}
    for name, entry in found.items():
        if not isinstance(entry, dict) or "path" not in entry or not set(entry) <= set(keys):
            wanted = " and ".join(keys)
            raise UsageError(f"{path} has {table}.{name} = {entry!r}; expected a table with {wanted}.", hint=EXAMPLE)
        entries[name] = {key: _beside(path, str(value)) for key, value in entry.items()}
    return entries


def _beside(path: Path, text: str) -> str:
    return ",".join(str(path.parent / Path(part).expanduser()) for part in pair_in(text) or (text,))
