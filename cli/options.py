"""The flags of `run` and `submit`, and what `--help` says of each. Those that are settings too stand in cli/settings.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import typer

Chip = Annotated[str | None, typer.Option("--chip", help="chips, e.g. 310P3,T4,cpu")]
Batches = Annotated[str | None, typer.Option("--batches", "--batch", help="batch sizes, e.g. 1,16")]
Data = Annotated[str | None, typer.Option("--data", help="folder or tar of photos, or a name in dinoq.toml")]
Labels = Annotated[str | None, typer.Option("--labels", help="label file (NAME INDEX per line), or ImageNet's devkit")]
Model = Annotated[
    str | None, typer.Option("--model", help="ONNX file, BACKBONE.pth,LINEAR.pth, or a name in dinoq.toml")
]
RecipeName = Annotated[str | None, typer.Option("--recipe", help="preprocessing: a name, or a TOML file")]
Baseline = Annotated[str | None, typer.Option("--baseline", help="published Top-1 in percent")]
ModeName = Annotated[
    str | None, typer.Option("--mode", help="dataset, pure (random data), or recipe: batches 1 and 16 dataset")
]
PrecisionName = Annotated[str | None, typer.Option("--precision", help="fp32 or fp16; each chip's own by default")]
Limit = Annotated[int | None, typer.Option("--limit", help="a seeded sample of so many photos")]
Loop = Annotated[int | None, typer.Option("--loop", min=1, max=10_000, help="feed the photos so often, for timing")]
Warmup = Annotated[
    str | None, typer.Option("--warmup", help="executions before the first that is timed; 10 by default")
]
KeepLogits = Annotated[bool, typer.Option("--keep-logits", help="keep what the programs give, for dinoq export")]
AtcArgs = Annotated[list[str], typer.Option("--atc-arg", help="KEY=VALUE for atc; may be repeated")]
TrtArgs = Annotated[list[str], typer.Option("--trt-arg", help="KEY=VALUE for TensorRT: workspace_mib, cuda_graph, ...")]
Artifacts = Annotated[
    list[str], typer.Option("--artifact", help="CHIP:BATCH=FILE, compiled elsewhere; may be repeated")
]
Name = Annotated[str | None, typer.Option("--name", help="what to call the job")]
Like = Annotated[str | None, typer.Option("--like", metavar="JOB", help="as that job, but for the flags given here")]
TagNames = Annotated[list[str], typer.Option("--tag", help="a word to find it by; may be repeated")]
NoteText = Annotated[str | None, typer.Option("--note", help="a sentence to remember it by")]
Gates = Annotated[list[str], typer.Option("--gate", help='a floor, e.g. "310P3/T4 >= 1.6"; may be repeated')]
Format = Annotated[str, typer.Option("--format", help="text, md, json, csv or html")]
Strict = Annotated[bool, typer.Option("--strict", help="unstable timing fails too")]
DeviceList = Annotated[
    str | None, typer.Option("--device", help="devices of this host: indices, names, chips, or none")
]
Prep = Annotated[str | None, typer.Option("--prep", help="preprocessing threads of this host")]
Simulate = Annotated[str | None, typer.Option("--simulate", help="simulated devices, e.g. 310P3:4,T4:1")]
Pace = Annotated[
    str | None, typer.Option("--pace", help="what simulated devices take their times from: published, or a file")
]
IntoFleet = Annotated[bool, typer.Option("--simulate-into-fleet", help="allow simulated devices in a fleet's database")]


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFlags:
    """What `run` and `submit` take alike: what a job is to be."""

    chip: Chip = None
    batches: Batches = None
    model: Model = None
    data: Data = None
    labels: Labels = None
    recipe: RecipeName = None
    baseline: Baseline = None
    mode: ModeName = None
    precision: PrecisionName = None
    limit: Limit = None
    loop: Loop = None
    warmup: Warmup = None
    keep_logits: KeepLogits = False
    name: Name = None
    atc_arg: AtcArgs = field(default_factory=list)
    trt_arg: TrtArgs = field(default_factory=list)
    artifact: Artifacts = field(default_factory=list)
    like: Like = None
    tag: TagNames = field(default_factory=list)
    note: NoteText = None
    gate: Gates = field(default_factory=list)

    @property
    def settings(self) -> dict[str, str | None]:
        """Those that are settings, which variables and dinoq.toml can give too."""
        names = ("chip", "batches", "model", "data", "labels", "warmup", "recipe", "baseline", "mode")
        return {name: getattr(self, name) for name in names}
