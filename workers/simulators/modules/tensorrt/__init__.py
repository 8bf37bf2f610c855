"""The simulator of TensorRT's Python module; DINOQ_SIM_TENSORRT chooses the version, 8.6.1, 10.16.1 or 11.4.0.

What fails answers None or False and says why to the logger. Names and parameters are checked against the real bindings
by a contract test.
"""

from __future__ import annotations

from dinoq.workers.simulators import faults
from dinoq.workers.simulators.nvidia.trt_build import (
    Builder,
    IBuilderConfig,
    IHostMemory,
    IOptimizationProfile,
    ITimingCache,
)
from dinoq.workers.simulators.nvidia.trt_logger import ILogger, Logger
from dinoq.workers.simulators.nvidia.trt_names import (
    BuilderFlag,
    DataType,
    Dims,
    LayerInformationFormat,
    MemoryPoolType,
    NetworkDefinitionCreationFlag,
    ProfilingVerbosity,
    TensorIOMode,
    __version__,
    float16,
    float32,
    nptype,
    volume,
)
from dinoq.workers.simulators.nvidia.trt_network import ILayer, INetworkDefinition, ITensor, OnnxParser, ParserError
from dinoq.workers.simulators.nvidia.trt_run import EngineInspector, ICudaEngine, IExecutionContext, Runtime

__all__ = [
    "Builder",
    "BuilderFlag",
    "DataType",
    "Dims",
    "EngineInspector",
    "IBuilderConfig",
    "ICudaEngine",
    "IExecutionContext",
    "IHostMemory",
    "ILayer",
    "ILogger",
    "INetworkDefinition",
    "IOptimizationProfile",
    "ITensor",
    "ITimingCache",
    "LayerInformationFormat",
    "Logger",
    "MemoryPoolType",
    "NetworkDefinitionCreationFlag",
    "OnnxParser",
    "ParserError",
    "ProfilingVerbosity",
    "Runtime",
    "TensorIOMode",
    "__version__",
    "float16",
    "float32",
    "nptype",
    "volume",
]
__simulated__ = True

if faults.active("import", "T4"):
    raise ImportError("libnvinfer.so.%s: cannot open shared object file: No such file or directory" % __version__[:2])
