"""Whether a job from elsewhere makes sense: what no worker of ours could have written is refused before it is stored."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.carried import KINDS, Carried, CarriedFigures, CarriedItem, CarriedResult
from dinoq.jobs.errors import UsageError
from dinoq.jobs.gates import parse_gate
from dinoq.jobs.result import TOP, Predictions, Times, hits
from dinoq.jobs.telemetry import Samples
from dinoq.jobs.told import FACTS, Told, told_from_json
from dinoq.jobs.typed import Malformed, typed

ENDED = ("done", "failed", "cancelled")
ORIGINS = ("real", "simulated")
OUTCOMES = (None, "done", "failed", "fenced", "lost", "drained")
LAST_MS = 253_402_300_799_000
"""The end of the year 9999, which is the last that a date can say."""
MOST_MS = 1e15
"""No clock of a device goes so far: sums of such times stay finite."""
LEAST_MS = 1e-6
LOGITS = re.compile(r"logits/[0-9a-f]{2}/([0-9a-f]{64})[.]f32")
"""Where logits lie in a store: by the sha256 of the file."""
Key = tuple[str, int, int]


class _Span(Protocol):
    @property
    def first(self) -> int: ...
    @property
    def count(self) -> int: ...


def check(job: Carried) -> None:
    """Raises: Malformed, naming what contradicts what."""
    _check_job(job)
    _check_runs(job)
    _check_artifacts(job)
    _check_slices(job)
    items = _check_items(job)
    _check_attempts(job, items)
    for result in job.results:
        _check_result(job, result, items)
    _unique("result", [(result.run_no, result.no) for result in job.results])
    _check_devices(job)
    _check_figures(job)
    _check_numbers(job)


def _check_job(job: Carried) -> None:
    row, spec = job.job, job.job.spec
    _ensure(re.fullmatch("[0-9a-f]{32}", row.uuid), f"job {row.uuid!r} has no uuid")
    _ensure(row.state in ENDED, f"the job is {row.state!r}; only jobs that have ended travel")
    _ensure(
        len(job.manifest) == spec.data.samples, f"{spec.data.samples} samples, and a dataset of {len(job.manifest)}"
    )
    _ensure(all(0 <= label < 2**31 for label in job.manifest.labels), "the dataset has a label that is no class")
    _ensure(row.fingerprint is None or _is_sha256(row.fingerprint), "the fingerprint is none")
    told = all(run.mode == "imported" for run in spec.runs)
    _ensure(_is_sha256(spec.model.sha256) or (told and not spec.model.sha256), "the model's sha256 is none")
    _ensure(spec.loop >= 1 and spec.model.classes >= (0 if told else 1), "loop and classes begin at 1")
    _ensure(all(map(_is_gate, spec.gates)), "a gate is none")
    _ensure(spec.part_of is None or spec.part_of >= spec.data.samples, "a part is larger than its whole")
    _ensure(spec.baseline_top1 is None or 0 < spec.baseline_top1 <= 1, "the baseline is no share")
    _ensure(spec.model.gflop is None or 0 <= spec.model.gflop <= MOST_MS, "the model's cost is none")


def _check_runs(job: Carried) -> None:
    keys = _unique("artifact", [one.key for one in job.artifacts])
    _ensure([run.run_no for run in job.runs] == list(range(1, len(job.job.spec.runs) + 1)), "runs and spec differ")
    for run, asked in zip(job.runs, job.job.spec.runs, strict=True):
        told = (run.run_no, run.chip, run.batch, run.precision, run.mode)
        _ensure(told == (asked.run_no, asked.chip, asked.batch, asked.precision, asked.mode), f"run {told} is another")
        _ensure(1 <= run.batch <= 4096, f"run {run.run_no} has the batch {run.batch}")
        _ensure(run.state in ENDED, f"run {run.run_no} is {run.state!r}; it has not ended")
        _ensure(run.origin in (None, *ORIGINS), f"run {run.run_no} is of the origin {run.origin!r}")
        _ensure(
            run.artifact_key is None or run.artifact_key in keys, f"run {run.run_no} has an artifact that is absent"
        )
        _ensure(all(key == facts.key for key, facts in run.devices.items()), f"run {run.run_no} mixes up devices")


def _check_artifacts(job: Carried) -> None:
    for one in job.artifacts:
        at = f"artifact {one.key[:12]}"
        mine = [run for run in job.runs if run.artifact_key == one.key]
        _ensure(mine, f"{at} is of no run")
        _ensure(_is_sha256(one.key) and _is_sha256(one.sha256), f"{at} has no sha256")
        _ensure(one.model_sha256 == job.job.spec.model.sha256, f"{at} is of another model")
        made = (one.chip, one.batch, one.precision, one.origin, one.toolkit, one.arch)
        for run in mine:
            wanted = (run.chip, run.batch, run.precision, run.origin, run.toolkit, run.arch)
            _ensure(made == wanted, f"{at} is not what run {run.run_no} asks for")


def _check_slices(job: Carried) -> None:
    if job.slices:
        _tile("slices", job.slices, job.job.spec.data.samples)
    for one in job.slices:
        _ensure(one.readable is None or len(one.readable) == one.count, f"slice {one.slice_no} is not of its length")
        sizes = (None, 32 * one.count)
        told = None if one.sample_sha256s is None else len(one.sample_sha256s)
        _ensure(told in sizes, f"slice {one.slice_no} has not a sha256 for each sample")
    _unique("slice", [one.slice_no for one in job.slices])


def _check_items(job: Carried) -> dict[Key, CarriedItem]:
    items = {item.key: item for item in job.items}
    _unique("item", [item.key for item in job.items])
    slices = {one.slice_no: one for one in job.slices}
    for item in job.items:
        at = f"{item.kind} item {item.no} of run {item.run_no}"
        _ensure(item.state in ENDED, f"{at} is {item.state!r}; it has not ended")
        _ensure(item.kind in KINDS, f"{at} is of no kind")
        _ensure((item.kind == "preprocess") == (item.run_no == 0), f"{at} is of the wrong run")
        _ensure(item.run_no <= len(job.runs), f"{at} is of no run")
        random = item.kind == "infer" and item.slice_no == item.count == 0
        _ensure(item.kind == "compile" or random or item.slice_no in slices, f"{at} is of no slice")
    for one in job.slices:
        mine = items.get(("preprocess", 0, one.slice_no))
        _ensure(
            mine and (mine.first, mine.count) == (one.first, one.count), f"slice {one.slice_no} has no item of its own"
        )
    for run in job.runs:
        parts = [item for item in job.items if item.kind == "infer" and item.run_no == run.run_no]
        parts.sort(key=lambda item: item.no)
        if run.mode == "dataset":
            _tile(f"parts of run {run.run_no}", parts, job.job.spec.data.samples)
    return items


def _check_attempts(job: Carried, items: dict[Key, CarriedItem]) -> None:
    _unique("attempt", [(one.key, one.token) for one in job.attempts])
    for one in job.attempts:
        _ensure(one.key in items, f"an attempt is of the item {one.key}, which is absent")
        _ensure(one.outcome in OUTCOMES, f"an attempt ended as {one.outcome!r}")


def _check_result(job: Carried, one: CarriedResult, items: dict[Key, CarriedItem]) -> None:
    at = f"part {one.no} of run {one.run_no}"
    item = items.get(("infer", one.run_no, one.no))
    mode = next((run.mode for run in job.runs if run.run_no == one.run_no), None)
    done = item and (item.first, item.count, item.state) == (one.first, one.count, "done")
    _ensure(done or mode == "imported", f"{at} is no part that is done")  # nobody worked what another tool told
    _ensure((one.count == 0) == (mode == "pure"), f"{at} has {one.count} samples")
    _ensure(one.first + one.count <= job.job.spec.data.samples, f"{at} goes beyond the dataset")
    _ensure(len(one.predictions) == TOP * 4 * one.count, f"{at} has not a prediction for each sample")
    _check_counts(at, one, job.manifest.label_array[one.first : one.first + one.count])
    _ensure(
        not one.logits or LOGITS.fullmatch(one.logits), f"{at} has logits at {one.logits[:60]!r}, no place of a store"
    )
    _check_times(at, one.times)


def _check_counts(at: str, one: CarriedResult, labels: NDArray[np.int32]) -> None:
    """The counts are those of the predictions and labels beside them; the file says both, so neither is believed alone."""
    found = Predictions.from_blob(one.predictions)
    n = int(found.evaluated.sum())
    counted, told = (n, one.count - n, *hits(found, labels)), (one.n, one.unreadable, one.top1, one.top5)
    _ensure(told == counted, f"{at} counts {told} (evaluated, unreadable, top-1, top-5), its predictions {counted}")
    _ensure(
        one.nonfinite == found.nonfinite,
        f"{at} counts {one.nonfinite} samples answered with NaN or Inf, its predictions {found.nonfinite}",
    )
    _ensure(one.top5 <= one.n - one.nonfinite, f"{at} has more right than evaluated and ranked")


def _check_times(at: str, blob: bytes) -> None:
    try:
        times = Times.from_blob(blob)
    except Exception:  # noqa: BLE001  (whatever bytes can do to struct and numpy)
        raise Malformed(f"the times of {at} cannot be read") from None
    _ensure(times.to_blob() == blob, f"the times of {at} are of another length")
    windows = times.windows or ()
    _ensure(all(windows) and sum(windows) <= len(times.compute_ms), f"the windows of {at} hold other batches")
    clocks = (times.fed_ms, times.done_ms, times.loading_ms)
    _ensure(all(math.isfinite(ms) and abs(ms) <= MOST_MS for ms in clocks), f"the clock of {at} is none")
    took_ms = times.done_ms - times.fed_ms
    _ensure(took_ms == 0 or took_ms >= LEAST_MS, f"{at} took {took_ms} ms")


def _check_devices(job: Carried) -> None:
    keys = _unique("device", [one.facts.key for one in job.devices])
    _unique("block", [(one.device_key, one.block_ms) for one in job.telemetry])
    for one in job.devices:
        _ensure(one.state in ("ok", "faulty", "lost"), f"device {one.facts.key} is {one.state!r}")
    known = keys | {key for run in job.runs for key in run.devices}
    for block in job.telemetry:
        _ensure(block.device_key in known, f"telemetry is of the device {block.device_key}, which is absent")
        try:
            whole = Samples.from_blob(block.samples).to_blob() == block.samples
        except Exception:  # noqa: BLE001
            whole = False
        _ensure(whole, f"telemetry of {block.device_key} cannot be read")


def _check_figures(job: Carried) -> None:
    """What foreign tools told reads as such, of each imported run, and can be divided."""
    foreign = {run.run_no for run in job.runs if run.mode == "imported"}
    told_of = _unique("figure", [one.run_no for one in job.imported])
    _ensure(told_of <= foreign, "figures are of no imported run")
    _ensure(foreign <= told_of, "an imported run has no figures")
    for one in job.imported:
        told = _told(one)
        _ensure(all(0 < rate <= MOST_MS for rate in told.rates.values()), f"a rate of run {one.run_no} is none")
        _ensure(all(0 <= share <= 1 for share in told.top_k), f"an accuracy of run {one.run_no} is none")


def _told(one: CarriedFigures) -> Told:
    """The figures as a report will read them. Raises: Malformed for what a tool may leave out and `told_from_json` not."""
    at = f"figures of run {one.run_no}"
    told = typed(Told, one.told, at)
    try:
        told_from_json(one.told)
    except KeyError as error:
        raise Malformed(f"{at} have no {error}") from None
    for name in FACTS:
        _ensure(name in told.facts, f"{at} do not say {name!r}, not even that it is unknown")
    return told


def _check_numbers(job: Carried) -> None:
    """Every count is from 0, every time is one that a date can say."""
    tables = (job.runs, job.slices, job.items, job.attempts, job.results, job.artifacts, job.devices, job.telemetry)
    for row in (job.job, *(row for table in tables for row in table), *job.imported):
        for name in row.__dataclass_fields__:
            value = getattr(row, name)
            if type(value) is int:
                _ensure(0 <= value <= LAST_MS, f"{name} is {value}")


def _tile(what: str, spans: Sequence[_Span], samples: int) -> None:
    """One after the other, without gap or overlap, over [0, samples)."""
    ends = [0, *(span.first + span.count for span in spans)]
    firsts = [*(span.first for span in spans), samples]
    fits = ends == firsts and all(span.count > 0 for span in spans)
    _ensure(fits and all(before < after for before, after in pairwise(firsts)), f"the {what} do not tile the dataset")


def _unique(what: str, keys: Iterable[object]) -> set[object]:
    listed = list(keys)
    found = set(listed)
    _ensure(len(found) == len(listed), f"the file has one {what} twice")
    return found


def _is_gate(text: str) -> bool:
    """Whether reports can be judged by it: one that was kept is written as it is read."""
    try:
        return str(parse_gate(text)) == text
    except UsageError:
        return False


def _is_sha256(text: str) -> bool:
    return re.fullmatch("[0-9a-f]{64}", text) is not None


def _ensure(fits: object, text: str) -> None:
    if not fits:
        raise Malformed(text)
