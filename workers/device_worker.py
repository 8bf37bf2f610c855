"""The device worker: pure Python beside one device process. Compiles what its chip compiles on the device, and infers."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dinoq.db.engine import Database
from dinoq.db.items import start
from dinoq.db.records import load_manifest
from dinoq.jobs.ledger import Claim, Compiled, DeviceFacts, FailureClass, Kind
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import slice_first
from dinoq.jobs.result import ShardResult, hits
from dinoq.workers.compiling import compile_item
from dinoq.workers.data.shards import DamagedShard, Shard, open_shard
from dinoq.workers.data.store import Store
from dinoq.workers.device_process import DeviceProcess, ProgramKey
from dinoq.workers.flight import Inference
from dinoq.workers.tasks import Lease, LeaseLost, Result, WorkFailed
from dinoq.workers.telemetry.idle import Idle


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
        return self._compile(held, lease) if held.kind is Kind.COMPILE else self._infer(held, lease)

    def _compile(self, held: Claim, lease: Lease) -> Compiled:
        def make(wanted: dict[str, object]) -> tuple[Path, str]:
            with self._process.turn(lease.beat):
                self._await_idle(lease)
                return self._process.compile(wanted, lease.beat)

        return compile_item(held, db=self._db, store=self._store, folder=self._process.folder, make=make)

    def _infer(self, held: Claim, lease: Lease) -> ShardResult:
        shard, first = self._shard(held), held.first - slice_first(held.slice_no, _batches(held))
        manifest = self._manifest(held.spec.data.manifest_id)
        pixels = self._pixels(held, shard, first)
        work = Inference(pixels, held.spec.recipe, held.run.batch, held.spec.loop)
        with self._process.turn(lease.beat):
            program = self._program(held)
            if not self._process.has(program):
                self._await_idle(lease)
            loading_ms = self._process.load(program, lease.beat)
            said = self._process.program_facts
            self._begin(held)
            self._process.feed(work, lease.beat)
        self._process.wait(work, lease.beat)
        result = self._scored(held, work, shard.readable[first : first + held.count], manifest, loading_ms)
        return replace(result, program=dict(said))

    def _scored(
        self, held: Claim, work: Inference, readable: NDArray[np.bool_], manifest: Manifest, loading_ms: float
    ) -> ShardResult:
        predictions = work.predictions(readable)
        top1, top5 = hits(predictions, manifest.label_array[held.first : held.first + held.count])
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
            times=work.measured(loading_ms).to_blob(),
            overlap=self._idle.beside() if self._idle else "",
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
                f"the artifact of run {held.run_no} is missing or changed in the store; submit the job again",
            )
        return ProgramKey(
            artifact=self._store.artifact_path(held.artifact),
            batch=held.run.batch,
            precision=held.run.precision,
            crop=held.spec.recipe.crop,
            classes=held.spec.model.classes,
            warmup=held.spec.warmup,
        )

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


def _batches(held: Claim) -> tuple[int, ...]:
    return tuple(run.batch for run in held.spec.runs)
