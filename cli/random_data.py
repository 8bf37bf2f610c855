"""A job that reads no photos: what stands in the place of its dataset, and which wishes it has no use for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli.settings import Settings

if TYPE_CHECKING:
    from dinoq.workers.data.datasets import Dataset

OF_PHOTOS = ("data", "labels", "baseline")


def no_data(settings: Settings, limit: int | None, loop: int) -> tuple[str, Dataset]:
    """No source and no sample, with a note for flags that are of photos. What dinoq.toml says of them is for other jobs."""
    from dinoq.jobs.manifest import Manifest
    from dinoq.workers.data.datasets import Dataset
    from dinoq.workers.data.folder import Folder
    from dinoq.workers.data.labels import Labels

    flags = [f"--{name}" for name in OF_PHOTOS if settings.values[name].source == "flag"]
    flags += ["--limit"] * (limit is not None) + ["--loop"] * (loop != 1)
    verb = "is" if len(flags) == 1 else "are"
    notes = (f"random data is fed, no photos: {', '.join(flags)} {verb} not used",) if flags else ()
    labels = Labels(path=Path(), classes={}, style="none")
    return "", Dataset(photos=Folder(Path()), manifest=Manifest((), ()), labels=labels, notes=notes)
