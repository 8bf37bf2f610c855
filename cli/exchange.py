"""`dinoq export` and `dinoq import`: whole jobs between sites as `.dinoq` files, and the files of other tools.

A tool's file format is a module of its own and a line in WRITERS or READERS.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from dinoq.cli import settings
from dinoq.jobs.errors import UsageError

SUFFIX = ".dinoq"
WRITERS: dict[str, str] = {name: f"dinoq.cli.exports.{name}" for name in ("bin", "dump", "perf", "result", "ais_bench")}
"""By the name of `--as`, the module whose `write(now: Settings, asked: Export) -> int` does it."""
READERS: dict[str, str] = {"foreign": "dinoq.cli.foreign"}
"""By the name of `--as`, in the order of asking, the module whose `recognises(path: Path) -> bool` and
`read(now: Settings, asked: Import) -> int` do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What flags say of an export; data, labels and recipe are in the settings. `jobs` are as a person names them."""

    jobs: tuple[str, ...]
    output: Path
    run: str | None = None
    limit: int | None = None
    with_logits: bool = False
    outfmt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What flags say of an import; model, data, labels, recipe, chip, batches and baseline are in the settings.

    `precision`, `origin`, `driver` and `toolkit` say what a foreign file leaves out.
    """

    path: Path
    name: str | None = None
    update: bool = False
    precision: str | None = None
    origin: str | None = None
    driver: str | None = None
    toolkit: str | None = None


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("export")(export)
    app.command("import")(import_)


def export(
    job: Annotated[list[str], typer.Argument(help="numbers, or last")] = [],  # noqa: B006  (typer makes a new one)
    output: Annotated[Path | None, typer.Option("-o", "--output", help="x.dinoq; a folder with --as")] = None,
    format: Annotated[str | None, typer.Option("--as", help="another tool's files instead of .dinoq")] = None,
    run: Annotated[str | None, typer.Option("--run", help="one run, e.g. 310P3:16")] = None,
    with_logits: Annotated[
        bool, typer.Option("--with-logits", help="what the programs gave, where it was kept")
    ] = False,
    data: Annotated[str | None, typer.Option("--data", help="folder of photos, or a name in dinoq.toml")] = None,
    labels: Annotated[str | None, typer.Option("--labels", help="label file: NAME INDEX per line")] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="preprocessing: a name, or a TOML file")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="a seeded sample of so many photos")] = None,
    outfmt: Annotated[str | None, typer.Option("--outfmt", help="txt, bin or npy, of --as dump and ais_bench")] = None,
    binary: Annotated[bool, typer.Option("--binary", help="the same as --outfmt bin")] = False,
) -> int:
    """Write jobs to a .dinoq file for another site, or what another tool would have written."""
    writer = _module(WRITERS, format) if format else "dinoq.cli.carry"
    if output is None:
        raise UsageError("nothing says where to write.", hint="-o x.dinoq" if format is None else "-o FOLDER")
    now = settings.load({"data": data, "labels": labels, "recipe": recipe})
    asked = Export(jobs=tuple(job), output=output, run=run, limit=limit, with_logits=with_logits)
    asked = replace(asked, outfmt="bin" if binary else outfmt)
    return int(importlib.import_module(writer).write(now, asked))


def import_(
    path: Annotated[Path, typer.Argument(help="x.dinoq, or another tool's file or folder")],
    format: Annotated[
        str | None, typer.Option("--as", help="whose file it is, where it does not say so itself")
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="replace a job that was imported before and has changed")
    ] = False,
    chip: Annotated[str | None, typer.Option("--chip", help="chips, e.g. 310P3")] = None,
    batches: Annotated[str | None, typer.Option("--batches", "--batch", help="batch sizes, e.g. 16")] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="ONNX classifier: a file, or a name in dinoq.toml")
    ] = None,
    data: Annotated[str | None, typer.Option("--data", help="folder of photos, or a name in dinoq.toml")] = None,
    labels: Annotated[str | None, typer.Option("--labels", help="label file: NAME INDEX per line")] = None,
    recipe: Annotated[str | None, typer.Option("--recipe", help="preprocessing: a name, or a TOML file")] = None,
    baseline: Annotated[str | None, typer.Option("--baseline", help="published Top-1 in percent")] = None,
    precision: Annotated[str | None, typer.Option("--precision", help="fp32 or fp16, of a foreign figure")] = None,
    origin: Annotated[str | None, typer.Option("--origin", help="real or simulated, of a foreign figure")] = None,
    driver: Annotated[str | None, typer.Option("--driver", help="driver version, of a foreign figure")] = None,
    toolkit: Annotated[
        str | None, typer.Option("--toolkit", help="such as 'CANN 5.1.RC1', of a foreign figure")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="what to call the job")] = None,
) -> int:
    """Take jobs of another site into this history, or figures that another tool measured."""
    reader = _module(READERS, format) if format else _recognised(path)
    given = {"chip": chip, "batches": batches, "model": model, "data": data, "labels": labels}
    now = settings.load({**given, "recipe": recipe, "baseline": baseline})
    told = {"precision": precision, "origin": origin, "driver": driver, "toolkit": toolkit}
    return int(importlib.import_module(reader).read(now, Import(path=path, name=name, update=update, **told)))


def _module(table: dict[str, str], name: str) -> str:
    if name not in table:
        names = ", ".join(table) or "nothing yet"
        raise UsageError(f"--as {name!r} is not known; there is {names}.", hint="leave out --as for a .dinoq file")
    return table[name]


def _recognised(path: Path) -> str:
    """The module that reads this file or folder. Raises: UsageError when nobody knows it."""
    if not path.exists():
        raise UsageError(f"{path} is not there.", hint="dinoq import x.dinoq")
    if path.suffix == SUFFIX:
        return "dinoq.cli.carry"
    for module in READERS.values():
        if importlib.import_module(module).recognises(path):
            return module
    kinds = ", ".join([SUFFIX, *READERS])
    raise UsageError(f"{path} is nothing that can be imported; there are {kinds}.", hint="--as NAME says whose it is")
