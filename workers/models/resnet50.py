"""ResNet-50 as torchvision builds it and DINO trains it: which convolutions, in which order, of which shapes.

Version 1.5: the stride of a block is on its 3x3 convolution. Source: torchvision/models/resnet.py.
"""

from __future__ import annotations

from dataclasses import dataclass

STAGES = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))
"""Blocks, width, and stride of the first block."""
EXPANSION = 4
FEATURES = 2048
CLASSES = 1000
SIDE = 224
EPSILON = 1e-5
"""Added to the variance by every batch norm."""
NORM = ("weight", "bias", "running_mean", "running_var")
COUNTER = "num_batches_tracked"
"""A fifth entry of every batch norm, int64 and without shape; inference does not use it."""

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Convolution:
    """One convolution without bias and the batch norm behind it, by their names in a checkpoint; padded by kernel // 2."""

    name: str
    norm: str
    inputs: int
    outputs: int
    kernel: int
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Block:
    """A bottleneck: 1x1, 3x3, 1x1, and what brings its input to the shape of its output (None: nothing to do)."""

    name: str
    convolutions: tuple[Convolution, ...]
    shortcut: Convolution | None


STEM = Convolution("conv1", "bn1", 3, 64, kernel=7, stride=2)


def blocks() -> tuple[Block, ...]:
    """The sixteen bottlenecks, in the order of the data."""
    made, inputs = [], STEM.outputs
    for stage, (count, width, stride) in enumerate(STAGES, start=1):
        for index in range(count):
            made.append(_block(f"layer{stage}.{index}", inputs, width, stride if index == 0 else 1))
            inputs = width * EXPANSION
    return tuple(made)


def convolutions() -> tuple[Convolution, ...]:
    """All 53."""
    inner = [(*block.convolutions, *([block.shortcut] if block.shortcut else [])) for block in blocks()]
    return (STEM, *(convolution for group in inner for convolution in group))


def weight_shapes() -> dict[str, Shape]:
    """The float entries of a backbone's state dict, 53 + 4 x 53."""
    shapes: dict[str, Shape] = {}
    for conv in convolutions():
        shapes[f"{conv.name}.weight"] = (conv.outputs, conv.inputs, conv.kernel, conv.kernel)
        shapes |= {f"{conv.norm}.{entry}": (conv.outputs,) for entry in NORM}
    return shapes


def _block(name: str, inputs: int, width: int, stride: int) -> Block:
    outputs = width * EXPANSION
    inside = (
        Convolution(f"{name}.conv1", f"{name}.bn1", inputs, width, kernel=1),
        Convolution(f"{name}.conv2", f"{name}.bn2", width, width, kernel=3, stride=stride),
        Convolution(f"{name}.conv3", f"{name}.bn3", width, outputs, kernel=1),
    )
    changes = stride != 1 or inputs != outputs
    down = Convolution(f"{name}.downsample.0", f"{name}.downsample.1", inputs, outputs, kernel=1, stride=stride)
    return Block(name, inside, down if changes else None)
