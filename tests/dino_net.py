"""DINO's ResNet-50 for tests: random weights under the published names, small stand-ins, and a forward pass in numpy.

Names and shapes are written down here a second time, from the model's description.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.checkpoints import Stored, spread, stored, write_legacy, write_zip

Array = NDArray[np.float32]
Double = NDArray[np.float64]
NORM = ("weight", "bias", "running_mean", "running_var")
DEPTHS = (3, 4, 6, 3)


def layers() -> Iterator[tuple[str, str, tuple[int, int, int, int]]]:
    """Convolution, batch norm, and the shape of the kernel, in the order of a state dict."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    for stage, depth in enumerate(DEPTHS, start=1):
        width = 32 * 2**stage
        for index in range(depth):
            inputs = (64 if stage == 1 else 2 * width) if index == 0 else 4 * width
            name = f"layer{stage}.{index}"
            yield f"{name}.conv1", f"{name}.bn1", (width, inputs, 1, 1)
            yield f"{name}.conv2", f"{name}.bn2", (width, width, 3, 3)
            yield f"{name}.conv3", f"{name}.bn3", (4 * width, width, 1, 1)
            if index == 0:
                yield f"{name}.downsample.0", f"{name}.downsample.1", (4 * width, inputs, 1, 1)


def small_state() -> OrderedDict[str, Stored]:
    """All 318 entries with the right shapes, in a few bytes each."""
    state: OrderedDict[str, Stored] = OrderedDict()
    for conv, norm, shape in layers():
        state[f"{conv}.weight"] = spread(*shape)
        state |= {f"{norm}.{entry}": spread(shape[0]) for entry in NORM}
        state[f"{norm}.num_batches_tracked"] = stored(np.array(7, np.int64))
    return state


def small_linear() -> OrderedDict[str, Stored]:
    """The linear classifier's two entries, likewise."""
    return OrderedDict({"module.linear.weight": spread(1000, 2048), "module.linear.bias": spread(1000)})


def random_state(seed: int = 0) -> dict[str, NDArray[np.generic]]:
    """Random weights whose activations neither vanish nor explode; float32, the counters int64."""
    rng = np.random.default_rng(seed)
    state: dict[str, NDArray[np.generic]] = {}
    for conv, norm, shape in layers():
        outputs, fan_in = shape[0], shape[1] * shape[2] * shape[3]
        state[f"{conv}.weight"] = rng.standard_normal(shape, np.float32) * np.float32(np.sqrt(2 / fan_in))
        gain = 0.3 if norm.endswith("bn3") else 1.0
        state[f"{norm}.weight"] = (gain * rng.uniform(0.5, 1.5, outputs)).astype(np.float32)
        state[f"{norm}.bias"] = (0.1 * rng.standard_normal(outputs)).astype(np.float32)
        state[f"{norm}.running_mean"] = (0.1 * rng.standard_normal(outputs)).astype(np.float32)
        state[f"{norm}.running_var"] = rng.uniform(0.5, 1.5, outputs).astype(np.float32)
        state[f"{norm}.num_batches_tracked"] = np.array(1000, np.int64)
    return state


def random_linear(seed: int = 1) -> dict[str, Array]:
    """A random linear classifier."""
    rng = np.random.default_rng(seed)
    weight = (0.02 * rng.standard_normal((1000, 2048))).astype(np.float32)
    return {"linear.weight": weight, "linear.bias": rng.standard_normal(1000).astype(np.float32)}


def write_pair(folder: Path, seed: int = 0) -> tuple[Path, Path]:
    """Both files as published: the backbone bare, the classifier inside what its training saved, in the old format."""
    backbone = OrderedDict((key, stored(array)) for key, array in random_state(seed).items())
    linear = OrderedDict((f"module.{key}", stored(array)) for key, array in random_linear(seed + 1).items())
    momentum = {"momentum_buffer": spread(1000, 2048)}
    optimizer = {"state": {0: momentum}, "param_groups": [{"lr": 0.03, "nesterov": False, "params": [0, 1]}]}
    training = {"epoch": 100, "state_dict": linear, "optimizer": optimizer, "scheduler": {"T_max": 100}}
    return (
        write_zip(folder / "dino_resnet50_pretrain.pth", backbone),
        write_legacy(folder / "dino_resnet50_linearweights.pth", {**training, "best_acc": 75.3}),
    )


def forward(state: Mapping[str, NDArray[np.generic]], linear: Mapping[str, Array], images: Array) -> Double:
    """Logits [N, 1000] of images [N, 3, 224, 224], in float64, with the batch norms where they stand."""

    def convolve(x: Double, conv: str, norm: str, stride: int = 1) -> Double:
        y = _convolution(x, state[f"{conv}.weight"].astype(np.float64), stride)
        gamma, beta, mean, variance = (
            state[f"{norm}.{entry}"].astype(np.float64)[None, :, None, None] for entry in NORM
        )
        return (y - mean) / np.sqrt(variance + 1e-5) * gamma + beta

    x = _max_pool(np.maximum(convolve(images.astype(np.float64), "conv1", "bn1", 2), 0))
    for stage, depth in enumerate(DEPTHS, start=1):
        for index in range(depth):
            name, stride = f"layer{stage}.{index}", 2 if stage > 1 and index == 0 else 1
            y = np.maximum(convolve(x, f"{name}.conv1", f"{name}.bn1"), 0)
            y = np.maximum(convolve(y, f"{name}.conv2", f"{name}.bn2", stride), 0)
            y = convolve(y, f"{name}.conv3", f"{name}.bn3")
            skip = convolve(x, f"{name}.downsample.0", f"{name}.downsample.1", stride) if index == 0 else x
            x = np.maximum(y + skip, 0)
    logits: Double = x.mean(axis=(2, 3)) @ linear["linear.weight"].T.astype(np.float64) + linear["linear.bias"]
    return logits


def _convolution(x: Double, kernel: Double, stride: int) -> Double:
    side = kernel.shape[2]
    windows = _windows(np.pad(x, ((0, 0), (0, 0), (side // 2,) * 2, (side // 2,) * 2)), side, stride)
    return np.moveaxis(np.tensordot(windows, kernel, axes=((1, 4, 5), (1, 2, 3))), 3, 1)


def _max_pool(x: Double) -> Double:
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    pooled: Double = _windows(padded, 3, 2).max(axis=(4, 5))
    return pooled


def _windows(x: Double, side: int, stride: int) -> Double:
    """[N, C, H', W', side, side]."""
    return np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(2, 3))[:, :, ::stride, ::stride]
