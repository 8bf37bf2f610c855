"""Pickles that run a command where they are loaded: each writes a marker file, or asks for what could."""

from __future__ import annotations

from pathlib import Path


def programs(marker: Path) -> dict[str, tuple[bytes, str]]:
    """By way of writing it: a pickle without its STOP that makes `marker`, and the name that must be refused."""
    command = _text(f"touch {marker}")
    python = _text(f"__import__('os').system('touch {marker}')")
    split = _text("os") + b"q\x00" + _text("system") + b"q\x01" + b"00"
    return {
        "GLOBAL and REDUCE": (b"cos\nsystem\n(" + command + b"tR", "os.system"),
        "the name that os.system pickles to": (b"cposix\nsystem\n" + command + b"\x85R", "posix.system"),
        "STACK_GLOBAL": (b"\x80\x04" + _text("os") + _text("system") + b"\x93" + command + b"\x85R", "os.system"),
        "a name put together from the memo": (
            b"\x80\x04" + split + b"h\x00h\x01\x93" + command + b"\x85R",
            "os.system",
        ),
        "INST": (b"(S'touch " + str(marker).encode() + b"'\nios\nsystem\n", "os.system"),
        "OBJ": (b"(cos\nsystem\n" + command + b"o", "os.system"),
        "a class": (b"csubprocess\nPopen\n(](" + _text("touch") + _text(str(marker)) + b"etR", "subprocess.Popen"),
        "builtins.eval": (b"cbuiltins\neval\n" + python + b"\x85R", "builtins.eval"),
        "exec in a value of a dict": (b"}" + _text("w") + b"cbuiltins\nexec\n" + python + b"\x85Rs", "builtins.exec"),
        "a function got by getattr": (
            b"cbuiltins\ngetattr\ncos\n__dict__\n"
            + _text("get")
            + b"\x86R"
            + _text("system")
            + b"\x85R"
            + command
            + b"\x85R",
            "builtins.getattr",
        ),
        "a state that is set": (b"cbuiltins\nexec\n" + python + b"\x85R}b", "builtins.exec"),
        "a name of ours that leads on": (
            b"\x80\x04" + _text("collections") + _text("OrderedDict.__init__.__globals__") + b"\x93",
            "collections.OrderedDict.__init__.__globals__",
        ),
    }


UNRUNNABLE = ("a state that is set", "a name of ours that leads on")
"""Not complete programs in themselves, or not in every Python; refused all the same."""


def _text(text: str) -> bytes:
    return b"X" + len(text).to_bytes(4, "little") + text.encode()
