"""What NVIDIA's trtexec prints at the end of a run, and the times it exports.

Source: TensorRT samples/trtexec. A query is one batch where the network has an explicit batch, so that images/s are
qps times the batch, once; with the implicit batch of old networks (`--batch=N`) qps counts images already.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dinoq.jobs.chips import Precision
from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.spread import Spread, spread_in, spread_of, spread_told

HINT = "the whole output of one trtexec run, or what --exportTimes wrote"
_COMMAND = re.compile(r"\btrtexec(?:\.exe)?\s+(--?\w.*)")
_BANNER = re.compile(r"TensorRT\.trtexec \[TensorRT v(\d{4}|\d{6})\]")
_VERSION = re.compile(r"TensorRT version:\s*(\d+(?:\.\d+)+)")
_DEVICE = re.compile(r"Selected Device:\s*(.+?)\s*$", re.MULTILINE)
_THROUGHPUT = re.compile(r"Throughput:\s*([\d.]+(?:[eE][+-]?\d+)?)\s*qps")
_SHAPE = re.compile(r"[:=](\d+)x\d")
_INFERENCE_SHAPE = re.compile(r"Input inference shapes?:\s*[^\n=]*=(\d+)x\d")
_STAMP = re.compile(r"^\s*(?:\[[^\]]*\]\s*)*(.*?)\s*$")
_KINDS = {
    "compute": "GPU Compute Time:",
    "h2d": "H2D Latency:",
    "d2h": "D2H Latency:",
    "latency": "Latency:",
    "enqueue": "Enqueue Time:",
}
_CV = re.compile(r"GPU compute time is unstable, with coefficient of variance = ([\d.]+)%", re.IGNORECASE)
_SEVEN = re.compile(r"(min|max|mean|median|percentile):\s*([\d.]+)\s*ms(?:\s*at\s*([\d.]+)%)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """One trtexec run. `batch` None, `precision` None, `chip` and `version` empty where it does not tell; `other` names a
    precision that is neither fp32 nor fp16. `qps` are queries a second, each of `images_per_query` images."""

    compute: Spread
    qps: float | None = None
    batch: int | None = None
    images_per_query: int | None = None
    precision: Precision | None = None
    other: str = ""
    chip: str = ""
    version: str = ""
    model: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, Spread] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """What `--exportTimes` wrote: ms of each query; h2d and d2h are 0 where transfers were off."""

    compute_ms: tuple[float, ...]
    h2d_ms: tuple[float, ...]
    d2h_ms: tuple[float, ...]


def is_log(text: str) -> bool:
    """Whether these are trtexec's words."""
    return "GPU Compute" in text or "TensorRT.trtexec" in text


def is_times(text: str) -> bool:
    """Whether this is, or was meant to be, what `--exportTimes` writes."""
    return text.lstrip().startswith("[") and '"computeMs"' in text


def read_log(text: str, source: str) -> Log:
    """The one run that trtexec tells of. Raises: BadResults for none, several, or one that failed."""
    if "&&&& FAILED" in text:
        raise BadResults(f"{source} is of a trtexec run that failed.", hint=HINT)
    lines = [found[1] for line in text.splitlines() if (found := _STAMP.match(line))]
    told = {kind: _spreads(lines, label) for kind, label in _KINDS.items()}
    told["compute"] = told["compute"] or _seven(lines)
    if len(told["compute"]) != 1:
        raise BadResults(
            f"{source} tells {len(told['compute'])} GPU compute times; expected those of one run.", hint=HINT
        )
    command = _COMMAND.search(text)
    options = _options(command[1]) if command else {}
    batch, images = _batch(options, text)
    qps, device, cv = _THROUGHPUT.search(text), _DEVICE.search(text), _CV.search(text)
    precision, other = _precision(options)
    return Log(
        compute=replace(told["compute"][0], cv=float(cv[1]) / 100 if cv else None),
        qps=float(qps[1]) if qps else None,
        batch=batch,
        images_per_query=images,
        precision=precision,
        other=other,
        chip=device[1].removeprefix("NVIDIA ") if device else "",
        version=_version(text),
        model=options.get("--onnx") or options.get("--loadEngine", ""),
        options=options,
        times={kind: spreads[-1] for kind, spreads in told.items() if spreads and kind != "compute"},
    )


def read_times(text: str, source: str) -> Times:
    """The exported times. Raises: BadResults for anything but a list of queries with times of their own."""
    try:
        rows = json.loads(text)
        columns = {key: tuple(float(row[key]) for row in rows) for key in ("computeMs", "h2dMs", "d2hMs")}
    except (ValueError, KeyError, TypeError):
        raise BadResults(f"{source} is nothing that --exportTimes wrote.", hint=HINT) from None
    compute = columns["computeMs"]
    if not compute or not all(0.0 < value < math.inf for value in compute):
        raise BadResults(f"{source} has no GPU compute time above 0 for each query.", hint=HINT)
    return Times(compute_ms=compute, h2d_ms=columns["h2dMs"], d2h_ms=columns["d2hMs"])


def log_of_times(times: Times) -> Log:
    """The same as a log that tells nothing but times."""
    spreads = {"h2d": spread_of(times.h2d_ms), "d2h": spread_of(times.d2h_ms)}
    moved = {kind: spread for kind, spread in spreads.items() if spread and spread.mean > 0.0}
    compute = spread_of(times.compute_ms, (90.0, 95.0, 99.0))
    assert compute is not None
    return Log(compute=compute, times=moved)


def _spreads(lines: list[str], label: str) -> list[Spread]:
    found = (spread_in(line.removeprefix(label)) for line in lines if line.startswith(label))
    return [spread for spread in found if spread]


def _seven(lines: list[str]) -> list[Spread]:
    """The blocks of TensorRT 7: a line `GPU Compute`, then one line for each figure."""
    found = []
    for at, line in enumerate(lines):
        if line != "GPU Compute":
            continue
        figures = [figure for after in lines[at + 1 : at + 7] if (figure := _SEVEN.fullmatch(after))]
        told = {name: float(value) for name, value, share in (figure.groups() for figure in figures) if not share}
        shares = {float(figure[3]): float(figure[2]) for figure in figures if figure[3]}
        if told.get("mean", 0.0) > 0.0:
            found.append(spread_told(told, shares))
    return found


def _options(command: str) -> dict[str, str]:
    """`--onnx=m.onnx --fp16` by name, "" for one without a value."""
    pairs = (word.partition("=") for word in command.split() if word.startswith("-"))
    return {f"--{name.lstrip('-')}": value for name, _, value in pairs}


def _batch(options: Mapping[str, str], text: str) -> tuple[int | None, int | None]:
    """Images of one execution, and of one query as qps counts them. Inference takes the opt shapes unless told others."""
    if options.get("--batch", "").isdigit():
        return int(options["--batch"]), 1
    shapes = options.get("--shapes") or options.get("--optShapes", "")
    found = _SHAPE.search(shapes) or _INFERENCE_SHAPE.search(text)
    batch = int(found[1]) if found else None
    return batch, batch


def _precision(options: Mapping[str, str]) -> tuple[Precision | None, str]:
    """What the options ask for; nothing where an engine or the network itself decides."""
    other = next((name[2:] for name in ("--int8", "--best", "--fp8", "--bf16", "--int4") if name in options), "")
    if other:
        return None, other
    if "--fp16" in options:
        return "fp16", ""
    return ("fp32" if "--onnx" in options and "--stronglyTyped" not in options else None), ""


def _version(text: str) -> str:
    """`8.6.1`, also where only the banner's `v8601` tells it; empty for none."""
    if told := _VERSION.search(text):
        return told[1]
    if not (banner := _BANNER.search(text)):
        return ""
    digits = banner[1]
    minor, patch = (1, 2) if len(digits) == 4 else (2, 4)
    return f"{int(digits[:minor])}.{int(digits[minor:patch])}.{int(digits[patch:])}"
