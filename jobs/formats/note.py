"""The note that `dinoq export` lays beside files of other tools, which have no place for what it says: the origin."""

from __future__ import annotations

import re

from dinoq.jobs.ledger import Origin

_WRITTEN_FOR = re.compile(r"(?:_device_\d+|_summary)$")


def note_name(stem: str) -> str:
    """The name of the note beside a folder or a file of this stem: one for all files of a run."""
    return f"NOTE_{_WRITTEN_FOR.sub('', stem)}.txt"


def origin_of_note(text: str) -> Origin | None:
    """What the note says; None for a text that says nothing of it."""
    lines = text.splitlines()
    if any(line.startswith(("SIMULATED", "Origin: simulated")) for line in lines):
        return "simulated"
    return "real" if any(line.startswith("Origin: real") for line in lines) else None
