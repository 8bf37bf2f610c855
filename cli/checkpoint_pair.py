"""A model given as DINO's two checkpoints: `--model BACKBONE.pth,LINEAR.pth`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from dinoq.cli import console
from dinoq.jobs.errors import UsageError

SUFFIXES = (".pth", ".pt", ".tar")
"""`.tar` as in `.pth.tar`."""


def pair_in(text: str) -> tuple[Path, Path] | None:
    """Both paths; None for any other model."""
    backbone, comma, linear = text.partition(",")
    both = Path(backbone), Path(linear)
    return both if comma and all(path.suffix in SUFFIXES for path in both) else None


def onnx_of(text: str) -> Path:
    """The ONNX file that a model means: the file itself, or what a pair is converted to, in a folder of our own that
    goes when dinoq ends; the store has its copy by then. Raises: BadCheckpoint, UsageError for half a pair."""
    pair = pair_in(text)
    if pair is None:
        if Path(text).suffix in SUFFIXES:
            raise UsageError(
                f"model {text} is a checkpoint; backbone and linear classifier are needed, with a comma between.",
                hint="--model BACKBONE.pth,LINEAR.pth",
            )
        return Path(text)
    from dinoq.workers.models.convert import Wanted, read_pair, save

    opened = read_pair(*pair)
    folder = Path(tempfile.mkdtemp(prefix="dinoq-convert-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    saved = save(opened, into := folder / f"{pair[0].stem}.onnx", Wanted())
    console.say(f"converted {pair[0].name} and {pair[1].name} to ONNX, sha256 {saved.sha256[:12]}")
    return into
