"""DINO's checkpoints of ResNet-50: which entries of a file are the backbone and the linear classifier.

`dino_resnet50_pretrain.pth` is the bare state dict; a full training checkpoint keeps it under `teacher`, its keys
behind `module.` and `backbone.`, beside the projection `head.*`. `dino_resnet50_linearweights.pth` keeps the
classifier under `state_dict`, behind `module.`. Source: hubconf.py, utils.py and eval_linear.py of facebookresearch/dino.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from dinoq.workers.models.checkpoints import Checkpoint, refusal
from dinoq.workers.models.resnet50 import CLASSES, COUNTER, FEATURES, Shape, convolutions, weight_shapes
from dinoq.workers.models.tensors import Tensor

WHOLE = ("teacher", "state_dict")
"""Where a checkpoint that holds more keeps the weights."""
PREFIXES = ("module.", "backbone.")
LINEAR: dict[str, Shape] = {"linear.weight": (CLASSES, FEATURES), "linear.bias": (CLASSES,)}
SHOWN = 5
ORDER = "BACKBONE.pth comes first, LINEAR.pth second"
FLOAT32 = "save it anew with torch: torch.save({key: value.float() for key, value in weights.items()}, 'float32.pth')"

Weights = dict[str, NDArray[np.float32]]


def read_weights(backbone: Checkpoint, linear: Checkpoint) -> Weights:
    """The weights of both under torchvision's names, the classifier as `fc`. Raises: BadCheckpoint."""
    floats, counters = weight_shapes(), [f"{conv.norm}.{COUNTER}" for conv in convolutions()]
    found = _checked(backbone, {**floats, **dict.fromkeys(counters, ())})
    head = _checked(linear, LINEAR)
    weights = {key: _numbers(backbone, key, found[key]) for key in floats}
    return weights | {key.replace("linear.", "fc."): _numbers(linear, key, head[key]) for key in LINEAR}


def entries(values: object) -> dict[str, object]:
    """The state dict inside what a file held, its keys without the wrappers' prefixes, the projection head left out.

    Raises: TypeError for what is no state dict, ValueError for two entries of one name.
    """
    if isinstance(values, Mapping):
        values = next((values[key] for key in WHOLE if isinstance(values.get(key), Mapping)), values)
    if not isinstance(values, Mapping):
        raise TypeError(f"is a {type(values).__name__}; expected a state dict")
    found: dict[str, object] = {}
    for key, value in values.items():
        if not isinstance(key, str):
            raise TypeError(f"has a key that is no text ({type(key).__name__}); expected a state dict")
        for prefix in PREFIXES:
            key = key.removeprefix(prefix)
        if key in found:
            raise ValueError(f"holds {key} twice, with and without a prefix")
        if not key.startswith("head."):
            found[key] = value
    return found


def _checked(checkpoint: Checkpoint, expected: Mapping[str, Shape]) -> dict[str, Tensor]:
    """Exactly the expected entries, each a tensor of its shape and dtype."""
    try:
        found = entries(checkpoint.values)
    except (TypeError, ValueError) as error:
        raise refusal(checkpoint.path, str(error), ORDER) from None
    _check_keys(checkpoint, found, expected)
    tensors = {key: value for key, value in found.items() if isinstance(value, Tensor)}
    if odd := [key for key in expected if key not in tensors]:
        raise refusal(checkpoint.path, f"holds no tensor as {_some(odd)}", ORDER)
    _check_dtypes(checkpoint, tensors)
    _check_shapes(checkpoint, tensors, expected)
    return tensors


def _check_keys(checkpoint: Checkpoint, found: Mapping[str, object], expected: Mapping[str, Shape]) -> None:
    missing, unexpected = [key for key in expected if key not in found], [key for key in found if key not in expected]
    if not missing and not unexpected:
        return
    swapped = set(found) & set(LINEAR) if "conv1.weight" in expected else "conv1.weight" in found
    parts = [f"lacks {_some(missing)}"] * bool(missing) + [f"holds {_some(unexpected)} unexpectedly"] * bool(unexpected)
    raise refusal(
        checkpoint.path,
        f"{' and '.join(parts)}; expected {len(expected)} keys",
        ORDER if swapped else "name the whole checkpoint of DINO's ResNet-50; parts (shards) are merged first",
    )


def _check_dtypes(checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> None:
    wanted = {key: "int64" if key.endswith(COUNTER) else "float32" for key in tensors}
    if wrong := [key for key, tensor in tensors.items() if tensor.dtype != wanted[key]]:
        key = wrong[0]
        told = f"has {key} as {tensors[key].dtype}; expected {wanted[key]}{_in_all(wrong)}"
        raise refusal(checkpoint.path, told, FLOAT32)


def _check_shapes(checkpoint: Checkpoint, tensors: Mapping[str, Tensor], expected: Mapping[str, Shape]) -> None:
    if wrong := [key for key, shape in expected.items() if tensors[key].shape != shape]:
        key = wrong[0]
        told = f"has {key} of shape {list(tensors[key].shape)}; expected {list(expected[key])}{_in_all(wrong)}"
        raise refusal(checkpoint.path, told, f"weights of DINO's ResNet-50 for {CLASSES} classes; {ORDER}")


def _numbers(checkpoint: Checkpoint, key: str, tensor: Tensor) -> NDArray[np.float32]:
    values = checkpoint.array(tensor)
    if not np.isfinite(values).all() or (key.endswith("running_var") and values.min() < 0):
        raise refusal(
            checkpoint.path,
            f"has NaN, infinity or a negative variance in {key}",
            "a training that diverged leaves such weights; take an earlier checkpoint",
        )
    return values


def _in_all(wrong: list[str]) -> str:
    return f" ({len(wrong)} such tensors in all)" if len(wrong) > 1 else ""


def _some(keys: Iterable[str]) -> str:
    """The first few, and how many there are."""
    known = list(keys)
    shown = ", ".join(known[:SHOWN])
    return shown if len(known) <= SHOWN else f"{shown}, ... ({len(known)} in all)"
