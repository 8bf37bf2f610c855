"""The codebook classifier: a model and photos whose right answers are known from the drawing, not from running a model.

The model is a search for the nearest of 1000 templates, the photos are drawn from the templates. So the counts prove
decoding, resizing, cropping, channel order, normalisation, batching, label join, Top-1 and Top-5 at once, and nothing
needs to be downloaded. Blind to the kind of interpolation and to a shift by one pixel: golden pixels are for those.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dinoq.jobs.errors import UsageError
from dinoq.jobs.recipe import RECIPES

CLASSES = 1000
GRID = 7
CROP = 224
STEP = 60
LEVELS = (40, 100, 160, 220)
CANVASES = ((320, 256), (256, 340), (320, 256), (256, 256))
"""Width and height, in turn; the shorter side is what `dino` resizes to."""
DOUBLED = 2
"""The canvas that is saved at twice its size, so that the resize has work to do."""
QUALITIES = (75, 90, 60)

Templates = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Codebook:
    """What was written, and the counts that an evaluation with the recipe `dino` must give, exactly."""

    model: Path
    images: Path
    labels: Path
    samples: int
    top1: int
    top5: int


def write_codebook(folder: Path, samples: int = 400, top1: int = 302, top5: int = 374, seed: int = 0) -> Codebook:
    """Write `codebook.onnx`, `images/*.JPEG` and `labels.txt` into `folder`; the same bytes for the same arguments.

    Of `samples` (at most 1000) photos, `top1` are labelled right, `top5` have their label among the five nearest
    templates. Raises: UsageError when `images` holds other files already.
    """
    if not 0 <= top1 <= top5 <= samples <= CLASSES:
        raise ValueError(f"top1 {top1}, top5 {top5}, samples {samples}; expected 0 <= top1 <= top5 <= samples <= 1000")
    names = [f"{no:04}.JPEG" for no in range(1, samples + 1)]
    book = Codebook(
        model=folder / "codebook.onnx",
        images=folder / "images",
        labels=folder / "labels.txt",
        samples=samples,
        top1=top1,
        top5=top5,
    )
    _make_folder(book.images, names)
    rng = np.random.default_rng(seed)
    templates: Templates = rng.choice(np.array(LEVELS, np.uint8), (CLASSES, GRID, GRID, 3))
    _write_model(book.model, templates)
    classes, labels = _plan(templates, samples, top1, top5, rng)
    decoys = (classes + rng.integers(1, CLASSES, samples)) % CLASSES
    for no, name in enumerate(names):
        _draw(no, templates[classes[no]], templates[decoys[no]]).save(
            book.images / name, quality=QUALITIES[no % len(QUALITIES)], subsampling="4:2:0"
        )
    book.labels.write_text("".join(f"{name} {label}\n" for name, label in zip(names, labels, strict=True)))
    return book


def _make_folder(images: Path, names: list[str]) -> None:
    images.mkdir(parents=True, exist_ok=True)
    if strangers := sorted(path.name for path in images.iterdir() if path.name not in names):
        raise UsageError(
            f"{images} holds {strangers[0]!r} already, which is no picture of the demonstration's.",
            hint="name a new or empty folder",
        )


def _plan(
    templates: Templates, samples: int, top1: int, top5: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The class each photo shows and the label it gets, int64 [samples] each, in a shuffled order.

    A right label is the class itself, a Top-5-only one its second or third neighbour in turn, a wrong one the template
    halfway down the ranking.
    """
    ranking, logits = _ranking(templates)
    # JPEG noise moves logits a little: labels that must stay inside the five go where the sixth is farthest away.
    gaps = logits[:, 2] - logits[:, 5]
    n_near = top5 - top1
    near = np.argsort(-gaps, kind="stable")[:n_near]
    others = rng.permutation(np.setdiff1d(np.arange(CLASSES), near))[: samples - n_near]
    classes = np.concatenate([others[:top1], near, others[top1:]])
    ranks = np.full(samples, CLASSES // 2)
    ranks[:top1] = 0
    ranks[top1:top5] = 1 + np.arange(n_near) % 2
    order = rng.permutation(samples)
    return classes[order], ranking[classes, ranks][order]


def _ranking(templates: Templates) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Per class all templates from the nearest (itself) to the farthest, and their logits, both [1000, 1000]."""
    logits = np.zeros((CLASSES, CLASSES))
    for channel, deviation in enumerate(RECIPES["dino"].std):
        # Whole numbers of steps are exact in float64, so that equal distances are ranked alike on every machine.
        steps = (templates[..., channel] // STEP).reshape(CLASSES, -1).astype(np.float64)
        squares = np.square(steps).sum(axis=1)
        distances = squares + squares[:, None] - 2 * steps @ steps.T
        logits -= distances * (STEP / RECIPES["dino"].scale / deviation) ** 2 / templates[0].size
    ranking = np.argsort(-logits, axis=1, kind="stable")
    return ranking, np.take_along_axis(logits, ranking, axis=1)


def _draw(no: int, template: Templates, decoy: Templates) -> Image.Image:
    """One photo: the template where the centre crop falls, another one around it, which only a wrong crop sees."""
    width, height = CANVASES[no % len(CANVASES)]
    picture = decoy[np.ix_(np.arange(height) // 64, np.arange(width) // 64)]
    left, top = round((width - CROP) / 2), round((height - CROP) / 2)
    inside = np.arange(CROP) // (CROP // GRID)
    picture[top : top + CROP, left : left + CROP] = template[np.ix_(inside, inside)]
    image = Image.fromarray(picture)
    if no % len(CANVASES) == DOUBLED:
        return image.resize((2 * width, 2 * height), Image.Resampling.NEAREST)
    return image


def _write_model(path: Path, templates: Templates) -> None:
    """`input` [N, 3, 224, 224] -> block means -> minus the mean squared distance to each template -> `class` [N, 1000].

    Up to a term that all classes share, which moves no rank.
    """
    from onnx import TensorProto, helper, numpy_helper

    dino, size = RECIPES["dino"], templates[0].size
    normalised = (templates / dino.scale - np.array(dino.mean)) / np.array(dino.std)
    points = normalised.transpose(0, 3, 1, 2).reshape(CLASSES, size)
    weights = (2 * points / size).astype(np.float32)
    bias = (-np.square(points).sum(axis=1) / size).astype(np.float32)
    block = CROP // GRID
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["input"], ["means"], kernel_shape=[block] * 2, strides=[block] * 2),
            helper.make_node("Flatten", ["means"], ["flat"], axis=1),
            helper.make_node("Gemm", ["flat", "weights", "bias"], ["class"], transB=1),
        ],
        "codebook",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, CROP, CROP])],
        [helper.make_tensor_value_info("class", TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(bias, "bias")],
    )
    # Opset 11 and IR 6 are what every toolchain of every chip reads.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=6)
    path.write_bytes(model.SerializeToString(deterministic=True))
