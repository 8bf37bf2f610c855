"""From imported runs to a job of the ledger: whose figures they are, which model and data, and how a repetition is
recognised.

Only flags speak here: a default of dinoq.toml is of this site's own jobs, and would make a foreign figure ours.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli.exchange import Import
from dinoq.cli.settings import Settings
from dinoq.jobs.chips import parse_batches, parse_chips
from dinoq.jobs.errors import UsageError
from dinoq.jobs.recipe import UNTOLD
from dinoq.jobs.spec import DataRef, JobSpec, ModelRef, RunSpec

if TYPE_CHECKING:
    from dinoq.jobs.foreign import ForeignRun, Given
    from dinoq.jobs.manifest import Manifest
    from dinoq.jobs.result import ShardResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What an import yields, not stored yet; `classes` is None where nothing tells, `results` are of the only run."""

    runs: tuple[ForeignRun, ...]
    manifest: Manifest
    source: str
    results: tuple[ShardResult, ...] = ()
    classes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Images with their labels, where they came from, and words for the person."""

    manifest: Manifest
    source: str
    notes: tuple[str, ...] = ()


def given_of(now: Settings, asked: Import) -> Given:
    """What the person says, checked. Raises: UsageError of its kind."""
    from dinoq.jobs.foreign import Given

    chip, batch = _flag(now, "chip"), _flag(now, "batches")
    chips, batches = parse_chips(chip) if chip else (), parse_batches(batch) if batch else ()
    for flag, values in (("--chip", chips), ("--batch", batches)):
        if len(values) > 1:
            raise UsageError(f"{flag} names {len(values)}; what is imported is of one.", hint=f"{flag} once per import")
    if asked.precision not in (None, "fp32", "fp16"):
        raise UsageError(f"precision {asked.precision!r} is none of fp32, fp16.", hint="--precision fp16")
    if asked.origin not in (None, "real", "simulated"):
        raise UsageError(f"origin {asked.origin!r} is none of real, simulated.", hint="--origin real")
    return Given(
        chip=chips[0] if chips else None,
        batch=batches[0] if batches else None,
        precision=asked.precision,  # type: ignore[arg-type]
        origin=asked.origin,  # type: ignore[arg-type]
        driver=asked.driver or "",
        toolkit=asked.toolkit or "",
    )


def model_of(now: Settings) -> ModelRef | None:
    """The model that `--model` names by its file; None for a mere name, or none at all. Raises: BadModel."""
    path = _model_file(now)
    if path is None:
        return None
    from dinoq.workers.models.onnx_facts import read_model

    return read_model(path)


def labelled(now: Settings, classes: int) -> Labelled:
    """The images and labels that a dump of so many classes is held against.

    Raises: UsageError where no flag names them, BadLabels for labels in another order or out of range.
    """
    from dinoq.workers.data.classes import fitted
    from dinoq.workers.data.datasets import open_dataset
    from dinoq.workers.data.unseen import unseen_dataset

    data, labels = _flag(now, "data"), _flag(now, "labels")
    if data is not None:
        entry = now.datasets.get(data, {})
        root, file = Path(entry.get("path", data)).absolute(), labels or entry.get("labels")
        dataset = open_dataset(root, Path(file) if file else None, cache=now.state / "tars")
        source = data if entry else str(root)
    elif labels is not None:
        dataset, source = unseen_dataset(Path(labels)), str(Path(labels).absolute())
    else:
        raise UsageError(
            "a dump says what the model answered, not what is right.", hint="--labels FILE, or --data NAME"
        )
    held = fitted(dataset, classes)
    return Labelled(manifest=held.manifest, source=source, notes=held.notes)


def job_of(now: Settings, asked: Import, made: Made) -> JobSpec:
    """The spec of a job whose runs are `made`; what nobody told stays empty, or `unknown`."""
    from dinoq.cli.submission import read_recipe

    told = next((run.model for run in made.runs if run.model), "")
    recipe, model = _flag(now, "recipe"), model_of(now)
    ref = model or ModelRef(
        name=_flag(now, "model") or told or "unknown",
        sha256="",
        input_name="",
        output_name="",
        classes=made.classes or 0,
        input_hw=(0, 0),
    )
    tools = ", ".join(dict.fromkeys(run.told.tool for run in made.runs))
    return JobSpec(
        name=asked.name or f"{ref.name}, told by {tools}",
        model=ref,
        data=DataRef(source=made.source, manifest_id=made.manifest.id, samples=len(made.manifest)),
        recipe=read_recipe(recipe) if recipe else UNTOLD,
        runs=tuple(
            RunSpec(run_no=no, chip=run.chip.name, batch=run.batch, precision=run.precision, mode="imported")
            for no, run in enumerate(made.runs, start=1)
        ),
        baseline_top1=_baseline(now),
    )


def identity_of(spec: JobSpec, made: Made) -> str:
    """32 hex digits of what is imported and how: contents, not where they lay. The same import has the same."""
    told = [(run.origin, sorted(file.sha256 for file in run.told.files), dict(run.told.facts)) for run in made.runs]
    asked = spec.to_json() | {"data": spec.data.manifest_id}
    return hashlib.sha256(json.dumps([told, asked], sort_keys=True).encode()).hexdigest()[:32]


def _flag(now: Settings, name: str) -> str | None:
    value = now.values[name]
    return value.text if value.source == "flag" else None


def _model_file(now: Settings) -> Path | None:
    text = _flag(now, "model")
    if text is None or (text not in now.models and Path(text).suffix != ".onnx"):
        return None
    return Path(now.models.get(text, {}).get("path", text))


def _baseline(now: Settings) -> float | None:
    from dinoq.workers.models.onnx_facts import baseline_from_metadata

    text, model = _flag(now, "baseline"), _model_file(now)
    if text is None:
        return baseline_from_metadata(model) if model else None
    percent = now.number("baseline", 0)
    if not 0 < percent <= 100:
        raise UsageError(f"baseline is {text}; expected percent, above 0 and not above 100.", hint="--baseline 75.3")
    return percent / 100
