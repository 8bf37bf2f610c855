"""A simulated plan: a header that binds it to version, card and profiles, then the model it came from."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from dinoq.workers.simulators.nvidia.cuda_types import CAPABILITY, NAME
from dinoq.workers.simulators.nvidia.trt_names import __version__

MAGIC = b"ftrt simulated plan\n"
HERE = {"tensorrt": __version__, "card": NAME, "compute": "%d.%d" % CAPABILITY}


class Refused(Exception):
    """Why a plan cannot be used, in TensorRT's way of saying it."""


def pack(facts: dict[str, Any], model: bytes) -> bytes:
    """Header and model as one."""
    header = json.dumps({**HERE, **facts, "sha256": hashlib.sha256(model).hexdigest()}).encode()
    return MAGIC + header + b"\n" + model


def unpack(plan: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and model. Raises: Refused for damage, another version or another card."""
    if not plan.startswith(MAGIC):
        raise Refused("Serialization assertion magicTagRead == kMAGIC_TAG failed.Magic tag does not match")
    line, _, model = plan[len(MAGIC) :].partition(b"\n")
    try:
        facts: dict[str, Any] = json.loads(line.decode())
    except ValueError:
        raise Refused("Serialization assertion failed.Header cannot be read") from None
    if facts["tensorrt"] != __version__:
        text = (
            "The engine plan file is not compatible with this version of TensorRT, expecting library version %s got %s"
        )
        raise Refused((text + ", please rebuild.") % (__version__, facts["tensorrt"]))
    if (facts["card"], facts["compute"]) != (HERE["card"], HERE["compute"]):
        text = "The engine plan file is generated on an incompatible device, expecting compute %s got compute %s"
        raise Refused((text + ", please rebuild.") % (HERE["compute"], facts["compute"]))
    if hashlib.sha256(model).hexdigest() != facts["sha256"]:
        raise Refused("Serialization assertion checksum failed.Plan is damaged")
    return facts, model
