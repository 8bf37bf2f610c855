"""Two checkpoints of DINO's ResNet-50 to one ONNX classifier that says where it comes from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.jobs.errors import BadConversion, BadFolder
from dinoq.workers.models.checkpoints import Checkpoint, open_checkpoint
from dinoq.workers.models.dino import Weights, read_weights
from dinoq.workers.models.onnx_facts import BASELINE_KEY
from dinoq.workers.models.resnet50_graph import IR_VERSION, OPSET, build_model

if TYPE_CHECKING:
    from onnx import ModelProto

PUBLISHED_TOP1 = 75.3
"""Percent, linear evaluation on ImageNet. Source: README.md of facebookresearch/dino."""
PUBLISHED_BY = "https://github.com/facebookresearch/dino"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How to convert: `baseline_top1` in percent and who published it, `source` as URL@COMMIT of the checkpoints."""

    keep_batch_norm: bool = False
    baseline_top1: float = PUBLISHED_TOP1
    baseline_source: str = PUBLISHED_BY
    source: str | None = None


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Both checkpoints, open, and the weights in them."""

    backbone: Checkpoint
    linear: Checkpoint
    weights: Weights


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """The ONNX file as it was read back."""

    sha256: str
    n_bytes: int
    opset: int
    ir_version: int
    metadata: Mapping[str, str]


def read_pair(backbone: Path, linear: Path) -> Pair:
    """Open both checkpoints and check every key, dtype, shape and number. Raises: BadCheckpoint."""
    opened = open_checkpoint(backbone), open_checkpoint(linear)
    return Pair(backbone=opened[0], linear=opened[1], weights=read_weights(*opened))


def save(pair: Pair, into: Path, wanted: Wanted) -> Saved:
    """Write the new file `into`; what is returned was read from the disk again. Raises: BadConversion, BadFolder."""
    sha256 = write_model(
        build_model(pair.weights, keep_batch_norm=wanted.keep_batch_norm, metadata=_metadata(pair, wanted)), into
    )
    return _read_back(into, sha256)


def write_model(model: ModelProto, into: Path) -> str:
    """Write a new file, on disk when this returns; its sha256. Raises: BadFolder for a disk that does not take it."""
    payload = model.SerializeToString(deterministic=True)
    try:
        with into.open("xb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise BadFolder(
            f"{into.parent} does not take an ONNX file of {len(payload) >> 20} MiB: {error.strerror}.",
            hint="free space, or name a folder that is yours",
        ) from None
    return hashlib.sha256(payload).hexdigest()


def _metadata(pair: Pair, wanted: Wanted) -> dict[str, str]:
    source = {"dinoq.source": wanted.source} if wanted.source else {}
    return source | {
        BASELINE_KEY: f"{wanted.baseline_top1:g}",
        "dinoq.baseline_source": wanted.baseline_source,
        "dinoq.backbone_sha256": pair.backbone.sha256,
        "dinoq.linear_sha256": pair.linear.sha256,
        "dinoq.batch_norm": "kept" if wanted.keep_batch_norm else "folded",
    }


def _read_back(path: Path, sha256: str) -> Saved:
    """Exporters have been seen to save another opset than they were asked for, and only log it."""
    import onnx

    payload = path.read_bytes()
    model = onnx.load_from_string(payload)
    saved = Saved(
        sha256=hashlib.sha256(payload).hexdigest(),
        n_bytes=len(payload),
        opset=_opset(model),
        ir_version=model.ir_version,
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )
    if (saved.sha256, saved.opset, saved.ir_version) != (sha256, OPSET, IR_VERSION):
        raise BadConversion(
            f"{path} was saved with opset {saved.opset} and IR {saved.ir_version}, sha256 {saved.sha256[:12]}; expected "
            f"opset {OPSET}, IR {IR_VERSION}, {sha256[:12]}.",
            hint="check the disk; else report it, with the version of onnx",
        )
    del payload, model
    onnx.checker.check_model(str(path))
    return saved


def _opset(model: ModelProto) -> int:
    """Of ONNX's own operators; -1 where there are others too."""
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    return opsets[""] if set(opsets) == {""} else -1
