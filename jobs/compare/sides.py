"""One side of a comparison: a run of a job, as its report has it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dinoq.jobs.answers import Answers, answers_to
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.merge import Merged, merge_run
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report, RunReport, build_report
from dinoq.jobs.report_cells import measured_on
from dinoq.jobs.spec import Mode, RunSpec
from dinoq.jobs.verdicts import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A run as it is compared. `report` is of its whole job; `merged` has its answers, places in `manifest`."""

    job: int
    asked: RunSpec
    report: Report
    merged: Merged
    manifest: Manifest

    @property
    def run(self) -> RunReport:
        """The run itself."""
        return next(run for run in self.report.runs if run.run_no == self.asked.run_no)

    @property
    def mode(self) -> Mode:
        """What it was fed; of an imported run, as its tool told."""
        return measured_on(self.run)

    @property
    def cell(self) -> str:
        """As command lines name it within its job: `310P3:16`."""
        return f"{self.run.chip}:{self.run.batch}"

    @property
    def name(self) -> str:
        """As command lines name it: `42/310P3:16`."""
        return f"{self.job}/{self.cell}"

    @property
    def answers(self) -> Answers:
        """Its answers to the samples of its job."""
        return answers_to(self.asked, self.merged, self.manifest)

    @property
    def answered(self) -> bool:
        """Whether it has an answer to any sample."""
        return self.merged.coverage.counted > 0

    @property
    def unstable(self) -> bool:
        """Whether its report calls its timing UNSTABLE."""
        return self._is(Status.UNSTABLE)

    @property
    def implausible(self) -> bool:
        """Whether its report says that its figure cannot be."""
        return self._is(Status.IMPLAUSIBLE)

    def _is(self, status: Status) -> bool:
        return any(verdict.status is status for verdict in self.run.verdicts)

    @property
    def gaps(self) -> str:
        """What its report calls INCOMPLETE, and why; empty when nothing is."""
        active = ["its job has not ended"] if self.report.state == "active" else []
        return "; ".join([one.text for one in self.run.verdicts if one.status is Status.INCOMPLETE] + active)


def side_of(record: JobRecord, manifest: Manifest, run_no: int) -> Side:
    """The run numbered `run_no` of a job whose manifest this is."""
    return next(side for side in sides_of(record, manifest, run_no))


def sides_of(record: JobRecord, manifest: Manifest, *run_nos: int) -> tuple[Side, ...]:
    """Every run of a job, or those of these numbers."""
    # Its gates are about its own figures, and no matter of a comparison.
    report = build_report(replace(record, spec=replace(record.spec, gates=())), manifest)
    return tuple(
        Side(
            job=record.id,
            asked=asked,
            report=report,
            merged=merge_run(asked, run, manifest),
            manifest=manifest,
        )
        for asked, run in zip(record.spec.runs, record.runs, strict=True)
        if not run_nos or run.run_no in run_nos
    )
