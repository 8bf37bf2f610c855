"""Trying a toolchain or a device with a model small enough for it: three colours that it must tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dinoq.jobs.chips import Precision, chip_named
from dinoq.workers import children
from dinoq.workers.device_process import Deadlines, DeviceProcess
from dinoq.workers.devices.catalog import LocalDevice
from dinoq.workers.flight import Inference
from dinoq.workers.incarnation import ChildSetup
from dinoq.workers.models.probe import PROBE_ANSWER, PROBE_INPUT, SIDE, probe_pictures, probe_recipe, write_probe
from dinoq.workers.program import ProgramKey

BATCH = 2
DEADLINES = Deadlines(loading_s=60, compiling_s=300, running_s=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Where trials are made: a scratch folder, a folder for vendors' words that stay, the vendors' environment."""

    scratch: Path
    logs: Path
    env: Mapping[str, str]


def compiled(bench: Bench, *, vendor: str, chip: str, arch: str, python: str, options: Mapping[str, str]) -> Path:
    """The small model made for the chip by a toolchain that needs no device. Raises: WorkFailed, DeviceFault."""
    setup = _setup(bench, vendor, f"compile-{chip}", python, {**options, "soc": chip})
    process = DeviceProcess(setup, DEADLINES)
    try:
        return _compile(process, bench, chip, arch)
    finally:
        process.close()


def verdict(bench: Bench, device: LocalDevice, artifact: Path | None) -> str:
    """PASS, with what the device is; `artifact` None: it compiles for itself.

    Raises: WorkFailed, DeviceFault; OSError when it tells the colours wrongly.
    """
    classes = _classes(bench, device, artifact)
    if classes != PROBE_ANSWER:
        raise OSError(f"it takes red, green, blue, red for {classes}")
    return f"PASS: {device.facts.name or device.facts.chip}, {device.facts.toolkit}"


def _classes(bench: Bench, device: LocalDevice, artifact: Path | None) -> list[int]:
    facts = device.facts
    setup = _setup(bench, device.vendor, f"{facts.chip}-{facts.index}", device.python, device.options)
    process = DeviceProcess(replace(setup, simulated=facts.origin == "simulated"), DEADLINES)
    try:
        made = artifact or _compile(process, bench, facts.chip, facts.arch)
        key = ProgramKey(artifact=made, batch=BATCH, precision=_precision(facts.chip), crop=SIDE)
        work = Inference(probe_pictures(), probe_recipe(), batch=BATCH, laps=1)
        with process.turn(_no_lease):
            process.load(key, _no_lease)
            process.feed(work, _no_lease)
        process.wait(work, _no_lease)
    finally:
        process.close()
    return [int(best) for best in work.classes[:, 0]]


def _compile(process: DeviceProcess, bench: Bench, chip: str, arch: str) -> Path:
    model = bench.scratch / "probe.onnx"
    write_probe(model)
    shape = {"input_name": PROBE_INPUT, "height": str(SIDE), "width": str(SIDE), "arch": arch}
    wanted: dict[str, object] = {
        "onnx": str(model),
        "batch": BATCH,
        "precision": _precision(chip),
        "flags": {},
        "into": str(bench.scratch),
        "options": {**process.options, **shape},
    }
    with process.turn(_no_lease):
        return process.compile(wanted, _no_lease)[0]


def _precision(chip: str) -> Precision:
    """What the small model is made in. It holds fp32, and TensorRT 11 computes in a model's own types; atc converts."""
    known = chip_named(chip)
    return known.precision if known.compiles_on == "host" else "fp32"


def _setup(bench: Bench, vendor: str, name: str, python: str, options: Mapping[str, str]) -> ChildSetup:
    folder = bench.scratch / name
    folder.mkdir(exist_ok=True)
    return ChildSetup(
        vendor=vendor,
        options=dict(options),
        python=python,
        env=children.vendor_env({**bench.env, "TMPDIR": str(folder)}, options),
        workdir=folder,
        log=bench.logs / f"doctor-{name}.vendor.log",
    )


def _no_lease(*_: object) -> None:
    """Nobody waits for a trial."""
