"""Dump folders: one small file per image and output, in which a tool left what the model said.

Source: ModelZoo-PyTorch's postprocess scripts (`NAME_1.txt`: one line of floats, the name up to the last `_`) and
ais_bench's outputs (`NAME_0.bin`).
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.errors import BadResults
from dinoq.jobs.result import Floats

Form = Literal["txt", "bin", "npy"]
Tool = Literal["benchmark", "ais_bench"]

FIRST_OUTPUT: dict[Tool, int] = {"benchmark": 1, "ais_bench": 0}
"""How each tool numbers the first output of a model."""
HINT = "the outputs of a classifier: one vector of floats per image"
_NAME = re.compile(r"(.+)_(\d{1,3})\.(txt|bin|npy)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class DumpName:
    """What a dump file's name says: whose output it is, which one, how it is written."""

    image: str
    output: int
    form: Form

    @property
    def key(self) -> str:
        """What joins it with a label: see `image_key`."""
        return image_key(self.image)


def dump_name(image: str, output: int, form: Form) -> str:
    """What a tool calls the file of an image; `image` is its name without its ending."""
    return f"{image}_{output}.{form}"


def read_dump_name(name: str) -> DumpName | None:
    """None for the name of any other file."""
    found = _NAME.fullmatch(name)
    return DumpName(found[1], int(found[2]), found[3]) if found else None  # type: ignore[arg-type]


def image_key(name: str) -> str:
    """What a dump file and a label have in common: the image's own name, without folders, up to its first dot."""
    return name.rsplit("/", 1)[-1].split(".", 1)[0]


def text_line(logits: Floats) -> str:
    """One line of float32 numbers with a space between them; nine digits, so that reading gives the same bits."""
    return " ".join(f"{value:.9g}" for value in logits.tolist()) + "\n"


def logits_of_text(text: str, source: str) -> Floats:
    """The first line's numbers as float32 [classes]. Raises: BadResults."""
    words = text.partition("\n")[0].split()
    try:
        return _checked(_narrow(np.array([float(word) for word in words], np.float64)), source)
    except ValueError:
        raise BadResults(f"{source} holds something that is no number.", hint=HINT) from None


def logits_of_bytes(payload: bytes, source: str) -> Floats:
    """float32, little-endian, as float32 [classes]. Raises: BadResults."""
    if len(payload) % 4:
        raise BadResults(f"{source} has {len(payload)} bytes; expected 4 for each class.", hint=HINT)
    return _checked(np.frombuffer(payload, "<f4").astype(np.float32), source)


def logits_of_npy(payload: bytes, source: str) -> Floats:
    """A numpy file's only row as float32 [classes]; nothing in it is executed. Raises: BadResults."""
    try:
        array = np.lib.format.read_array(io.BytesIO(payload), allow_pickle=False)
        return _checked(_narrow(array).reshape(-1), source)
    except (ValueError, TypeError, EOFError):
        raise BadResults(f"{source} is no numpy file of numbers.", hint=HINT) from None


def _narrow(values: NDArray[np.generic]) -> Floats:
    """As float32; what is too large for it becomes Inf, and is counted as such."""
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _checked(logits: Floats, source: str) -> Floats:
    if logits.size == 0:
        raise BadResults(f"{source} is empty.", hint=HINT)
    return logits
