"""From ONNX to a TensorRT plan of one static batch, in the device process of the card that will run it.

One path for TensorRT 8.6, 10 and 11, with two differences: 8.6 needs the EXPLICIT_BATCH flag, which 11 no longer has;
and 11 is strongly typed: it computes in fp16 only what the ONNX itself holds in fp16.
"""

import os
import re
from typing import Any, NamedTuple, Tuple

from dinoq.workers.devices import plan_file
from dinoq.workers.devices.base import DeviceFault, Options
from dinoq.workers.devices.tensorrt_vendor import Heard, made, opened, vendor

WORKSPACE_MIB = 5000
"""A cap, as in the recipe's trtexec line; TensorRT takes no more than it needs."""
FLAGS = ("workspace_mib", "optimization_level", "cuda_graph")


class Wanted(NamedTuple):
    """What is to be built."""

    onnx: str
    batch: int
    precision: str
    flags: Options


def build(wanted: Wanted, card: str, cache_folder: str) -> Tuple[Options, bytes, str]:
    """The plan's facts, the plan, and what TensorRT said. `card` names the card for the timing cache.

    Raises: DeviceFault, permanent for a model or flag that TensorRT does not take.
    """
    _check_wanted(wanted)
    trt = vendor()
    heard = Heard(trt)
    builder = opened(trt.Builder, heard)
    network = _parsed(trt, builder, heard, wanted)
    config = builder.create_builder_config()
    route = _set_precision(trt, config, network, wanted.precision)
    _set_limits(trt, config, wanted.flags)
    _set_batch(builder, config, network, wanted.batch)
    cache_path = os.path.join(cache_folder, "tensorrt-%s-%s.timing" % (trt.__version__, re.sub(r"\W+", "-", card)))
    _use_timing_cache(config, cache_path)
    plan = bytes(made(builder.build_serialized_network(network, config), heard, "building the plan"))
    _keep_timing_cache(config, cache_path)
    facts = {
        "tensorrt": str(trt.__version__),
        "card": card,
        "batch": str(wanted.batch),
        "precision": wanted.precision,
        "precision_route": route,
        "cuda_graph": wanted.flags.get("cuda_graph", "0"),
    }
    return facts, plan, heard.text()


def _check_wanted(wanted: Wanted) -> None:
    if wanted.precision not in ("fp16", "fp32"):
        raise DeviceFault("permanent", "a T4 computes in fp16 or fp32 here, not %s" % wanted.precision)
    for name, value in wanted.flags.items():
        if name not in FLAGS or not re.fullmatch(r"[0-9]{1,6}", value):
            known = ", ".join(FLAGS)
            raise DeviceFault("permanent", "TensorRT flag %s=%s: known are %s, each a number" % (name, value, known))


def _parsed(trt: Any, builder: Any, heard: Heard, wanted: Wanted) -> Any:
    explicit = getattr(trt.NetworkDefinitionCreationFlag, "EXPLICIT_BATCH", None)
    network = builder.create_network(0 if explicit is None else 1 << int(explicit))
    parser = trt.OnnxParser(network, heard.logger)
    with open(wanted.onnx, "rb") as file:
        content = file.read()
    # The path is for weights that lie beside the ONNX.
    if not parser.parse(content, path=wanted.onnx):
        errors = [parser.get_error(number).desc() for number in range(parser.num_errors)]
        raise DeviceFault("permanent", "TensorRT cannot read the ONNX: %s" % "; ".join(errors or [heard.last_error]))
    if (network.num_inputs, network.num_outputs) != (1, 1):
        text = "the ONNX has %d inputs and %d outputs; expected one of each"
        raise DeviceFault("permanent", text % (network.num_inputs, network.num_outputs))
    return network


def _set_precision(trt: Any, config: Any, network: Any, precision: str) -> str:
    """Ask for the precision; answers how it comes about: `flag`, or `onnx` where the file's own types decide."""
    flag = getattr(trt.BuilderFlag, "FP16", None)
    if flag is None:
        _check_own_precision(trt, network, precision)
        return "onnx"
    config.clear_flag(trt.BuilderFlag.TF32)
    if precision == "fp16":
        config.set_flag(flag)
    return "flag"


def _check_own_precision(trt: Any, network: Any, precision: str) -> None:
    layers = [network.get_layer(number) for number in range(network.num_layers)]
    halves = sum(layer.get_output(0).dtype == trt.DataType.HALF for layer in layers)
    if precision == "fp16" and not halves:
        text = (
            "TensorRT %s computes in the types of the ONNX, and this one holds no fp16: make one by "
            "`python -m modelopt.onnx.autocast --onnx_path M.onnx --output_path M_fp16.onnx --keep_io_types`, "
            "ask for fp32, or use TensorRT 10"
        )
        raise DeviceFault("permanent", text % trt.__version__)
    if precision == "fp32" and halves:
        text = "TensorRT %s computes in the types of the ONNX: fp32 is asked for, %d of its %d layers are fp16"
        raise DeviceFault("permanent", text % (trt.__version__, halves, len(layers)))


def _set_limits(trt: Any, config: Any, flags: Options) -> None:
    mebibytes = int(flags.get("workspace_mib", WORKSPACE_MIB))
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, mebibytes << 20)
    if "optimization_level" in flags:
        config.builder_optimization_level = int(flags["optimization_level"])


def _set_batch(builder: Any, config: Any, network: Any, batch: int) -> None:
    """One profile whose least, best and largest batch are the same: the plan then executes exactly that."""
    entry = network.get_input(0)
    shape = tuple(entry.shape)
    if min(shape[1:], default=0) < 1:
        raise DeviceFault("permanent", "the ONNX leaves more than the batch open: input %s" % (shape,))
    if shape[0] >= 0:
        if shape[0] != batch:
            raise DeviceFault("permanent", "the ONNX is fixed to batch %d, the run asks for %d" % (shape[0], batch))
        return
    fixed = (batch, *shape[1:])
    profile = builder.create_optimization_profile()
    profile.set_shape(entry.name, fixed, fixed, fixed)
    config.add_optimization_profile(profile)


def _use_timing_cache(config: Any, path: str) -> None:
    """Kernel timings of earlier builds make this one quicker and choose the same kernels. One of another card or
    version is refused, and replaced."""
    try:
        with open(path, "rb") as file:
            known = file.read()
    except OSError:
        known = b""
    for content in (known, b""):
        cache = config.create_timing_cache(content)
        if cache is not None and config.set_timing_cache(cache, ignore_mismatch=False):
            return


def _keep_timing_cache(config: Any, path: str) -> None:
    cache = config.get_timing_cache()
    if cache is not None:
        plan_file.write_whole(path, bytes(cache.serialize()))
