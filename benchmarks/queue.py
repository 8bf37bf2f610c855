"""What dinoq itself costs: null devices that hold the GIL for their time and compute nothing, fed through everything.

Ledger, broker, claims, shards, normalisation, ring, top-5 and results are the real ones; one shard stands for all.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure

SAMPLES = 102_400
BATCH = 16
ROUNDS = 3
# devices, images/s each, floor and aim of the share of the nominal rate
CASES = ((1, 1000, 0.96, 0.98), (2, 1000, 0.96, 0.98), (1, 4000, 0.95, 0.97))


def measure() -> list[Figure]:
    """The share of the devices' nominal rate that reaches the job, first start to last finish."""
    shares: dict[tuple[int, int], list[float]] = {(devices, rate): [] for devices, rate, _, _ in CASES}
    for _ in range(ROUNDS):
        for devices, rate, _, _ in CASES:
            shares[devices, rate].append(_share(devices, rate))
    medians = {case: statistics.median(values) for case, values in shares.items()}
    figures = [
        Figure(f"{devices} x {rate} img/s, {SAMPLES} samples", medians[devices, rate], "share", floor, aim, "job img/s")
        for devices, rate, floor, aim in CASES
    ]
    speedup = 2 * medians[2, 1000] / medians[1, 1000]
    return [*figures, Figure("2 devices against 1", speedup, "x", 1.95, 2.0, "job img/s")]


def _share(devices: int, rate: int) -> float:
    with tempfile.TemporaryDirectory() as scratch:
        return _job_images_per_s(Path(scratch), devices, rate) / (devices * rate)


def _job_images_per_s(home: Path, devices: int, rate: int) -> float:
    from dinoq.db.engine import open_database
    from dinoq.db.progress import job_progress
    from dinoq.db.records import job_record
    from dinoq.workers.data.store import open_store

    state, store = home / "state", open_store(home / "store")
    state.mkdir()
    db = open_database(f"sqlite:///{state / 'dinoq.sqlite'}")
    job = _submitted(db, store)
    env = {**os.environ, "HOME": str(home), "DINOQ_STATE": str(state), "DINOQ_STORE": str(store.path)}
    env["DINOQ_NULL_DEVICES"] = f"{devices}:{rate}"
    names = ",".join(f"null:{number}" for number in range(devices))
    argv = [sys.executable, "-P", "-m", "dinoq", "up", "--prep", "0", "--device", names]
    up = subprocess.Popen(argv, env=env, cwd=home, stderr=subprocess.DEVNULL)
    try:
        while job_progress(db, job).state == "active":
            time.sleep(0.5)
    finally:
        up.terminate()
        up.wait()
    run = job_record(db, job).runs[0]
    db.close()
    assert run.first_start_ms is not None and run.last_finish_ms is not None
    return sum(result.n for result in run.results) / (run.last_finish_ms - run.first_start_ms) * 1000


def _submitted(db, store) -> int:  # type: ignore[no-untyped-def]
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
    manifest = Manifest(tuple(f"{n:06}.jpg" for n in range(SAMPLES)), (0,) * SAMPLES)
    model = ModelRef(
        name="null", sha256=_model(store), input_name="i", output_name="o", classes=1000, input_hw=(224, 224)
    )
    data = DataRef(source="/nowhere", manifest_id=manifest.id, samples=SAMPLES)
    runs = plan_runs(parse_chips("null"), (BATCH,), None)
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
    file = store.path / "null.onnx"
    file.write_bytes(b"null")
    sha256: str = store.add_model(file)
    return sha256
