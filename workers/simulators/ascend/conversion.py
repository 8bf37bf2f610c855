"""What `atc` makes of shapes, batches and AIPP; each refusal has the vendor's code."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dinoq.workers.simulators import compute
from dinoq.workers.simulators.ascend import aipp
from dinoq.workers.simulators.compute import FREE, Graph, Value

MIN_GEARS, MAX_GEARS = 2, 100


class AtcError(Exception):
    """A conversion that fails: the vendor's code, its sentence, a possible cause."""

    def __init__(self, code: str, text: str, cause: str = "") -> None:
        super().__init__(text)
        self.code, self.text, self.cause = code, text, cause


def gears_of(flags: dict[str, str]) -> tuple[int, ...]:
    """The batches of a dynamic model, ascending; none for a static one. Raises: AtcError."""
    text = flags.get("dynamic_batch_size", "")
    if not text:
        return ()
    parts = text.split(",")
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts):
        raise AtcError("E10033", f"Value [{text}] for parameter [--dynamic_batch_size] is invalid.")
    gears = tuple(sorted({int(part) for part in parts}))
    if len(gears) < MIN_GEARS:
        raise AtcError(
            "E10035", f"The number of gears of [--dynamic_batch_size] is {len(gears)}; at least {MIN_GEARS}."
        )
    if len(gears) > MAX_GEARS:
        raise AtcError("E10036", f"The number of gears of [--dynamic_batch_size] is {len(gears)}; at most {MAX_GEARS}.")
    return gears


def inputs_of(graph: Graph, text: str, gears: tuple[int, ...]) -> tuple[Value, ...]:
    """The inputs with the shapes that `--input_shape` gives them; the batch is -1 with gears. Raises: AtcError."""
    given = _shapes(text)
    for name in given:
        if name not in {value.name for value in graph.inputs}:
            raise AtcError("E10016", f"Opname [{name}] specified in [--input_shape] is not found in the model.")
    inputs = tuple(value._replace(shape=_merged(value, given.get(value.name))) for value in graph.inputs)
    for value in inputs:
        if FREE in value.shape[1:] or (FREE in value.shape and not gears):
            code = "E10018" if gears else "E10002"
            raise AtcError(code, f"Shape {list(value.shape)} of [{value.name}] is invalid.", "A size is not given.")
        if gears and value.shape[0] != FREE:
            raise AtcError("E10031", f"Shape {list(value.shape)} of [{value.name}] has no -1 for its batch.")
    return inputs


def output_values(model: bytes, graph: Graph, inputs: tuple[Value, ...], batch: int) -> tuple[Value, ...]:
    """The outputs, their batch as the inputs'; sizes that the graph leaves open are found by running it on zeros."""
    lead = inputs[0].shape[0]
    if not any(FREE in value.shape[1:] or not value.shape for value in graph.outputs):
        return tuple(value._replace(shape=(lead, *value.shape[1:])) for value in graph.outputs)
    zeros = [np.zeros((batch, *value.shape[1:]), value.dtype) for value in inputs]
    try:
        results = compute.computation(model, "fp32", graph.outputs)(zeros)
    except Exception as error:
        raise AtcError("E19999", "Inner Error!", str(error).splitlines()[0]) from None
    return tuple(value._replace(shape=(lead, *array.shape[1:])) for value, array in zip(graph.outputs, results))


def aipp_built_in(path: str, inputs: tuple[Value, ...]) -> tuple[str, tuple[Value, ...]]:
    """The AIPP configuration's text and the inputs as it changes them: uint8 [N, H, W, 3]. Raises: AtcError."""
    if not path:
        return "", inputs
    first = inputs[0]
    try:
        text = Path(path).read_text()
        config = aipp.parse(text)
        if first.shape[1:] != (aipp.CHANNELS, config.crop_height, config.crop_width):
            raise ValueError(f"it makes {config.crop_height}x{config.crop_width}, the model takes {first.shape[2:]}")
    except (OSError, ValueError) as error:
        raise AtcError(
            "E10001", f"Value [{path}] for parameter [--insert_op_conf] is invalid.", f"Reason: {error}."
        ) from None
    photos = Value(first.name, (first.shape[0], config.height, config.width, aipp.CHANNELS), "uint8")
    return text, (photos, *inputs[1:])


def _shapes(text: str) -> dict[str, tuple[int, ...]]:
    """`input:1,3,224,224;other:1` by name; a name may hold a colon."""
    found: dict[str, tuple[int, ...]] = {}
    for part in filter(None, text.split(";")):
        name, colon, dims = part.rpartition(":")
        try:
            found[name] = tuple(int(size) for size in dims.split(","))
        except ValueError:
            colon = ""
        if not colon or any(size < FREE or size == 0 for size in found[name]):
            raise AtcError("E10002", f"Value [{text}] for parameter [--input_shape] is invalid.", "NAME:n,c,h,w;...")
    return found


def _merged(value: Value, shape: tuple[int, ...] | None) -> tuple[int, ...]:
    if shape is None:
        return value.shape
    agree = len(shape) == len(value.shape) and all(have in (FREE, want) for have, want in zip(value.shape, shape))
    if not agree:
        raise AtcError(
            "E10002",
            f"Shape {list(shape)} for [{value.name}] in [--input_shape] is invalid.",
            f"The model has {list(value.shape)}.",
        )
    return shape
