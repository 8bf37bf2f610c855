"""What an ONNX classifier says of itself, and whether it can be evaluated as asked."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.jobs.errors import BadModel
from dinoq.jobs.recipe import Recipe
from dinoq.jobs.result import MAX_CLASSES
from dinoq.jobs.spec import ModelRef

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto, ValueInfoProto

FLOAT = 1
BASELINE_KEY = "dinoq.baseline_top1"
AGAIN = "export the classifier alone, without what comes before and after it"
EXPECTED = "one float input [N, 3, H, W] and one output [N, classes]"


def read_model(path: Path) -> ModelRef:
    """Read and check a model. Raises: BadModel."""
    model = _load(path)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1 or len(model.graph.output) != 1:
        raise BadModel(
            f"model {path} has {len(inputs)} inputs ({', '.join(value.name for value in inputs)}) and "
            f"{len(model.graph.output)} outputs; expected {EXPECTED}.",
            hint=AGAIN,
        )
    shape, out = _dims(inputs[0]), _dims(model.graph.output[0])
    if inputs[0].type.tensor_type.elem_type != FLOAT or len(shape) != 4 or shape[1] not in (3, None):
        raise BadModel(f"model {path} takes {_shown(inputs[0])}; expected {EXPECTED}.", hint=AGAIN)
    if len(out) != 2 or not out[1] or not 1 < out[1] <= MAX_CLASSES:
        raise BadModel(
            f"model {path} gives {_shown(model.graph.output[0])}; expected {EXPECTED}, at most {MAX_CLASSES}.",
            hint=AGAIN,
        )
    if not shape[2] or not shape[3]:
        raise BadModel(
            f"model {path} leaves height and width of {_shown(inputs[0])} free; expected fixed ones.",
            hint="export it at the size that its recipe makes",
        )
    hw = (shape[2], shape[3])
    return ModelRef(
        name=path.stem,
        sha256=_sha256(path),
        input_name=inputs[0].name,
        output_name=model.graph.output[0].name,
        classes=out[1],
        input_hw=hw,
        fixed_batch=shape[0],
        gflop=_gflop(model, inputs[0].name, (1, 3, *hw)),
    )


def check_batches(model: ModelRef, batches: Iterable[int]) -> None:
    """Raises: BadModel when the model's batch is fixed at another than asked for."""
    for batch in batches:
        if model.fixed_batch not in (None, batch):
            raise BadModel(
                f"model {model.name} is fixed at batch {model.fixed_batch}; batch {batch} is asked for.",
                hint=f"--batches {model.fixed_batch}, or export it with a free batch",
            )


def check_recipe(model: ModelRef, recipe: Recipe) -> None:
    """Raises: BadModel when the recipe makes pictures of another size than the model takes."""
    if model.input_hw != (recipe.crop, recipe.crop):
        height, width = model.input_hw
        raise BadModel(
            f"model {model.name} takes {height}x{width} pixels; recipe {recipe.name} makes {recipe.crop}x{recipe.crop}.",
            hint="--recipe FILE.toml with that crop",
        )


def baseline_from_metadata(path: Path) -> float | None:
    """The published Top-1 as a fraction, when the model carries it (`dinoq.baseline_top1`, a fraction or percent)."""
    for entry in _load(path).metadata_props:
        if entry.key == BASELINE_KEY:
            try:
                value = float(entry.value)
            except ValueError:
                return None
            value = value / 100 if value > 1 else value
            return value if 0 < value <= 1 else None
    return None


def _load(path: Path) -> ModelProto:
    import onnx
    from onnx.external_data_helper import uses_external_data

    try:
        if path.stat().st_size == 0:
            raise BadModel(f"model {path} is empty.", hint="--model FILE.onnx")
        model = onnx.load(str(path), load_external_data=False)
        if any(map(uses_external_data, model.graph.initializer)):
            raise BadModel(
                f"model {path} keeps weights in files beside it; expected one file.",
                hint='onnx.save(onnx.load("M.onnx"), "ONE.onnx") puts them inside',
            )
        onnx.checker.check_model(str(path))
    except OSError as error:
        raise BadModel(f"model {path} cannot be read: {error.strerror or error}.", hint="--model FILE.onnx") from None
    except BadModel:
        raise
    except Exception as error:  # noqa: BLE001  (protobuf's and onnx's errors share no base of their own)
        text = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise BadModel(f"model {path} is no valid ONNX file: {text}.", hint="export it again") from None
    return model


def _dims(value: ValueInfoProto) -> list[int | None]:
    """Sizes, None where free."""
    dims = value.type.tensor_type.shape.dim
    return [dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in dims]


def _shown(value: ValueInfoProto) -> str:
    import onnx

    kind = onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    sizes = ["?" if size is None else str(size) for size in _dims(value)]
    return f"{value.name}: {kind} [{', '.join(sizes)}]"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _gflop(model: ModelProto, input_name: str, shape: tuple[int, ...]) -> float | None:
    """10^9 operations of one image, 2 per multiply-accumulate of Conv and Gemm; None where a shape is not known."""
    import onnx

    fixed = onnx.ModelProto()
    fixed.CopyFrom(model)
    for value in fixed.graph.input:
        if value.name == input_name:
            for dim, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
                dim.dim_value = size
    try:
        graph = onnx.shape_inference.infer_shapes(fixed, data_prop=True).graph
    except Exception:  # noqa: BLE001  (a model that cannot be inferred can still be run)
        return None
    shapes = {value.name: _dims(value) for value in (*graph.value_info, *graph.output)}
    weights = {tensor.name: tensor for tensor in graph.initializer}
    macs = 0
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm") and node.input[1] in weights:
            out = shapes.get(node.output[0], [None])
            if None in out:
                return None
            macs += _macs(node.op_type, weights[node.input[1]], [size or 1 for size in out])
    return 2e-9 * macs if macs else None


def _macs(kind: str, weights: TensorProto, out: list[int]) -> int:
    """A Conv's weights [out, in / groups, kh, kw] work at each output place; a Gemm's once."""
    size = math.prod(int(dim) for dim in weights.dims)
    return size * math.prod(out[2:]) if kind == "Conv" else size
