"""Values from outside as the dataclasses they claim to be: every field there, each of its type, and nothing else."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")
NUMBER = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
LARGEST = 2**63 - 1
"""What a database keeps as a whole number."""


class Malformed(ValueError):
    """A value that is not what it should be; the text says where, and what was expected."""


def from_json(text: bytes, at: str) -> object:
    """Plain values from UTF-8 JSON. Raises: Malformed for anything else, NaN and numbers beyond float64 among them."""
    try:
        return json.loads(text.decode("utf-8"), parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"{at} is no JSON that can be read: {error}") from None


def typed(kind: type[T], value: object, at: str) -> T:
    """`value` as a `kind`: a dataclass, or any type made of plain ones. `at` names the place. Raises: Malformed."""
    made: T = _typed(kind, value, at)
    return made


@cache
def hints(kind: type) -> Mapping[str, Any]:
    """The types of a dataclass's fields, by name."""
    return get_type_hints(kind)


def _typed(kind: Any, value: object, at: str) -> Any:
    if is_dataclass(kind):
        return _record(kind, value, at)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _either(get_args(kind), value, at)
    if origin is Literal:
        _ensure(isinstance(value, str) and value in get_args(kind), value, at, f"one of {', '.join(get_args(kind))}")
        return value
    if origin in (dict, Mapping):
        keys, values = get_args(kind)
        return _mapping(keys, values, value, at)
    if origin in (tuple, list):
        return _sequence(kind, value, at)
    return _plain(kind, value, at)


def _record(kind: Any, value: object, at: str) -> Any:
    _ensure(isinstance(value, dict), value, at, "an object")
    given: dict[str, object] = value  # type: ignore[assignment]
    known = {field.name: field for field in fields(kind)}
    for name in given.keys() - known.keys():
        raise Malformed(f"{at} has the field {name!r}, which this dinoq does not know")
    for name, field in known.items():
        if name not in given and field.default is MISSING and field.default_factory is MISSING:
            raise Malformed(f"{at} has no field {name!r}")
    try:
        return kind(**{name: _typed(hints(kind)[name], one, f"{at}.{name}") for name, one in given.items()})
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"{at}: {error}") from None


def _either(kinds: tuple[Any, ...], value: object, at: str) -> Any:
    """The first that fits; None stands for itself alone."""
    if value is None and NoneType in kinds:
        return None
    rest = [kind for kind in kinds if kind is not NoneType]
    for kind in rest[:-1]:
        try:
            return _typed(kind, value, at)
        except Malformed:
            continue
    return _typed(rest[-1], value, at)


def _mapping(keys: Any, values: Any, value: object, at: str) -> Any:
    """JSON has texts for keys; a number among them is its decimal digits."""
    _ensure(isinstance(value, dict), value, at, "an object")
    given: dict[str, object] = value  # type: ignore[assignment]
    if keys is not float:
        return {_typed(keys, key, at): _typed(values, one, f"{at}.{key}") for key, one in given.items()}
    _ensure(all(map(NUMBER.fullmatch, given)), value, at, "an object with numbers for names")
    return {float(key): _typed(values, one, f"{at}.{key}") for key, one in given.items()}


def _sequence(kind: Any, value: object, at: str) -> Any:
    _ensure(isinstance(value, list), value, at, "a list")
    items: list[object] = value  # type: ignore[assignment]
    made, kinds = get_origin(kind), get_args(kind)
    if made is list or kinds[1:] == (...,):
        kinds = kinds[:1] * len(items)
    _ensure(len(kinds) == len(items), value, at, f"a list of {len(kinds)}")
    return made(_typed(one, item, f"{at}[{no}]") for no, (one, item) in enumerate(zip(kinds, items, strict=True)))


def _plain(kind: Any, value: object, at: str) -> Any:
    if kind is object:
        return value
    if kind is int:
        _ensure(type(value) is int and abs(value) <= LARGEST, value, at, "a whole number")
    elif kind is float:
        _ensure(type(value) in (int, float), value, at, "a number")
    else:
        _ensure(
            type(value) is kind, value, at, {str: "a text", bool: "true or false", bytes: "bytes"}.get(kind, "null")
        )
    return value


def _ensure(fits: bool, value: object, at: str, wanted: str) -> None:
    if not fits:
        raise Malformed(f"{at} is {repr(value)[:60]}; expected {wanted}")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")
