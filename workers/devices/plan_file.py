"""The file that keeps a TensorRT plan: one line of facts as JSON, then the plan as TensorRT made it.

The facts let a plan of another card, version or batch be refused in plain words, and carry what only the program that
runs it needs (whether to replay a CUDA graph). A bare plan, of trtexec say, is read as well: its facts are empty.
"""

import json
import os
from typing import Tuple

from dinoq.workers.devices.base import DeviceFault, Options

MAGIC = b"dinoq TensorRT plan "


def write(path: str, facts: Options, plan: bytes) -> None:
    """Write the file, complete or not at all."""
    write_whole(path, MAGIC + json.dumps(facts, sort_keys=True).encode() + b"\n" + plan)


def read(path: str) -> Tuple[Options, bytes]:
    """The facts and the plan. Raises: DeviceFault (permanent) for a file that cannot be read."""
    try:
        with open(path, "rb") as file:
            content = file.read()
        if not content.startswith(MAGIC):
            return {}, content
        line, _, plan = content.partition(b"\n")
        return json.loads(line[len(MAGIC) :].decode()), plan
    except (OSError, ValueError) as error:
        raise DeviceFault("permanent", "the plan %s cannot be read: %s" % (path, error)) from None


def write_whole(path: str, content: bytes) -> None:
    """Replace the file at once, so that whoever else reads it never sees half of it."""
    scratch = "%s.%d" % (path, os.getpid())
    with open(scratch, "wb") as file:
        file.write(content)
    os.replace(scratch, path)
