"""A whole job as it travels between histories: its rows, without what belongs to one ledger alone (numbers, leases, hints).

These classes are the format of a `.dinoq` file, version 1 (docs/exchange.md): a field is a field of the file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from dinoq.jobs.ledger import DeviceFacts
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.spec import JobSpec

VERSION = 1
"""Raised when a reader of the version before could not read a file, or would misunderstand it."""

KINDS = ("preprocess", "compile", "infer")


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedJob:
    """The job itself. `source` is the host that worked it, or the tool and files it was told by; times are epoch milliseconds of that history's database."""

    uuid: str
    name: str
    owner: str
    source: str
    store_id: str
    state: str
    spec: JobSpec
    fingerprint: str | None
    created_ms: int
    finished_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedDevice(DeviceFacts):
    """A device as it was when it gave a run's first result; `program` is what the program loaded on it said of itself."""

    program: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedRun:
    """One run; `devices` are by key."""

    run_no: int
    chip: str
    batch: int
    precision: str
    mode: str
    origin: str | None
    artifact_key: str | None
    artifact_sha256: str | None
    toolkit: str
    arch: str
    state: str
    error: str
    wall_void: str
    devices: dict[str, UsedDevice]
    ready_made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedSlice:
    """One slice: `readable` has a byte per sample, `sample_sha256s` 32 bytes per sample; None until preprocessed."""

    slice_no: int
    first: int
    count: int
    shard_key: str | None
    readable: bytes | None
    reasons: dict[str, str]
    sample_sha256s: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedItem:
    """One unit of work, known by kind, run and number."""

    kind: str
    run_no: int
    no: int
    slice_no: int
    first: int
    count: int
    state: str
    attempts: int
    false_starts: int
    token: int
    phase: str
    n_done: int
    avoid: list[str]
    error: str

    @property
    def key(self) -> tuple[str, int, int]:
        """What it is known by."""
        return self.kind, self.run_no, self.no

    @property
    def rank(self) -> int:
        """Kinds in the order of a job's flow, which is the order of items in a ledger."""
        return KINDS.index(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedAttempt:
    """What came of one claim of an item."""

    kind: str
    run_no: int
    no: int
    token: int
    worker_id: str | None
    device_key: str | None
    started_ms: int | None
    ended_ms: int | None
    outcome: str | None
    digest: str | None
    error_class: str | None
    error: str
    output: str

    @property
    def key(self) -> tuple[str, int, int]:
        """The item's."""
        return self.kind, self.run_no, self.no

    @property
    def rank(self) -> int:
        """The item's."""
        return KINDS.index(self.kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedResult:
    """What one part of a run yielded; `logits` is where the store keeps what the program gave, empty for nowhere.
    `nonfinite` stands in the file only where it is not 0: who reads the files of before knows no such field."""

    run_no: int
    no: int
    first: int
    count: int
    token: int
    device_key: str
    n: int
    top1: int
    top5: int
    unreadable: int
    predictions: bytes
    times: bytes
    overlap: str
    logits: str
    nonfinite: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedArtifact:
    """What a toolchain made, without the file."""

    key: str
    model_sha256: str
    chip: str
    origin: str
    batch: int
    precision: str
    flags: dict[str, str]
    toolkit: str
    arch: str
    sha256: str
    vendor_output: str
    made_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedDevice:
    """A device of the job's chips as its history knew it: `failed_ms` is when one that is set aside failed last."""

    facts: DeviceFacts
    state: str
    failed_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedBlock:
    """What a device told of itself over a block of time."""

    device_key: str
    block_ms: int
    samples: bytes
    achieved_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedFigures:
    """What a foreign tool told of a run."""

    run_no: int
    told: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A whole job. Every field but the first two is a table of the file, in the order of its keys."""

    job: CarriedJob
    manifest: Manifest
    runs: list[CarriedRun] = field(default_factory=list)
    slices: list[CarriedSlice] = field(default_factory=list)
    items: list[CarriedItem] = field(default_factory=list)
    attempts: list[CarriedAttempt] = field(default_factory=list)
    results: list[CarriedResult] = field(default_factory=list)
    artifacts: list[CarriedArtifact] = field(default_factory=list)
    devices: list[CarriedDevice] = field(default_factory=list)
    telemetry: list[CarriedBlock] = field(default_factory=list)
    imported: list[CarriedFigures] = field(default_factory=list)

    @property
    def logits(self) -> list[str]:
        """The places of its logits, each once."""
        return list(dict.fromkeys(result.logits for result in self.results if result.logits))

    def without_logits(self) -> Carried:
        """The same with no word of where logits lie."""
        return replace(self, results=[replace(result, logits="") for result in self.results])


TABLES: dict[str, type] = {
    "runs": CarriedRun,
    "slices": CarriedSlice,
    "items": CarriedItem,
    "attempts": CarriedAttempt,
    "results": CarriedResult,
    "artifacts": CarriedArtifact,
    "devices": CarriedDevice,
    "telemetry": CarriedBlock,
    "imported": CarriedFigures,
}
"""The tables of a job, by their name in the file."""
