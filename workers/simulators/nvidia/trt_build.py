"""From network to plan: the builder, its settings, and the cache of kernel timings."""

from __future__ import annotations

import json
from typing import Any, Sequence

from dinoq.workers.simulators import compute, faults
from dinoq.workers.simulators.nvidia import trt_plan
from dinoq.workers.simulators.nvidia.card import PROCESS, CudaFailure
from dinoq.workers.simulators.nvidia.trt_logger import ILogger, check_logger
from dinoq.workers.simulators.nvidia.trt_names import MAJOR, BuilderFlag, MemoryPoolType, ProfilingVerbosity
from dinoq.workers.simulators.nvidia.trt_network import INetworkDefinition


class IHostMemory(bytearray):
    """Bytes that TensorRT made."""

    @property
    def nbytes(self) -> int:
        """How many."""
        return len(self)


class ITimingCache:
    """How long kernels took on one kind of card with one version; `entries` counts the builds that added to it."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content

    def serialize(self) -> IHostMemory:
        """As bytes."""
        return IHostMemory(json.dumps(self.content).encode())

    def combine(self, input_cache: ITimingCache, ignore_mismatch: bool) -> bool:
        """Take another's timings in."""
        if not ignore_mismatch and not input_cache.fits():
            return False
        self.content["entries"] += input_cache.content["entries"]
        return True

    def fits(self) -> bool:
        """Whether it is of this card and version."""
        return all(self.content.get(name) == value for name, value in trt_plan.HERE.items())


class IOptimizationProfile:
    """Least, best and largest shape of each input."""

    def __init__(self) -> None:
        self.shapes: dict[str, list[list[int]]] = {}

    def set_shape(self, input: str, min: Sequence[int], opt: Sequence[int], max: Sequence[int]) -> None:
        """Raises: ValueError when they do not fit each other."""
        if not len(min) == len(opt) == len(max) or not all(a <= b <= c for a, b, c in zip(min, opt, max)):
            raise ValueError("Shape provided for input %s is inconsistent: %s %s %s" % (input, min, opt, max))
        self.shapes[input] = [list(min), list(opt), list(max)]


class IBuilderConfig:
    """What the builder is told."""

    builder_optimization_level = 3
    profiling_verbosity = ProfilingVerbosity.LAYER_NAMES_ONLY

    def __init__(self, logger: ILogger) -> None:
        self._logger = logger
        self._cache: ITimingCache | None = None
        self.flags: set[Any] = set() if MAJOR >= 11 else {BuilderFlag.TF32}
        self.limits: dict[MemoryPoolType, int] = {}
        self.profiles: list[IOptimizationProfile] = []

    def set_memory_pool_limit(self, pool: MemoryPoolType, pool_size: int) -> None:
        """At most so many bytes."""
        self.limits[pool] = pool_size

    def set_flag(self, flag: Any) -> None:
        """Switch on."""
        self.flags.add(flag)

    def clear_flag(self, flag: Any) -> None:
        """Switch off."""
        self.flags.discard(flag)

    def add_optimization_profile(self, profile: IOptimizationProfile) -> int:
        """Its number."""
        self.profiles.append(profile)
        return len(self.profiles) - 1

    def create_timing_cache(self, serialized_timing_cache: bytes) -> ITimingCache | None:
        """From bytes, or empty; None for bytes that are no cache."""
        content = bytes(serialized_timing_cache)
        try:
            return ITimingCache(json.loads(content.decode()) if content else {**trt_plan.HERE, "entries": 0})
        except ValueError:
            self._logger.log(ILogger.ERROR, "Timing cache cannot be deserialized")
            return None

    def set_timing_cache(self, cache: ITimingCache, ignore_mismatch: bool) -> bool:
        """Use it; False for one of another card or version."""
        if not ignore_mismatch and not cache.fits():
            self._logger.log(ILogger.WARNING, "Timing cache of another device or version is not used")
            return False
        self._cache = cache
        return True

    def get_timing_cache(self) -> ITimingCache | None:
        """The one in use."""
        return self._cache


class Builder:
    """Makes plans on the card that CUDA has as number 0. Raises: TypeError where there is none."""

    def __init__(self, logger: ILogger) -> None:
        self._logger = check_logger(logger, "Builder")
        open_card(self._logger)

    def create_network(self, flags: int = 0) -> INetworkDefinition:
        """An empty network."""
        return INetworkDefinition(flags)

    def create_builder_config(self) -> IBuilderConfig:
        """Settings as they are by default."""
        return IBuilderConfig(self._logger)

    def create_optimization_profile(self) -> IOptimizationProfile:
        """An empty profile."""
        return IOptimizationProfile()

    def build_serialized_network(self, network: INetworkDefinition, config: IBuilderConfig) -> IHostMemory | None:
        """The plan; None where it fails, the reason being told to the logger."""
        try:
            PROCESS.card()
            plan = _build(network, config)
        except (ValueError, CudaFailure) as error:
            self._logger.log(ILogger.ERROR, str(error))
            return None
        cache = config.get_timing_cache()
        if cache is not None:
            cache.content["entries"] += 1
        self._logger.log(ILogger.INFO, "Engine generation completed, %d bytes." % len(plan))
        return IHostMemory(plan)


def open_card(logger: ILogger) -> None:
    """Make the card's context, as every factory of TensorRT does. Raises: TypeError."""
    try:
        PROCESS.card()
    except CudaFailure as failure:
        logger.log(ILogger.ERROR, "CUDA initialization failure with error: %d" % int(failure.status))
        raise TypeError("pybind11::init(): factory function returned nullptr") from None


def _build(network: INetworkDefinition, config: IBuilderConfig) -> bytes:
    """Raises: ValueError, in TensorRT's words."""
    graph = network.graph
    if graph is None:
        raise ValueError("Network must have at least one output")
    free = [value for value in graph.inputs if -1 in value.shape]
    if free and not config.profiles:
        raise ValueError("Network has dynamic or shape inputs, but no optimization profile has been defined.")
    for profile in config.profiles:
        for value in free:
            _check_profile(value, profile)
    batch = config.profiles[0].shapes[free[0].name][1][0] if free else graph.inputs[0].shape[0]
    fault = faults.compile_fault("T4", batch)
    if fault is not None:
        raise ValueError("IBuilder::buildSerializedNetwork: Error Code %s: Internal Error (injected)" % fault.code)
    half = network.holds_half if MAJOR >= 11 else "FP16" in {flag.name for flag in config.flags}
    precision = "fp16" if half else "fp32"
    facts = {
        "precision": precision,
        "inputs": [list(value) for value in graph.inputs],
        "outputs": [list(value) for value in graph.outputs],
        "profiles": [profile.shapes for profile in config.profiles],
    }
    try:
        compute.computation(network.model, precision, graph.outputs)
    except Exception as error:
        raise ValueError("Could not find any implementation for node: %s" % error) from None
    return trt_plan.pack(facts, network.model)


def _check_profile(value: compute.Value, profile: IOptimizationProfile) -> None:
    if value.name not in profile.shapes:
        raise ValueError("Dynamic input tensor %s is missing dimensions in profile 0." % value.name)
    for shape in profile.shapes[value.name]:
        if len(shape) != len(value.shape) or any(a not in (-1, b) for a, b in zip(value.shape, shape)):
            raise ValueError("Profile shape %s of %s does not fit %s" % (shape, value.name, value.shape))
