"""NVIDIA's T4 through TensorRT: who is there (NVML), making a plan, opening one. The seam of `base.py`.

CUDA is not touched before a device process compiles or loads; then one card is pinned by its UUID, and proved.
"""

import os
from typing import Dict, Optional

from dinoq.workers.devices import cuda_calls, nvml, plan_file
from dinoq.workers.devices.base import Built, DeviceFault, Options, Program
from dinoq.workers.devices.nvml import discover, sample
from dinoq.workers.devices.tensorrt_build import Wanted, build
from dinoq.workers.devices.tensorrt_program import TensorrtProgram
from dinoq.workers.devices.tensorrt_vendor import vendor

__all__ = ["compile", "discover", "load", "sample"]

RUNTIME = ("tensorrt", "cuda.bindings.runtime", "pynvml")

_used_before: Dict[str, Optional[int]] = {}
"""Bytes in use on the card before this process's first CUDA call."""


def compile(onnx: str, batch: int, precision: str, flags: Options, into: str, options: Options) -> Built:
    """Build the plan on the card itself, which must be idle: TensorRT chooses kernels by timing them.

    `flags`: `workspace_mib` (5000), `optimization_level`, `cuda_graph` (0 or 1). Timings are kept in
    `options["cache_dir"]`, else beside `into`. Raises: DeviceFault.
    """
    card = _open_card(options)
    cache_folder = options.get("cache_dir") or os.path.dirname(os.path.abspath(into))
    facts, plan, said = build(Wanted(onnx, batch, precision, flags), card, cache_folder)
    path = os.path.join(into, "batch%d-%s.plan" % (batch, precision))
    plan_file.write(path, facts, plan)
    told = "TensorRT %s built a plan of %d bytes on %s, precision by %s"
    return Built(path, "\n".join([said, told % (facts["tensorrt"], len(plan), card, facts["precision_route"])]).strip())


def load(artifact: str, batch: int, precision: str, options: Options) -> Program:
    """Open a plan on the card. Raises: DeviceFault (permanent) for one of another card, version, batch or precision."""
    card = _open_card(options)
    facts, plan = plan_file.read(artifact)
    trt = vendor()
    here = {"tensorrt": str(trt.__version__), "card": card, "batch": str(batch), "precision": precision}
    for name, value in here.items():
        if facts.get(name, value) != value:
            raise DeviceFault("permanent", "the plan is for %s %s, here is %s" % (name, facts[name], value))
    origin = "simulated" if getattr(trt, "__simulated__", False) else "real"
    program = TensorrtProgram(plan, batch, {**here, **facts, "origin": origin})
    _check_memory_rose(options)
    return program


def _open_card(options: Options) -> str:
    """Pin the card and name it, `Tesla T4 sm_75`: a plan is bound to both."""
    _used_before.setdefault(options["uuid"], nvml.memory_used(options))
    card = cuda_calls.pin(options)
    name = card.name.decode() if isinstance(card.name, bytes) else str(card.name)
    return "%s sm_%d%d" % (name.strip("\0 "), card.major, card.minor)


def _check_memory_rose(options: Options) -> None:
    """A context alone takes some 100 MiB; where NVML saw none of it on this card, another one was opened."""
    before, now = _used_before[options["uuid"]], nvml.memory_used(options)
    if before is not None and now is not None and now <= before:
        text = "after loading, %s holds %d MiB as it did before: the program must be on another card"
        raise DeviceFault("device", text % (options["uuid"], now >> 20))
