"""The jobs that a report is of: one as a rule, or several that are joined; and which of their runs is whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import ImportedFrom, JobRecord
from dinoq.jobs.remarks import NO_REMARKS, Remarks
from dinoq.jobs.spec import JobSpec
from dinoq.jobs.verdicts import Status, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFacts:
    """One of the jobs; `runs` are the numbers that its runs have in the report, `command` is what a person typed for it."""

    job: int
    uuid: str
    name: str
    owner: str
    state: str
    created_at: datetime
    finished_at: datetime | None
    loop: int
    imported: ImportedFrom | None
    runs: tuple[int, ...]
    command: str = ""
    remarks: Remarks = NO_REMARKS


@dataclass(frozen=True, slots=True)
class Whose:
    """Which job a run is of, its number there, and what was asked for: the report's numbers, the job's own `loop`."""

    job: int
    job_run: int
    spec: JobSpec


def whose(record: JobRecord) -> tuple[Whose, ...]:
    """Of every run, in order."""
    specs = {job.id: replace(record.spec, loop=job.spec.loop) for job in record.jobs}
    return tuple(Whose(job.id, run.run_no, specs[job.id]) for job in record.jobs for run in job.runs)


def manifests_of(record: JobRecord, manifests: Iterable[Manifest]) -> dict[int, Manifest]:
    """Of every job, by its number, the one that its samples are places in. A job alone has the first.

    Raises: KeyError for a joined job whose manifest is not among them.
    """
    if not record.joined:
        return {record.id: next(iter(manifests))}
    known = {one.id: one for one in manifests}
    return {job.id: known[job.spec.data.manifest_id] for job in record.joined}


def job_facts(record: JobRecord) -> tuple[JobFacts, ...]:
    """Of every job, in order."""
    owners = [one.job for one in whose(record)]
    return tuple(
        JobFacts(
            job=job.id,
            uuid=job.uuid,
            name=job.spec.name,
            owner=job.owner,
            state=job.state,
            created_at=job.created_at,
            finished_at=job.finished_at,
            loop=job.spec.loop,
            imported=job.imported,
            runs=tuple(no for no, owner in enumerate(owners, start=1) if owner == job.id),
            command=job.spec.command,
            remarks=job.remarks,
        )
        for job in record.jobs
    )


def job_verdicts(record: JobRecord) -> tuple[Verdict, ...]:
    """One for each job that is not done."""
    named = {job.id: f"job {job.id}" if record.joined else "the job" for job in record.jobs}
    return tuple(_unended(job, named[job.id]) for job in record.jobs if job.state != "done")


def _unended(job: JobRecord, name: str) -> Verdict:
    ended = sum(run.state == "done" for run in job.runs)
    text = f"{name} {'has' if job.state == 'failed' else 'is'} {job.state}; {ended} of {len(job.runs)} runs are done"
    return Verdict(kind="coverage", status=Status.INCOMPLETE, text=text)


def stored_gates(record: JobRecord) -> tuple[str, ...]:
    """The floors that its jobs were submitted with, each once."""
    return tuple(dict.fromkeys(gate for job in record.jobs for gate in job.spec.gates))
