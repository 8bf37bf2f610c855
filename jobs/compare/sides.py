"""One side of a comparison: a run taken out of its job, reported and merged by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.merge import Merged, merge
from dinoq.jobs.record import JobRecord
from dinoq.jobs.report import Report, RunReport, build_report
from dinoq.jobs.report_cells import measured_on
from dinoq.jobs.spec import Mode
from dinoq.jobs.verdicts import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A run as it is compared. `report` is of this run alone; `merged` has its answers, places in `manifest`.
    `implausible`: beside the other runs of its job, its figure cannot be."""

    job: int
    report: Report
    merged: Merged
    manifest: Manifest
    implausible: bool = False

    @property
    def run(self) -> RunReport:
        """The run itself."""
        return self.report.runs[0]

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
    def answered(self) -> bool:
        """Whether it has an answer to any sample."""
        return self.merged.coverage.counted > 0

    @property
    def unstable(self) -> bool:
        """Whether its report calls its timing UNSTABLE."""
        return any(verdict.status is Status.UNSTABLE for verdict in self.run.verdicts)

    @property
    def gaps(self) -> str:
        """What its report calls INCOMPLETE, and why; empty when nothing is."""
        active = ["its job has not ended"] if self.report.state == "active" else []
        return "; ".join([one.text for one in self.run.verdicts if one.status is Status.INCOMPLETE] + active)


def side_of(record: JobRecord, manifest: Manifest, run_no: int) -> Side:
    """The run numbered `run_no` of a job whose manifest this is."""
    return _side(record, manifest, run_no, build_report(record, manifest))


def sides_of(record: JobRecord, manifest: Manifest) -> tuple[Side, ...]:
    """Every run of a job."""
    whole = build_report(record, manifest)
    return tuple(_side(record, manifest, run.run_no, whole) for run in record.runs)


def _side(record: JobRecord, manifest: Manifest, run_no: int, whole: Report) -> Side:
    run = next(one for one in record.runs if one.run_no == run_no)
    spec = replace(record.spec, runs=(replace(record.spec.run(run_no), run_no=1),), gates=())
    alone = replace(record, spec=spec, runs=(replace(run, run_no=1),))
    report = build_report(alone, manifest)
    # Random data and imported figures have no answers, so nothing is held against labels.
    labels = manifest.label_array if report.runs[0].coverage.expected else manifest.label_array[:0]
    judged = next(one for one in whole.runs if one.run_no == run_no)
    return Side(
        job=record.id,
        report=report,
        merged=merge(run.results, labels, run.fenced),
        manifest=manifest,
        implausible=any(verdict.status is Status.IMPLAUSIBLE for verdict in judged.verdicts),
    )
