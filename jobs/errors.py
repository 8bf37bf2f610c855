"""Every error that a user can meet: what is wrong (the class), which (the message), what to do next (the hint).

What a report finds (samples missing, a gate missed) is no error but a verdict, with a code of its own.

DinoqError                 1   an internal error, if nothing below fits
├── UsageError             2   what was asked cannot be meant
│   ├── UnknownChip            no such chip
│   ├── BadBatches             a batch that is no whole number from 1 to 4096
│   ├── BadModel               an ONNX file that is no single-input image classifier
│   ├── BadRecipe              preprocessing that cannot be done
│   ├── BadDataset             no photos, or none that the labels name
│   ├── BadLabels              a label file that does not say one class per photo
│   ├── BadResults             results of another tool that cannot be read, or leave out what must be known
│   ├── BadExchange            a .dinoq file that is damaged, foreign, newer, or in conflict with this history
│   └── NoSuchJob              a job number that the history does not hold
├── EnvironmentTrouble     8   the machine lacks something
│   ├── NoBroker               no queue server to be had or reached
│   ├── NoDevice               no living worker for the chip
│   ├── NoToolchain            no compiler for the chip
│   ├── StateBusy              another supervisor owns the state folder
│   ├── BadFolder              state or store folder that cannot serve
│   └── BadSchema              a database of another version, or none
└── Interrupted          130   Ctrl-C
"""

from __future__ import annotations

from typing import ClassVar


class DinoqError(Exception):
    """The base: `str(error)` is one sentence, `hint` says what to do next, `exit_code` is the process's."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def told(self) -> str:
        """The sentence, and what to do next."""
        return f"{self} Try: {self.hint}" if self.hint else str(self)


class UsageError(DinoqError):
    """What was asked cannot be meant."""

    exit_code = 2


class UnknownChip(UsageError):
    """No such chip."""


class BadBatches(UsageError):
    """A batch that is no whole number from 1 to 4096."""


class BadModel(UsageError):
    """An ONNX file that is no single-input image classifier, or not the one asked for."""


class BadRecipe(UsageError):
    """Preprocessing that cannot be done."""


class BadDataset(UsageError):
    """No photos, or none that the labels name."""


class BadLabels(UsageError):
    """A label file that does not say one class per photo."""


class BadResults(UsageError):
    """Results of another tool that cannot be read, or leave out what must be known."""


class BadExchange(UsageError):
    """A `.dinoq` file that is damaged, foreign, newer, or in conflict with this history."""


class NoSuchJob(UsageError):
    """A job number that the history does not hold."""


class EnvironmentTrouble(DinoqError):
    """The machine lacks something."""

    exit_code = 8


class NoBroker(EnvironmentTrouble):
    """No queue server to be had or reached."""


class NoDevice(EnvironmentTrouble):
    """No living worker for the chip."""


class NoToolchain(EnvironmentTrouble):
    """No compiler for the chip."""


class StateBusy(EnvironmentTrouble):
    """Another supervisor owns the state folder."""


class BadFolder(EnvironmentTrouble):
    """A state or store folder that cannot serve."""


class BadSchema(EnvironmentTrouble):
    """A database of another version, or none."""


class Interrupted(DinoqError):
    """Ctrl-C."""

    exit_code = 130
