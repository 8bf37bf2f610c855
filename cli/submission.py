"""From what a person asked for to a job in the ledger: every check that can be made before anything is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.artifacts import Ready, ready_made, stored, with_flags
from dinoq.cli.checkpoint_pair import onnx_of
from dinoq.cli.like import (
    Liked,
    artifacts_like,
    dataset_like,
    gates_of,
    liked,
    notes_like,
    require_model,
    settings_like,
    wishes_like,
)
from dinoq.cli.random_data import no_data
from dinoq.cli.settings import Settings
from dinoq.jobs.chips import Precision, parse_batches, parse_chips
from dinoq.jobs.errors import UsageError
from dinoq.jobs.modes import rule_named, with_modes
from dinoq.jobs.recipe import Recipe, recipe_from_toml, recipe_named
from dinoq.jobs.remarks import note_text, tag_named
from dinoq.jobs.spec import WARMUP, DataRef, JobSpec, ModelRef, RunSpec, plan_runs

if TYPE_CHECKING:
    from dinoq.db.engine import Database
    from dinoq.jobs.manifest import Manifest
    from dinoq.workers.data.datasets import Dataset


MAX_WARMUP = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What only flags can say; everything else is a setting."""

    precision: str | None = None
    name: str | None = None
    like: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    limit: int | None = None
    loop: int | None = None
    keep_logits: bool = False
    atc_args: tuple[str, ...] = ()
    trt_args: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job that passed every check, not stored yet."""

    spec: JobSpec
    manifest: Manifest
    model: Path
    ready: Ready
    notes: tuple[str, ...]
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def to_compile(self) -> tuple[RunSpec, ...]:
        """The runs for which no artifact was made elsewhere."""
        return tuple(run for run in self.spec.runs if not self.ready.has(run))


def prepare(settings: Settings, wishes: Wishes) -> Prepared:
    """Read and check model, data, labels, recipe, chips and batches. Raises: UsageError of its kind."""
    like = None if wishes.like is None else liked(settings, wishes.like)
    if like is not None:
        settings = settings_like(like, settings)
        wishes = wishes_like(like, settings, wishes)
    runs, ready = _runs(settings, wishes, like)
    gates = gates_of(wishes, like, runs)
    recipe = _recipe(settings, like)
    model, ref = _model(settings, recipe, [run.batch for run in runs], like)
    reads_data = any(run.mode == "dataset" for run in runs)
    source, dataset = _fed(settings, wishes, ref.classes, like, reads_data=reads_data)
    spec = JobSpec(
        name=wishes.name or f"{ref.name} on {_named(source)}",
        model=ref,
        data=DataRef(source=source, manifest_id=dataset.manifest.id, samples=len(dataset.manifest)),
        recipe=recipe,
        runs=runs,
        baseline_top1=_baseline(settings, model) if reads_data else None,
        loop=(wishes.loop or 1) if reads_data else 1,
        warmup=_warmup(settings),
        part_of=dataset.part_of,
        keep_logits=wishes.keep_logits,
        command=console.typed(),
        gates=gates,
    )
    return Prepared(
        spec=spec,
        manifest=dataset.manifest,
        model=model,
        ready=ready,
        notes=(*(notes_like(like, gates, own=bool(wishes.gates)) if like else ()), *dataset.notes),
        tags=tuple(map(tag_named, wishes.tags)),
        note="" if wishes.note is None else note_text(wishes.note),
    )


def _recipe(settings: Settings, like: Liked | None) -> Recipe:
    """The other job's as it was then: whoever wrote the file may have changed it."""
    if like and like.gives(settings, "recipe"):
        return like.spec.recipe
    return read_recipe(settings.get("recipe") or "dino")


def _runs(settings: Settings, wishes: Wishes, like: Liked | None) -> tuple[tuple[RunSpec, ...], Ready]:
    """Every cell with its mode and options, and the artifacts that need no compiler."""
    chips = parse_chips(settings.need("chip", "--chip"))
    batches = parse_batches(settings.need("batches", "--batches"))
    cells = plan_runs(chips, batches, _precision(wishes.precision, [chip.name for chip in chips]))
    cells = with_modes(cells, rule_named(settings.get("mode") or "dataset"))
    runs = with_flags(cells, wishes.atc_args, wishes.trt_args)
    ready = ready_made(wishes.artifacts, runs)
    return runs, ready if like is None else replace(ready, kept=artifacts_like(like, settings, runs))


def _named(source: str) -> str:
    """As people call it: a folder by its name, by its parent's where that is `images`."""
    if not source:
        return "random data"
    return Path(source).parent.name if Path(source).name == "images" else Path(source).name


def store_job(db: Database, settings: Settings, prepared: Prepared) -> int:
    """Copy the model into the store, write the job in one transaction. Returns its number."""
    from dinoq.db.jobs import submit
    from dinoq.workers.data.store import open_store

    store = open_store(settings.store)
    sha256 = store.add_model(prepared.model)
    runs = stored(prepared.ready, prepared.spec.runs, store)
    spec = replace(prepared.spec, model=replace(prepared.spec.model, sha256=sha256), runs=runs)
    stores = {"owner": settings.owner, "store_id": store.id}
    return submit(db, spec, prepared.manifest, **stores, tags=prepared.tags, note=prepared.note)


def read_recipe(text: str) -> Recipe:
    """A built-in recipe by name, or one of the user's own from a TOML file."""
    path = Path(text)
    if path.suffix != ".toml":
        return recipe_named(text)
    try:
        return recipe_from_toml(path.read_text(encoding="utf-8-sig"), path.stem)
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"recipe file {path} cannot be read: {error}.", hint="--recipe dino") from None


def _precision(text: str | None, chips: list[str]) -> Precision | None:
    if text is None:
        return None
    if text not in ("fp32", "fp16"):
        raise UsageError(f"precision {text!r} is none of fp32, fp16.", hint="leave out --precision")
    if text == "fp16" and "cpu" in chips:
        raise UsageError("the cpu device computes in fp32; fp16 is for 310, 310P and T4.", hint="leave out --precision")
    return "fp32" if text == "fp32" else "fp16"


def _model(settings: Settings, recipe: Recipe, batches: Iterable[int], like: Liked | None) -> tuple[Path, ModelRef]:
    from dinoq.workers.models.onnx_facts import check_batches, check_recipe, read_model

    text = settings.need("model", "--model")
    if like and like.gives(settings, "model"):
        require_model(like, path := Path(text))
        ref = replace(read_model(path), name=like.spec.model.name)
    else:
        path = onnx_of(settings.models.get(text, {}).get("path", text))
        ref = read_model(path)
    check_batches(ref, batches)
    check_recipe(ref, recipe)
    return path, ref


def _fed(
    settings: Settings, wishes: Wishes, classes: int, like: Liked | None, *, reads_data: bool
) -> tuple[str, Dataset]:
    """What runs are fed, labels as a model of so many classes numbers them."""
    from dinoq.workers.data.classes import fitted

    if not reads_data:
        return no_data(settings, wishes.limit, 1 if like else wishes.loop or 1)
    limit = _checked(wishes.limit)
    if like and like.gives(settings, "data") and settings.values["labels"].source != "flag":
        source, dataset = dataset_like(like, settings, limit)
    else:
        part = len(like.manifest) if like and like.spec.part_of is not None else None
        source, dataset = dataset_of(settings, limit or part)
    return source, fitted(dataset, classes)


def _checked(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise UsageError(f"--limit is {limit}; expected a whole number from 1.", hint="--limit 1000")
    return limit


def dataset_of(settings: Settings, limit: int | None) -> tuple[str, Dataset]:
    """The source as the workers will find it (a configured name, or an absolute path), and what is in it, labels as
    they are written."""
    from dinoq.workers.data.datasets import open_dataset

    text = settings.need("data", "--data")
    entry = settings.datasets.get(text)
    root = Path(entry["path"]) if entry else Path(text).absolute()
    labels = labels_of(settings, entry or {})
    cache = settings.state / "tars"
    dataset = open_dataset(root, Path(labels) if labels else None, limit=_checked(limit), cache=cache)
    return (text if entry else str(root)), dataset


def labels_of(settings: Settings, entry: Mapping[str, str]) -> str | None:
    """A named dataset's own label file, unless a flag or variable names another; dinoq.toml's is of its default data."""
    given = settings.values["labels"]
    from_file = settings.config.path is not None and given.source == str(settings.config.path)
    return entry.get("labels", given.text) if given.text is None or from_file else given.text


def _warmup(settings: Settings) -> int:
    text = settings.get("warmup") or str(WARMUP)
    if not text.isdecimal() or int(text) > MAX_WARMUP:
        raise UsageError(
            f"warmup is {text!r}; expected a whole number from 0 to {MAX_WARMUP}.", hint=f"--warmup {WARMUP}"
        )
    return int(text)


def _baseline(settings: Settings, model: Path) -> float | None:
    """The published accuracy as a fraction: the setting in percent, else what the model says of itself."""
    from dinoq.workers.models.onnx_facts import baseline_from_metadata

    text = settings.get("baseline")
    if text is None:
        return baseline_from_metadata(model)
    percent = settings.number("baseline", 0)
    if not 0 < percent <= 100:
        raise UsageError(f"baseline is {text}; expected percent, above 0 and not above 100.", hint="--baseline 75.3")
    return percent / 100
