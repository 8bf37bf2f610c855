"""What a doctor finds of Huawei's software on this host: the driver, the toolkit, atc's Python parts, aclruntime.

Asked in the interpreter and the environment of an Ascend device process. `options` are those of `[ascend]`, and
`origin`: a simulated atc has no Python parts.
"""

import os
import shutil
import sys
from typing import List, Optional

from dinoq.workers.devices import npu_smi
from dinoq.workers.devices.ascend import discover
from dinoq.workers.devices.atc import atc_python_problems, toolkit
from dinoq.workers.devices.base import DeviceFault, Found, Options, Piece, Status
from dinoq.workers.devices.cann import sourced_environment, toolkit_home, toolkit_version
from dinoq.workers.devices.npu_smi_text import SmiFault
from dinoq.workers.devices.om_program import runtime
from dinoq.workers.devices.vendor_program import inherited

CURES = {
    "driver": "load the driver (after an upgrade: reboot); in a container pass /dev/davinci_manager, /dev/devmm_svm, "
    "/dev/hisi_hdc, and the driver's folder",
    "permission": "work as a user of the group that owns /dev/davinci_manager (usually HwHiAiUser)",
    "hang": "end the npu-smi that hangs; if the next one hangs too, reboot the host",
    "layout": "tell dinoq's authors, with all that npu-smi info prints",
}
WHEELS = "wheels are for CPython 3.7 to 3.10, perhaps 3.11; docs/ascend.md says where they come from"
PYTHON_CURE = "make an environment with 'numpy<2' sympy decorator and name it in [ascend] atc_python; tbe is CANN's"


def pieces(options: Options) -> List[Piece]:
    """Each piece, whether or not this host needs it: what is absent on a host without a chip is no fault."""
    try:
        found = discover(options)
    except SmiFault as fault:
        return [Piece("npu-smi", "broken", str(fault), CURES[fault.reason]), *_toolkit(options), _aclruntime([])]
    except DeviceFault as fault:
        return [Piece("set_env", "broken", str(fault), "see [ascend] set_env in dinoq.toml")]
    return [_driver(found), *_toolkit(options), _aclruntime(found)]


def _driver(found: List[Found]) -> Piece:
    if npu_smi.program() is None:
        text = "not on this host: no Ascend driver, or not mounted into this container"
        return Piece("npu-smi", "missing", text, "install the driver on a host with a chip; see docs/ascend.md")
    if not found:
        cure = "see npu-smi info, and ASCEND_RT_VISIBLE_DEVICES"
        return Piece("npu-smi", "warning", "answers, and shows no 310 or 310P that may be used", cure)
    ill = ["%s:%d" % (one.chip, one.logic_id) for one in found if not one.healthy]
    text = "driver %s, %d chips" % (found[0].driver or "unknown", len(found))
    if ill:
        return Piece("npu-smi", "warning", "%s, not healthy: %s" % (text, ", ".join(ill)), "see npu-smi info -t health")
    return Piece("npu-smi", "found", text)


def _toolkit(options: Options) -> List[Piece]:
    set_env = options.get("set_env", "")
    env = sourced_environment(set_env, inherited()) if set_env else inherited()
    version, atc = toolkit(options), shutil.which("atc", path=env.get("PATH"))
    if version and atc:
        found = [Piece("toolkit", "found", "%s, %s" % (version, atc))]
        return found if options.get("origin") == "simulated" else [*found, _atc_python(options, env.get("PATH"))]
    home = toolkit_home(env)
    if home is None:
        return [Piece("toolkit", "missing", "no CANN on this host", "needed where models are compiled: install it")]
    text = "%s in %s, but no atc on the path" % (toolkit_version(env), home)
    places = (os.path.join(home, "set_env.sh"), os.path.join(os.path.dirname(home), "set_env.sh"))
    script = next((place for place in places if os.path.isfile(place)), "its set_env.sh")
    return [Piece("toolkit", "missing", text, "needed where models are compiled: name %s in [ascend] set_env" % script)]


def _atc_python(options: Options, path: Optional[str]) -> Piece:
    python = options.get("atc_python") or shutil.which("python3", path=path) or "python3"
    problems = atc_python_problems(python, options.get("set_env", ""))
    if problems:
        return Piece("atc's python", "broken", "; ".join(problems), PYTHON_CURE)
    return Piece("atc's python", "found", python)


def _aclruntime(found: List[Found]) -> Piece:
    """Its absence is a fault only where there is a chip to use."""
    status: Status = "broken" if found else "missing"
    try:
        module = runtime()
    except DeviceFault as fault:
        error = fault.__context__
        if isinstance(error, ImportError) and error.name == "aclruntime":
            text = "%s has no module aclruntime" % sys.executable
            return Piece("aclruntime", status, text, "install it there, or name another in [ascend] python; " + WHEELS)
        cure = "name CANN's set_env.sh in [ascend] set_env"
        return Piece("aclruntime", status, "%s cannot import it: %s" % (sys.executable, error), cure)
    where = getattr(module, "__file__", None) or module.__name__
    return Piece("aclruntime", "found", "%s, Python %d.%d" % (where, *sys.version_info[:2]))
