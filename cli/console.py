"""How dinoq speaks: results to stdout, everything for people to stderr, errors as one sentence with what to do next."""

from __future__ import annotations

import os
import shlex
import sys

from dinoq.jobs.errors import DinoqError, Interrupted


def result(text: str) -> None:
    """What the command was asked for, to stdout."""
    print(printable(text, sys.stdout.encoding), flush=True)


def note(text: str) -> None:
    """A word to the person, to stderr."""
    _say("note:  " + text)


def say(text: str) -> None:
    """A plain line to the person, to stderr."""
    _say(text)


def complain(error: DinoqError) -> None:
    """One sentence: what, which, what was expected, what to do next."""
    if isinstance(error, Interrupted):  # wanted, so no error
        note(f"{error} {error.hint}".rstrip())
    else:
        _say(f"error: {error.told}")


def _say(text: str) -> None:
    print(printable(text, stderr_encoding()), file=sys.stderr, flush=True)


def stderr_encoding() -> str | None:
    """What stderr takes; while bars are drawn, rich stands in front of it and does not know."""
    return getattr(sys.stderr, "rich_proxied_file", sys.stderr).encoding


def result_columns() -> int | None:
    """How wide the terminal is that stdout goes to; None for a file or a pipe, which take any width."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except OSError:
        return None


def printable(text: str, encoding: str | None) -> str:
    """What a terminal of this encoding can print; plain signs stand in for the rest."""
    wanted = encoding or "ascii"
    try:
        text.encode(wanted)
    except UnicodeEncodeError:
        plain = text.translate(str.maketrans("·█░…", "-#.~"))
        return plain.encode(wanted, "replace").decode(wanted)
    return text


def typed() -> str:
    """The command as a shell would take it again: flags hold no secret, those come from the environment."""
    return shlex.join(["dinoq", *sys.argv[1:]])
