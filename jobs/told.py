"""What another tool told of a run that dinoq did not measure, and how it stands in a report: as told, or unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from dinoq.jobs.formats.spread import Spread, spread_from_json
from dinoq.jobs.measure import MIN_BATCHES, SCOPES, Latency, Measurement, Scope, Throughput

UNKNOWN = "unknown"
FACTS = ("precision", "batch", "data", "toolkit", "driver", "clock", "copies", "warm-up", "executions")
"""What a figure is of no use without; each is told or unknown."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was imported, by its own name; of a folder, the sha256 is over its files' names and sha256s."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure by the tool's own name, `what` it counts in our words: shown, never divided."""

    name: str
    value: float
    unit: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One run as a tool told it.

    `rates` are images/s by scope, per chip; `names` say what the tool calls them. `top_k` are fractions of `images`,
    rounded by the tool, where no predictions came with them. `facts` holds every name of FACTS.
    """

    tool: str
    kind: str
    files: tuple[SourceFile, ...] = ()
    rates: Mapping[Scope, float] = field(default_factory=dict)
    names: Mapping[Scope, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    latency: Spread | None = None
    images: int | None = None
    top_k: tuple[float, ...] = ()
    facts: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(FACTS, UNKNOWN))
    notes: tuple[str, ...] = ()

    @property
    def unknown(self) -> tuple[str, ...]:
        """The facts that nobody told."""
        return tuple(name for name in FACTS if self.facts.get(name, UNKNOWN) == UNKNOWN)

    def knowing(self, **facts: str) -> Told:
        """The same with these facts (`warm_up` for `warm-up`); an empty one stays as it is."""
        named = {name.replace("_", "-"): text for name, text in facts.items() if text}
        return replace(self, facts={**self.facts, **named})

    def to_json(self) -> dict[str, object]:
        """Plain values for SQL; `told_from_json` reads them back."""
        return asdict(self) | {"latency": self.latency.to_json() if self.latency else None}


def told_from_json(values: dict[str, Any]) -> Told:
    """What `to_json` wrote."""
    return Told(
        **values
        | {
            "files": tuple(SourceFile(**one) for one in values["files"]),
            "figures": tuple(Figure(**one) for one in values["figures"]),
            "latency": spread_from_json(values["latency"]) if values["latency"] else None,
            "top_k": tuple(values["top_k"]),
            "notes": tuple(values["notes"]),
        }
    )


def joined(one: Told, other: Told) -> Told | None:
    """Two files about the same run as one, where the one tells speed and the other accuracy; None where they compete."""
    speed, accuracy = (one, other) if one.rates or one.figures else (other, one)
    if accuracy.rates or accuracy.figures or (speed.top_k and accuracy.top_k):
        return None
    facts = {name: text if text != UNKNOWN else accuracy.facts[name] for name, text in speed.facts.items()}
    return replace(
        speed,
        kind=f"{speed.kind}, {accuracy.kind}",
        files=(*speed.files, *accuracy.files),
        images=speed.images or accuracy.images,
        top_k=speed.top_k or accuracy.top_k,
        facts=facts,
        notes=(*speed.notes, *accuracy.notes),
    )


def measurement(told: Told) -> Measurement:
    """The figures where a report has those of a run of ours; what is not told has no figure, and says so."""
    why: dict[str, str] = {scope: f"not told by {told.tool}" for scope in SCOPES if scope not in told.rates}
    rates = {scope: told.rates.get(scope) for scope in SCOPES}
    return Measurement(
        latency=_latency(told.latency),
        throughput=Throughput(**rates, why=why),
        devices=(),
        loading_ms=0.0,
        wall_ms=None,
    )


def too_few(count: int | None) -> tuple[str, ...]:
    """A remark where a mean is of fewer executions than dinoq would call measured."""
    few = count is not None and count < MIN_BATCHES
    return (f"the mean is of {count} executions only, fewer than {MIN_BATCHES}",) if few else ()


def _latency(spread: Spread | None) -> Latency:
    if spread is None:
        return Latency(n=0, **dict.fromkeys(("min", "mean", "p50", "p90", "p95", "p99", "max", "cv")))
    share = spread.percentiles.get
    return Latency(
        n=spread.count or 0,
        min=spread.min,
        mean=spread.mean,
        p50=spread.median,
        p90=share(90.0),
        p95=share(95.0),
        p99=share(99.0),
        max=spread.max,
        cv=spread.cv,
    )
