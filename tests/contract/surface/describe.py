"""Run as a program in a process of its own: tells what a vendor's module offers, without a card or a driver.

    python describe.py MODULE [MAJOR]    dotted names as JSON on stdin; what is there as JSON on stdout

For `tensorrt_bindings` of that MAJOR the loader is given dummies of the libraries that its extension module is linked
against: each entry point answers 0. Names and docstrings are then the vendor's; only `Builder` and `Runtime` fail, as
on a machine without a GPU. Never in the process of the tests, where the dummies would stand in for a real TensorRT.
"""

from __future__ import annotations

import ctypes
import importlib
import inspect
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# What the extension module takes from its libraries: `nm -D --undefined-only`, 8.6 to 11.4.
SYMBOLS = (
    "createInferBuilder_INTERNAL",
    "createInferRefitter_INTERNAL",
    "createInferRuntime_INTERNAL",
    "createNvOnnxParserRefitter_INTERNAL",
    "createNvOnnxParser_INTERNAL",
    "getBuilderPluginRegistry",
    "getPluginRegistry",
    "getNvOnnxParserVersion",
    "initLibNvInferPlugins",
    "_ZN11nvuffparser15createUffParserEv",
    "_ZN11nvuffparser8FieldMapC1EPKcPKvNS_9FieldTypeEi",
    "_ZN14nvcaffeparser117createCaffeParserEv",
    "_ZN14nvcaffeparser123shutdownProtobufLibraryEv",
)
LIBRARIES = ("nvinfer", "nvinfer_plugin", "nvonnxparser", "nvparsers")


def load_dummies(major: str) -> None:
    """Build the libraries and make them visible to what is imported next."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "dummy.c")
        source.write_text("".join(f"void *{name}(void) {{ return 0; }}\n" for name in SYMBOLS))
        for library in LIBRARIES:
            built = Path(folder, f"lib{library}.so.{major}")
            soname = f"-Wl,-soname,{built.name}"
            subprocess.run(["cc", "-w", "-shared", "-fPIC", soname, "-o", str(built), str(source)], check=True)
            ctypes.CDLL(str(built), mode=ctypes.RTLD_GLOBAL)


def find(module: Any, dotted: str) -> Any:
    """What a dotted name stands for; an enumeration's members speak for it. Raises: AttributeError."""
    found = module
    for name in dotted.split("."):
        members = list(getattr(found, "__members__", {}).values())
        found = getattr(members[0] if members and not hasattr(found, name) else found, name)
    return found


def parameters(thing: Any) -> list[list[str]]:
    """The names of its parameters, without self; one list per overload, as docstring or signature tell them."""
    name = getattr(thing, "__name__", "")
    doc = getattr(thing, "__doc__", None) or ""
    printed = re.findall(rf"^\s*(?:\d+\. )?{re.escape(name)}\((?!\*args)(.*?)\)(?: ->.*)?$", doc, re.MULTILINE)
    if name and printed:
        return [_names(line) for line in printed]
    try:
        return [[name for name in inspect.signature(thing).parameters if name != "self"]]
    except (TypeError, ValueError):
        return []


def _names(printed: str) -> list[str]:
    """`self: X, flags: int = 0, size_t count` as flags, count; commas inside brackets are no separators."""
    flat = re.sub(r"\[[^\]]*\]|<[^>]*>", "", printed)
    parts = [part.split(":")[0].split("=")[0].split() for part in flat.split(",")]
    return [words[-1] for words in parts if words and words[-1] != "self"]


def no_gpu(module: Any) -> list[str]:
    """What the two factories answer where there is no card."""
    answers = []
    for factory in ("Builder", "Runtime"):
        try:
            getattr(module, factory)(module.Logger(module.Logger.INTERNAL_ERROR))
            answers.append("")
        except TypeError as error:
            answers.append(str(error))
    return answers


def main(name: str, major: str = "") -> None:
    """See the module."""
    if major:
        load_dummies(major)
    module = importlib.import_module(name)
    there: dict[str, list[list[str]]] = {}
    for dotted in json.load(sys.stdin):
        try:
            thing = find(module, dotted)
        except AttributeError:
            continue
        there[dotted] = parameters(thing)
    told = {"version": getattr(module, "__version__", ""), "there": there, "file": module.__file__}
    if "tensorrt" in name:
        told["no_gpu"] = no_gpu(module)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
