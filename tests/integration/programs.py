"""Small programs that stand where a vendor's would: each prints what it is told to."""

from __future__ import annotations

import shlex
from pathlib import Path


def program(folder: Path, name: str, body: str) -> Path:
    """A shell script `name`, executable, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\n" + body)
    path.chmod(0o755)
    return path


def npu_smi(folder: Path, answers: dict[str, str], code: int = 0) -> Path:
    """An npu-smi that answers each list of arguments with its text, and everything else with an error."""
    cases = "".join(f"'{asked}') printf %s {shlex.quote(text)};;\n" for asked, text in answers.items())
    return program(
        folder, "npu-smi", f'case "$*" in\n{cases}*) echo "Error parameter of $*" >&2; exit 1;; esac\nexit {code}\n'
    )


def atc(folder: Path, text: str, code: int = 0, made: str = "model.om") -> Path:
    """An atc that prints `text`, and leaves the file `made` beside its --output; none for an empty name."""
    leave = f'echo om > "$(dirname "$out")/{made}"' if made else ":"
    body = 'for a in "$@"; do case "$a" in --output=*) out="${a#--output=}";; esac; done\n'
    return program(
        folder,
        "atc",
        f'{body}printf "%s\\n" "$@" > "$(dirname "$out")/argv"\n{leave}\nprintf %s {shlex.quote(text)}\nexit {code}\n',
    )
