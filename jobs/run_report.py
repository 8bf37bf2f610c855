"""One run of a report as a value: what it proved, how fast it was, and what stands beside its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dinoq.jobs.agreement import Agreement
from dinoq.jobs.card import Card
from dinoq.jobs.chips import Precision
from dinoq.jobs.device_report import DeviceReport, card_of_run, device_reports, pace_of
from dinoq.jobs.exclusive import UNTOLD, contaminations
from dinoq.jobs.ledger import ArtifactRef, Origin
from dinoq.jobs.left_out import LeftOut, left_out, went_on
from dinoq.jobs.measure import Measurement, measure
from dinoq.jobs.merge import Coverage, Merged
from dinoq.jobs.record import FailedPart, RunRecord
from dinoq.jobs.report_jobs import Whose
from dinoq.jobs.score import Against, Score, against, score_of
from dinoq.jobs.spec import JobSpec, Mode
from dinoq.jobs.telemetry import foreign_remarks, throttlings
from dinoq.jobs.timeline import Timeline, timelines
from dinoq.jobs.told import Told, measurement
from dinoq.jobs.verdicts import (
    Verdict,
    accuracy_verdict,
    coverage_verdict,
    looks_like_guessing,
    performance_verdict,
    random_data_verdict,
    stability_verdict,
    told_accuracy_verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many parts of a run had such other work beside them on their host."""

    what: str
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run; `run_no` is its number in the report, `job_run` that in its `job`.

    `top1` and `top5` are None when nothing was evaluated; `card` when compute was not measured; `agreement` when there is
    no cpu run to hold it against. `pace` names the table that simulated devices took their times from. `told` is what
    another tool told of a run that was imported: its figures, and what stayed unknown. `compile_command` made its
    artifact, empty where a library did. `flags` are the toolchain's options that were asked for; `given` names the file
    where the artifact was made elsewhere: its `precision` is what was asked for, not what it may be. `nonfinite` samples
    were answered with a NaN or an Inf: counted, and wrong. `timelines` has one for each device.
    """

    run_no: int
    job: int
    job_run: int
    chip: str
    batch: int
    precision: Precision
    flags: Mapping[str, str]
    given: str
    mode: Mode
    origin: Origin | None
    state: str
    error: str
    devices: tuple[DeviceReport, ...]
    artifact: ArtifactRef | None
    toolkit: str
    arch: str
    coverage: Coverage
    top1: Score | None
    top5: Score | None
    against: Against | None
    agreement: Agreement | None
    pace: str
    measured: Measurement
    card: Card | None
    failed: tuple[FailedPart, ...]
    left_out: tuple[LeftOut, ...]
    overlaps: tuple[Overlap, ...]
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    told: Told | None = None
    compile_command: str = ""
    nonfinite: int = 0
    timelines: tuple[Timeline, ...] = ()

    @property
    def simulated(self) -> bool | None:
        """None until the origin is fixed."""
        return None if self.origin is None else self.origin == "simulated"

    @property
    def virtual(self) -> bool:
        """Its times are a table's: what a chip would take, by a clock that nobody looked at."""
        return bool(self.pace)

    @property
    def drivers(self) -> tuple[str, ...]:
        """The driver versions of its devices, each once."""
        return tuple(dict.fromkeys(device.facts.driver for device in self.devices if device.facts))


def run_report(of: Whose, run: RunRecord, merged: Merged, agreement: Agreement | None, *, timing: bool) -> RunReport:
    """Of a run as stored, and what merging its parts found. `timing`: whether unstable timing of a real accelerator decides
    the exit code."""
    spec, cell = of.spec, of.spec.run(run.run_no)
    measured = _measured(of, run, merged)
    top1 = score_of(merged.top1, merged.coverage)
    devices = device_reports(run, measured)
    disturbed = _disturbances(devices, merged)
    return RunReport(
        run_no=run.run_no,
        job=of.job,
        job_run=of.job_run,
        chip=cell.chip,
        batch=cell.batch,
        precision=cell.precision,
        flags=cell.flags,
        given=cell.given.name if cell.given else "",
        mode=cell.mode,
        origin=run.origin,
        state=run.state,
        error=run.error,
        devices=devices,
        artifact=run.artifact,
        toolkit=run.toolkit,
        arch=run.arch,
        coverage=merged.coverage,
        top1=top1,
        top5=score_of(merged.top5, merged.coverage),
        against=None if run.origin == "simulated" else against(top1, spec.baseline_top1),
        agreement=agreement,
        pace=pace_of(run),
        measured=measured,
        card=card_of_run(cell.chip, run, measured),
        failed=run.failed,
        left_out=left_out(run),
        overlaps=_overlaps(merged),
        notes=(
            *_notes(spec, merged, top1),
            *(_settling(devices) if cell.chip != "cpu" and run.origin == "real" else ()),
            *went_on(run),
            *(run.told.notes if run.told else ()),
        ),
        verdicts=_verdicts(spec, run, merged, measured, disturbed, timing=timing),
        told=run.told,
        compile_command=run.compile_command,
        nonfinite=merged.nonfinite,
        timelines=_timelines(of, run, merged),
    )


def _measured(of: Whose, run: RunRecord, merged: Merged) -> Measurement:
    """What another tool told, or what was measured here."""
    if run.told:
        return measurement(run.told)
    cell = of.spec.run(run.run_no)
    return measure(run, merged.results, batch=cell.batch, loop=of.spec.loop, pure=cell.mode == "pure")


def _timelines(of: Whose, run: RunRecord, merged: Merged) -> tuple[Timeline, ...]:
    cell = of.spec.run(run.run_no)
    return timelines(run, merged.results, batch=cell.batch, loop=of.spec.loop, pure=cell.mode == "pure")


def _coverage_verdict(mode: Mode, run: RunRecord, merged: Merged) -> Verdict | None:
    """None for figures that were imported without any answer."""
    if mode == "pure":
        return random_data_verdict(run.error, timed=bool(merged.results))
    return None if run.told and not merged.results else coverage_verdict(merged.coverage, run.error)


def _verdicts(
    spec: JobSpec, run: RunRecord, merged: Merged, measured: Measurement, disturbed: list[str], *, timing: bool
) -> tuple[Verdict, ...]:
    """`timing`: whether unstable timing decides the exit code."""
    cell = spec.run(run.run_no)
    decides = timing and cell.chip != "cpu" and run.origin == "real"
    pure = cell.mode == "pure"
    verdicts = (
        _coverage_verdict(cell.mode, run, merged),
        told_accuracy_verdict(run.told.top_k, spec.baseline_top1) if run.told and not merged.results else None,
        accuracy_verdict(
            merged.top1, merged.coverage, spec.baseline_top1, spec.part_of, simulated=run.origin == "simulated"
        ),
        performance_verdict(measured, 0 if pure else spec.loop),
        stability_verdict(measured, merged.coverage, disturbed, decides=decides),
    )
    return tuple(verdict for verdict in verdicts if verdict is not None)


def _notes(spec: JobSpec, merged: Merged, top1: Score | None) -> tuple[str, ...]:
    classes, expected = spec.model.classes, merged.coverage.expected
    notes = []
    if merged.nonfinite:
        counted = merged.coverage.counted
        notes.append(
            f"{merged.nonfinite} of {counted} samples were answered with NaN or Inf: not ranked, counted as wrong"
        )
    if top1 and looks_like_guessing(top1.correct, top1.high, expected, classes):
        notes.append(f"top-1 is hardly better than guessing among {classes} classes: suspect the labels, not the chip")
    total = len(merged.results)
    if untold := sum(UNTOLD in result.overlap for result in merged.results):
        notes.append(f"idle: cannot tell for {untold} of {total} parts whether others worked on their device")
    if beside := [one.what for one in _overlaps(merged) if one.what != UNTOLD]:
        parts = sum(result.overlap not in ("", UNTOLD) for result in merged.results)
        notes.append(f"{parts} of {total} parts ran beside other work on their host: {', '.join(beside)}")
    return tuple(notes)


def _settling(devices: Sequence[DeviceReport]) -> list[str]:
    """Which devices took a while to become steady; drift alone may be too small to tell."""
    late = [(one.label, one.figures) for one in devices if one.figures.steady_from]
    return [
        f"{label} became steady after {figures.steady_from} of {figures.batches} timed batches; its figure is of all"
        for label, figures in late
    ]


def _disturbances(devices: Sequence[DeviceReport], merged: Merged) -> list[str]:
    """What makes timing unsound, as devices and workers told it."""
    told = {device.label: device.telemetry for device in devices if device.telemetry}
    remarks = [one.what for one in _overlaps(merged)]
    return [*contaminations([*remarks, *foreign_remarks(told)]), *throttlings(told)]


def _overlaps(merged: Merged) -> tuple[Overlap, ...]:
    counts = Counter(what for result in merged.results for what in result.overlap.split(", ") if what)
    return tuple(Overlap(what=what, parts=parts) for what, parts in sorted(counts.items()))
