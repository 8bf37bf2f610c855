"""Jobs that fill every section of a page: three chips, several batches and devices, sensors, answers that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dinoq.jobs.ledger import Origin
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.record import JobRecord, RunRecord
from dinoq.jobs.result import ShardResult, Times
from dinoq.jobs.spec import RunSpec
from dinoq.jobs.telemetry import Block
from tests.builders import make_device, make_manifest, make_spec
from tests.readings import make_block
from tests.reports import make_record, make_results, make_run

SAMPLES = 2048
BATCHES = (1, 4, 8, 16, 32, 64)
IMAGES_PER_S = {
    "310P3": dict(zip(BATCHES, (1378.5, 2102.4, 2455.1, 2708.8, 3611.0, 4248.2), strict=True)),
    "T4": dict(zip(BATCHES, (878.7, 1502.2, 1790.3, 1858.2, 2071.4, 2090.9), strict=True)),
    "cpu": dict(zip(BATCHES, (21.0, 26.5, 27.8, 28.1, 28.4, 28.3), strict=True)),
}
KITS = {"310P3": "CANN 8.0.RC2", "T4": "TensorRT 10.16.1", "cpu": "ONNX Runtime 1.22.0"}
LOOP = 8
DEVICES = {"310P3": 4, "T4": 1, "cpu": 1}
NASTY = "<script>alert(1)</script>\"'&\u202egpj.exe\u05d0 $x$ {a} --><!--"
"""A name that would be markup, a formula, a direction, or the end of a comment."""


def three_chip_job(
    batches: Sequence[int] = BATCHES, samples: int = SAMPLES, *, paced: bool = True
) -> tuple[JobRecord, Manifest]:
    """310P3 (four devices) and T4, simulated and paced to published tables, and the cpu; with what their sensors told."""
    manifest = make_manifest(samples)
    spec = make_spec(
        manifest, chips=tuple(KITS), batches=batches, baseline_top1=0.753, name="dino_resnet50 on imagenet-val"
    )
    spec = replace(spec, loop=LOOP, model=replace(spec.model, gflop=8.22))
    return make_record(manifest, spec, [_run(manifest, run, paced) for run in spec.runs]), manifest


def _run(manifest: Manifest, run: RunSpec, paced: bool) -> RunRecord:
    simulated = paced and run.chip != "cpu"
    origin: Origin = "simulated" if simulated else "real"
    devices = [
        replace(
            make_device("cann-07", run.chip, index, origin=origin, toolkit=KITS[run.chip]),
            pace="published" if simulated else "",
            driver="24.1.0" if run.chip != "cpu" else "",
        )
        for index in range(DEVICES[run.chip])
    ]
    results = _results(manifest, run, [one.key for one in devices])
    spans = [Times.from_blob(one.times) for one in results]
    wall_ms = int(max(one.done_ms for one in spans) - min(one.fed_ms for one in spans)) + 1500
    made = make_run(results, run_no=run.run_no, origin=origin, toolkit=KITS[run.chip], devices=devices, wall_ms=wall_ms)
    if run.chip == "cpu":
        return made
    blocks = [_block(one.key, index, wall_ms // 1000 + 1) for index, one in enumerate(devices)]
    return replace(made, telemetry=tuple(blocks), compile_command=f"atc --model=m.onnx --batch={run.batch}")


def _results(manifest: Manifest, run: RunSpec, keys: Sequence[str]) -> tuple[ShardResult, ...]:
    """Each device a little slower than the one before it."""
    off = {"310P3": 3, "T4": 5, "cpu": 0}[run.chip]
    wrong = [at for at in range(len(manifest)) if at % 4 == 0 or (off and at % 97 == off)]
    ms = 1000.0 * run.batch / IMAGES_PER_S[run.chip][run.batch]
    found = []
    for index, key in enumerate(keys):
        slower = ms * (1.0 + 0.004 * index)
        made = make_results(
            manifest, run.batch, run_no=run.run_no, ms=slower, copy_ms=0.1, loop=LOOP, devices=keys, wrong=wrong
        )
        found += [one for one in made if one.device == key]
    return tuple(found)


def _block(key: str, index: int, seconds: int) -> Block:
    at = np.arange(min(seconds, 600))
    return make_block(
        begun_ms=5_000,
        device=key,
        power_w=list(31.0 + 2 * index + 30 * (1 - np.exp(-at / 2.0))),
        temperature_c=list(44.0 + index + 20 * (1 - np.exp(-at / 9.0))),
        clock_mhz=[1080.0] * len(at),
        utilisation_pct=list(np.minimum(96.0, 20.0 + 25 * at)),
        throttled=[0.0] * len(at),
        foreign=[0.0] * len(at),
    )


def nasty_job() -> tuple[JobRecord, Manifest]:
    """Every name that a person or a file can give is hostile."""
    record, manifest = three_chip_job(batches=(1, 4), samples=256)
    manifest = replace(manifest, names=(NASTY, *manifest.names[1:]))
    slices = (replace(record.slices[0], readable=bytes([0] + [1] * 255), reasons={NASTY: NASTY}), *record.slices[1:])
    runs = [replace(run, error=NASTY, toolkit=NASTY, wall_void=NASTY, compile_command=NASTY) for run in record.runs]
    runs = [replace(run, devices=tuple(replace(one, host=NASTY, driver=NASTY) for one in run.devices)) for run in runs]
    spec = replace(record.spec, name=NASTY, command=NASTY, model=replace(record.spec.model, name=NASTY))
    return replace(record, spec=spec, owner=NASTY, slices=slices, runs=tuple(runs)), manifest
