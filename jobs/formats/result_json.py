"""`result.json`: what the published postprocessing of a dump counts.

Source: ModelZoo-PyTorch, dino_resnet50_postprocess.py and vision_metric_ImageNet.py: one line, every value a string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from dinoq.jobs.errors import BadResults

TITLE = "Overall statistical evaluation"
IMAGES, CLASSES = "Number of images", "Number of classes"
HINT = "the result.json of a Top-1 to Top-5 postprocessing"
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """`top_k[k - 1]`: the fraction of the images whose label is among the first k classes, rounded to 0.0001."""

    images: int
    classes: int
    top_k: tuple[float, ...]


def is_result(text: str) -> bool:
    """Whether this is, or was meant to be, a result.json."""
    return text.lstrip().startswith("{") and TITLE in text


def result_text(images: int, classes: int, top_k: Sequence[float]) -> str:
    """The file's only line. `top_k` are fractions of the images, for k = 1, 2, ... in order."""
    values = [{"key": IMAGES, "value": str(images)}, {"key": CLASSES, "value": str(classes)}]
    values += [{"key": f"Top{k} accuracy", "value": _percent(share)} for k, share in enumerate(top_k, start=1)]
    return json.dumps({"title": TITLE, "value": values})


def read_result(text: str, source: str) -> Result:
    """What a result.json says. Raises: BadResults, naming what it lacks."""
    try:
        told = {str(pair["key"]): str(pair["value"]) for pair in json.loads(text)["value"]}
    except (ValueError, KeyError, TypeError):
        raise BadResults(f"{source} is no result.json that can be read.", hint=HINT) from None
    top_k: list[float] = []
    while f"Top{len(top_k) + 1} accuracy" in told:
        top_k.append(_fraction(told, f"Top{len(top_k) + 1} accuracy", source))
    if not top_k:
        raise BadResults(f"{source} says no 'Top1 accuracy'.", hint=HINT)
    if list(top_k) != sorted(top_k):
        raise BadResults(f"{source} says a Top-k accuracy that is higher than that of k + 1.", hint=HINT)
    return Result(images=_whole(told, IMAGES, source), classes=_whole(told, CLASSES, source), top_k=tuple(top_k))


def _percent(share: float) -> str:
    # As the published script: Python's rounding, trailing zeros dropped.
    return f"{round(float(share) * 100, 2)}%"


def _fraction(told: dict[str, str], key: str, source: str) -> float:
    found = _PERCENT.fullmatch(told[key].strip())
    if not found or float(found[1]) > 100.0:
        raise BadResults(f"{source} says {told[key]!r} at {key!r}; expected a percentage.", hint=HINT)
    return round(float(found[1]) / 100, 6)


def _whole(told: dict[str, str], key: str, source: str) -> int:
    value = told.get(key, "")
    if not re.fullmatch(r"[0-9]{1,9}", value) or int(value) == 0:
        raise BadResults(f"{source} says {value!r} at {key!r}; expected a whole number above 0.", hint=HINT)
    return int(value)
