"""What a program gave for each photo, as other tools leave it: one small file per photo."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from dinoq.jobs.formats.dump import Form, text_line
from dinoq.jobs.result import Floats, Predictions, ShardResult
from dinoq.workers.data.logits import read_logits
from dinoq.workers.data.store import Store


def _npy(row: Floats) -> bytes:
    out = io.BytesIO()
    np.save(out, row.reshape(1, -1), allow_pickle=False)
    return out.getvalue()


ENCODE: dict[Form, Callable[[Floats], bytes]] = {
    "txt": lambda row: text_line(row).encode(),
    "bin": lambda row: row.astype("<f4", copy=False).tobytes(),
    "npy": _npy,
}


def kept_rows(store: Store, parts: Sequence[ShardResult], classes: int) -> Iterator[Floats]:
    """The logits of each evaluated sample in the order of the manifest, float32 [classes], one part in memory at a time.

    Samples that were not readable are left out; whether one is, says its prediction. Raises: BadFolder when a file is
    gone or changed.
    """
    for part in parts:
        logits = read_logits(store, part.logits, part.count, classes)
        yield from logits[Predictions.from_blob(part.predictions).evaluated]


def write_outputs(
    rows: Iterator[Floats], names: Sequence[str], form: Form, into: Path, progress: Callable[[int], None]
) -> None:
    """Write each row into the file of its name in `into`. `progress(n_done)` is called for each, and may raise to stop.

    Raises: OSError when a file cannot be written, ValueError when there are not as many rows as names.
    """
    encode = ENCODE[form]
    for done, (name, row) in enumerate(zip(names, rows, strict=True), start=1):
        (into / name).write_bytes(encode(row))
        progress(done)
