"""`dinoq convert`: DINO's two checkpoints to one ONNX classifier, without torch."""

from __future__ import annotations

import contextlib
import filecmp
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dinoq.cli import console
from dinoq.jobs.errors import BadConversion, UsageError

if TYPE_CHECKING:
    from dinoq.workers.models.convert import Pair, Saved, Wanted
    from dinoq.workers.models.reference import Comparison

SOURCE = re.compile(r"\S+://\S+@[0-9a-fA-F]{7,64}")
MIB = 1 << 20

Backbone = Annotated[Path, typer.Argument(metavar="BACKBONE.pth", help="the backbone, or a full checkpoint")]
Linear = Annotated[Path, typer.Argument(metavar="LINEAR.pth", help="the linear classifier")]


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("convert")(convert)


def convert(
    backbone: Backbone,
    linear: Linear,
    output: Annotated[Path, typer.Option("-o", "--output", help="the ONNX file to write")] = Path("dino_resnet50.onnx"),
    keep_batch_norm: Annotated[bool, typer.Option("--keep-batch-norm", help="do not fold it")] = False,
    check: Annotated[bool, typer.Option("--check", help="compare with an independent evaluation")] = False,
    baseline: Annotated[str | None, typer.Option("--baseline", help="published Top-1 in percent (75.3)")] = None,
    source: Annotated[str | None, typer.Option("--source", help="URL@COMMIT that the checkpoints are of")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an ONNX file that is another")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="as JSON")] = False,
) -> None:
    """Convert DINO's ResNet-50 to ONNX: opset 11, free batch, classifier merged. Nothing in the checkpoints is run."""
    from dinoq.workers.models.convert import read_pair, save

    wanted = _wanted(baseline, source, keep_batch_norm=keep_batch_norm)
    _check_place(output, (backbone, linear))
    pair = read_pair(backbone, linear)
    with _fresh(output, force=force) as fresh:
        saved = save(pair, fresh, wanted)
        compared = _compared(fresh, pair, wanted) if check else None
    shown = _as_json if as_json else _as_text
    console.result(shown(output, pair, saved, compared))


def _wanted(baseline: str | None, source: str | None, *, keep_batch_norm: bool) -> Wanted:
    from dinoq.workers.models.convert import Wanted

    if source is not None and not SOURCE.fullmatch(source):
        raise UsageError(
            f"--source {source!r} is not URL@COMMIT.", hint="--source https://github.com/facebookresearch/dino@cb71140"
        )
    wanted = Wanted(keep_batch_norm=keep_batch_norm, source=source)
    if baseline is None:
        return wanted
    return replace(wanted, baseline_top1=_percent(baseline), baseline_source="given by --baseline")


def _percent(text: str) -> float:
    """Not a fraction by mistake: no classifier is published with 1 % or less."""
    with contextlib.suppress(ValueError):
        if 1 < (percent := float(text)) <= 100:
            return percent
    raise UsageError(f"baseline is {text}; expected percent, above 1 and not above 100.", hint="--baseline 75.3")


def _check_place(output: Path, inputs: tuple[Path, ...]) -> None:
    if output.is_dir() or not output.parent.is_dir():
        what = "is a folder" if output.is_dir() else f"cannot be written: {output.parent} is no folder"
        raise UsageError(f"output {output} {what}.", hint="-o FOLDER/dino_resnet50.onnx")
    if any(path.exists() and output.exists() and path.samefile(output) for path in inputs):
        raise UsageError(f"output {output} is one of the checkpoints.", hint="-o dino_resnet50.onnx")


@contextlib.contextmanager
def _fresh(output: Path, *, force: bool) -> Iterator[Path]:
    """A file beside the output, which takes its place when all went well, and is gone when not.

    Raises: UsageError where another file is there already; the same bytes are no loss.
    """
    fresh = output.with_name(f".{output.name}.{uuid.uuid4().hex}")
    try:
        yield fresh
        if not force and output.exists() and not filecmp.cmp(fresh, output, shallow=False):
            raise UsageError(f"{output} is there already, and is another file.", hint="--force, or another -o")
        fresh.replace(output)
    finally:
        fresh.unlink(missing_ok=True)


def _compared(file: Path, pair: Pair, wanted: Wanted) -> Comparison:
    from dinoq.workers.models.reference import compare

    compared = compare(file, pair, batch_norm_kept=wanted.keep_batch_norm)
    if not compared.holds:
        raise BadConversion(f"the check failed: {_difference(compared)}.", hint="report it, with both checkpoints")
    return compared


def _difference(compared: Comparison) -> str:
    return (
        f"max |difference| {compared.max_difference:.2g} of logits up to {compared.largest_logit:.3g} on "
        f"{compared.images} random images (allowed {compared.allowed:.2g}), against {compared.reference}"
    )


def _as_text(output: Path, pair: Pair, saved: Saved, compared: Comparison | None) -> str:
    from dinoq.workers.models.onnx_facts import BASELINE_KEY
    from dinoq.workers.models.resnet50_graph import INPUT, OUTPUT

    told = saved.metadata
    norm, published = told["dinoq.batch_norm"], told["dinoq.baseline_source"]
    rows = [
        ("sha256", f"{saved.sha256}, {saved.n_bytes / MIB:.1f} MiB"),
        ("graph", f"opset {saved.opset}, IR {saved.ir_version}, {INPUT} [N, 3, 224, 224] -> {OUTPUT} [N, 1000]"),
        ("norm", f"batch norm {norm}"),
        ("backbone", f"{pair.backbone.path} ({pair.backbone.format}), sha256 {pair.backbone.sha256[:12]}"),
        ("linear", f"{pair.linear.path} ({pair.linear.format}), sha256 {pair.linear.sha256[:12]}"),
        ("baseline", f"{told[BASELINE_KEY]} % Top-1, {published}"),
    ]
    rows += [("source", told["dinoq.source"])] if "dinoq.source" in told else []
    rows += [("check", _difference(compared))] if compared else []
    return "\n".join([str(output), *(f"  {name:9} {text}" for name, text in rows)])


def _as_json(output: Path, pair: Pair, saved: Saved, compared: Comparison | None) -> str:
    files = {
        name: {"path": str(part.path), "format": part.format, "sha256": part.sha256}
        for name, part in (("backbone", pair.backbone), ("linear", pair.linear))
    }
    check = {**asdict(compared), "allowed": compared.allowed} if compared else None
    return json.dumps({"path": str(output), **asdict(saved), **files, "check": check}, indent=2)
