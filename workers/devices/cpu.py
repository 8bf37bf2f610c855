"""The CPU as a device, through ONNX Runtime: always there, and the reference for every other chip.

The artifact is the ONNX file itself; loading fixes its free batch dimension. One caller, as many threads inside as the
device has cores, all graph optimisations (worth a third on convolutions), no spinning (it burns shared cores).
"""

import os
import platform
import time
from importlib import metadata
from typing import List, Optional

import numpy as np

from dinoq.workers.devices.base import Built, DeviceFault, Found, Options, Outcome, Program, Telemetry, Tensor
from dinoq.workers.devices.cores import Others

RUNTIME = ("onnxruntime",)
DTYPES = {"tensor(float)": "float32", "tensor(uint8)": "uint8", "tensor(float16)": "float16"}


def discover(options: Options) -> List[Found]:
    """One device: the cores this process may use."""
    cores = len(os.sched_getaffinity(0))
    toolkit = "onnxruntime " + metadata.version("onnxruntime")
    return [
        Found(
            chip="cpu",
            logic_id=0,
            key="cpu:0",
            toolkit=toolkit,
            arch=platform.machine(),
            cores=cores,
            name=_cpu_name(),
            options={"cores": str(cores)},
        )
    ]


def compile(onnx: str, batch: int, precision: str, flags: Options, into: str, options: Options) -> Built:
    """Nothing to make: the ONNX is the artifact, once it has been loaded at this batch. Raises: DeviceFault."""
    program = load(onnx, batch, precision, options)
    program.close()
    return Built(onnx, "onnxruntime opened it: input %s, output %s" % (program.input.shape, program.output.shape))


def load(artifact: str, batch: int, precision: str, options: Options) -> Program:
    """Open the ONNX at a static batch. Raises: DeviceFault (permanent) for a model that cannot run so."""
    if precision != "fp32":
        raise DeviceFault("permanent", "the cpu device computes in fp32, not %s" % precision)
    return CpuProgram(artifact, batch, int(options["cores"]))


def sample(options: Options) -> Telemetry:
    """Nothing that is the CPU's alone can be told."""
    return Telemetry()


class CpuProgram(Program):
    """An ONNX Runtime session of one static batch."""

    def __init__(self, artifact: str, batch: int, cores: int) -> None:
        import onnxruntime as ort

        settings = _session(ort, cores, fast=True)
        try:
            # The name of the free dimension is needed before the real session; this one is cheap (no optimisation).
            plain = ort.InferenceSession(artifact, _session(ort, 1, fast=False), providers=["CPUExecutionProvider"])
            free = plain.get_inputs()[0].shape[0]
            if isinstance(free, str):
                settings.add_free_dimension_override_by_name(free, batch)
            self._session = ort.InferenceSession(artifact, settings, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise DeviceFault("permanent", "onnxruntime cannot open it: %s" % _first_line(error)) from None
        self.input = _tensor(self._session.get_inputs()[0], batch)
        self.output = _tensor(self._session.get_outputs()[0], batch)
        self._others = Others()

    def run(self, batch: np.ndarray) -> Outcome:
        """Execute one batch. The clock runs around the one call; there are no copies to a device."""
        self._others.running()
        begun = time.perf_counter()
        try:
            logits = self._session.run([self.output.name], {self.input.name: batch})[0]
        except Exception as error:
            raise DeviceFault("permanent", "onnxruntime failed: %s" % _first_line(error)) from None
        took_ms = (time.perf_counter() - begun) * 1000.0
        self._others.ran()
        self.facts = _shared(self._others.share())
        return Outcome(logits, took_ms, 0.0, 0.0)


def _shared(share: Optional[float]) -> Optional[Options]:
    """What share of the cores others took while the program ran, as far as that can be told."""
    return None if share is None else {"others": "%.0f %%" % (100 * share)}


def _session(ort, cores: int, fast: bool):  # type: ignore[no-untyped-def]
    settings = ort.SessionOptions()
    settings.intra_op_num_threads = cores
    settings.inter_op_num_threads = 1
    level = ort.GraphOptimizationLevel
    settings.graph_optimization_level = level.ORT_ENABLE_ALL if fast else level.ORT_DISABLE_ALL
    settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
    settings.log_severity_level = 3
    return settings


def _tensor(info, batch: int) -> Tensor:  # type: ignore[no-untyped-def]
    """A dimension that the session leaves open is the batch: it then takes what it is fed."""
    if info.type not in DTYPES:
        raise DeviceFault("permanent", "tensor %s is %s; expected float" % (info.name, info.type))
    shape = tuple(size if isinstance(size, int) else batch for size in info.shape)
    return Tensor(info.name, shape, DTYPES[info.type])


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return ""
