"""CANN, Huawei's toolkit, as installed on a host: its version, its environment, its error lines.

The places are those where aclruntime's own build looks, and `/usr/local/Ascend/cann` of CANN 9.
"""

import glob
import os
import re
import tempfile
from typing import Dict, List, Mapping, Optional

from dinoq.workers.devices.base import DeviceFault
from dinoq.workers.devices.vendor_program import run

HOME_VARIABLES = ("ASCEND_TOOLKIT_HOME", "CANN_PATH", "ASCEND_HOME_PATH")
USUAL_HOMES = tuple(
    "/usr/local/Ascend/" + place for place in ("ascend-toolkit/latest", "cann", "nnrt/latest", "nnae/latest", "latest")
)
VERSION_FILES = ("*-linux/*_install.info", "*_install.info", "version.info", "*-linux/version.info")
VERSION = re.compile(r"^\s*version\s*=\s*\[?([^\s\]]+)", re.IGNORECASE | re.MULTILINE)
SOURCE_TIMEOUT_S = 60.0
OURS = ("_", "SHLVL", "PWD", "OLDPWD", "LC_ALL")
"""Set by the shell, or by us for it; not by the script."""
SEPARATED = ("PYTHONPATH", "LD_LIBRARY_PATH")

ERROR_LINE = re.compile(r"\[ERROR\]|(?:^|\W)E[A-Z0-9]\d{3,4}\)?:")
"""A line worth keeping: `[ERROR] ...`, `E19010: ...`, the three-digit `EL003: ...` of older builds, and the
`Memory_Allocation_Failure(EL0004): ...` of newer ones."""


def toolkit_home(env: Mapping[str, str]) -> Optional[str]:
    """The folder of the toolkit that this environment uses; None where there is none."""
    named = [env[name] for name in HOME_VARIABLES if env.get(name)]
    return next((place for place in (*named, *USUAL_HOMES) if os.path.isdir(place)), None)


def toolkit_version(env: Mapping[str, str]) -> str:
    """`CANN 8.0.RC2`; `CANN unknown` when no file tells. The same for devices and for atc, as the two must match."""
    home = toolkit_home(env)
    for pattern in VERSION_FILES if home else ():
        for path in sorted(glob.glob(os.path.join(glob.escape(home or ""), pattern))):
            with open(path, encoding="utf-8", errors="replace") as file:
                found = VERSION.search(file.read(100_000))
            if found:
                return "CANN " + found.group(1)
    return "CANN unknown"


def sourced_environment(set_env: str, base: Mapping[str, str]) -> Dict[str, str]:
    """`base` as the vendor's set_env.sh changes it. Raises: DeviceFault when the script is missing or fails.

    A script may end with a test that is false: status 1 is a failure only where nothing was changed.
    """
    path = os.path.abspath(set_env)
    if not os.path.isfile(path):
        raise DeviceFault("permanent", "set_env names %s, which is no file; see [ascend] set_env" % path)
    script = 'source "$1" >/dev/null 2>"$2"; dinoq_status=$?; env -0 2>/dev/null; exit $dinoq_status'
    with tempfile.NamedTemporaryFile("r", encoding="utf-8", errors="replace") as said:
        bash = ["bash", "--noprofile", "--norc", "-c", script, "_", path, said.name]
        try:
            ran = run(bash, dict(base), SOURCE_TIMEOUT_S)
        except OSError as error:
            raise DeviceFault("permanent", "bash, which sources %s, cannot be started: %s" % (path, error)) from None
        last = ([line.strip() for line in said if line.strip()] or ["it said nothing"])[-1]
    pairs = (entry.partition("=") for entry in ran.output.split("\0") if "=" in entry)
    env = {name: value for name, _, value in pairs if name not in OURS}
    env.update({name: base[name] for name in OURS if name in base})
    if ran.code != 0 and not (ran.code == 1 and ran.output and env != dict(base)):
        how = "did not end" if ran.code is None else "ended with status %d" % ran.code
        raise DeviceFault("permanent", "%s %s when sourced: %s" % (path, how, last[:300]))
    return without_empty_entries(env)


def without_empty_entries(env: Mapping[str, str]) -> Dict[str, str]:
    """An empty entry of PYTHONPATH or LD_LIBRARY_PATH is the working directory, where anything may lie."""
    cleaned = dict(env)
    for name in SEPARATED:
        if name in cleaned:
            cleaned[name] = os.pathsep.join(entry for entry in cleaned[name].split(os.pathsep) if entry)
            if not cleaned[name]:
                del cleaned[name]
    return cleaned


def error_lines(text: str, most: int = 5) -> List[str]:
    """The last lines by which CANN says what went wrong, each once, in their order."""
    lines = [line.strip()[:400] for line in text.replace("\r", "\n").splitlines() if ERROR_LINE.search(line)]
    return list(dict.fromkeys(lines))[-most:]
