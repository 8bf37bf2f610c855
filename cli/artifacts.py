"""What a person says of artifacts: options of the toolchain (`--atc-arg`, `--trt-arg`), and files made elsewhere
(`--artifact 310P3:16=x.om`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.jobs.chips import chip_named, parse_batches
from dinoq.jobs.errors import UsageError
from dinoq.jobs.spec import RunSpec

if TYPE_CHECKING:
    from dinoq.workers.data.store import Store

TRT_FLAGS = ("workspace_mib", "optimization_level", "cuda_graph")
Cell = tuple[str, int]
"""A chip's name and a batch."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Artifacts made elsewhere, by chip and batch."""

    files: Mapping[Cell, Path]


def with_flags(runs: Iterable[RunSpec], atc: Sequence[str], trt: Sequence[str]) -> tuple[RunSpec, ...]:
    """The runs with the options of their chip's toolchain. Raises: UsageError for what it cannot be given."""
    given = {"ascend": _atc_flags(atc), "tensorrt": _trt_flags(trt)}
    runs = tuple(replace(run, flags=given.get(chip_named(run.chip).vendor, {})) for run in runs)
    _check_precision(run for run in runs if chip_named(run.chip).vendor == "ascend")
    for vendor, option in (("ascend", "--atc-arg"), ("tensorrt", "--trt-arg")):
        if given[vendor] and not any(chip_named(run.chip).vendor == vendor for run in runs):
            raise UsageError(f"{option} is given, but no chip of the job is compiled so.", hint=f"leave out {option}")
    return runs


def ready_made(texts: Sequence[str], runs: Iterable[RunSpec]) -> Ready:
    """The files of `--artifact CHIP:BATCH=FILE`. Raises: UsageError for one that no run asks for, or that is no file."""
    asked = {(run.chip, run.batch) for run in runs}
    files = {}
    for text in texts:
        cell, path = _ready(text)
        if cell not in asked:
            raise UsageError(
                f"--artifact {text} is for {cell[0]} bs{cell[1]}, which the job does not run.",
                hint="--chip and --batches name what runs",
            )
        if chip_named(cell[0]).vendor == "tensorrt":
            raise UsageError(
                f"--artifact {text}: a TensorRT plan is native code, and dinoq opens only those that it built itself.",
                hint="leave out --artifact: the plan is built from --model, on the card",
            )
        files[cell] = path
    return Ready(files)


def stored(ready: Ready, runs: Iterable[RunSpec], store: Store) -> tuple[RunSpec, ...]:
    """The runs, each with its ready-made artifact copied into the store; one that names it there already keeps it."""
    kept = {cell: store.add_artifact(path) for cell, path in ready.files.items()}
    return tuple(replace(run, given=kept.get((run.chip, run.batch), run.given)) for run in runs)


def _ready(text: str) -> tuple[Cell, Path]:
    cell, equals, file = text.partition("=")
    chip, colon, batch = cell.partition(":")
    if not equals or not colon or not file:
        raise UsageError(f"--artifact {text!r} is not CHIP:BATCH=FILE.", hint="--artifact 310P3:16=model_bs16.om")
    path = Path(file)
    if not path.is_file() or path.stat().st_size == 0:
        raise UsageError(f"--artifact {text}: {path} is no file, or empty.", hint="--artifact 310P3:16=model_bs16.om")
    return (chip_named(chip).name, parse_batches(batch)[0]), path


def _atc_flags(texts: Sequence[str]) -> dict[str, str]:
    from dinoq.workers.devices.atc import checked_flags
    from dinoq.workers.devices.base import DeviceFault

    flags = _pairs(texts, "--atc-arg")
    try:
        return checked_flags(flags)
    except DeviceFault as fault:
        raise UsageError(f"{fault}.", hint="--atc-arg op_select_implmode=high_precision") from None


def _check_precision(runs: Iterable[RunSpec]) -> None:
    from dinoq.workers.devices.atc import check_precision
    from dinoq.workers.devices.base import DeviceFault

    for run in runs:
        try:
            check_precision(run.precision, run.flags)
        except DeviceFault as fault:
            other = "fp16" if run.precision == "fp32" else "fp32"
            raise UsageError(f"{fault}.", hint=f"--precision {other}, or leave out the option") from None


def _trt_flags(texts: Sequence[str]) -> dict[str, str]:
    flags = _pairs(texts, "--trt-arg")
    for name, value in flags.items():
        if name not in TRT_FLAGS or not value.isdecimal():
            raise UsageError(
                f"--trt-arg {name}={value} is none of {', '.join(TRT_FLAGS)} with a whole number.",
                hint="--trt-arg workspace_mib=5000",
            )
    return flags


def _pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    pairs = [text.removeprefix("--").partition("=") for text in texts]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise UsageError(f"{option} {name!r} is not KEY=VALUE.", hint=f"{option} KEY=VALUE")
    return {name: value for name, _, value in pairs}
