"""atc, simulated: compiles an ONNX for an Ascend chip into the offline model that the simulated aclruntime loads.

Everything it says goes to stdout; it ends with 0, or with 255 (the vendor's status, cut by the shell) and a block that
starts with the error's code. What it makes is fp16 unless asked otherwise; inputs and outputs stay as the ONNX has them.
"""

from __future__ import annotations

import datetime
import os
import platform
import sys
import time
from pathlib import Path

from dinoq.workers.simulators import compute, faults
from dinoq.workers.simulators.ascend import om, toolkit
from dinoq.workers.simulators.ascend.conversion import AtcError, aipp_built_in, gears_of, inputs_of, output_values

BEGIN = "ATC start working now, please wait for a moment."
SUCCESS = "ATC run success, welcome to the next use."
FAILED = "ATC run failed, Please check the detail log, Try 'atc --help' for more information"
FAILURE = 255
SOCS = ("Ascend310", "Ascend310P1", "Ascend310P3", "Ascend310P5", "Ascend310P7")
FLAGS = {
    "mode": "0: offline model, the only mode simulated",
    "framework": "5: ONNX, the only framework simulated",
    "model": "the ONNX file",
    "output": "the offline model's path, without .om",
    "soc_version": ", ".join(SOCS),
    "input_format": "NCHW",
    "input_shape": "NAME:1,3,224,224;NAME2:...",
    "dynamic_batch_size": "1,4,8: the batches of a model whose first dimension is -1",
    "insert_op_conf": "a file with an AIPP configuration",
    "precision_mode": "force_fp16 (default), force_fp32, must_keep_origin_dtype, ...",
    "precision_mode_v2": "fp16, origin, ...; instead of precision_mode",
    "output_type": "FP32, FP16",
    "log": "null, debug, info, warning, error",
    "op_select_implmode": "",
    "optypelist_for_implmode": "",
    "op_compiler_cache_mode": "",
    "op_compiler_cache_dir": "",
    "host_env_os": "linux",
    "host_env_cpu": "x86_64, aarch64: of the host that will run the model",
    "device_id": "",
    "virtual_type": "",
    "enable_small_channel": "",
    "buffer_optimize": "",
    "auto_tune_mode": "",
}
FP16_MODES = ("force_fp16", "cube_fp16in_fp32out", "allow_mix_precision", "allow_mix_precision_fp16")
FP32_MODES = ("force_fp32", "allow_fp32_to_fp16", "must_keep_origin_dtype")
FP16_MODES_V2, FP32_MODES_V2 = ("fp16", "cube_fp16in_fp32out", "mixed_float16"), ("origin",)
REQUIRED = {
    "framework": "The value must be [0(Caffe) or 1(MindSpore) or 3(TensorFlow) or 5(Onnx)].",
    "model": "Name the model's file.",
    "output": "Name the offline model.",
    "soc_version": "Name the chip.",
}
KERNELS = {
    "E19010": "No parser is registered for Op [{name}, optype [ai.onnx::{opset}::{type}]].",
    "EZ3003": "No supported Ops kernel and engine are found for [{name}], optype [{type}].",
    "E20001": "Failed to compile Op [{name}]. (optype [{type}])",
}


def main(arguments: list[str]) -> int:
    """Convert as asked; the exit code."""
    flags = _flags(arguments)
    if flags is None:
        return 1
    if "help" in flags:
        _say("usage: atc <args>\n" + "\n".join(f"  --{name}  {text}" for name, text in FLAGS.items()))
        return 0
    _say(BEGIN)
    try:
        _convert(flags)
    except AtcError as error:
        _say("...\n" + FAILED)
        _say(_block(error))
        return FAILURE
    _say("...\n" + SUCCESS)
    return 0


def _convert(flags: dict[str, str]) -> None:
    _check(flags)
    chip = flags["soc_version"][len("Ascend") :]
    if faults.active("hang-atc", chip):
        while True:
            time.sleep(3600)
    made = _compiled(flags, chip)
    if not faults.active("no-file-atc", chip):
        target = Path(flags["output"] + ".om")
        if not target.parent.is_dir():
            raise AtcError(
                "E10001", f"Value [{flags['output']}] for parameter [--output] is invalid.", "no such folder"
            )
        target.write_bytes(om.to_bytes(made))


def _compiled(flags: dict[str, str], chip: str) -> om.Om:
    onnx, graph = _read(flags["model"])
    gears = gears_of(flags)
    inputs = inputs_of(graph, flags.get("input_shape", ""), gears)
    batches = gears or (inputs[0].shape[0],)
    _check_kernels(graph, chip, batches)
    precision = _precision(flags)
    outputs = output_values(onnx, graph, inputs, batches[-1])
    if flags.get("output_type") == "FP16":
        outputs = tuple(value._replace(dtype="float16") for value in outputs)
    text, inputs = aipp_built_in(flags.get("insert_op_conf", ""), inputs)
    return om.Om(
        soc=flags["soc_version"],
        toolkit=toolkit.version(),
        cpu=flags.get("host_env_cpu", platform.machine()),
        precision=precision,
        gears=batches,
        inputs=inputs,
        outputs=outputs,
        aipp=text,
        onnx=onnx,
    )


def _flags(arguments: list[str]) -> dict[str, str] | None:
    """`--key=value` and `--key value`; None when one is unknown, which is told on stderr."""
    found: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        key, has_value, value = rest.pop(0).lstrip("-").partition("=")
        if key not in FLAGS and key not in ("help", "h"):
            print(f"ERROR: unknown command line flag '{key}'", file=sys.stderr)
            return None
        if not has_value and key in FLAGS and rest:
            value = rest.pop(0)
        found["help" if key == "h" else key] = value
    return found


def _check(flags: dict[str, str]) -> None:
    for name, text in REQUIRED.items():
        if not flags.get(name):
            raise AtcError("E10007", f"[--{name}] is required. {text}", "The required parameter is not set.")
    allowed = {"soc_version": SOCS, "framework": ("5",), "mode": ("0",), "output_type": ("FP32", "FP16")}
    allowed["log"] = ("null", "debug", "info", "warning", "error")
    for name, values in allowed.items():
        if name in flags and flags[name] not in values:
            _refuse(name, flags[name], f"it must be one of {', '.join(values)}")
    if "auto_tune_mode" in flags:
        _refuse("auto_tune_mode", flags["auto_tune_mode"], "it is no longer supported")


def _precision(flags: dict[str, str]) -> str:
    if "precision_mode" in flags and "precision_mode_v2" in flags:
        _refuse("precision_mode_v2", flags["precision_mode_v2"], "it excludes precision_mode")
    name = "precision_mode_v2" if "precision_mode_v2" in flags else "precision_mode"
    half, full = (FP16_MODES_V2, FP32_MODES_V2) if name.endswith("v2") else (FP16_MODES, FP32_MODES)
    mode = flags.get(name, "force_fp16")
    if mode not in (*half, *full):
        _refuse(name, mode, f"it must be one of {', '.join((*half, *full))}")
    return "fp32" if mode in full else "fp16"


def _read(path: str) -> tuple[bytes, compute.Graph]:
    try:
        data = Path(path).read_bytes()
        return data, compute.read_graph(data)
    except (OSError, ValueError) as error:
        raise AtcError("E10001", f"Value [{path}] for parameter [--model] is invalid.", str(error)) from None


def _check_kernels(graph: compute.Graph, chip: str, batches: tuple[int, ...]) -> None:
    """A parser knows opsets up to 17 here; a fault names its own code."""
    injected = next(filter(None, (faults.compile_fault(chip, batch) for batch in batches)), None)
    code = injected.code if injected else "E19010" if graph.opset > 17 else ""
    if code:
        node = graph.nodes[0]
        words = KERNELS.get(code, "Inner Error! Op [{name}], optype [{type}].")
        raise AtcError(code, words.format(name=node.name or "node_0", type=node.op_type, opset=graph.opset))


def _refuse(name: str, value: str, reason: str) -> None:
    raise AtcError("E10001", f"Value [{value}] for parameter [--{name}] is invalid.", f"Reason: {reason}.")


def _block(error: AtcError) -> str:
    """The error as toolkits of this version print it."""
    now = datetime.datetime.now()
    stamp = f"{now:%Y-%m-%d-%H:%M:%S}.{now.microsecond // 1000:03}.{now.microsecond % 1000:03}"
    return (
        f"{error.code}: [PID: {os.getpid()}] {stamp} {error.text}\n"
        f"        Possible Cause: {error.cause or 'N/A'}\n"
        "        Solution: Correct it and try again.\n"
        "        TraceBack (most recent call last):\n"
    )


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
