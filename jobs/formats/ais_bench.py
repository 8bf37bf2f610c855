"""What ais_bench leaves: `NAME_summary.json` beside its output folder, and its words on the console.

Source: ais_bench infer/summary.py. Its throughput is 1000 * batchsize / mean(NPU_compute_time), where the batch size is
what it was told: nothing checks it against the model.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.spread import Spread, spread_in

HINT = "the NAME_summary.json or the console output of one ais_bench run"
_NUMBER = r"([\d.]+(?:[eE][+-]?\d+)?)"
_NEW = re.compile(rf"throughput 1000\*batchsize\.mean\({_NUMBER}\)/NPU_compute_time\.mean\({_NUMBER}\):\s*{_NUMBER}")
_OLD = re.compile(rf"throughput \(1000\*batchsize/NPU_compute_time\):\s*{_NUMBER}")
_MODEL = re.compile(r"load model (\S+\.om) success")
_WARM_UP = re.compile(r"warm up (\d{1,6}) times? done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One run as ais_bench sums it up. `batch` is what its throughput was computed with, None where that is no whole
    number; `files` are the output files' names by sample; `compute_ms` one per executed batch, empty on the console."""

    throughput: float
    compute: Spread | None
    h2d: Spread | None = None
    d2h: Spread | None = None
    batch: int | None = None
    compute_ms: tuple[float, ...] = ()
    files: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = field(default_factory=dict)
    args: tuple[str, ...] = ()
    model: str = ""
    warm_up: int | None = None
    pid: int | None = None


def is_summary(text: str) -> bool:
    """Whether this is, or was meant to be, a summary.json."""
    return text.lstrip().startswith("{") and '"NPU_compute_time"' in text


def is_console(text: str) -> bool:
    """Whether these are ais_bench's words on the console."""
    return "NPU_compute_time" in text and "throughput" in text and not text.lstrip().startswith("{")


def summary_text(summary: Summary) -> str:
    """The summary.json; what is not told is left out."""
    files = {no: {"infiles": list(ins), "outfiles": list(outs)} for no, (ins, outs) in summary.files.items()}
    told: dict[str, object] = {"filesinfo": files, "args": list(summary.args)}
    spreads = {"NPU_compute_time": summary.compute, "H2D_latency": summary.h2d, "D2H_latency": summary.d2h}
    told |= {name: _written(spread) for name, spread in spreads.items() if spread is not None}
    told |= {"npu_compute_time_list": list(summary.compute_ms), "throughput": summary.throughput}
    return json.dumps(told | ({} if summary.pid is None else {"pid": summary.pid}))


def read_summary(text: str, source: str) -> Summary:
    """What a summary.json says. Raises: BadResults."""
    try:
        told: dict[str, Any] = json.loads(text)
        compute = _spread(told["NPU_compute_time"])
        throughput = float(told["throughput"])
        return Summary(
            throughput=throughput,
            compute=compute,
            h2d=_spread(told["H2D_latency"]) if told.get("H2D_latency") else None,
            d2h=_spread(told["D2H_latency"]) if told.get("D2H_latency") else None,
            batch=batch_of(throughput, compute, source),
            compute_ms=tuple(map(_duration, told.get("npu_compute_time_list", ()))),
            files={
                str(no): (tuple(map(str, info["infiles"])), tuple(map(str, info["outfiles"])))
                for no, info in told.get("filesinfo", {}).items()
            },
            args=_words(told.get("args", ())),
            model=_option(_words(told.get("args", ())), ("--om-model", "-om", "--om_model", "--model")),
            warm_up=_warm_up(_words(told.get("args", ()))),
            pid=None if told.get("pid") is None else int(told["pid"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadResults(f"{source} is no summary.json of ais_bench that can be read.", hint=HINT) from None


def read_console(text: str, source: str) -> Summary:
    """The one run that ais_bench told of on the console, in its newer or older words. Raises: BadResults for none, or
    several (several devices)."""
    new, old = _NEW.findall(text), _OLD.findall(text)
    if len(new) + len(old) != 1:
        raise BadResults(f"{source} holds {len(new) + len(old)} throughput lines; expected one run.", hint=HINT)
    throughput = float(new[0][2] if new else old[0])
    compute = _line_spread(text, "NPU_compute_time (ms):") or (Spread(mean=float(new[0][1])) if new else None)
    model, warm_up = _MODEL.search(text), _WARM_UP.search(text)
    batch = batch_of(throughput, compute, source)
    return Summary(
        throughput=throughput,
        compute=compute,
        h2d=_line_spread(text, "H2D_latency (ms):"),
        d2h=_line_spread(text, "D2H_latency (ms):"),
        batch=int(float(new[0][0])) if new and float(new[0][0]).is_integer() else batch,
        model=model[1] if model else "",
        warm_up=int(warm_up[1]) if warm_up else None,
    )


def batch_of(throughput: float, compute: Spread | None, source: str) -> int | None:
    """The batch that the throughput was computed with; None where it comes out as no whole number.

    Raises: BadResults for a throughput that is no number above 0.
    """
    if not 0.0 < throughput < math.inf:
        raise BadResults(f"{source} says a throughput of {throughput}; expected a number above 0.", hint=HINT)
    batch = throughput * compute.mean / 1000.0 if compute else 0.0
    return round(batch) if round(batch) >= 1 and abs(batch - round(batch)) <= 0.01 * batch else None


def _spread(told: Mapping[str, Any]) -> Spread:
    shares = {float(k[11:-2]): float(v) for k, v in told.items() if re.fullmatch(r"percentile\([\d.]+%\)", k)}
    named = {name: float(told[name]) for name in ("min", "max", "median") if told.get(name) is not None}
    mean = float(told["mean"])
    if not 0.0 <= mean < math.inf:
        raise ValueError(mean)
    count = told.get("count")
    return Spread(mean=mean, percentiles=shares, count=None if count is None else int(count), **named)


def _written(spread: Spread) -> dict[str, object]:
    named = {"min": spread.min, "max": spread.max, "mean": spread.mean, "median": spread.median}
    shares = {f"percentile({number:g}%)": value for number, value in spread.percentiles.items()}
    return {name: value for name, value in (named | shares | {"count": spread.count}).items() if value is not None}


def _duration(told: Any) -> float:
    """A time in ms; several threads tell (start, end) instead."""
    return float(told[1]) - float(told[0]) if isinstance(told, list) else float(told)


def _words(args: Any) -> tuple[str, ...]:
    return (args,) if isinstance(args, str) else tuple(map(str, args))


def _option(args: Sequence[str], names: Sequence[str]) -> str:
    """The value of an option, as a word of its own or after `=`; empty for none."""
    for at, word in enumerate(args):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else "".join(args[at + 1 : at + 2])
    return ""


def _warm_up(args: Sequence[str]) -> int | None:
    told = _option(args, ("--warmup-count", "--warmup_count", "-wcount"))
    return int(told) if told.isdigit() else None


def _line_spread(text: str, label: str) -> Spread | None:
    lines = [line for line in text.splitlines() if label in line]
    return spread_in(lines[-1].split(label, 1)[1]) if lines else None
