"""The report of a job as a value: everything that is printed of it, computed once, from stored rows alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dinoq.jobs.agreement import Agreement, agreements, apart
from dinoq.jobs.answers import answers_of
from dinoq.jobs.card import Card
from dinoq.jobs.chips import Precision
from dinoq.jobs.device_report import DeviceReport, card_of_run, device_reports, pace_of
from dinoq.jobs.exclusive import UNTOLD, contaminations
from dinoq.jobs.gated import told_or_judged
from dinoq.jobs.gates import Gate, Gated, check_gates, parse_gate
from dinoq.jobs.ledger import ArtifactRef, Origin
from dinoq.jobs.left_out import LeftOut, left_out, went_on
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.measure import Measurement, measure
from dinoq.jobs.merge import Coverage, Labels, Merged, merge
from dinoq.jobs.pairs import MARGIN, Flips, Pair, flips_of, matches, pairs_of
from dinoq.jobs.ranking import Best, Ratio, Refused, best_batches, best_within, ratios, refused
from dinoq.jobs.recipe import Recipe
from dinoq.jobs.record import FailedPart, JobRecord, RunRecord, SliceRecord
from dinoq.jobs.report_cells import side_by_side
from dinoq.jobs.report_jobs import JobFacts, Whose, job_facts, job_verdicts, manifests_of, stored_gates, whose
from dinoq.jobs.score import Against, Score, against, score_of
from dinoq.jobs.spec import DataRef, JobSpec, Mode, ModelRef
from dinoq.jobs.telemetry import foreign_remarks, throttlings
from dinoq.jobs.timeline import Timeline, timelines
from dinoq.jobs.told import Told, measurement
from dinoq.jobs.unreadable import Unreadable, unreadable_of
from dinoq.jobs.verdicts import (
    Verdict,
    accuracy_verdict,
    coverage_verdict,
    exit_code,
    looks_like_guessing,
    performance_verdict,
    random_data_verdict,
    stability_verdict,
    told_accuracy_verdict,
)

NO_BASELINE = "no published accuracy was given, so there is no accuracy verdict (--baseline 75.3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many parts of a run had such other work beside them on their host."""

    what: str
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """One run; `run_no` is its number in the report, `job_run` that in its `job`. `top1` and `top5` are None when nothing was evaluated; `card` when compute was not measured; `agreement`
    when there is no cpu run to hold it against. `pace` names the table that simulated devices took their times from.
    `told` is what another tool told of a run that was imported: its figures, and what stayed unknown. `compile_command`
    made its artifact, empty where a library did. `flags` are the toolchain's options that were asked for; `given` names
    the file where the artifact was made elsewhere: its `precision` is what was asked for, not what it may be.
    `nonfinite` samples were answered with a NaN or an Inf: counted, and wrong. `timelines` has one for each device."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One job, or several joined: `jobs` has each of them, the rest is what they share, or the first one's. `verdicts` are
    of jobs as a whole; `failed_slices` could not be preprocessed at all. `pairs` are runs of two chips over the same
    samples, `flips` the samples that make the difference."""

    jobs: tuple[JobFacts, ...]
    job: int
    uuid: str
    name: str
    owner: str
    state: str
    created_at: datetime
    finished_at: datetime | None
    model: ModelRef
    data: DataRef
    fingerprint: str | None
    part_of: int | None
    recipe: Recipe
    baseline_top1: float | None
    loop: int
    warmup: int
    runs: tuple[RunReport, ...]
    unreadable: tuple[Unreadable, ...]
    failed_slices: tuple[SliceRecord, ...]
    best: tuple[Best, ...]
    latency_budget_ms: float | None
    best_in_budget: tuple[Best, ...]
    ratios: tuple[Ratio, ...]
    refused: tuple[Refused, ...]
    pairs: tuple[Pair, ...]
    flips: tuple[Flips, ...]
    gates: tuple[Gated, ...]
    notes: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    exit_code: int

    @property
    def numbers(self) -> str:
        """The jobs as `dinoq report` takes them."""
        return " ".join(str(one.job) for one in self.jobs)


def build_report(
    record: JobRecord,
    *manifests: Manifest,
    strict: bool = False,
    gates: Sequence[Gate] = (),
    latency_budget_ms: float | None = None,
    margin: float = MARGIN,
) -> Report:
    """What a job proved, or several that `join` made one, with the manifest of each.

    Judged by `gates`, beside those that its jobs were submitted with. `strict`: unstable timing of real accelerators decides the exit code too, as it does with any of `gates`, and so does
    a gate that noise leaves UNDECIDED. `latency_budget_ms` is for the p99 of a batch. `margin`, a fraction above 0, is
    how much Top-1 a chip may lose against another. Raises: UsageError for a gate about what was not run.
    """
    check_gates(gates, record.spec.runs)
    gates = tuple(dict.fromkeys((*map(parse_gate, stored_gates(record)), *gates)))
    spec, by_job = record.spec, manifests_of(record, manifests)
    owned = list(zip(whose(record), record.runs, strict=True))
    listed = {run.run_no: by_job[of.job] for of, run in owned}
    merged = {run.run_no: merge(run.results, _labels_of(spec, run, listed), run.fenced) for run in record.runs}
    answers = answers_of(spec.runs, merged, listed)
    agree, alone = agreements(answers), apart(answers)
    origins = {run.run_no: run.origin for run in record.runs}
    beside = matches(answers, origins)
    made = [
        _run_report(of, run, merged[run.run_no], agree.get(run.run_no), timing=strict or bool(gates))
        for of, run in owned
    ]
    made = [replace(run, notes=(*run.notes, *alone.get(run.run_no, ()))) for run in made]
    runs, sound = side_by_side(made, spec.model)
    verdicts = job_verdicts(record)
    gated = tuple(told_or_judged(gate, runs, sound, strict=strict) for gate in gates)
    return Report(
        jobs=job_facts(record),
        job=record.id,
        uuid=record.uuid,
        name=spec.name,
        owner=record.owner,
        state=record.state,
        created_at=record.created_at,
        finished_at=record.finished_at,
        model=spec.model,
        data=spec.data,
        fingerprint=record.fingerprint,
        part_of=spec.part_of,
        recipe=spec.recipe,
        baseline_top1=spec.baseline_top1,
        loop=spec.loop,
        warmup=spec.warmup,
        runs=runs,
        unreadable=tuple(
            dict.fromkeys(one for job in record.jobs for one in unreadable_of(job.slices, by_job[job.id]))
        ),
        failed_slices=tuple(piece for piece in record.slices if piece.error),
        best=best_batches(sound),
        latency_budget_ms=latency_budget_ms,
        best_in_budget=() if latency_budget_ms is None else best_within(sound, latency_budget_ms),
        ratios=ratios(sound),
        refused=refused(sound),
        pairs=pairs_of(beside, origins, margin=margin),
        flips=tuple(found for one in beside if (found := flips_of(one.here, one.there)).total),
        gates=gated,
        notes=(NO_BASELINE,) if spec.baseline_top1 is None and any(run.mode != "pure" for run in spec.runs) else (),
        verdicts=verdicts,
        exit_code=exit_code(
            [*verdicts, *(verdict for run in runs for verdict in run.verdicts)], *(gate.exit_code for gate in gated)
        ),
    )


def _labels_of(spec: JobSpec, run: RunRecord, listed: Mapping[int, Manifest]) -> Labels:
    """What the run's answers are held against: nothing for random data, nor where figures were imported without any."""
    labels = listed[run.run_no].label_array
    unanswered = spec.run(run.run_no).mode == "pure" or (run.told and not run.results)
    return labels[:0] if unanswered else labels


def _run_report(of: Whose, run: RunRecord, merged: Merged, agreement: Agreement | None, *, timing: bool) -> RunReport:
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
        notes=(*_notes(spec, merged, top1), *went_on(run), *(run.told.notes if run.told else ())),
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


def _disturbances(devices: Sequence[DeviceReport], merged: Merged) -> list[str]:
    """What makes timing unsound, as devices and workers told it."""
    told = {device.label: device.telemetry for device in devices if device.telemetry}
    remarks = [one.what for one in _overlaps(merged)]
    return [*contaminations([*remarks, *foreign_remarks(told)]), *throttlings(told)]


def _overlaps(merged: Merged) -> tuple[Overlap, ...]:
    counts = Counter(what for result in merged.results for what in result.overlap.split(", ") if what)
    return tuple(Overlap(what=what, parts=parts) for what, parts in sorted(counts.items()))
