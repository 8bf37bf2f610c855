"""Compiles an ONNX for an Ascend chip with `atc`, on any host that has the toolkit; no NPU is needed.

What `compile` takes, as text in `options`:

    soc                     the chip's name as npu-smi prints it, `310P3`; atc wants Ascend310P3
    input_name height width of the ONNX's one input; `channels` is 3 where it is not given
    opset                   of the ONNX, for what may help when atc fails; unknown where it is not given
    arch                    machine that will run the model (x86_64, aarch64); this one where it is not given
    set_env                 the toolkit's set_env.sh, where the environment has not been sourced already
    atc_python              interpreter for atc's Python parts; the first python3 on PATH where it is not given
    timeout_s               after which atc is killed; 1500

`flags` are atc options of the user's own (`--atc-arg KEY=VALUE`). fp16 is `force_fp16`, what atc does anyway; fp32 is
`must_keep_origin_dtype`: it computes in fp32 or fails, where `allow_fp32_to_fp16` would mix and say nothing.
"""

import glob
import json
import os
import platform
import re
import shlex
import shutil
import tempfile
from typing import Dict, List, Mapping, Optional

from dinoq.workers.devices.atc_failure import parse_failure
from dinoq.workers.devices.base import Built, DeviceFault, Options
from dinoq.workers.devices.cann import sourced_environment, toolkit_home, toolkit_version
from dinoq.workers.devices.vendor_program import inherited, run, run_guarded

SUCCESS = re.compile(r"^ATC run success", re.MULTILINE)
TIMEOUT_S = "1500"
PRECISION_MODES = {"fp16": "force_fp16", "fp32": "must_keep_origin_dtype"}
KEEPS_FP32 = ("force_fp32", "must_keep_origin_dtype", "origin")
"""Values of precision_mode and precision_mode_v2 that leave an fp32 model in fp32; all others compute in fp16 or mix."""
OURS = {
    *("model", "output", "framework", "soc_version", "input_shape", "mode", "om", "json", "singleop", "help"),
    *("dynamic_batch_size", "dynamic_image_size", "dynamic_dims", "input_shape_range", "host_env_os", "host_env_cpu"),
}
"""Options that decide what is built and where it goes: dinoq's, not the user's."""
PYTHON_MODULES = ("numpy", "sympy", "decorator", "tbe")
PYTHON_TIMEOUT_S = 120.0
PYTHON_PROBE = """
import importlib, json, sys
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = [str(getattr(importlib.import_module(name), "__version__", "")), ""]
    except Exception as error:
        found[name] = ["", repr(error)]
print("\\nfound " + json.dumps(found))
"""


class AtcFault(DeviceFault):
    """atc made nothing: the sentence says why, `output` is all that it printed."""

    def __init__(self, text: str, output: str = "") -> None:
        super().__init__("permanent", text)
        self.output = output


def compile(onnx: str, batch: int, precision: str, flags: Options, into: str, options: Options) -> Built:
    """Make an .om of one static batch in a new folder under `into`. Raises: AtcFault."""
    folder = tempfile.mkdtemp(prefix="atc-", dir=into)
    env = environment(options, folder)
    program = shutil.which("atc", path=env.get("PATH"))
    if program is None:
        raise AtcFault("atc is not on this host's PATH; install CANN's toolkit, or set [ascend] set_env")
    argv = build_command(onnx, batch, precision, flags, os.path.join(folder, "model"), options)
    timeout_s = float(options.get("timeout_s", TIMEOUT_S))
    ran = run_guarded([program, *argv], env, timeout_s, folder)
    said = "$ %s\n%s" % (shlex.join(["atc", *argv]), ran.output)
    if ran.code is None:
        raise AtcFault(
            "atc was killed after %g s without an end; compiling_deadline_s is longer where it needs more" % timeout_s,
            said,
        )
    if ran.code != 0 or not SUCCESS.search(ran.output):
        failure = parse_failure(ran.output, precision, int(options.get("opset", "0")))
        raise AtcFault("atc failed: " + str(failure), said)
    # A toolkit may put the host into the name: model_linux_x86_64.om. The folder is new, so what is there is of now.
    made = sorted(glob.glob(os.path.join(glob.escape(folder), "model*.om")))
    if len(made) != 1 or os.path.getsize(made[0]) == 0:
        raise AtcFault("atc said success and left %d files model*.om; expected one" % len(made), said)
    return Built(made[0], said)


def build_command(onnx: str, batch: int, precision: str, flags: Options, output: str, options: Options) -> List[str]:
    """atc's arguments for one static batch; `.om` is added to `output`. Raises: AtcFault for a flag that is not
    the user's to set."""
    soc = options["soc"]
    if not re.fullmatch(r"[A-Za-z0-9]+", soc) or precision not in PRECISION_MODES:
        raise AtcFault("no soc_version and precision mode for %r at %r" % (soc, precision))
    dimensions = (batch, options.get("channels", "3"), options["height"], options["width"])
    chosen = {
        "framework": "5",
        "model": os.path.abspath(onnx),
        "output": output,
        "input_format": "NCHW",
        "input_shape": "%s:%s" % (options["input_name"], ",".join(map(str, dimensions))),
        "soc_version": "Ascend" + soc,
        "precision_mode": PRECISION_MODES[precision],
        "log": "error",
    }
    arch = options.get("arch", platform.machine())
    if arch != platform.machine():
        chosen.update(host_env_os="linux", host_env_cpu=arch)
    if "precision_mode_v2" in flags:
        del chosen["precision_mode"]  # atc takes only one of the two
    chosen.update(checked_flags(flags))
    check_precision(precision, flags)
    return ["--%s=%s" % pair for pair in chosen.items()]


def checked_flags(flags: Options) -> Options:
    """The user's own atc options. Raises: AtcFault for a name or value that atc cannot be given."""
    for name, value in flags.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not value.isprintable():
            raise AtcFault("--atc-arg %s=%r is no option of atc; expected KEY=VALUE" % (name, value))
        if name in OURS:
            raise AtcFault("--atc-arg %s is dinoq's to set, not the user's" % name)
    return flags


def check_precision(precision: str, flags: Options) -> None:
    """Raises: AtcFault for an option of the user's that makes another precision than the run's."""
    for name in ("precision_mode", "precision_mode_v2"):
        if name in flags and (flags[name] in KEEPS_FP32) != (precision == "fp32"):
            raise AtcFault("--atc-arg %s=%s contradicts a run in %s" % (name, flags[name], precision))


def environment(options: Options, folder: str) -> Dict[str, str]:
    """atc's environment: the toolkit's, the Python that was named, temporary files in `folder`."""
    env = inherited()
    if options.get("set_env"):
        env = sourced_environment(options["set_env"], env)
    _append_devlib(env)
    if options.get("atc_python"):
        env["PATH"] = os.pathsep.join([_python_folder(options["atc_python"], folder), env.get("PATH", os.defpath)])
    env["TMPDIR"] = os.path.join(folder, "tmp")
    os.makedirs(env["TMPDIR"], exist_ok=True)
    return env


def toolkit(options: Options) -> Optional[str]:
    """`CANN 8.0.RC2` where this host has atc, else None. Raises: DeviceFault when set_env cannot be sourced."""
    set_env = options.get("set_env", "")
    env = sourced_environment(set_env, inherited()) if set_env else inherited()
    if shutil.which("atc", path=env.get("PATH")) is None:
        return None
    return toolkit_version(env)


def atc_python_problems(python: str, set_env: str = "") -> List[str]:
    """What atc's Python parts lack in this interpreter; one sentence each, none when all is well."""
    env = sourced_environment(set_env, inherited()) if set_env else inherited()
    try:
        ran = run([python, "-c", PYTHON_PROBE, *PYTHON_MODULES], env, PYTHON_TIMEOUT_S)
    except OSError as error:
        return ["%s cannot be started: %s" % (python, error.strerror)]
    told = [line for line in ran.output.splitlines() if line.startswith("found ")]
    if ran.code != 0 or not told:
        how = "does not end" if ran.code is None else "ends with status %d" % ran.code
        return ["%s %s: %s" % (python, how, ran.output.strip()[-300:])]
    return _problems(python, json.loads(told[0][len("found ") :]))


def _problems(python: str, found: Mapping[str, List[str]]) -> List[str]:
    problems = ["%s cannot import %s: %s" % (python, name, error) for name, (_, error) in found.items() if error]
    version = found["numpy"][0]
    if version and int(version.split(".")[0]) >= 2:
        problems.append("%s has numpy %s; atc's Python parts need one below 2" % (python, version))
    return problems


def _append_devlib(env: Dict[str, str]) -> None:
    """Stand-ins for the driver's libraries, without which atc does not start on a host without one; last, so that a
    real driver's come first."""
    home = toolkit_home(env)
    stubs = os.path.join(home, platform.machine() + "-linux", "devlib") if home else ""
    if os.path.isdir(stubs):
        env["LD_LIBRARY_PATH"] = os.pathsep.join(filter(None, [env.get("LD_LIBRARY_PATH"), stubs]))


def _python_folder(python: str, folder: str) -> str:
    """A folder with a `python3` that starts the named one: a link would lose a virtual environment."""
    place = os.path.join(folder, "python")
    os.makedirs(place, exist_ok=True)
    for name in ("python", "python3"):
        path = os.path.join(place, name)
        with open(path, "w", encoding="utf-8") as script:
            script.write('#!/bin/sh\nexec %s "$@"\n' % shlex.quote(os.path.abspath(shutil.which(python) or python)))
        os.chmod(path, 0o755)
    return place
