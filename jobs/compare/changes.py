"""What is not the same on the two sides of a comparison: the causes that a difference in their figures may have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dinoq.jobs.compare.sides import Side

CLOCK_TOLERANCE = 0.01
"""Median clocks that lie no further apart are the same clock."""
NONE = "none"
"""Of what may be left out: nobody gave any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One fact of both sides; None where it is not known. `same` as far as anybody can tell."""

    what: str
    a: str | None
    b: str | None
    same: bool


def changes(a: Side, b: Side) -> tuple[Change, ...]:
    """Every fact that may explain a difference, in a fixed order, those that did not change among them."""
    known = [_change(what, told(a), told(b)) for what, told in FACTS]
    return (*known, _clock(a, b), *_recipe_parameters(a, b))


def _change(what: str, a: str, b: str) -> Change:
    return Change(what=what, a=a or None, b=b or None, same=a == b)


def _clock(a: Side, b: Side) -> Change:
    """Clocks waver: they have changed where they lie apart by more than a hundredth."""
    here, there = _clock_mhz(a), _clock_mhz(b)
    same = here == there
    if here is not None and there is not None:
        same = abs(here - there) <= CLOCK_TOLERANCE * max(here, there)
    return Change(what="clock", a=_mhz(here), b=_mhz(there), same=same)


def _clock_mhz(side: Side) -> float | None:
    """The mean of its devices' median clocks."""
    told = [one.telemetry.clock_median_mhz for one in side.run.devices if one.telemetry]
    known = [clock for clock in told if clock is not None]
    return sum(known) / len(known) if known else None


def _mhz(clock: float | None) -> str | None:
    return None if clock is None else f"{clock:.0f} MHz"


def _recipe_parameters(a: Side, b: Side) -> list[Change]:
    """Those that differ: a recipe's name and version may stay while somebody edits its file."""
    here, there = a.report.recipe.to_json(), b.report.recipe.to_json()
    differ = [name for name in here if name not in ("name", "version", "source") and here[name] != there[name]]
    return [_change(f"recipe {name}", str(here[name]), str(there[name])) for name in differ]


def _once(texts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(text for text in texts if text))


def _model_name(side: Side) -> str:
    return side.report.model.name


def _model(side: Side) -> str:
    return side.report.model.sha256


def _artifact(side: Side) -> str:
    return side.run.artifact.sha256 if side.run.artifact else ""


def _toolkit(side: Side) -> str:
    return side.run.toolkit


def _driver(side: Side) -> str:
    return _once(side.run.drivers)


def _recipe(side: Side) -> str:
    return f"{side.report.recipe.name} version {side.report.recipe.version}"


def _dataset(side: Side) -> str:
    """The photos and their labels as far as they are known by content, else the list of them."""
    if not side.report.data.samples:
        return ""
    if side.report.fingerprint:
        return f"fingerprint {side.report.fingerprint}"
    return f"manifest {side.report.data.manifest_id}"


def _samples(side: Side) -> str:
    return str(side.report.data.samples or "")


def _flags(side: Side) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(side.run.flags.items())) or NONE


def _host(side: Side) -> str:
    return _once(one.facts.host for one in side.run.devices if one.facts)


def _devices(side: Side) -> str:
    return _once(one.label for one in side.run.devices)


def _pace(side: Side) -> str:
    return side.run.pace or NONE


def _dinoq(side: Side) -> str:
    return _once(one.program.get("dinoq", "") for one in side.run.devices)


FACTS: tuple[tuple[str, Callable[[Side], str]], ...] = (
    ("model", _model_name),
    ("model sha256", _model),
    ("artifact", _artifact),
    ("toolkit", _toolkit),
    ("driver", _driver),
    ("architecture", lambda side: side.run.arch),
    ("chip", lambda side: side.run.chip),
    ("batch", lambda side: str(side.run.batch)),
    ("precision", lambda side: side.run.precision),
    ("flags", _flags),
    ("made elsewhere", lambda side: side.run.given or NONE),
    ("recipe", _recipe),
    ("dataset", _dataset),
    ("samples", _samples),
    ("timed on", lambda side: side.mode),
    ("origin", lambda side: side.run.origin or ""),
    ("pace", _pace),
    ("host", _host),
    ("devices", _devices),
    ("warm-up", lambda side: str(side.report.warmup)),
    ("loop", lambda side: str(side.report.loop)),
    ("dinoq", _dinoq),
)
"""Each fact by name, and where it stands; empty where it is not known."""
