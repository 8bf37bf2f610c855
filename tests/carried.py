"""Jobs as they travel, made without a ledger; and files of them, whole or spoilt."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from dinoq.jobs.carried import (
    Carried,
    CarriedArtifact,
    CarriedAttempt,
    CarriedBlock,
    CarriedDevice,
    CarriedFigures,
    CarriedItem,
    CarriedJob,
    CarriedResult,
    CarriedRun,
    CarriedSlice,
    UsedDevice,
)
from dinoq.jobs.errors import BadExchange
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import plan_parts, plan_slices
from dinoq.jobs.spec import JobSpec, RunSpec
from dinoq.jobs.told import Told
from dinoq.workers.packing import pack
from dinoq.workers.unpacking import unpack
from tests.builders import OWNER, STORE, make_device, make_manifest, make_spec, sha256
from tests.readings import make_block
from tests.reports import make_results

UUID = "0f" * 16
MS = 1_700_000_000_000
DEVICE = make_device()


def make_carried(samples: int = 300, batches: Sequence[int] = (16,), uuid: str = UUID) -> Carried:
    """A job of the cpu, done, the second photo unreadable; its device was read for two seconds."""
    manifest = make_manifest(samples)
    spec = make_spec(manifest, batches=batches)
    block = make_block(device=DEVICE.key, begun_ms=MS, power_w=(30.0, 31.0))
    return Carried(
        job=_job(spec, uuid),
        manifest=manifest,
        runs=[_run(run) for run in spec.runs],
        slices=_slices(manifest, batches),
        items=_items(manifest, spec),
        attempts=[_attempt(item) for item in _items(manifest, spec)],
        results=_results(manifest, spec),
        artifacts=sorted((_artifact(spec, run) for run in spec.runs), key=lambda one: one.key),
        devices=[CarriedDevice(facts=DEVICE, state="ok", failed_ms=None)],
        telemetry=[
            CarriedBlock(device_key=DEVICE.key, block_ms=MS, samples=block.samples.to_blob(), achieved_per_s=1.0)
        ],
    )


def with_figures(**told: Any) -> Carried:
    """A job of which another tool told all there is."""
    job = make_carried()
    spec = replace(job.job.spec, runs=(replace(job.job.spec.runs[0], mode="imported"),))
    values = json.loads(json.dumps(Told(tool="trtexec", kind="log", rates={"compute": 100.0}).to_json())) | told
    figures = [CarriedFigures(run_no=1, told=values)]
    bare = replace(job, slices=[], items=[], attempts=[], results=[], imported=figures)
    return replace(bare, job=replace(job.job, spec=spec), runs=[replace(job.runs[0], mode="imported")])


def packed(folder: Path, *jobs: Carried, name: str = "x.dinoq") -> Path:
    """A sound file of these jobs, by default of one."""
    pack(folder / name, jobs or [make_carried()], folder)
    return folder / name


def jobs_of(path: Path) -> tuple[Carried, ...]:
    """What is in a file."""
    with unpack(path) as unpacked:
        return unpacked.jobs


def refused(path: Path) -> str:
    """Why the file is."""
    with pytest.raises(BadExchange) as error:
        jobs_of(path)
    return str(error.value)


def spoilt(path: Path, change: Callable[[dict[str, bytes]], None], *, sealed: bool = True) -> Path:
    """The file with other members; `sealed`: with a table of contents that fits them."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    if sealed:
        members["dinoq.json"] = contents(members)
    write_zip(path, members)
    return path


def add(name: str, content: bytes = b"x") -> Callable[[dict[str, bytes]], None]:
    """One member more."""
    return lambda members: members.update({name: content})


def contents(members: Mapping[str, bytes]) -> bytes:
    """`dinoq.json` with the sizes and sha256s of these."""
    told = json.loads(members["dinoq.json"])
    told["members"] = [
        {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in members.items()
        if name != "dinoq.json"
    ]
    return json.dumps(told).encode()


def write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    """An archive of these members, whatever their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    path.write_bytes(out.getvalue())


def edit(table: str, line: int = 0, **values: Any) -> Callable[[dict[str, bytes]], None]:
    """Other values in one row of a table, `job` among them."""
    name = f"jobs/{UUID}/{table}.json" + "l" * (table != "job")

    def change(members: dict[str, bytes]) -> None:
        lines = members[name].splitlines()
        lines[line] = json.dumps(json.loads(lines[line]) | values).encode()
        members[name] = b"".join(one + b"\n" for one in lines)

    return change


def _job(spec: JobSpec, uuid: str) -> CarriedJob:
    return CarriedJob(
        uuid=uuid,
        name=spec.name,
        owner=OWNER,
        source="host-a",
        store_id=STORE,
        state="done",
        spec=spec,
        fingerprint=sha256("fingerprint"),
        created_ms=MS,
        finished_ms=MS + 5_000,
    )


def _run(run: RunSpec) -> CarriedRun:
    return CarriedRun(
        run_no=run.run_no,
        chip=run.chip,
        batch=run.batch,
        precision=run.precision,
        mode=run.mode,
        origin="real",
        artifact_key=sha256(f"artifact {run.run_no}"),
        artifact_sha256=sha256("artifact"),
        toolkit=DEVICE.toolkit,
        arch=DEVICE.arch,
        state="done",
        error="",
        wall_void="",
        devices={DEVICE.key: UsedDevice(**asdict(DEVICE), program={"clock": "own"})},
        ready_made=False,
    )


def _slices(manifest: Manifest, batches: Sequence[int]) -> list[CarriedSlice]:
    return [
        CarriedSlice(
            slice_no=piece.no,
            first=piece.first,
            count=piece.count,
            shard_key=sha256("shard"),
            readable=bytes(int(no != 1) for no in range(piece.first, piece.first + piece.count)),
            reasons={manifest.names[1]: "truncated"} if piece.no == 1 else {},
            sample_sha256s=bytes(32 * piece.count),
        )
        for piece in plan_slices(len(manifest), batches)
    ]


def _items(manifest: Manifest, spec: JobSpec) -> list[CarriedItem]:
    slices = plan_slices(len(manifest), [run.batch for run in spec.runs])
    made = [_item("preprocess", 0, one.no, one.no, one.first, one.count) for one in slices]
    made += [_item("compile", run.run_no, 0, 0, 0, 0) for run in spec.runs]
    for run in spec.runs:
        made += [_item("infer", run.run_no, *part) for part in _parts(slices, run)]
    return made


def _parts(slices: Any, run: RunSpec) -> list[tuple[int, int, int, int]]:
    return [(part.no, part.slice_no, part.first, part.count) for part in plan_parts(slices, run.batch)]


def _item(kind: str, run_no: int, no: int, slice_no: int, first: int, count: int) -> CarriedItem:
    where = {"kind": kind, "run_no": run_no, "no": no, "slice_no": slice_no, "first": first, "count": count}
    told: dict[str, Any] = {"state": "done", "attempts": 1, "false_starts": 0, "token": 1, "phase": "running"}
    return CarriedItem(**where, **told, n_done=count, avoid=[], error="")  # type: ignore[arg-type]


def _attempt(item: CarriedItem) -> CarriedAttempt:
    return CarriedAttempt(
        kind=item.kind,
        run_no=item.run_no,
        no=item.no,
        token=1,
        worker_id="host-a/worker",
        device_key=DEVICE.key if item.kind == "infer" else None,
        started_ms=MS,
        ended_ms=MS + 2_000,
        outcome="done",
        digest=None,
        error_class=None,
        error="",
        output="",
    )


def _results(manifest: Manifest, spec: JobSpec) -> list[CarriedResult]:
    found = [
        result for run in spec.runs for result in make_results(manifest, run.batch, run_no=run.run_no, unreadable=(1,))
    ]
    made = [asdict(result) | {"token": 1, "device_key": result.device, "logits": ""} for result in found]
    for values in made:
        del values["device"], values["program"]
    return [CarriedResult(**values) for values in made]


def _artifact(spec: JobSpec, run: RunSpec) -> CarriedArtifact:
    return CarriedArtifact(
        key=sha256(f"artifact {run.run_no}"),
        model_sha256=spec.model.sha256,
        chip=run.chip,
        origin="real",
        batch=run.batch,
        precision=run.precision,
        flags={},
        toolkit=DEVICE.toolkit,
        arch=DEVICE.arch,
        sha256=sha256("artifact"),
        vendor_output="made",
        made_ms=MS,
    )
