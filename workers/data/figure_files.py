"""Files of figures on disk: one, or all of a folder that some reader knows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dinoq.jobs.errors import BadResults
from dinoq.jobs.formats.benchmark import read_name
from dinoq.jobs.formats.note import note_name, origin_of_note
from dinoq.jobs.formats.readers import reader_of
from dinoq.jobs.ledger import Origin

SUFFIXES = ("", ".txt", ".log", ".json", ".out")
"""What of a folder is looked into; a file that is named by itself may be called anything."""
LARGEST = 256 << 20
"""Bytes; no tool writes more figures than that."""


@dataclass(frozen=True, slots=True)
class FigureFile:
    """One file: its own name, its text, and the sha256 of its bytes; the origin that a note of ours beside it says."""

    name: str
    text: str
    sha256: str
    origin: Origin | None = None

    @property
    def kind(self) -> str:
        """What people call such a file; empty when nobody knows it."""
        reader = reader_of(self.text)
        return reader.kind if reader else ""


def figure_file(path: Path) -> FigureFile:
    """One file, whatever it is. Raises: BadResults when it cannot be read, is empty or larger than any such file."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadResults(f"{path} is larger than any file of figures.", hint="the file as the tool wrote it")
        payload = path.read_bytes()
    except OSError as error:
        raise BadResults(f"{path} cannot be read: {error.strerror}.", hint="dinoq import FILE") from None
    if not payload.strip():
        raise BadResults(f"{path} is empty.", hint="the file as the tool wrote it")
    text = payload.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    return FigureFile(path.name, text, hashlib.sha256(payload).hexdigest(), noted_origin(path))


def noted_origin(path: Path) -> Origin | None:
    """What a note of dinoq's own export beside a file or folder says of its origin; None without one."""
    try:
        return origin_of_note(path.absolute().with_name(note_name(path.stem)).read_text("utf-8", "replace"))
    except OSError:
        return None


def figure_files(path: Path) -> tuple[tuple[FigureFile, ...], tuple[str, ...]]:
    """The files of figures at `path`, and the names of a folder's others, which are left alone. Raises: BadResults."""
    if not path.is_dir():
        return (figure_file(path),), ()
    files = [_known(entry) for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
    known = tuple(file for file in files if isinstance(file, FigureFile))
    return known, tuple(name for name in files if isinstance(name, str))


def is_figures(path: Path) -> bool:
    """Whether a file, or any file of a folder, is one that some reader knows; a speed file's own name is enough, so
    that a garbled one is called so."""
    try:
        files, _ = figure_files(path)
    except BadResults:
        return False
    return any(file.kind or read_name(file.name) for file in files)


def _known(path: Path) -> FigureFile | str:
    """The file, or its name where it is none of figures."""
    if path.suffix.lower() not in SUFFIXES or not path.is_file() or not 0 < path.stat().st_size <= LARGEST:
        return path.name
    file = figure_file(path)
    return file if file.kind or read_name(file.name) else path.name
