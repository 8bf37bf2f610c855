"""`--like JOB`: what another job was asked for stands where no flag says otherwise, above variables and dinoq.toml."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli.artifacts import Cell
from dinoq.cli.settings import Settings, Value
from dinoq.jobs.chips import chip_named, parse_chips
from dinoq.jobs.errors import BadDataset, BadModel, UsageError
from dinoq.jobs.gates import check_gates, parse_gate
from dinoq.jobs.modes import rule_of
from dinoq.jobs.spec import GivenArtifact, JobSpec, RunSpec

if TYPE_CHECKING:
    from dinoq.cli.submission import Wishes
    from dinoq.jobs.manifest import Manifest
    from dinoq.workers.data.datasets import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Liked:
    """The job that another is to be like: its number, what was asked for, its samples and their classes."""

    job: int
    spec: JobSpec
    manifest: Manifest

    @property
    def source(self) -> str:
        """Where settings come from that it gives."""
        return f"--like {self.job}"

    def gives(self, settings: Settings, name: str) -> bool:
        """Whether this setting is from here, and no flag's."""
        return settings.values[name].source == self.source


def liked(settings: Settings, text: str) -> Liked:
    """The job that a person means. Raises: NoSuchJob; UsageError for figures that another tool told."""
    from dinoq.cli.ledger import job_named, open_ledger
    from dinoq.db.records import load_manifest, spec_of

    db = open_ledger(settings)
    job = job_named(db, text, settings)
    spec = spec_of(db, job)
    if any(run.mode == "imported" for run in spec.runs):
        told = f"job {job} holds what another tool told; nothing was asked for that could be asked again."
        raise UsageError(told, hint="dinoq jobs")
    return Liked(job=job, spec=spec, manifest=load_manifest(db, spec.data.manifest_id))


def settings_like(like: Liked, settings: Settings) -> Settings:
    """The settings with the job's own where no flag stands. A published figure is of a model: with another model, it is
    not taken."""
    from dinoq.workers.data.store import open_store

    spec, flags = like.spec, {name for name, value in settings.values.items() if value.source == "flag"}
    given: dict[str, str | None] = {
        "chip": ",".join(dict.fromkeys(run.chip for run in spec.runs)),
        "batches": ",".join(dict.fromkeys(str(run.batch) for run in spec.runs)),
        "mode": rule_of(spec.runs),
        "recipe": spec.recipe.name,
        "warmup": str(spec.warmup),
    }
    if spec.data.samples:
        given["data"] = spec.data.source
    if "model" not in flags and spec.model.sha256:
        given["model"] = str(open_store(settings.store).model_path(spec.model.sha256))
    if "model" not in flags and spec.data.samples:
        given["baseline"] = None if spec.baseline_top1 is None else f"{100 * spec.baseline_top1:.10g}"
    mine = {name: Value(text, like.source) for name, text in given.items() if name not in flags}
    return replace(settings, values={**settings.values, **mine})


def wishes_like(like: Liked, settings: Settings, wishes: Wishes) -> Wishes:
    """The wishes with the job's own where nothing is wished; options of a toolchain only where a chip is compiled so."""
    spec = like.spec
    vendors = {chip.vendor for chip in parse_chips(settings.need("chip", "--chip"))}
    own = all(run.precision == chip_named(run.chip).precision for run in spec.runs)
    return replace(
        wishes,
        precision=wishes.precision or (None if own else spec.runs[0].precision),
        loop=wishes.loop or spec.loop,
        atc_args=wishes.atc_args or _flags(spec, "ascend", vendors),
        trt_args=wishes.trt_args or _flags(spec, "tensorrt", vendors),
    )


def gates_of(wishes: Wishes, like: Liked | None, runs: Iterable[RunSpec]) -> tuple[str, ...]:
    """Each floor that is asked for, as it is kept; else those of the other job, but for those about chips or batches that
    are not among these runs. Raises: UsageError for one that these runs cannot be held against."""
    asked, gates = tuple(runs), tuple(map(parse_gate, wishes.gates))
    check_gates(gates, asked)
    if like is not None and not gates:
        return tuple(gate for gate in like.spec.gates if _judges(gate, asked))
    return tuple(map(str, gates))


def notes_like(like: Liked, gates: Collection[str], *, own: bool) -> Iterator[str]:
    """Whose job it is like, and which of its floors these `gates` leave out; with gates of its `own` it wants none."""
    yield f"like job {like.job}, {like.spec.name}"
    if not own:
        yield from (f"gate {gate} is left out: it is about other runs" for gate in like.spec.gates if gate not in gates)


def _judges(gate: str, runs: Iterable[RunSpec]) -> bool:
    try:
        check_gates([parse_gate(gate)], runs)
    except UsageError:
        return False
    return True


def require_model(like: Liked, path: Path) -> None:
    """Raises: BadModel when the store has it no more, or is another job's."""
    if not path.is_file():
        model = f"{like.spec.model.name}, sha256 {like.spec.model.sha256[:12] or 'unknown'}"
        raise BadModel(
            f"the model of job {like.job} ({model}) is not in the store {path.parent.parent}.", hint="--model FILE.onnx"
        )


def artifacts_like(like: Liked, settings: Settings, runs: Iterable[RunSpec]) -> Mapping[Cell, GivenArtifact]:
    """The job's ready-made artifacts for these runs; none for another model. Raises: UsageError for one that is gone."""
    if not like.gives(settings, "model"):
        return {}
    wanted = {(run.chip, run.batch) for run in runs}
    given = {(run.chip, run.batch): run.given for run in like.spec.runs if run.given is not None}
    kept = {cell: artifact for cell, artifact in given.items() if cell in wanted}
    for (chip, batch), artifact in kept.items():
        if not (settings.store / artifact.uri).is_file():
            text = f"artifact {artifact.name} of job {like.job} is not in the store {settings.store}."
            raise UsageError(text, hint=f"--artifact {chip}:{batch}=FILE")
    return kept


def dataset_like(like: Liked, settings: Settings, limit: int | None) -> tuple[str, Dataset]:
    """The job's samples and classes, once it is known that the photos are the ones it had; with a limit, a sample of
    them. Raises: BadDataset, saying what differs."""
    from dinoq.workers.data.datasets import Dataset, open_photos, sampled
    from dinoq.workers.data.labels import Labels

    source, manifest, part_of = like.spec.data.source, like.manifest, like.spec.part_of
    root = Path(settings.datasets.get(source, {}).get("path", source))
    photos = open_photos(root, settings.state / "tars")
    _check_same(like, root, photos.names())
    if limit is not None and part_of is not None and limit > len(manifest):
        text = f"--limit is {limit}, and job {like.job} had {len(manifest)} of {part_of} photos."
        raise UsageError(text, hint="--data and --labels, to choose among all of them")
    if limit is not None and limit < len(manifest):
        part_of, manifest = part_of or len(manifest), sampled(manifest, limit)
    labels = Labels(path=Path(f"the list of job {like.job}"), classes={}, style="list")
    return source, Dataset(photos=photos, manifest=manifest, labels=labels, part_of=part_of)


def _check_same(like: Liked, root: Path, names: Iterable[str]) -> None:
    """A job of a part says nothing of the other photos."""
    from dinoq.workers.data.labels import some

    there, listed = set(names), set(like.manifest.names)
    gone = sorted(listed - there)
    new = sorted(there - listed) if like.spec.part_of is None else []
    lacks = f"lacks {some(gone)}" if gone else ""
    has = f"has {some(new)} besides" if new else ""
    if lacks or has:
        text = f"{root} is not what job {like.job} evaluated: it {' and '.join(filter(None, (lacks, has)))}."
        raise BadDataset(text, hint="--data and --labels, to take the photos as they are now")


def _flags(spec: JobSpec, vendor: str, vendors: Iterable[str]) -> tuple[str, ...]:
    mine = (run.flags for run in spec.runs if chip_named(run.chip).vendor == vendor and vendor in vendors)
    return tuple(f"{name}={value}" for name, value in next(mine, {}).items())
