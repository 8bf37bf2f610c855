"""Flags that several commands share, written once: a frozen dataclass whose fields are annotated as Typer wants them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields
from typing import Concatenate, ParamSpec, TypeVar, cast, get_type_hints

Flags = TypeVar("Flags")
Own = ParamSpec("Own")
Ending = TypeVar("Ending")


def taking(
    kind: type[Flags],
) -> Callable[[Callable[Concatenate[Flags, Own], Ending]], Callable[..., Ending]]:
    """For a command whose first parameter is a `kind`: Typer, which asks `inspect.signature`, sees each of its fields as a
    flag, before the command's own."""

    def decorate(command: Callable[Concatenate[Flags, Own], Ending]) -> Callable[..., Ending]:
        names = [one.name for one in fields(kind)]  # type: ignore[arg-type]

        @functools.wraps(command)
        def called(**given: object) -> Ending:
            shared = {name: given.pop(name) for name in names}
            return cast("Callable[..., Ending]", command)(kind(**shared), **given)

        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        signature = inspect.Signature([*_parameters(kind), *(one.replace(kind=_KEYWORD) for one in own)])
        called.__signature__ = signature  # type: ignore[attr-defined]
        return called

    return decorate


_KEYWORD = inspect.Parameter.KEYWORD_ONLY


def _parameters(kind: type[object]) -> Iterator[inspect.Parameter]:
    hints = get_type_hints(kind, include_extras=True)
    for one in fields(kind):  # type: ignore[arg-type]
        default = one.default if one.default_factory is MISSING else one.default_factory()
        yield inspect.Parameter(one.name, _KEYWORD, default=default, annotation=hints[one.name])
