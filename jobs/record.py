"""A job as the ledger holds it: plain values read from SQL, from which merge and report are pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from dinoq.jobs.ledger import ArtifactRef, DeviceFacts, Origin
from dinoq.jobs.remarks import NO_REMARKS, Remarks
from dinoq.jobs.result import ShardResult
from dinoq.jobs.spec import JobSpec
from dinoq.jobs.telemetry import Block

if TYPE_CHECKING:
    from dinoq.jobs.told import Told


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceRecord:
    """One slice: `readable` has one byte per sample (1 = decoded), None until it is preprocessed; `reasons` says why a
    sample is not readable, by name; `error` is the last error of a slice whose preprocessing failed for good."""

    no: int
    first: int
    count: int
    readable: bytes | None
    reasons: dict[str, str]
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FencedRecord:
    """A part evaluated again by a worker that no longer held it; `digest` is of its predictions."""

    no: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedPart:
    """A part of a run that ended without a result."""

    no: int
    first: int
    count: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetDevice:
    """A device as the ledger knows it now: `state` is `ok`, `faulty` or `lost`; `failed_ms` is when a faulty one failed
    last, by the database's clock."""

    facts: DeviceFacts
    state: str
    failed_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceTrouble:
    """How often a device (its key) failed items of a run, and the last error; `went_on`: it finished one later."""

    device: str
    failures: int
    error: str
    went_on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run and all that was stored for it.

    `wall_void` says why its wall time is no measure of throughput (retried, drained, paused), empty when it is one.
    `first_start_ms` and `last_finish_ms` are the database's clock. `devices` gave results, their facts as they were
    then; `programs` is what the program loaded on each said of itself, by the device's key; `fleet` are all of its chip
    and origin; `telemetry` are the blocks that may hold readings of that time. `told` is set for a run that another tool worked. `compile_command` made its artifact,
    empty where a library did.
    """

    run_no: int
    origin: Origin | None
    state: str
    error: str
    artifact: ArtifactRef | None
    toolkit: str
    arch: str
    wall_void: str
    first_start_ms: int | None
    last_finish_ms: int | None
    results: tuple[ShardResult, ...]
    fenced: tuple[FencedRecord, ...]
    failed: tuple[FailedPart, ...]
    devices: tuple[DeviceFacts, ...]
    programs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    fleet: tuple[FleetDevice, ...] = ()
    troubles: tuple[DeviceTrouble, ...] = ()
    telemetry: tuple[Block, ...] = ()
    told: Told | None = None
    compile_command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedFrom:
    """Where a job was worked that this history took in (a host, or a tool and its files), and when it did; aware UTC."""

    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job and all that was stored for it; times are aware UTC. `imported` is None for a job of this history;
    `joined` are the jobs whose runs this one has, in order, empty where it is one of its own."""

    id: int
    uuid: str
    owner: str
    state: str
    spec: JobSpec
    fingerprint: str | None
    created_at: datetime
    finished_at: datetime | None
    slices: tuple[SliceRecord, ...]
    runs: tuple[RunRecord, ...]
    imported: ImportedFrom | None = None
    joined: tuple[JobRecord, ...] = ()
    remarks: Remarks = NO_REMARKS

    @property
    def jobs(self) -> tuple[JobRecord, ...]:
        """The jobs that it consists of: itself, or those that are joined."""
        return self.joined or (self,)
