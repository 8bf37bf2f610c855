"""An independent evaluation of what was converted: torch where it is installed, else the other graph on ONNX Runtime.

torch reads the checkpoints itself and computes by a forward pass of its own, so that a fault of the reader, of the
folding or of the graph shows. The other graph shares the reader and the builder: it shows faults of the folding alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dinoq.workers.devices import cpu
from dinoq.workers.models.convert import Pair, write_model
from dinoq.workers.models.dino import entries
from dinoq.workers.models.resnet50 import EPSILON, SIDE
from dinoq.workers.models.resnet50_graph import build_model

IMAGES = 4
SEED = 0
TOLERANCE = 1e-4
"""How far a logit may differ. Between the folded and the unfolded graph of random weights it was 1.6e-5 at most, on
logits up to 54 (ONNX Runtime, four seeds); torch's own float32 is about 5e-5 from its float64 (torch 2.13)."""

Logits = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The largest difference of any logit on random images, against what, and how much is allowed."""

    reference: str
    images: int
    max_difference: float
    largest_logit: float

    @property
    def allowed(self) -> float:
        """TOLERANCE, however large the logits are."""
        return TOLERANCE

    @property
    def holds(self) -> bool:
        """False for NaN too."""
        return self.max_difference <= self.allowed


def compare(saved: Path, pair: Pair, *, batch_norm_kept: bool) -> Comparison:
    """Run the saved file on random images, and the independent evaluation on the same."""
    images = np.random.default_rng(SEED).standard_normal((IMAGES, 3, SIDE, SIDE), np.float32)
    got = _on_runtime(saved, images)
    name, expected = _on_torch(pair, images) or _other_graph(saved, pair, images, batch_norm_kept=batch_norm_kept)
    return Comparison(
        reference=name,
        images=IMAGES,
        max_difference=float(np.abs(got - expected).max()),
        largest_logit=float(np.abs(expected).max()),
    )


def _on_runtime(model: Path, images: NDArray[np.float32]) -> Logits:
    program = cpu.load(str(model), len(images), "fp32", {"cores": str(len(os.sched_getaffinity(0)))})
    return np.asarray(program.run(images).logits, np.float32)


def _other_graph(saved: Path, pair: Pair, images: NDArray[np.float32], *, batch_norm_kept: bool) -> tuple[str, Logits]:
    """Folded where the saved one is not, and the other way round."""
    other = saved.with_name(f"{saved.name}.other")
    try:
        write_model(build_model(pair.weights, keep_batch_norm=not batch_norm_kept, metadata={}), other)
        logits = _on_runtime(other, images)
    finally:
        other.unlink(missing_ok=True)
    return f"ONNX Runtime with batch norm {'folded' if batch_norm_kept else 'kept'}, as there is no torch", logits


def _on_torch(pair: Pair, images: NDArray[np.float32]) -> tuple[str, Logits] | None:
    """None where torch is not installed, or cannot be imported."""
    try:
        import torch
    except (ImportError, OSError):
        return None
    loaded = (torch.load(part.path, "cpu", weights_only=True) for part in (pair.backbone, pair.linear))
    state = {key: value for values in loaded for key, value in entries(values).items()}
    with torch.inference_mode():
        logits = _forward(torch, state, torch.from_numpy(images))
    return f"torch {torch.__version__}", logits.numpy()


# torch is optional and carries no types that would be at hand where it is not installed.
def _forward(torch: Any, state: dict[str, Any], images: Any) -> Any:
    """ResNet-50 v1.5 written down from its description, not from the tables that the graph is built from."""
    call = torch.nn.functional

    def convolve(x: Any, name: str, norm: str, stride: int = 1, padding: int = 0) -> Any:
        y = call.conv2d(x, state[f"{name}.weight"], stride=stride, padding=padding)
        mean, variance = state[f"{norm}.running_mean"], state[f"{norm}.running_var"]
        return call.batch_norm(y, mean, variance, state[f"{norm}.weight"], state[f"{norm}.bias"], eps=EPSILON)

    x = call.max_pool2d(call.relu(convolve(images, "conv1", "bn1", 2, 3)), 3, 2, 1)
    for stage, count in ((1, 3), (2, 4), (3, 6), (4, 3)):
        for index in range(count):
            name, stride = f"layer{stage}.{index}", 2 if stage > 1 and index == 0 else 1
            y = call.relu(convolve(x, f"{name}.conv1", f"{name}.bn1"))
            y = call.relu(convolve(y, f"{name}.conv2", f"{name}.bn2", stride, 1))
            y = convolve(y, f"{name}.conv3", f"{name}.bn3")
            down = f"{name}.downsample"
            x = call.relu(y + (convolve(x, f"{down}.0", f"{down}.1", stride) if index == 0 else x))
    return call.linear(x.mean((2, 3)), state["linear.weight"], state["linear.bias"])
