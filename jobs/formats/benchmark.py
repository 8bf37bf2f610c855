"""The speed files of Ascend's old `benchmark` tool: of a whole dataset, and of random data.

Source: the READMEs of ModelZoo-PyTorch of 2022, which print these files, and their test/parse.py, which multiplies the
Interface throughputRate by the chips of a card.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from dinoq.jobs.errors import BadResults

UNTOLD = "-"
HINT = "the file as the tool wrote it, whole"
_STAGES = {
    "e2e": "e2e",
    "data read": "data_read",
    "preprocess": "preprocess",
    "infer": "infer",
    "inference": "infer",
    "post": "post",
    "postprocess": "post",
}
_LINE = re.compile(
    r"\[(e2e|data read|preprocess|infer(?:ence)?|post(?:process)?)\]\s*throughputRate:\s*([^\s,]+),"
    r"(?:\s*Interface throughputRate:\s*([^\s,]+),)?\s*(?:module)?[lL]atency:\s*([\d.eE+-]+)"
)
_PURE = re.compile(r"ave_throughputRate\s*[:=]\s*(\S+?)\s*samples/s\s*,\s*ave_latency\s*[:=]\s*(\S+?)\s*ms")
_PERF_NAME = re.compile(r"perf_[a-z]+_batchsize_(\d{1,4})_device_(\d{1,3})\.txt")
_PURE_NAME = re.compile(r"PureInfer_perf_of_(.+)_in_device_(\d{1,3})\.txt")
_OM_BATCH = re.compile(r"(?:^|[_-])(?:bs|batch)[_-]?(\d{1,4})(?=$|[_-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage of the tool: `rate` a second and `latency_ms` of each; None where it is not told."""

    rate: float | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Perf:
    """What one device did with a dataset. Rates are images a second, of `post` batches a second; the latency of `e2e` is
    that of the whole dataset. `interface` is the rate of the execute call alone, for one device: the figure of the
    published tables."""

    e2e: Stage
    data_read: Stage
    preprocess: Stage
    infer: Stage
    post: Stage
    interface: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pure:
    """What one device did with random data: images a second, and ms of one image."""

    rate: float
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfName:
    """What a speed file's name says; `model` is the om file's stem, empty where the name has none, and `batch` None."""

    batch: int | None
    device: int
    model: str = ""


def is_perf(text: str) -> bool:
    """Whether this is, or was meant to be, the speed file of a dataset."""
    return "throughputRate:" in text and ("[e2e]" in text or "[infer" in text)


def is_pure(text: str) -> bool:
    """Whether this is a speed file of random data, or the console's words about it."""
    return "ave_throughputRate" in text


def read_perf(text: str, source: str) -> Perf:
    """The stages of a speed file. `source` names it in errors. Raises: BadResults, naming the stage."""
    stages: dict[str, Stage] = {}
    interface: float | None = None
    for name, rate, alone, latency in _LINE.findall(text):
        stages[_STAGES[name]] = Stage(rate=_number(rate, name, source), latency_ms=_number(latency, name, source))
        interface = _number(alone, name, source) if alone else interface
    missing = [name for name in dict.fromkeys(_STAGES.values()) if name not in stages]
    if missing or interface is None:
        what = f"stage [{missing[0].replace('_', ' ')}]" if missing else "Interface throughputRate"
        raise BadResults(f"{source} is no whole speed file of benchmark: it has no {what} that can be read.", hint=HINT)
    return Perf(interface=interface, **stages)


def perf_text(perf: Perf) -> str:
    """The speed file, numbers with six digits as the tool prints them, `-` for what is not told (parse.py counts
    fields, so none may be left out)."""
    lines = [
        f"[e2e] throughputRate: {_shown(perf.e2e.rate)}, latency: {_shown(perf.e2e.latency_ms)}",
        f"[data read] {_module(perf.data_read)}",
        f"[preprocess] {_module(perf.preprocess)}",
        f"[infer] {_module(perf.infer, f'Interface throughputRate: {_shown(perf.interface)}, ')}",
        f"[post] {_module(perf.post)}",
    ]
    return "\n".join(lines) + "\n"


def read_pure(text: str, source: str) -> Pure:
    """The average of a run on random data. Raises: BadResults for none, or several that differ."""
    found = {
        (_number(rate, "ave_throughputRate", source), _number(latency, "ave_latency", source))
        for rate, latency in _PURE.findall(text)
    }
    if len(found) != 1:
        what = "no average that can be read" if not found else f"{len(found)} different averages"
        raise BadResults(f"{source} holds {what}; expected one run of benchmark on random data.", hint=HINT)
    ((rate, latency_ms),) = found
    if rate is None or latency_ms is None:
        raise BadResults(f"{source} does not tell ave_throughputRate and ave_latency.", hint=HINT)
    return Pure(rate=rate, latency_ms=latency_ms)


def perf_name(batch: int, device: int) -> str:
    """What the tool calls the speed file of a dataset."""
    return f"perf_vision_batchsize_{batch}_device_{device}.txt"


def pure_name(model: str, device: int) -> str:
    """What the tool calls the speed file of random data; `model` is the om file's stem."""
    return f"PureInfer_perf_of_{model}_in_device_{device}.txt"


def read_name(name: str) -> PerfName | None:
    """What a speed file's name says; None for any other name. A model's own name may end in `_bs16`, by custom."""
    if found := _PERF_NAME.fullmatch(name):
        return PerfName(batch=int(found[1]), device=int(found[2]))
    if found := _PURE_NAME.fullmatch(name):
        return PerfName(batch=batch_of_model(found[1]), device=int(found[2]), model=found[1])
    return None


def batch_of_model(name: str) -> int | None:
    """The batch that a model's name tells by custom: 16 of `dino_resnet50_bs16`, None where it tells none."""
    found = _OM_BATCH.search(name)
    return int(found[1]) if found else None


def _number(text: str, where: str, source: str) -> float | None:
    if text == UNTOLD:
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise BadResults(f"{source} says {text!r} at {where}; expected a number above 0.", hint=HINT)
    return value


def _module(stage: Stage, alone: str = "") -> str:
    return f"throughputRate: {_shown(stage.rate)}, {alone}moduleLatency: {_shown(stage.latency_ms)}"


def _shown(value: float | None) -> str:
    return UNTOLD if value is None else f"{value:.6g}"
