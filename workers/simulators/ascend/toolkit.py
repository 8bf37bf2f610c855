"""The simulated CANN toolkit: a folder that only says which version it is."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

VERSION = "8.0.RC2"
DRIVER = "24.1.rc2"
INFO = "ascend_toolkit_install.info"


def write(home: Path, version: str = VERSION) -> None:
    """Lay out what tools look for: `ARCH-linux/ascend_toolkit_install.info`, and `version.info` at the top."""
    arch = platform.machine()
    facts = f"package_name=Ascend-cann-toolkit\nversion={version}\narch={arch}\nos=linux\npath={home}\n"
    for path in (home / f"{arch}-linux" / INFO, home / "version.info"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(facts)


def version() -> str:
    """The version of the toolkit that ASCEND_TOOLKIT_HOME names; empty without one."""
    home = os.environ.get("ASCEND_TOOLKIT_HOME", "")
    path = Path(home) / f"{platform.machine()}-linux" / INFO
    if not home or not path.is_file():
        return ""
    found = re.search(r"^version=(.*)$", path.read_text(), re.MULTILINE)
    return found.group(1).strip() if found else ""
