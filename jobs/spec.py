"""What one submit asked for: model x dataset x recipe x runs. Frozen, versioned JSON in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from dinoq.jobs.chips import Chip, Precision
from dinoq.jobs.recipe import Recipe, recipe_from_json

SPEC_VERSION = 1
WARMUP = 10
"""Executions before the first that is timed, unless somebody asks for others."""
Mode = Literal["dataset", "pure", "imported"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRef:
    """An ONNX classifier as it described itself at submit; `fixed_batch` is None where the batch is free.

    `input_hw` is (height, width) in pixels; `gflop` counts 2 per multiply-accumulate of one image, None when unknown.
    """

    name: str
    sha256: str
    input_name: str
    output_name: str
    classes: int
    input_hw: tuple[int, int]
    fixed_batch: int | None = None
    gflop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRef:
    """Where the photos are (`source`: an absolute folder, or a name that each host's `dinoq.toml` resolves) and which;
    an empty source and no samples for a job of random data alone."""

    source: str
    manifest_id: str
    samples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenArtifact:
    """An artifact that was made elsewhere: where it lies in the store (relative), its sha256, and what it was called."""

    uri: str
    sha256: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One cell of the job: one chip, one batch size, one precision. `run_no` counts from 1.

    `mode` is what it is fed: the dataset, or random pixels (`pure`), which time it and prove no accuracy. `flags` are options of the toolchain that the user gave, by name; they are part of what the artifact is. `given` is
    set where there is nothing to compile.
    """

    run_no: int
    chip: str
    batch: int
    precision: Precision
    mode: Mode = "dataset"
    flags: dict[str, str] = field(default_factory=dict)
    given: GivenArtifact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSpec:
    """What one submit asked for.

    `baseline_top1` is the published accuracy as a fraction, None for no accuracy verdict; `loop` is how often each part
    is fed for timing (accuracy from the first pass only); `warmup` how often a program is executed on no data before it
    is timed, at least (and at least 200 ms); `part_of` is the whole dataset's size when the job has
    only a part of it; `keep_logits`: what the programs give is kept in the store beside the counts;
    `command` is what a person typed, empty where nobody did; `gates` are the floors that every report of it is judged by,
    as `jobs/gates.py` reads them.
    """

    name: str
    model: ModelRef
    data: DataRef
    recipe: Recipe
    runs: tuple[RunSpec, ...]
    baseline_top1: float | None = None
    loop: int = 1
    warmup: int = WARMUP
    part_of: int | None = None
    keep_logits: bool = False
    command: str = ""
    gates: tuple[str, ...] = ()
    version: int = SPEC_VERSION

    @property
    def slice_batches(self) -> tuple[int, ...]:
        """The batches of the runs over the dataset, for which its slices are cut; empty when no run reads it."""
        return tuple(run.batch for run in self.runs if run.mode == "dataset")

    def run(self, run_no: int) -> RunSpec:
        """The run numbered `run_no`, from 1."""
        return self.runs[run_no - 1]

    def to_json(self) -> dict[str, object]:
        """Plain values for SQL; `spec_from_json` reads them back."""
        values = asdict(self) | {"recipe": self.recipe.to_json(), "gates": list(self.gates)}
        if not self.gates:
            del values["gates"]  # what earlier versions wrote, and can read
        return values


def plan_runs(chips: Iterable[Chip], batches: Iterable[int], precision: Precision | None) -> tuple[RunSpec, ...]:
    """Every chip with every batch, chips outermost; each chip's own precision unless one is asked for."""
    cells = [(chip, batch) for chip in chips for batch in batches]
    return tuple(
        RunSpec(run_no=no, chip=chip.name, batch=batch, precision=precision or chip.precision)
        for no, (chip, batch) in enumerate(cells, start=1)
    )


def spec_from_json(values: dict[str, Any]) -> JobSpec:
    """The spec that `to_json` wrote. Raises: ValueError for a version this dinoq does not know."""
    if values["version"] != SPEC_VERSION:
        raise ValueError(f"job spec of version {values['version']}; this dinoq reads version {SPEC_VERSION}")
    model = dict(values["model"])
    return JobSpec(
        **{
            **values,
            "model": ModelRef(**{**model, "input_hw": tuple(model["input_hw"])}),
            "data": DataRef(**values["data"]),
            "recipe": recipe_from_json(values["recipe"]),
            "runs": tuple(_run_from_json(run) for run in values["runs"]),
            "gates": tuple(values.get("gates", ())),
        }
    )


def _run_from_json(values: dict[str, Any]) -> RunSpec:
    given = values.get("given")
    return RunSpec(**{**values, "given": None if given is None else GivenArtifact(**given)})
