"""Which program an item needs, and whether the one that was loaded is it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dinoq.jobs.ledger import FailureClass
from dinoq.jobs.spec import WARMUP
from dinoq.workers.devices import ring
from dinoq.workers.tasks import WorkFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramKey:
    """Which program an item needs: the artifact's file, its batch and precision, pictures of `crop` pixels, the
    model's classes, where somebody knows them, and how often it is executed before anything is timed, at least."""

    artifact: Path
    batch: int
    precision: str
    crop: int = 224
    classes: int | None = None
    warmup: int = WARMUP


def layout_of(key: ProgramKey, answer: Mapping[str, Any]) -> ring.Layout:
    """The ring for a loaded program, once its own word on batch and shapes agrees with the run."""
    shape: Sequence[int] = answer["input"][1]
    output: Sequence[int] = answer["output"][1]
    if shape[0] != key.batch:
        text = f"the loaded program executes batch {shape[0]}, the run asks for {key.batch}"
        raise WorkFailed(FailureClass.PERMANENT, text)
    dtype, planar, packed = answer["input"][2], (3, key.crop, key.crop), (key.crop, key.crop, 3)
    picture = (int(shape[1]), int(shape[2]), int(shape[3])) if len(shape) == 4 else (0, 0, 0)
    # A program that normalises by itself (AIPP) takes pixels as a camera gives them.
    fits = picture == planar or (dtype == "uint8" and picture == packed)
    if not fits or len(output) != 2 or output[0] != key.batch:
        text = (
            f"the program maps {dtype} {tuple(shape)} to {tuple(output)}; expected [batch, 3, {key.crop}, {key.crop}]"
        )
        raise WorkFailed(FailureClass.PERMANENT, f"{text} to [batch, classes]")
    if key.classes not in (None, output[1]):
        text = f"the program tells {output[1]} classes apart, the model {key.classes}: it was made from another model"
        raise WorkFailed(FailureClass.PERMANENT, text)
    return ring.plan_layout(key.batch, picture, dtype, int(output[1]), float(answer["batch_ms"]))
