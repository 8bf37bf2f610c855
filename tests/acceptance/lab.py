"""Photos and a model for simulated devices that break: enough parts to share out, paced so that a fault falls into one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from dinoq.db.engine import Database, open_database
from dinoq.db.records import job_record
from tests.command import Answer, Shell
from tests.models import write_mean_colour

PHOTOS, BATCH = 2048, 16
TOP1 = PHOTOS - PHOTOS // 8
"""Every eighth label is wrong."""
IMAGES_PER_S = 800
"""20 ms a batch, 10 batches of warm-up, 16 a part: the 20th batch of a device process is in the middle of a part."""
COLOURS = ((200, 10, 10), (10, 200, 10), (10, 10, 200))


@dataclass(frozen=True)
class Lab:
    """A shell with a home, the photos, and a pace that simulated devices wait for."""

    shell: Shell
    folder: Path

    def args(self, *more: object) -> list[object]:
        """The arguments of run and submit."""
        given = ["--model", self.folder / "m.onnx", "--data", self.folder / "photos", "--recipe", "dino"]
        return ["--labels", self.folder / "labels.txt", "--batches", BATCH, *given, *more]

    def run(self, chips: str, simulate: str, *more: object, **variables: str) -> Answer:
        """`dinoq run` with a JSON report."""
        return self.shell.dinoq(
            "run", *self.args("--chip", chips, "--format", "json", *self.on(simulate), *more), **variables
        )

    def on(self, simulate: str) -> list[object]:
        """The flags of a simulated machine with these devices."""
        return ["--simulate", simulate, "--pace", self.folder / "pace.toml"]

    def broken(self, faults: str, host: str) -> dict[str, str]:
        """The variables of a simulated host on which this goes wrong, with devices of its own."""
        state = str(self.folder / host)
        return {"DINOQ_SIM_FAULTS": faults, "DINOQ_SIM_STATE": state, "DINOQ_SIM_WAIT": "1", "DINOQ_HOST": host}

    def ledger(self) -> Database:
        """The user's ledger; close it."""
        return open_database(f"sqlite:///{self.shell.home / '.dinoq/state/dinoq.sqlite'}")

    def predictions(self, job: int) -> dict[tuple[str, int], bytes]:
        """What each chip predicted for each part."""
        db = self.ledger()
        try:
            record = job_record(db, job)
            chips = {run.run_no: run.chip for run in record.spec.runs}
            return {(chips[one.run_no], one.no): one.predictions for run in record.runs for one in run.results}
        finally:
            db.close()

    def health(self) -> dict[str, str]:
        """The state of every device that ever registered, by `host/chip:index`."""
        return {row["device"]: row["health"] for row in self.shell.dinoq("devices", "--json").json}


def make_lab(folder: Path, **variables: str) -> Lab:
    """Draw the photos (three, by many names) and everything else into `folder`."""
    photos, home = folder / "photos", folder / "home"
    photos.mkdir()
    home.mkdir()
    for n in range(PHOTOS):
        if n < len(COLOURS):
            Image.new("RGB", (256, 256), COLOURS[n]).save(photos / f"p{n}.jpg", quality=95)
        else:
            (photos / f"p{n}.jpg").hardlink_to(photos / f"p{n % 3}.jpg")
    (folder / "labels.txt").write_text("".join(f"p{n}.jpg {(n + (n % 8 == 7)) % 3}\n" for n in range(PHOTOS)))
    rate = f'images_per_s = {{ "{BATCH}" = {IMAGES_PER_S} }}\n'
    (folder / "pace.toml").write_text(f"[310P3]\n{rate}[T4]\n{rate}")
    write_mean_colour(folder / "m.onnx", side=224)
    return Lab(Shell(home, variables), folder)


def counts(report: Any) -> dict[str, tuple[int, int]]:
    """Counted samples and right ones of each run of a JSON report, by chip."""
    return {run["chip"]: (run["coverage"]["counted"], run["top1"]["correct"]) for run in report["runs"] if run["top1"]}
