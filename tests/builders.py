"""Small specs, manifests and results, with nothing in them that a test does not ask for; and a fleet made of rows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dinoq.jobs.chips import chip_named
from dinoq.jobs.ledger import (
    ArtifactRef,
    Claim,
    Compiled,
    DeviceFacts,
    Kind,
    Origin,
    Preprocessed,
    Toolchain,
    WorkerFacts,
)
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.modes import Rule, with_modes
from dinoq.jobs.recipe import recipe_named
from dinoq.jobs.result import ShardResult, Times, hits, top_five
from dinoq.jobs.spec import DataRef, GivenArtifact, JobSpec, ModelRef, plan_runs

OWNER = "ada@lab"
STORE = "store-1"
HOST = "host-a"
CLASSES = 10


def sha256(text: str) -> str:
    """A sha256 as hex, of something that differs where `text` does."""
    return hashlib.sha256(text.encode()).hexdigest()


def make_manifest(samples: int = 4) -> Manifest:
    """`photo-000001.jpg` and so on, labels 0 to 9 in turn."""
    names = tuple(f"photo-{n:06}.jpg" for n in range(1, samples + 1))
    return Manifest(names, tuple(n % CLASSES for n in range(samples)))


def make_spec(
    manifest: Manifest,
    *,
    chips: Sequence[str] = ("cpu",),
    batches: Sequence[int] = (1,),
    name: str = "a job",
    baseline_top1: float | None = None,
    given: GivenArtifact | None = None,
    rule: Rule = "dataset",
) -> JobSpec:
    """Every chip with every batch, chips outermost."""
    runs = with_modes(plan_runs(map(chip_named, chips), batches, None), rule)
    return JobSpec(
        name=name,
        model=ModelRef(
            name="tiny.onnx",
            sha256=sha256("tiny.onnx"),
            input_name="input",
            output_name="class",
            classes=CLASSES,
            input_hw=(224, 224),
        ),
        data=DataRef(source="/photos" if manifest.names else "", manifest_id=manifest.id, samples=len(manifest)),
        recipe=recipe_named("dino"),
        runs=tuple(replace(run, given=given) for run in runs),
        baseline_top1=baseline_top1,
    )


def make_device(
    host: str = HOST, chip: str = "cpu", index: int = 0, *, origin: Origin = "real", toolkit: str = "kit 1"
) -> DeviceFacts:
    """One healthy device."""
    return DeviceFacts(
        key=f"{host}/{chip}:{index}", host=host, chip=chip, index=index, origin=origin, toolkit=toolkit, arch="x86_64"
    )


def make_worker(
    name: str,
    host: str = HOST,
    *,
    device: DeviceFacts | None = None,
    store_id: str = STORE,
    only_job: int | None = None,
    toolchains: tuple[Toolchain, ...] = (),
) -> WorkerFacts:
    """A device worker when a device is given, a compile worker when toolchains are, else a prep worker."""
    return WorkerFacts(
        id=name,
        host=host,
        kind="device" if device else "compile" if toolchains else "prep",
        pid=1,
        store_id=store_id,
        state_id=f"state-of-{host}",
        version="0",
        device_key=device.key if device else None,
        only_job=only_job,
        toolchains=toolchains,
    )


def preprocessed(held: Claim, *, unreadable: Sequence[int] = ()) -> Preprocessed:
    """A slice in the store; `unreadable` numbers samples of the manifest, from 0."""
    bad = {no - held.first for no in unreadable if held.first <= no < held.first + held.count}
    digests = (
        bytes(32) if no in bad else hashlib.sha256(str(held.first + no).encode()).digest() for no in range(held.count)
    )
    return Preprocessed(
        shard_key=f"shard-{held.first}-{held.count}",
        readable=bytes(0 if no in bad else 1 for no in range(held.count)),
        sample_sha256s=b"".join(digests),
        reasons={f"photo-{held.first + no + 1:06}.jpg": "truncated" for no in sorted(bad)},
    )


def compiled(held: Claim, device: DeviceFacts, *, sha: str = "artifact") -> Compiled:
    """An artifact of the claimed run."""
    run = held.run
    key = sha256(f"{held.spec.model.sha256} {run.chip} {device.origin} {run.batch} {run.precision} {device.toolkit}")
    return Compiled(
        artifact=ArtifactRef(key=key, uri=f"artifacts/{key}", sha256=sha256(sha)),
        chip=run.chip,
        batch=run.batch,
        precision=run.precision,
        toolkit=device.toolkit,
        arch=device.arch,
        vendor_output="made",
    )


def shard_result(
    held: Claim, device: DeviceFacts, *, answer: int = 0, unreadable: int = 0, nonfinite: int = 0
) -> ShardResult:
    """Every sample answered with class `answer`, the lowest others after it, the first `nonfinite` with a NaN among their
    logits, the last `unreadable` not at all; counted against the labels that `make_manifest` gives. Of random data, three
    windows of seven batches."""
    n = held.count - unreadable
    logits = np.zeros((held.count, CLASSES), np.float32)
    logits[:, answer] = 1.0
    logits[:nonfinite, 1] = np.nan
    windows = () if held.count else (7, 7, 7)
    batches = -(-held.count // held.run.batch) or sum(windows)
    ones = np.ones(batches, np.float32)
    predictions = top_five(logits)
    predictions.classes[n:] = -1
    top1, top5 = hits(predictions, np.arange(held.first, held.first + held.count, dtype=np.int32) % CLASSES)
    return ShardResult(
        run_no=held.run_no,
        no=held.no,
        first=held.first,
        count=held.count,
        device=device.key,
        n=n,
        top1=top1,
        top5=top5,
        unreadable=unreadable,
        predictions=predictions.to_blob(),
        times=Times(ones, ones, ones, np.ones(batches, np.bool_), 0.0, float(batches), windows=windows).to_blob(),
        nonfinite=nonfinite,
    )


def result_of(held: Claim, device: DeviceFacts) -> Preprocessed | Compiled | ShardResult:
    """What a worker that does everything right would hand in."""
    if held.kind is Kind.PREPROCESS:
        return preprocessed(held)
    return compiled(held, device) if held.kind is Kind.COMPILE else shard_result(held, device)
