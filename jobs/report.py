"""The report of a job as a value: everything that is printed of it, computed once, from stored rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dinoq.jobs.agreement import agreements, apart
from dinoq.jobs.answers import Answers, answers_of
from dinoq.jobs.gated import judged
from dinoq.jobs.gates import Gate, Gated, check_gates, parse_gate
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.merge import Merged, merge_run
from dinoq.jobs.pairs import MARGIN, Flips, Pair, flips_of, matches, pairs_of
from dinoq.jobs.ranking import Best, Ratio, Refused, best_batches, best_within, ratios, refused
from dinoq.jobs.recipe import Recipe
from dinoq.jobs.record import JobRecord, SliceRecord
from dinoq.jobs.report_cells import side_by_side
from dinoq.jobs.report_jobs import JobFacts, job_facts, job_verdicts, manifests_of, stored_gates, whose
from dinoq.jobs.run_report import Overlap, RunReport, run_report
from dinoq.jobs.spec import DataRef, ModelRef
from dinoq.jobs.unreadable import Unreadable, unreadable_of
from dinoq.jobs.verdicts import Verdict, exit_code

__all__ = ["NO_BASELINE", "Overlap", "Report", "RunReport", "build_report"]

NO_BASELINE = "no published accuracy was given, so there is no accuracy verdict (--baseline 75.3)"


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

    Judged by `gates`, beside those that its jobs were submitted with. `strict`: unstable timing of real accelerators
    decides the exit code too, as it does with any gate, and so does a gate that noise leaves UNDECIDED.
    `latency_budget_ms` is for the p99 of a batch. `margin`, a fraction above 0, is how much Top-1 a chip may lose against
    another. Raises: UsageError for one of `gates` that is about what was not run.
    """
    check_gates(gates, record.spec.runs)
    gates = tuple(dict.fromkeys((*map(parse_gate, stored_gates(record)), *gates)))
    spec, by_job = record.spec, manifests_of(record, manifests)
    listed = {run.run_no: by_job[of.job] for of, run in zip(whose(record), record.runs, strict=True)}
    merged = {run.run_no: merge_run(spec.run(run.run_no), run, listed[run.run_no]) for run in record.runs}
    answers = answers_of(spec.runs, merged, listed)
    origins = {run.run_no: run.origin for run in record.runs}
    beside = matches(answers, origins)
    runs, sound = side_by_side(_runs(record, merged, answers, timing=strict or bool(gates)), spec.model)
    verdicts = job_verdicts(record)
    gated = tuple(judged(gate, runs, sound, strict=strict) for gate in gates)
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


def _runs(
    record: JobRecord, merged: Mapping[int, Merged], answers: Sequence[Answers], *, timing: bool
) -> list[RunReport]:
    agree, alone = agreements(answers), apart(answers)
    made = (
        run_report(of, run, merged[run.run_no], agree.get(run.run_no), timing=timing)
        for of, run in zip(whose(record), record.runs, strict=True)
    )
    return [replace(run, notes=(*run.notes, *alone.get(run.run_no, ()))) for run in made]
