"""The words of verdicts, apart from what finds them: commands that only name one start without numpy."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """The word of a verdict."""

    PASS = "PASS"
    FAIL = "FAIL"
    UNDECIDED = "UNDECIDED"
    INCOMPLETE = "INCOMPLETE"
    NOT_MEASURED = "NOT_MEASURED"
    UNSTABLE = "UNSTABLE"
    IMPLAUSIBLE = "IMPLAUSIBLE"
