"""A pickle as inert values: a small machine of our own walks its opcodes. Nothing that a file names is looked up,
imported or called; a name stands for itself, and one that the reader does not know ends the reading.

`pickle` itself is a language that runs; `pickletools` only takes its sentences apart.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO

PLAIN = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
)
"""Opcodes that carry their value."""
KEYS = (str, int, float, bytes, type(None))
"""What keys of a dict may be; the hash of nested tuples could take for ever."""


class Foreign(Exception):
    """A pickle holds what is no plain value; the text names it."""


class Damaged(ValueError):
    """Bytes that are no whole pickle."""


@dataclass(frozen=True, slots=True)
class Name:
    """A class or function as a pickle names it: two texts with nothing behind them."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What a pickle may say beyond plain values: names that stand for themselves, names that may be called and what
    is then done in their place, and what becomes of an object that is kept outside the pickle."""

    names: frozenset[Name]
    calls: Mapping[Name, Callable[[tuple[object, ...]], object]]
    persistent: Callable[[object], object]


def read_pickle(file: IO[bytes], grammar: Grammar) -> object:
    """The next pickle of the file, which then stands behind it. Raises: Foreign, Damaged."""
    machine = _Machine(grammar)
    handlers = machine.handlers()
    try:
        for opcode, argument, _ in pickletools.genops(file):
            if opcode.name == "STOP":
                break
            if opcode.name not in handlers:
                raise Foreign(f"the opcode {opcode.name}")
            handlers[opcode.name](argument)
    except Damaged:
        raise
    # pickletools: an argument cut off, no opcode, text that is no UTF-8; an escape that Python gives up, where warnings end
    except (ValueError, DeprecationWarning) as error:
        raise Damaged(str(error)) from None
    return machine.result()


class _Machine:
    """The stack, the heights at which marks stand, and the memo."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[object, object] = {}

    def handlers(self) -> dict[str, Callable[[object], None]]:
        """What each opcode does with its argument. What is not here is refused."""
        push = self.stack.append
        return {
            **dict.fromkeys(PLAIN, push),
            **dict.fromkeys(("PROTO", "FRAME"), _ignore),
            **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), self._remember),
            **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), self._recall),
            "MEMOIZE": lambda _: self._remember(len(self.memo)),
            "MARK": lambda _: self.marks.append(len(self.stack)),
            "POP": lambda _: self._pop(),
            "POP_MARK": lambda _: _ignore(self._since_mark()),
            "NONE": lambda _: push(None),
            "NEWTRUE": lambda _: push(True),
            "NEWFALSE": lambda _: push(False),
            "EMPTY_TUPLE": lambda _: push(()),
            "EMPTY_LIST": lambda _: push([]),
            "EMPTY_DICT": lambda _: push({}),
            "TUPLE1": lambda _: push(tuple(self._take(1))),
            "TUPLE2": lambda _: push(tuple(self._take(2))),
            "TUPLE3": lambda _: push(tuple(self._take(3))),
            "TUPLE": lambda _: push(tuple(self._since_mark())),
            "LIST": lambda _: push(self._since_mark()),
            "DICT": lambda _: push(as_dict(self._since_mark())),
            "APPEND": lambda _: self._extend(self._take(1)),
            "APPENDS": lambda _: self._extend(self._since_mark()),
            "SETITEM": lambda _: self._update(self._take(2)),
            "SETITEMS": lambda _: self._update(self._since_mark()),
            "GLOBAL": lambda argument: push(self._named(*str(argument).split(" ", 1))),
            "STACK_GLOBAL": lambda _: push(self._named(*self._take(2))),
            "INST": self._instance,
            "REDUCE": lambda _: push(self._called(*self._take(2))),
            "BUILD": lambda _: self._built(),
            "BINPERSID": lambda _: push(self.grammar.persistent(*self._take(1))),
        }

    def result(self) -> object:
        """The one value that is left. Raises: Damaged."""
        if self.marks or len(self.stack) != 1:
            raise Damaged("it does not end in one value")
        return self.stack[0]

    def _take(self, count: int) -> list[object]:
        """The last `count` values, none from below the last mark."""
        floor = self.marks[-1] if self.marks else 0
        if len(self.stack) - count < floor:
            raise Damaged("a value is missing")
        taken = self.stack[-count:]
        del self.stack[-count:]
        return taken

    def _since_mark(self) -> list[object]:
        if not self.marks:
            raise Damaged("a mark is missing")
        height = self.marks.pop()
        taken = self.stack[height:]
        del self.stack[height:]
        return taken

    def _pop(self) -> None:
        """A mark, where one is on top."""
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self._take(1)

    def _top(self) -> object:
        (top,) = self._take(1)
        self.stack.append(top)
        return top

    def _remember(self, place: object) -> None:
        self.memo[place] = self._top()

    def _recall(self, place: object) -> None:
        if place not in self.memo:
            raise Damaged(f"nothing is remembered at {place}")
        self.stack.append(self.memo[place])

    def _extend(self, values: list[object]) -> None:
        if not isinstance(top := self._top(), list):
            raise Foreign(f"a {type(top).__name__} that is appended to")
        top.extend(values)

    def _update(self, pairs: list[object]) -> None:
        if not isinstance(top := self._top(), dict):
            raise Foreign(f"a {type(top).__name__} that is given keys")
        top.update(as_dict(pairs))

    def _named(self, module: object, name: object = "") -> Name:
        if not isinstance(module, str) or not isinstance(name, str):
            raise Damaged("a name that is no text")
        named = Name(module, name)
        if named not in self.grammar.names and named not in self.grammar.calls:
            raise Foreign(str(named))
        return named

    def _instance(self, argument: object) -> None:
        named = self._named(*str(argument).split(" ", 1))
        self.stack.append(self._called(named, tuple(self._since_mark())))

    def _called(self, named: object, arguments: object) -> object:
        if not isinstance(named, Name) or named not in self.grammar.calls:
            raise Foreign(f"a call of {named if isinstance(named, Name) else type(named).__name__}")
        if not isinstance(arguments, tuple):
            raise Damaged(f"{named} is called without arguments")
        return self.grammar.calls[named](arguments)

    def _built(self) -> None:
        """torch hangs versions of its own on a state dict, which say nothing of the weights; nothing else is built."""
        self._take(1)
        if not isinstance(top := self._top(), dict):
            raise Foreign(f"a {type(top).__name__} that is given a state")


def _ignore(_: object) -> None:
    pass


def as_dict(flat: list[object]) -> dict[object, object]:
    """Key, value, key, value ... as a dict. Raises: Damaged, and Foreign for a key that is no plain value."""
    if len(flat) % 2:
        raise Damaged("a key without a value")
    keys = flat[::2]
    for key in keys:
        if not isinstance(key, KEYS):
            raise Foreign(f"a key that is a {type(key).__name__}")
    return dict(zip(keys, flat[1::2], strict=True))
