"""A compile item, the same for a device that compiles for itself and for a host with a toolchain: look into the store,
else have it made, keep it there."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from dinoq.db.engine import Database
from dinoq.db.items import start
from dinoq.db.records import find_artifact
from dinoq.jobs.ledger import ArtifactRef, Claim, Compiled, FailureClass, Target
from dinoq.workers.data.store import Store
from dinoq.workers.tasks import LeaseLost, WorkFailed

Make = Callable[[dict[str, object]], tuple[Path, str]]
"""Takes what the seam's `compile` takes but the options; gives the file, and what the vendor said."""


def compile_item(held: Claim, *, db: Database, store: Store, folder: Path, make: Make) -> Compiled:
    """The artifact of the claim's run, for the claim's target. Raises: WorkFailed, LeaseLost."""
    assert held.target is not None
    key = artifact_key(held, held.target)
    if (given := held.run.given) is not None:
        ready = ArtifactRef(key=key, uri=given.uri, sha256=given.sha256)
        if not store.verify(ready):
            raise WorkFailed(FailureClass.PERMANENT, f"the artifact {given.name} is missing or changed in the store")
        return _compiled(held, held.target, ready, f"made elsewhere: {given.name}")
    made = find_artifact(db, key)
    if made is not None and store.verify(made):
        return _compiled(held, held.target, made, "taken from the store")
    if not start(db, held.item_id, held.token):
        raise LeaseLost
    folder.mkdir(parents=True, exist_ok=True)
    into = Path(tempfile.mkdtemp(prefix="compile-", dir=folder))
    try:
        path, output = make(
            {
                "onnx": str(_model(held, store)),
                "batch": held.run.batch,
                "precision": held.run.precision,
                "flags": held.run.flags,
                "into": str(into),
            }
        )
        return _compiled(held, held.target, store.put_artifact(key, path), output)
    finally:
        shutil.rmtree(into, ignore_errors=True)


def artifact_key(held: Claim, target: Target) -> str:
    """What identifies an artifact: everything that could make it another file or another result."""
    run = held.run
    parts = [
        *(held.spec.model.sha256, run.chip, target.origin, run.batch, run.precision, sorted(run.flags.items())),
        run.given.sha256 if run.given else "",
        *(target.toolkit, target.arch),
        *_contents(run.flags.values()),
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _contents(values: Iterable[str]) -> list[str]:
    """What stands in the files of this host that options name (`insert_op_conf`): the same path may hold something else."""
    found = []
    for path in sorted(value for value in values if Path(value).is_absolute() and Path(value).is_file()):
        with Path(path).open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def _compiled(held: Claim, target: Target, made: ArtifactRef, output: str) -> Compiled:
    return Compiled(
        artifact=made,
        chip=held.run.chip,
        batch=held.run.batch,
        precision=held.run.precision,
        toolkit=target.toolkit,
        arch=target.arch,
        flags=held.run.flags,
        vendor_output=output,
    )


def _model(held: Claim, store: Store) -> Path:
    path = store.model_path(held.spec.model.sha256)
    if not path.is_file():
        text = f"model {held.spec.model.sha256[:12]} is not in the store {store.path}; submit the job again"
        raise WorkFailed(FailureClass.PERMANENT, text)
    return path
