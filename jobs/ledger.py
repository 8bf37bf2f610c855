"""The values that pass between the ledger (SQL) and those who work: hints, claims, outcomes, facts about hosts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from dinoq.jobs.chips import Precision
from dinoq.jobs.spec import JobSpec, RunSpec

Origin = Literal["real", "simulated"]
WorkerKind = Literal["prep", "compile", "device"]

LEASE_MS = 10_000
"""How long a claim lasts without a sign of progress."""
ALIVE_MS = 15_000
"""A worker is alive while its last heartbeat is no older."""
REHINT_MS = 30_000
"""A hint older than this may have been lost, and is sent again."""
MAX_ATTEMPTS = 4
"""How often an item may begin before it fails for good."""
DEVICE_FAULTS = 2
"""How many faults set a device aside."""


class Kind(StrEnum):
    """What an item does."""

    PREPROCESS = "preprocess"
    COMPILE = "compile"
    INFER = "infer"


class Phase(StrEnum):
    """Where a claimed item stands; each phase has its own no-progress deadline."""

    WAITING = "waiting"
    LOADING = "loading"
    COMPILING = "compiling"
    RUNNING = "running"


class FailureClass(StrEnum):
    """What a failure means for its item (LEDGER, `fail`).

    `permanent` fails at once; `transient` is tried again, four times in all; `device` charges the device, not the
    item; `drained` gives the item back uncharged; `damaged` sends the item's slice back to preprocessing.
    """

    PERMANENT = "permanent"
    TRANSIENT = "transient"
    DEVICE = "device"
    DRAINED = "drained"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item was not done. `incarnation` names the device process, so that it is charged once only; `output` is
    all that the vendor's program said."""

    kind: FailureClass
    error: str
    incarnation: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """ "Look at this item": who should, by kind, chip and origin (None: not fixed yet, both queues may be told).
    `ready_made`: the artifact of its run was made elsewhere."""

    item_id: int
    kind: Kind
    chip: str | None = None
    origin: Origin | None = None
    ready_made: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactRef:
    """What a toolchain made: its content key, its place in the store (relative), and the sha256 of the file."""

    key: str
    uri: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """A vendor's compiler that a host offers, with or without a device: `toolkit` is its name and version."""

    vendor: str
    toolkit: str
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What an artifact is compiled for: devices of this origin, with this toolkit, in a host of this architecture."""

    origin: Origin
    toolkit: str
    arch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An item that a worker holds until its lease runs out. `token` fences every later word about it.

    `run_no` is 0 for a preprocess item. `no` numbers the slice (preprocess), is 0 (compile), or numbers the part
    (infer). `shard_key` and `artifact` are set for infer items, `target` for compile items.
    """

    item_id: int
    token: int
    kind: Kind
    job_id: int
    job_uuid: str
    spec: JobSpec
    run_no: int
    no: int
    slice_no: int
    first: int
    count: int
    attempts: int
    shard_key: str | None = None
    artifact: ArtifactRef | None = None
    target: Target | None = None

    @property
    def run(self) -> RunSpec:
        """The run this item belongs to; not for preprocess items."""
        return self.spec.run(self.run_no)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a claim was refused. `again`: the reason will pass by itself (host busy), so ask again soon. `set_aside`: the
    worker's device is, so that it will get nothing."""

    reason: str
    again: bool = False
    set_aside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocessed:
    """One slice is in the store. `readable`: one byte per sample, 1 = decoded. `sample_sha256s`: 32 bytes per sample,
    zeros where the file could not be read. `reasons`: why, for each sample that is not readable, by name."""

    shard_key: str
    readable: bytes
    sample_sha256s: bytes
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """One artifact is in the store, made by `toolkit` (name and version) for `arch`; `vendor_output` is what it said."""

    artifact: ArtifactRef
    chip: str
    batch: int
    precision: Precision
    toolkit: str
    arch: str
    flags: dict[str, str] = field(default_factory=dict)
    vendor_output: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFacts:
    """One chip as its vendor tells of it. `key` is stable (serial, UUID, PCI address); `index` is the logic id on its
    host; None where the vendor does not tell. `pace` names the table that a simulated one takes its times from: they
    are a virtual clock's."""

    key: str
    host: str
    chip: str
    index: int
    origin: Origin
    card: str = "-"
    healthy: bool = True
    busy: str = ""
    driver: str = ""
    toolkit: str = ""
    arch: str = ""
    cores: int | None = None
    name: str = ""
    pace: str = ""

    @property
    def label(self) -> str:
        """As people name it: `cann-07/310P3:0`."""
        return f"{self.host}/{self.chip}:{self.index}"

    @property
    def place(self) -> tuple[str, str] | None:
        """Its host and card, which chips of one card share: `8-1` is chip 1 of card 8. None where no card is told."""
        if self.card == "-":
            return None
        npu, dash, chip = self.card.partition("-")
        return self.host, npu if dash and npu.isdecimal() and chip.isdecimal() else self.card


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerFacts:
    """One worker process. `device_key` is set for a device worker alone; `state_id` names the supervisor's state folder;
    `only_job` is set when its supervisor works a single job; `toolchains` are what a compile worker works with."""

    id: str
    host: str
    kind: WorkerKind
    pid: int
    store_id: str
    state_id: str
    version: str
    device_key: str | None = None
    only_job: int | None = None
    toolchains: tuple[Toolchain, ...] = ()
