"""The compile worker: artifacts for chips whose compiler runs on any host, one at a time, beside no device."""

from __future__ import annotations

from pathlib import Path

from dinoq.db.engine import Database
from dinoq.jobs.ledger import Claim, Compiled
from dinoq.workers.compiling import compile_item
from dinoq.workers.data.store import Store
from dinoq.workers.device_process import DeviceProcess
from dinoq.workers.tasks import Lease


class CompileWorker:
    """What `tasks.work` performs for compile items of one vendor; `process` holds the vendor's file, no device."""

    def __init__(self, db: Database, store: Store, process: DeviceProcess, folder: Path) -> None:
        self._db = db
        self._store = store
        self._process = process
        self._folder = folder

    def perform(self, held: Claim, lease: Lease) -> Compiled:
        """Compile one artifact. Raises: WorkFailed, Drained, LeaseLost."""

        def make(wanted: dict[str, object]) -> tuple[Path, str]:
            with self._process.turn(lease.beat):
                options = {**self._options(held), "opset": _opset(str(wanted["onnx"]))}
                return self._process.compile({**wanted, "options": options}, lease.beat)

        return compile_item(held, db=self._db, store=self._store, folder=self._folder, make=make)

    def _options(self, held: Claim) -> dict[str, str]:
        """What the toolchain must know of the model and of the host that will run it."""
        assert held.target is not None
        model, (height, width) = held.spec.model, held.spec.model.input_hw
        return {
            **self._process.options,
            "soc": held.run.chip,
            "arch": held.target.arch,
            "input_name": model.input_name,
            "height": str(height),
            "width": str(width),
        }


def _opset(path: str) -> str:
    """Of ONNX's own operators; its weights may lie beside the file."""
    import onnx

    imported = onnx.load(path, load_external_data=False).opset_import
    return str(max((entry.version for entry in imported if entry.domain in ("", "ai.onnx")), default=0))
