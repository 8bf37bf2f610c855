"""Which names of a vendor's module our own files use, read from their source.

A file says `builder.create_network(0)`; the tables below say whose things its variables hold. A variable that is in no
table is an error, so that no use escapes: name it there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

DEVICES = Path(__file__).parents[3] / "workers/devices"


class Use(NamedTuple):
    """A dotted name of the vendor's module; for a call, how many positional arguments and which keywords."""

    name: str
    called: bool = False
    positional: int = 0
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vendor:
    """Our files that use a module; whose things variables (without leading `_`) and answers are; what is not the vendor's."""

    files: tuple[str, ...]
    variables: dict[str, str]
    answers: dict[str, str | None]
    ours: frozenset[str]


STANDARD = frozenset(["os", "re", "np", "self", "ctypes", "json", "subprocess", "sys", "platform", "util", "metadata"])
TENSORRT = Vendor(
    files=("tensorrt.py", "tensorrt_vendor.py", "tensorrt_build.py", "tensorrt_program.py"),
    variables={
        "trt": "",
        "builder": "Builder",
        "network": "INetworkDefinition",
        "parser": "OnnxParser",
        "config": "IBuilderConfig",
        "profile": "IOptimizationProfile",
        "cache": "ITimingCache",
        "entry": "ITensor",
        "layer": "ILayer",
        "runtime": "Runtime",
        "engine": "ICudaEngine",
        "context": "IExecutionContext",
        "severity": "ILogger.Severity",
    },
    answers={"OnnxParser.get_error": "ParserError", "ILayer.get_output": "ITensor"},
    ours=STANDARD
    | {"cuda_calls", "plan_file", "nvml", "heard", "wanted", "flags", "facts", "options", "file", "file_name", "mirror"}
    | {"program", "batch", "stream", "said", "card", "name", "known", "here", "input", "output", "given", "told"}
    | {"cudart", "lines", "proven", "OUT_OF_MEMORY", "REQUESTED", "size"},
)
CUDA = Vendor(
    files=("cuda_calls.py", "tensorrt.py", "tensorrt_program.py"),
    variables={"cudart": "", "card": "cudaDeviceProp"},
    answers={"cudaDeviceProp.uuid": "cudaUUID_t", "cudaDeviceProp.name": None},
    ours=(STANDARD | TENSORRT.ours | set(TENSORRT.variables) | {"tensor", "digits", "dtype", "raw"})
    - {"card", "cudart"},
)
NVML = Vendor(
    files=("nvml.py",),
    variables={"pynvml": "", "usage": "c_nvmlUtilization_t", "process": "c_nvmlProcessInfo_v2_t"},
    answers={},
    ours=STANDARD | {"card", "cards", "found", "spec", "package", "asked", "name", "entry", "told", "kept", "session"}
    | {"inherited", "there"},
)  # fmt: skip


def uses(vendor: Vendor) -> set[Use]:
    """Every use of the vendor's module in our files."""
    found: set[Use] = set()
    for file in vendor.files:
        reader = _Reader(vendor, file)
        reader.visit(ast.parse((DEVICES / file).read_text()))
        found |= reader.found
    return found


class _Reader(ast.NodeVisitor):
    def __init__(self, vendor: Vendor, file: str) -> None:
        self.found: set[Use] = set()
        self._vendor = vendor
        self._file = file

    def visit_Call(self, node: ast.Call) -> None:
        if name := self._resolve(node.func):
            self.found.add(Use(name, True, len(node.args), tuple(word.arg for word in node.keywords if word.arg)))
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if name := self._resolve(node):
            self.found.add(Use(name))
        self.generic_visit(node)

    def _resolve(self, node: ast.expr) -> str | None:
        """The vendor's name of what the expression is; empty for the module itself, None for what is ours."""
        variables, answers = self._vendor.variables, self._vendor.answers
        if isinstance(node, ast.Name):
            return variables.get(node.id.lstrip("_"))
        if isinstance(node, ast.Call):
            return answers.get(self._resolve(node.func) or "")
        if not isinstance(node, ast.Attribute):
            return None
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            return variables.get(node.attr.lstrip("_"))
        owner = self._resolve(node.value)
        owner = answers.get(owner, owner) if owner else owner
        return None if owner is None else ".".join(filter(None, (owner, node.attr)))


def strangers(vendor: Vendor) -> set[str]:
    """Variables whose attributes our files use and which are in no table."""
    known = set(vendor.variables) | vendor.ours
    return {name for file in vendor.files for name in _owners(file) if name.lstrip("_") not in known}


def _owners(file: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((DEVICES / file).read_text())):
        owner = node.value if isinstance(node, ast.Attribute) else None
        if isinstance(owner, ast.Attribute) and isinstance(owner.value, ast.Name) and owner.value.id == "self":
            yield owner.attr
        elif isinstance(owner, ast.Name):
            yield owner.id
        elif isinstance(owner, ast.Call) and ast.unparse(owner.func).split(".")[-1] == "vendor":
            yield ast.unparse(owner)  # a use that no table would see: give it a variable first
