"""A job for devices that compute nothing, put into the ledger as if its photos had been preprocessed, and the workers that do it.

Ledger, broker, claims, shards, normalisation, ring, top-5 and results are the real ones; one shard stands for all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dinoq.db.engine import open_database
from dinoq.db.progress import job_progress
from dinoq.db.records import job_record
from dinoq.jobs.record import RunRecord
from dinoq.jobs.result import Times
from dinoq.workers.data.store import open_store
from tests.models import write_mean_colour

BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`images_per_s` from the first start to the last finish; `idle` is the share of that time in which the devices
    executed nothing, 0 to 1."""

    images_per_s: float
    idle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Devices of one kind that compute nothing: their chip and number, and the flags and variables of `dinoq up`."""

    chip: str
    devices: int
    flags: tuple[str, ...]
    variables: dict[str, str]


def run_null_job(
    samples: int, devices: int, images_per_s: int, watch: Callable[[int], None] = lambda _: None
) -> Outcome:
    """Evaluate `samples` on so many null devices; `watch(pid of dinoq up)` is called twice a second meanwhile."""
    variables = {"DINOQ_NULL_DEVICES": f"{devices}:{images_per_s}"}
    return _run(samples, Host(chip="null", devices=devices, flags=(), variables=variables), watch)


def run_simulated_job(samples: int, chip: str, devices: int, images_per_s: int) -> Outcome:
    """The same on simulated devices, through the vendor's toolchain and runtime; they wait for the rest of their time."""
    with tempfile.TemporaryDirectory() as folder:
        pace = Path(folder) / "pace.toml"
        pace.write_text(f'[{chip}]\nimages_per_s = {{ "{BATCH}" = {images_per_s} }}\n')
        flags = ("--simulate", f"{chip}:{devices}", "--pace", str(pace))
        return _run(samples, Host(chip=chip, devices=devices, flags=flags, variables={"DINOQ_SIM_NULL": "1"}))


def _run(samples: int, host: Host, watch: Callable[[int], None] = lambda _: None) -> Outcome:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        state, store = home / "state", open_store(home / "store")
        state.mkdir()
        db = open_database(f"sqlite:///{state / 'dinoq.sqlite'}")
        job = _submitted(db, store, samples, host.chip)
        env = {**os.environ, "HOME": str(home), "DINOQ_STATE": str(state), "DINOQ_STORE": str(store.path)}
        names = ",".join(f"{host.chip}:{number}" for number in range(host.devices))
        argv = [sys.executable, "-P", "-m", "dinoq", "up", "--prep", "0", "--device", names, *host.flags]
        up = subprocess.Popen(argv, env=env | host.variables, cwd=home, stderr=subprocess.DEVNULL)
        try:
            while job_progress(db, job).state == "active":
                watch(up.pid)
                time.sleep(0.5)
        finally:
            up.terminate()
            up.wait()
        run = job_record(db, job).runs[0]
        db.close()
        return _outcome(run, host.devices)


def _outcome(run: RunRecord, devices: int) -> Outcome:
    assert run.first_start_ms is not None and run.last_finish_ms is not None
    wall_ms = run.last_finish_ms - run.first_start_ms
    busy_ms = sum(float(Times.from_blob(result.times).compute_ms.sum()) for result in run.results)
    return Outcome(
        images_per_s=sum(result.n for result in run.results) / wall_ms * 1000, idle=1 - busy_ms / (devices * wall_ms)
    )


def _submitted(db, store, samples: int, chip: str) -> int:  # type: ignore[no-untyped-def]
    """A job whose every slice is one and the same cached shard of noise."""
    from dinoq.db.claims import claim
    from dinoq.db.fleet import register_worker, retire_worker
    from dinoq.db.hints import first_hints
    from dinoq.db.items import finish, start
    from dinoq.db.jobs import submit
    from dinoq.jobs.chips import parse_chips
    from dinoq.jobs.ledger import Claim, Kind, Preprocessed, WorkerFacts
    from dinoq.jobs.manifest import Manifest
    from dinoq.jobs.recipe import RECIPES
    from dinoq.jobs.spec import DataRef, JobSpec, ModelRef, plan_runs

    key = _noise_shard(store)
    manifest = Manifest(tuple(f"{n:06}.jpg" for n in range(samples)), (0,) * samples)
    model = ModelRef(
        name="null", sha256=_model(store), input_name="input", output_name="class", classes=1000, input_hw=(224, 224)
    )
    data = DataRef(source="/nowhere", manifest_id=manifest.id, samples=samples)
    runs = plan_runs(parse_chips(chip), (BATCH,), None)
    spec = JobSpec(name="null", model=model, data=data, recipe=RECIPES["dino"], runs=runs)
    job = submit(db, spec, manifest, owner="bench", store_id=store.id)
    facts = WorkerFacts(id="bench", host="b", kind="prep", pid=1, store_id=store.id, state_id="b", version="1")
    register_worker(db, facts)
    for hint in first_hints(db, job):
        held = claim(db, hint.item_id, "bench") if hint.kind is Kind.PREPROCESS else None
        if isinstance(held, Claim):
            start(db, held.item_id, held.token)
            sha256s = np.ones((held.count, 32), np.uint8).tobytes()
            done = Preprocessed(shard_key=key, readable=b"\1" * held.count, sample_sha256s=sha256s)
            finish(db, held.item_id, held.token, done)
    retire_worker(db, "bench")
    return job


def _noise_shard(store) -> str:  # type: ignore[no-untyped-def]
    from dinoq.jobs.plan import SHARD_SAMPLES
    from dinoq.jobs.recipe import RECIPES
    from dinoq.workers.data.shards import ShardWriter, fresh_file

    key = "ab" * 32
    path = store.shard_path(key)
    noise = np.random.default_rng(0).integers(0, 255, (3, 224, 224), np.uint8)
    with fresh_file(path.parent, "fresh") as out:
        writer = ShardWriter(out, RECIPES["dino"])
        for n in range(SHARD_SAMPLES):
            writer.next_sample()[:] = np.roll(noise, n)
            writer.accept()
        writer.finish()
    (path.parent / "fresh").replace(path)
    return key


def _model(store) -> str:  # type: ignore[no-untyped-def]
    """One that a toolchain reads; nobody executes it."""
    sha256: str = store.add_model(write_mean_colour(store.path / "null.onnx", side=224, classes=1000))
    return sha256
