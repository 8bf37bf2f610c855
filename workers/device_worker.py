"""The device worker: pure Python beside one device process. Compiles what its chip compiles on the device, and infers."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dinoq.db.engine import Database
from dinoq.db.items import start
from dinoq.db.records import load_manifest
from dinoq.jobs.ledger import Claim, Compiled, DeviceFacts, FailureClass, Kind
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import slice_first
from dinoq.jobs.result import ShardResult, hits
from dinoq.jobs.spec import RunSpec
from dinoq.workers.compiling import compile_item
from dinoq.workers.data.logits import keep_logits
from dinoq.workers.data.shards import DamagedShard, Shard, open_shard
from dinoq.workers.data.store import Store
from dinoq.workers.device_process import DeviceProcess
from dinoq.workers.flight import Inference, Work
from dinoq.workers.program import ProgramKey
from dinoq.workers.random_feed import RandomFeed
from dinoq.workers.tasks import Lease, LeaseLost, Result, WorkFailed
from dinoq.workers.telemetry.idle import Idle

NO_SAMPLE = np.empty(0, np.bool_)
NO_LABEL = np.empty(0, np.int32)


class Ran(NamedTuple):
    """What loading a program took, 0 where it was loaded, and what it says of itself."""

    loading_ms: float
    program: dict[str, str]


class DeviceWorker:
    """What `tasks.work` performs for one device; its two pool threads share it. `idle` is None where nobody samples."""

    def __init__(
        self,
        db: Database,
        store: Store,
        facts: DeviceFacts,
        process: DeviceProcess,
        idle: Idle | None = None,
    ) -> None:
        self._db = db
        self._store = store
        self._facts = facts
        self._process = process
        self._idle = idle
        self._manifest = functools.lru_cache(maxsize=2)(functools.partial(load_manifest, db))

    def perform(self, held: Claim, lease: Lease) -> Result:
        """Do a compile or infer item. Raises: WorkFailed, LeaseLost, Drained."""
        if held.kind is Kind.COMPILE:
            return self._compile(held, lease)
        return self._infer(held, lease) if held.run.mode == "dataset" else self._time(held, lease)

    def _compile(self, held: Claim, lease: Lease) -> Compiled:
        def make(wanted: dict[str, object]) -> tuple[Path, str]:
            with self._process.turn(lease.beat):
                self._await_idle(lease)
                return self._process.compile(wanted, lease.beat)

        return compile_item(held, db=self._db, store=self._store, folder=self._process.folder, make=make)

    def _infer(self, held: Claim, lease: Lease) -> ShardResult:
        shard, first = self._shard(held), held.first - slice_first(held.slice_no, held.spec.slice_batches)
        manifest: Manifest = self._manifest(held.spec.data.manifest_id)
        pixels = self._pixels(held, shard, first)
        keep = held.spec.model.classes if held.spec.keep_logits else 0
        work = Inference(pixels, held.spec.recipe, held.run.batch, held.spec.loop, keep)
        ran = self._through(held, work, lease)
        end = held.first + held.count
        readable = shard.readable[first : first + held.count]
        result = self._scored(held, work, readable, manifest.label_array[held.first : end], ran)
        logits = work.logits(readable)
        return result if logits is None else replace(result, logits=keep_logits(self._store, logits))

    def _time(self, held: Claim, lease: Lease) -> ShardResult:
        """Random pixels until the times are steady: no sample, so that nothing is right or wrong."""
        work = RandomFeed(held.spec.recipe, held.run.batch)
        ran = self._through(held, work, lease)
        return self._scored(held, work, NO_SAMPLE, NO_LABEL, ran)

    def _through(self, held: Claim, work: Work, lease: Lease) -> Ran:
        """Feed the device and wait for its last answer."""
        with self._process.turn(lease.beat):
            program = self._program(held)
            if not self._process.has(program):
                self._check_pace(held.run)
                self._await_idle(lease)
            loading_ms = self._process.load(program, lease.beat)
            said = self._process.program_facts
            self._begin(held)
            self._process.feed(work, lease.beat)
        self._process.wait(work, lease.beat)
        return Ran(loading_ms, dict(said))

    def _scored(
        self, held: Claim, work: Work, readable: NDArray[np.bool_], labels: NDArray[np.int32], ran: Ran
    ) -> ShardResult:
        predictions = work.predictions(readable)
        top1, top5 = hits(predictions, labels)
        n = int(readable.sum())
        return ShardResult(
            run_no=held.run_no,
            no=held.no,
            first=held.first,
            count=held.count,
            device=self._facts.key,
            n=n,
            top1=top1,
            top5=top5,
            unreadable=held.count - n,
            predictions=predictions.to_blob(),
            times=work.measured(ran.loading_ms).to_blob(),
            overlap=self._idle.beside() if self._idle else "",
            program=ran.program,
            nonfinite=predictions.nonfinite,
        )

    def _await_idle(self, lease: Lease) -> None:
        """Others who work on the device would be in the times, of a run as of a compiler that tries kernels out."""
        if self._idle is not None:
            self._idle.wait(self._process.holds_program, lease.beat, self._process.let_go)

    def _begin(self, held: Claim) -> None:
        if not start(self._db, held.item_id, held.token):
            raise LeaseLost

    def _program(self, held: Claim) -> ProgramKey:
        if held.artifact is None or not self._store.verify(held.artifact):
            raise WorkFailed(
                FailureClass.PERMANENT,
                f"the artifact of run {held.run_no} is missing or changed in the store; dinoq submit --like {held.job_id}",
            )
        return ProgramKey(
            artifact=self._store.artifact_path(held.artifact),
            batch=held.run.batch,
            precision=held.run.precision,
            crop=held.spec.recipe.crop,
            classes=held.spec.model.classes,
            warmup=held.spec.warmup,
        )

    def _check_pace(self, run: RunSpec) -> None:
        """A figure is of one clock: where the table of a paced device is silent, the simulator's own time is no answer."""
        if self._facts.pace and not self._process.paces(run.chip, run.batch):
            text = (
                f"the pace table ({self._facts.pace}) has no figure for {run.chip} bs{run.batch}; leave that batch out"
            )
            raise WorkFailed(FailureClass.PERMANENT, f"{text}, or give a table that has it (--pace FILE)")

    def _shard(self, held: Claim) -> Shard:
        try:
            return open_shard(self._store.shard_path(held.shard_key or ""))
        except DamagedShard as error:
            raise self._damaged(held, error) from None

    def _pixels(self, held: Claim, shard: Shard, first: int) -> NDArray[np.uint8]:
        try:
            return shard.checked(first, held.count)
        except DamagedShard as error:
            raise self._damaged(held, error) from None

    def _damaged(self, held: Claim, error: DamagedShard) -> WorkFailed:
        """An infer item never preprocesses: the bad file goes, and its slice back to the prep workers."""
        self._store.shard_path(held.shard_key or "").unlink(missing_ok=True)
        return WorkFailed(FailureClass.DAMAGED, str(error))
