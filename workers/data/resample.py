"""Pillow's antialiased resize, to the last bit, for the centre of a picture alone: what a centre crop cuts off is never made."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dinoq.jobs.recipe import Interpolation

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

_FIXED_POINT = 1 << 22
"""Pillow keeps weights as whole multiples of 2^-22."""
_OUTPUTS_PER_BLOCK = 16
"""Outputs whose weights form one small dense matrix: wider ones multiply more zeros, narrower ones take more calls."""
_CHUNK = 1 << 19
"""Values that are held as float64 at a time (4 MiB), whatever the size of the picture."""


@dataclass(frozen=True, slots=True)
class Block:
    """Weights [outputs, inputs] of a few neighbouring outputs over the inputs that any of them needs."""

    inputs: slice
    outputs: slice
    weights: Floats


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a resize: `count` outputs from the inputs [first, last); blocks count inputs from `first`."""

    first: int
    last: int
    count: int
    blocks: tuple[Block, ...]


def resized_centre(
    picture: Image.Image, size: tuple[int, int], interpolation: Interpolation, corner: tuple[int, int], out: Bytes
) -> None:
    """What `picture.resize(size, ...)` holds from `corner` (left, top) on, planar, into `out` [3, height, width].

    The picture is RGB, the interpolation not `nearest`, and `out` lies within `size`. All sums are whole multiples of
    2^-22 below 2^31 and so exact in float64, in whatever order a library adds them.
    """
    _, height, width = out.shape
    across = _axis(picture.width, size[0], corner[0], width, interpolation)
    down = _axis(picture.height, size[1], corner[1], height, interpolation)
    needed = picture.crop((across.first, down.first, across.last, down.last))
    # Line-interleaved: of every row first its reds, then its greens, then its blues.
    source = np.frombuffer(needed.tobytes("raw", "RGB;L"), np.uint8).reshape(needed.height, 3 * needed.width)
    if vertical_first(picture.size, size):
        done = _across(_down(source, down).reshape(3 * height, -1), across)
    else:
        done = _down(_across(source.reshape(3 * needed.height, -1), across).reshape(-1, 3 * width), down)
    out[...] = done.reshape(height, 3, width).transpose(1, 0, 2)


def vertical_first(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Whether Pillow 13 resizes the columns before the rows; each pass rounds, so the order shows in the pixels."""
    return new[1] < old[1] and old[1] - new[1] > 2 * (old[0] - new[0])


@functools.cache
def agrees_with_pillow(interpolation: Interpolation) -> bool:
    """Whether the Pillow that is installed resizes as this file does; tried once, on a few pictures."""
    if interpolation not in _KERNELS:
        return False
    for old, new in (
        ((500, 375), (341, 256)),
        ((97, 61), (50, 32)),
        ((40, 101), (33, 40)),
        ((13, 9), (40, 29)),
        ((64, 90), (64, 45)),
    ):
        values = np.arange(old[0] * old[1] * 3, dtype=np.uint32)
        picture = Image.fromarray((values * 2654435761 >> 24).astype(np.uint8).reshape(old[1], old[0], 3))
        expected = np.asarray(picture.resize(new, Image.Resampling[interpolation.upper()])).transpose(2, 0, 1)
        out = np.empty_like(expected)
        resized_centre(picture, new, interpolation, (0, 0), out)
        if not np.array_equal(expected, out):
            return False
    return True


def _across(rows: Bytes, axis: Axis) -> Bytes:
    """Resize each row: uint8 [n, inputs] to [n, count]."""
    out = np.empty((len(rows), axis.count), np.uint8)
    step = max(1, _CHUNK // rows.shape[1])
    for top in range(0, len(rows), step):
        source = rows[top : top + step].astype(np.float64)
        sums = np.empty((len(source), axis.count))
        for block in axis.blocks:
            np.matmul(source[:, block.inputs], block.weights.T, out=sums[:, block.outputs])
        _round(sums, out[top : top + step])
    return out


def _down(rows: Bytes, axis: Axis) -> Bytes:
    """Resize each column: uint8 [inputs, n] to [count, n]."""
    n = rows.shape[1]
    out = np.empty((axis.count, n), np.uint8)
    tallest = max(block.weights.shape[1] for block in axis.blocks)
    step = max(1, _CHUNK // (n * tallest))
    for number in range(0, len(axis.blocks), step):
        blocks = axis.blocks[number : number + step]
        top = blocks[0].inputs.start
        source = rows[top : blocks[-1].inputs.stop].astype(np.float64)
        for block in blocks:
            sums = block.weights @ source[block.inputs.start - top : block.inputs.stop - top]
            _round(sums, out[block.outputs])
    return out


def _round(sums: Floats, out: Bytes) -> None:
    """Half up, then clipped. Truncating takes negative sums to another whole number than flooring, but then to 0."""
    sums += 0.5
    np.clip(sums.astype(np.int16), 0, 255, out=out, casting="unsafe")


@functools.lru_cache(maxsize=256)
def _axis(inputs: int, outputs: int, first: int, count: int, interpolation: Interpolation) -> Axis:
    """The outputs [first, first + count) of `outputs` from `inputs`; operations and their order are Pillow's."""
    kernel, reach = _KERNELS[interpolation]
    scale = inputs / outputs
    stretch = max(scale, 1.0)
    centres = (np.arange(first, first + count) + 0.5) * scale
    low = np.maximum((centres - reach * stretch + 0.5).astype(np.int64), 0)
    high = np.minimum((centres + reach * stretch + 0.5).astype(np.int64), inputs)
    taps = low[:, None] + np.arange((high - low).max())
    weights = kernel((taps - centres[:, None] + 0.5) * (1.0 / stretch))
    weights[taps >= high[:, None]] = 0.0
    weights /= functools.reduce(np.add, weights.T)[:, None]
    weights = np.trunc(weights * _FIXED_POINT + np.copysign(0.5, weights)) / _FIXED_POINT
    return Axis(int(low[0]), int(high[-1]), count, _blocks(taps, high, weights))


def _blocks(taps: NDArray[np.int64], high: NDArray[np.int64], weights: Floats) -> tuple[Block, ...]:
    """The outputs a few at a time, from the inputs that each taps, the end of those, and how it weighs them."""
    firsts = np.arange(0, len(taps), _OUTPUTS_PER_BLOCK)
    columns = taps - np.repeat(taps[firsts, 0], _OUTPUTS_PER_BLOCK)[: len(taps), None]
    dense = np.zeros((len(taps), int(columns.max()) + 1))
    np.put_along_axis(dense, columns, weights, 1)
    blocks = []
    for first in firsts.tolist():
        last = min(first + _OUTPUTS_PER_BLOCK, len(taps))
        start, stop = int(taps[first, 0]), int(high[last - 1])
        inputs = slice(start - int(taps[0, 0]), stop - int(taps[0, 0]))
        blocks.append(Block(inputs, slice(first, last), dense[first:last, : stop - start]))
    return tuple(blocks)


def _box(x: Floats) -> Floats:
    return np.where((x > -0.5) & (x <= 0.5), 1.0, 0.0)


def _bilinear(x: Floats) -> Floats:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _hamming(x: Floats) -> Floats:
    return np.where(np.abs(x) < 1.0, _sinc(x) * (0.54 + 0.46 * np.cos(np.abs(x) * np.pi)), 0.0)


def _bicubic(x: Floats) -> Floats:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * -0.5
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _lanczos(x: Floats) -> Floats:
    return np.where((x >= -3.0) & (x < 3.0), _sinc(x) * _sinc(x / 3), 0.0)


def _sinc(x: Floats) -> Floats:
    angle = np.where(x == 0.0, 1.0, x * np.pi)
    return np.where(x == 0.0, 1.0, np.sin(angle) / angle)


_KERNELS: dict[str, tuple[Callable[[Floats], Floats], float]] = {
    "box": (_box, 0.5),
    "bilinear": (_bilinear, 1.0),
    "hamming": (_hamming, 1.0),
    "bicubic": (_bicubic, 2.0),
    "lanczos": (_lanczos, 3.0),
}
