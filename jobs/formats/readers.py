"""Every file of figures that can be imported: recognised by what it says, never by its name. A new one is a line in
READERS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dinoq.jobs.chips import Precision
from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats import ais_bench, benchmark, result_json, trtexec
from dinoq.jobs.formats.spread import Spread
from dinoq.jobs.ledger import Origin
from dinoq.jobs.measure import Scope
from dinoq.jobs.told import Figure, Told, too_few

SIMULATED = "simulated"
"""A file in which this word stands is a simulator's, whatever else it says."""
_STAGES = {"e2e": "images, reading and preprocessing included", "post": "batches, not images"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one file says of one run, before a person adds what it leaves out: empty or None for that."""

    told: Told
    chip: str = ""
    batch: int | None = None
    precision: Precision | None = None
    model: str = ""
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of file: what people call it, whether a text is one, and what it says. `read` is given the file's name and
    the batch that a person says, for files that tell times of batches alone."""

    kind: str
    recognises: Callable[[str], bool]
    read: Callable[[str, str, int | None], Reading]


def reader_of(text: str) -> Reader | None:
    """Who reads this text; None when nobody knows it."""
    return next((reader for reader in READERS if reader.recognises(text)), None)


def read(text: str, name: str, batch: int | None = None) -> Reading:
    """What a file of figures says. Raises: BadResults for one that nobody knows, or that is garbled."""
    reader = reader_of(text)
    if reader is None:
        kinds = ", ".join(known.kind for known in READERS)
        raise BadResults(f"{name} is none of: {kinds}.", hint="the file as the tool wrote it, whole")
    found = reader.read(text, name, batch)
    return replace(found, origin="simulated") if SIMULATED in text.lower() else found


def _perf(text: str, name: str, _batch: int | None) -> Reading:
    perf, said = benchmark.read_perf(text, name), benchmark.read_name(name)
    stages = {"e2e": perf.e2e, "data read": perf.data_read, "preprocess": perf.preprocess, "infer": perf.infer}
    rates = {stage: one.rate for stage, one in (stages | {"post": perf.post}).items()}
    told = Told(
        tool="benchmark",
        kind="speed file of a dataset",
        rates={"compute": perf.interface},
        names={"compute": "Interface throughputRate"},
        figures=tuple(
            Figure(name=f"[{stage}] throughputRate", value=rate, unit="/s", what=_STAGES.get(stage, "images"))
            for stage, rate in rates.items()
            if rate is not None
        ),
    ).knowing(data="dataset", copies="not in it", batch="of the file's name" if said else "")
    return Reading(told=told, batch=said.batch if said else None)


def _pure(text: str, name: str, _batch: int | None) -> Reading:
    pure, said = benchmark.read_pure(text, name), benchmark.read_name(name)
    told = Told(
        tool="benchmark",
        kind="speed file of random data",
        rates={"compute": pure.rate},
        names={"compute": "ave_throughputRate"},
        figures=(Figure(name="ave_latency", value=pure.latency_ms, unit="ms", what="of one image"),),
    ).knowing(data="random", batch="of the model's name" if said and said.batch else "")
    return Reading(told=told, batch=said.batch if said else None, model=said.model if said else "")


def _summary(text: str, name: str, batch: int | None) -> Reading:
    return _ais_bench(ais_bench.read_summary(text, name), "summary.json", batch)


def _console(text: str, name: str, batch: int | None) -> Reading:
    return _ais_bench(ais_bench.read_console(text, name), "console output", batch)


def _ais_bench(summary: ais_bench.Summary, kind: str, given: int | None) -> Reading:
    model = summary.model.rsplit("/", 1)[-1].removesuffix(".om")
    of_name, batch = benchmark.batch_of_model(model), summary.batch
    odd = of_name is not None and batch is not None and of_name != batch
    doubt = f"the model's name says bs{of_name}, but throughput was computed with a batch of {batch}"
    count = summary.compute.count if summary.compute else None
    copied = _with_copies((summary.compute, summary.h2d, summary.d2h), batch or given)
    told = Told(
        tool="ais_bench",
        kind=kind,
        rates={"compute": summary.throughput, **copied},
        names={"compute": "throughput", **dict.fromkeys(copied, "NPU_compute_time + H2D_latency + D2H_latency")},
        latency=summary.compute,
        notes=(*too_few(count), *((doubt,) if odd else ())),
    ).knowing(
        batch="as the tool was told" if batch else "",
        copies="not in compute",
        data="dataset" if any(ins for ins, _ in summary.files.values()) else "",
        executions="" if count is None else str(count),
        warm_up="" if summary.warm_up is None else f"{summary.warm_up} executions",
    )
    return Reading(told=told, batch=batch, model=model)


def _log(text: str, name: str, batch: int | None) -> Reading:
    return _trtexec(trtexec.read_log(text, name), "console output", name, batch)


def _times(text: str, name: str, batch: int | None) -> Reading:
    return _trtexec(trtexec.log_of_times(trtexec.read_times(text, name)), "exported times", name, batch)


def _trtexec(log: trtexec.Log, kind: str, name: str, given: int | None) -> Reading:
    if log.other:
        hint = "a run with --fp16, or without it"
        raise BadResults(f"{name} is of an {log.other} run; dinoq compares fp32 and fp16.", hint=hint)
    batch, h2d, d2h = log.batch or given, log.times.get("h2d"), log.times.get("d2h")
    compute: dict[Scope, float] = {"compute": 1000.0 * batch / log.compute.mean} if batch else {}
    copied = _with_copies((log.compute, h2d, d2h), batch)
    names = dict.fromkeys(compute, "batch / mean GPU Compute Time")
    told = Told(
        tool="trtexec",
        kind=kind,
        rates={**compute, **copied},
        names={**names, **dict.fromkeys(copied, "batch / (H2D + GPU Compute + D2H)")},
        figures=_queries(log, batch),
        latency=log.compute,
        notes=too_few(log.compute.count),
    ).knowing(
        precision="by its options" if log.precision else "",
        batch="by its shapes" if log.batch else "",
        data="random" if log.options and "--loadInputs" not in log.options else "",
        toolkit=f"TensorRT {log.version}" if log.version else "",
        copies="not in compute",
        warm_up=f"{log.options['--warmUp']} ms" if log.options.get("--warmUp") else "",
        executions="" if log.compute.count is None else str(log.compute.count),
    )
    model = log.model.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    # A log that names its card was printed by NVIDIA's own program, which runs on nothing else.
    origin: Origin | None = "real" if log.chip else None
    return Reading(told=told, chip=log.chip, batch=log.batch, precision=log.precision, model=model, origin=origin)


def _queries(log: trtexec.Log, batch: int | None) -> tuple[Figure, ...]:
    """qps as it stands: a query is a batch where the batch is explicit, so it is multiplied here, once."""
    images = log.images_per_query or batch
    if log.qps is None or images is None:
        return ()
    what = f"queries of {images} images by the host's wall time, {log.qps * images:.6g} images/s"
    return (Figure(name="Throughput", value=log.qps, unit="qps", what=what),)


def _with_copies(spreads: Sequence[Spread | None], batch: int | None) -> dict[Scope, float]:
    """The device rate: of compute and both copies, where all three are told of equally many executions."""
    told = [spread for spread in spreads if spread and spread.mean > 0.0]
    if batch is None or len(told) < len(spreads) or len({spread.count for spread in told}) > 1:
        return {}
    return {"device": 1000.0 * batch / sum(spread.mean for spread in told)}


def _result(text: str, name: str, _batch: int | None) -> Reading:
    result = result_json.read_result(text, name)
    told = Told(tool="published postprocessing", kind="result.json", images=result.images, top_k=result.top_k)
    return Reading(told=told.knowing(data="dataset"))


READERS: tuple[Reader, ...] = (
    Reader("speed file of benchmark", benchmark.is_perf, _perf),
    Reader("speed file of benchmark on random data", benchmark.is_pure, _pure),
    Reader("summary.json of ais_bench", ais_bench.is_summary, _summary),
    Reader("result.json of the published postprocessing", result_json.is_result, _result),
    Reader("times that trtexec exported", trtexec.is_times, _times),
    Reader("output of trtexec", trtexec.is_log, _log),
    Reader("output of ais_bench", ais_bench.is_console, _console),
)
"""In the order of asking."""
