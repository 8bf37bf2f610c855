"""The simulated offline model: what `atc` writes and `aclruntime` loads. A real one is opaque; dinoq never looks inside."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from dinoq.workers.simulators.compute import FREE, Value

MAGIC = b"SIMULATED OM 1\n"
LENGTH = 8


@dataclass(frozen=True)
class Om:
    """A model compiled for one kind of chip.

    `gears` are the batches it executes: one when static. `inputs` and `outputs` are as the runtime reports them, with
    the batch -1 when there are several gears. `aipp` is the text of the AIPP configuration built in, or empty.
    """

    soc: str
    toolkit: str
    cpu: str
    precision: str
    gears: tuple[int, ...]
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    aipp: str
    onnx: bytes

    @property
    def dynamic(self) -> bool:
        """Whether a gear has to be chosen before it runs."""
        return self.inputs[0].shape[0] == FREE


def to_bytes(om: Om) -> bytes:
    """The file: magic, length of the header, header in JSON, the ONNX."""
    told = {name: value for name, value in asdict(om).items() if name != "onnx"}
    header = json.dumps(told, sort_keys=True).encode()
    return MAGIC + len(header).to_bytes(LENGTH, "big") + header + om.onnx


def from_bytes(data: bytes) -> Om:
    """What `to_bytes` wrote. Raises: ValueError for anything else."""
    begin = len(MAGIC) + LENGTH
    end = begin + int.from_bytes(data[len(MAGIC) : begin], "big")
    if not data.startswith(MAGIC) or end > len(data):
        raise ValueError("no simulated offline model")
    try:
        told = json.loads(data[begin:end].decode())
        told["gears"] = tuple(told["gears"])
        told["inputs"], told["outputs"] = (tuple(map(_value, told[key])) for key in ("inputs", "outputs"))
        return Om(onnx=data[end:], **told)
    except (KeyError, TypeError) as error:
        raise ValueError(f"a damaged offline model: {error}") from None


def _value(told: list[Any]) -> Value:
    name, shape, dtype = told
    return Value(name, tuple(shape), dtype)
