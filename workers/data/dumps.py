"""Dump folders: what a model said of each image, joined with labels by name, as results like those of any run."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.benchmark import read_name
from dinoq.jobs.formats.dump import (
    FIRST_OUTPUT,
    DumpName,
    Tool,
    image_key,
    logits_of_bytes,
    logits_of_npy,
    logits_of_text,
    read_dump_name,
)
from dinoq.jobs.manifest import Manifest
from dinoq.jobs.plan import PART_SAMPLES
from dinoq.jobs.result import Floats, ShardResult, Times, hits, top_five

DEVICE = "imported"
"""Stands where a result names the device it came from."""
IMAGENET = (1000, 1001)
"""What a classifier of ImageNet gives; 1001 has a class for the background before all others."""
HINT = "the folder as the tool left it, and the labels of just its images"
SHOWN = 3
LOOKED_AT = 20
_FOLDER = re.compile(r"dumpOutput_device(\d{1,3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """A folder with one file per image: `files` are their names by what joins them with a label. `device` is None where
    the folder's name tells none; `ignored` are names of files that are no outputs."""

    folder: Path
    tool: Tool
    files: dict[str, str]
    classes: int
    device: int | None = None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """A dump held against labels: results that tile the manifest, and the sha256 over names and contents."""

    results: tuple[ShardResult, ...]
    sha256: str


def is_dump(folder: Path) -> bool:
    """Whether it holds outputs: files of that name, one of the first of which begins with a number."""
    with os.scandir(folder) as entries:
        named = (Path(entry.path) for entry in entries if _output(entry.name) and entry.is_file())
        return any(_begins_as_output(path) for path in islice(named, LOOKED_AT))


def open_dump(folder: Path, classes: int | None = None) -> Dump:
    """List the outputs of a folder, one per image; `classes` are the model's, ImageNet's when nobody knows.

    Raises: BadResults for two files of one image, outputs of no known tool, another number of classes.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if entry.is_file() and not entry.name.startswith("."))
    parsed = {name: _output(name) for name in names}
    outputs = {name: said for name, said in parsed.items() if said is not None}
    files = _one_each(folder, outputs)
    found = _FOLDER.fullmatch(folder.name)
    first = next(iter(files.values()))
    width = read_logits(folder, first).size
    if width != classes if classes else width not in IMAGENET:
        wanted = f"the model has {classes}" if classes else "a classifier of ImageNet has 1000 or 1001"
        raise BadResults(
            f"{folder / first} has {width} values; {wanted}.", hint="--model FILE.onnx for another classifier"
        )
    return Dump(
        folder=folder,
        tool=_tool(folder, {said.output for said in outputs.values()}),
        files=files,
        classes=width,
        device=int(found[1]) if found else None,
        ignored=tuple(name for name, said in parsed.items() if said is None),
    )


def in_order(dump: Dump, manifest: Manifest) -> tuple[str, ...]:
    """The file of each sample, joined by name. Raises: BadResults, naming images that only one side has."""
    keys = [image_key(name) for name in manifest.names]
    known = Counter(keys)
    if twice := [key for key, n in known.items() if n > 1]:
        raise BadResults(f"the labels name {_some(twice)} twice; a dump file belongs to one image.", hint=HINT)
    if extra := [name for key, name in dump.files.items() if key not in known]:
        raise BadResults(f"{dump.folder} has outputs without a label: {_some(extra)}.", hint=HINT)
    if missing := [key for key in keys if key not in dump.files]:
        raise BadResults(f"{dump.folder} has no output of {_some(missing)}.", hint=HINT)
    return tuple(dump.files[key] for key in keys)


def score(dump: Dump, names: Sequence[str], labels: NDArray[np.int32], done: Callable[[int], None]) -> Scored:
    """Read every file of `names`, in the order of `labels` int32 [samples]; `done` hears how many are, after every 256.

    A file with NaN or Inf among its numbers is an answer like any other: counted, and wrong. Raises: BadResults for
    files that cannot be read as the others were.
    """
    results: list[ShardResult] = []
    digest = hashlib.sha256()
    for first in range(0, len(names), PART_SAMPLES):
        part = names[first : first + PART_SAMPLES]
        logits = np.empty((len(part), dump.classes), np.float32)
        for at, name in enumerate(part):
            payload = _payload(dump.folder / name)
            digest.update(name.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(payload).digest())
            logits[at] = _as_wide(_parsed(payload, dump.folder / name), dump, name)
        results.append(_result(len(results) + 1, first, logits, labels[first : first + len(part)]))
        done(first + len(part))
    return Scored(results=tuple(results), sha256=digest.hexdigest())


def read_logits(folder: Path, name: str) -> Floats:
    """What one file holds, float32 [classes]. Raises: BadResults."""
    return _parsed(_payload(folder / name), folder / name)


def _output(name: str) -> DumpName | None:
    """None for other files, and for a speed file, whose name looks like an output's."""
    return None if read_name(name) else read_dump_name(name)


def _begins_as_output(path: Path) -> bool:
    if path.suffix != ".txt":
        return True
    with path.open("rb") as file:
        word = file.read(64).split(maxsplit=1)
    try:
        float(word[0] if word else 0)
    except ValueError:
        return False
    return True


def _one_each(folder: Path, outputs: dict[str, DumpName]) -> dict[str, str]:
    files: dict[str, str] = {}
    for name, said in outputs.items():
        if said.key in files:
            raise BadResults(
                f"{folder} has two files for one image: {files[said.key]} and {name}.",
                hint="a classifier has one output",
            )
        files[said.key] = name
    if not files:
        raise BadResults(f"{folder} holds no outputs, such as NAME_1.txt.", hint=HINT)
    return files


def _tool(folder: Path, numbers: set[int]) -> Tool:
    """Each tool numbers a model's first output in its own way."""
    for tool, first in FIRST_OUTPUT.items():
        if numbers == {first}:
            return tool
    shown = ", ".join(map(str, sorted(numbers)))
    raise BadResults(
        f"{folder} holds outputs numbered {shown}; a classifier's is 1 (benchmark) or 0 (ais_bench).", hint=HINT
    )


def _payload(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadResults(f"{path} cannot be read: {error.strerror}.", hint=HINT) from None


def _parsed(payload: bytes, path: Path) -> Floats:
    if path.suffix == ".txt":
        return logits_of_text(payload.decode("ascii", "replace"), str(path))
    return (logits_of_bytes if path.suffix == ".bin" else logits_of_npy)(payload, str(path))


def _as_wide(logits: Floats, dump: Dump, name: str) -> Floats:
    if logits.size != dump.classes:
        text = f"{dump.folder / name} has {logits.size} values; the first file has {dump.classes}."
        raise BadResults(text, hint="a folder holds the outputs of one model")
    return logits


def _result(no: int, first: int, logits: Floats, labels: NDArray[np.int32]) -> ShardResult:
    predictions = top_five(logits)
    top1, top5 = hits(predictions, labels)
    none, n = np.empty(0, np.float32), len(labels)
    return ShardResult(
        run_no=1,
        no=no,
        first=first,
        count=n,
        device=DEVICE,
        n=n,
        top1=top1,
        top5=top5,
        unreadable=0,
        predictions=predictions.to_blob(),
        times=Times(none, none, none, none.astype(np.bool_), 0.0, 0.0).to_blob(),
        nonfinite=predictions.nonfinite,
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
