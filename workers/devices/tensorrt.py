"""NVIDIA's T4 through TensorRT: who is there (NVML), making a plan, opening one. The seam of `base.py`.

CUDA is not touched before a device process compiles or loads; then one card is pinned by its UUID, and proved.
"""

import os
from typing import List

from dinoq.workers.devices import cuda_calls, nvml, plan_file
from dinoq.workers.devices.base import Built, DeviceFault, Options, Program
from dinoq.workers.devices.nvml import discover, sample
from dinoq.workers.devices.tensorrt_build import Wanted, build
from dinoq.workers.devices.tensorrt_program import TensorrtProgram
from dinoq.workers.devices.tensorrt_vendor import vendor

__all__ = ["compile", "discover", "load", "sample"]

RUNTIME = ("tensorrt", "cuda.bindings.runtime", "pynvml")

_proven: List[str] = []
"""UUIDs of cards on which this process's CUDA context was seen to take memory."""


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
    return TensorrtProgram(plan, batch, {**here, **facts, "origin": origin})


def _open_card(options: Options) -> str:
    """Pin the card, prove once that it is the one meant, and name it, `Tesla T4 sm_75`: a plan is bound to both."""
    before = None if options["uuid"] in _proven else nvml.memory_used(options)
    card = cuda_calls.pin(options)
    if before is not None:
        _prove(options, before)
    name = card.name.decode() if isinstance(card.name, bytes) else str(card.name)
    return "%s sm_%d%d" % (name.strip("\0 "), card.major, card.minor)


def _prove(options: Options, before: int) -> None:
    """A context alone takes some 100 MiB; where NVML saw none of it on this card, another one was opened. Looked at at
    once: later others may have given memory back."""
    cuda_calls.still_well("opening a context")
    now = nvml.memory_used(options)
    if now is None:
        return
    if now <= before:
        text = "with a CUDA context opened, %s holds %d MiB, not more than before: another card must be in use"
        raise DeviceFault("device", text % (options["uuid"], now >> 20))
    _proven.append(options["uuid"])
