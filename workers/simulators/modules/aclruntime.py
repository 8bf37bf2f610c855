"""aclruntime, simulated: the names that both builds of version 0.0.2 have and those that build A adds.

Left out, as an evaluation has no use for them: `infer_options`, `run_pipeline`, `first_inner_run`, `inner_run` and the
`aipp_set_*` calls of build A.
"""

from __future__ import annotations

from typing import Any

from dinoq.workers.simulators import faults, machine
from dinoq.workers.simulators.ascend.acl import ACL, INFO
from dinoq.workers.simulators.ascend.description import SessionOptions, TensorDesc
from dinoq.workers.simulators.ascend.inference import Session
from dinoq.workers.simulators.ascend.tensors import MEMORY, BaseTensor, DataType, MemoryTimes, Place, Tensor, batch

__all__ = [
    "BaseTensor",
    "InferenceSession",
    "MemorySummary",
    "Tensor",
    "batch",
    "dtype",
    "model",
    "session_options",
    "tensor_desc",
    "type",
]

__simulated__ = True
__version__ = "0.0.2"

if any(faults.active("import", device.chip) for device in machine.devices("ascend")):
    raise ImportError("libascendcl.so: cannot open shared object file: No such file or directory")

dtype = DataType
type = Place
dtype.__name__, type.__name__ = "dtype", "type"
session_options = SessionOptions
tensor_desc = TensorDesc


if ACL.build == "A":

    class InferenceSession(Session):
        """A loaded model that brings its own context."""

        def free_resource(self) -> None:
            """Unload the model; other inference sessions live on."""
            self._loaded()
            ACL.need_context(self._device_id)
            self._unload()
            ACL.say(INFO, "end to destroy context")

        def get_max_dym_batchsize(self) -> int:
            """The largest gear."""
            return max(self._loaded().gears)

        def get_dym_aipp_input_exist(self) -> bool:
            """Simulated models have static AIPP only."""
            return False

        @staticmethod
        def finalize() -> None:
            """End ACL in this process."""
            ACL.finalize()

else:

    class InferenceSession(Session):  # type: ignore[no-redef]
        """A loaded model that works in the thread that made it."""

        def finalize(self) -> None:
            """End ACL in this process."""
            ACL.finalize()


def model(modelPath: str, deviceId: int = 0, options: Any = None) -> InferenceSession:
    """An inference session; without options the process dies of a null pointer."""
    return InferenceSession(modelPath, deviceId, options)


def MemorySummary() -> MemoryTimes:
    """The one list of copy times that the process has."""
    return MEMORY
