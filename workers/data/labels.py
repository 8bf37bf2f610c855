"""The classes of a dataset by name, wherever they were written, and how they join photos: never by position."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dinoq.jobs.errors import BadLabels

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """`classes` by name as written; `style` says what the file is. `by_wordnet`: the classes are places among sorted
    WordNet ids, by construction. `whole`: they are of a whole published set, of which a part may be here."""

    path: Path
    classes: Mapping[str, int]
    style: str
    by_wordnet: bool = False
    whole: bool = False


def _file_name(name: str) -> str:
    return name.rsplit("/", 1)[-1]


def _stem(name: str) -> str:
    return PurePosixPath(name).stem


KEYS: tuple[Callable[[str], str], ...] = (str, _file_name, _stem)
"""What may be equal in a photo's name and a label's, the surest first."""


def join(names: Iterable[str], labels: Labels, root: Path) -> list[tuple[str, int]]:
    """Name and class of each photo: by relative name, else by file name, else by that without its suffix, as far as
    only one photo and one label have it. Raises: BadLabels for a photo without label, or a label without photo."""
    wanted = list(names)
    found: dict[str, str] = {}
    for key in KEYS:
        if len(found) < len(wanted):
            theirs = _alone(key, labels.classes)
            taken = set(found.values())
            for short, name in _alone(key, wanted).items():
                if name not in found and short in theirs and theirs[short] not in taken:
                    found[name] = theirs[short]
    if missing := [name for name in wanted if name not in found]:
        raise BadLabels(f"{labels.path} has no line for {some(missing)}.", hint="add the lines, or take the photos out")
    used = set(found.values())
    if not labels.whole and (extra := [name for name in labels.classes if name not in used]):
        raise BadLabels(
            f"{labels.path} names {some(extra)}, not found under {root}.", hint="--data or --labels is another set's"
        )
    return [(name, labels.classes[found[name]]) for name in wanted]


def some(names: Iterable[str]) -> str:
    """The first few, and how many there are."""
    all_names = list(names)
    more = f" and {len(all_names) - SHOWN} more" if len(all_names) > SHOWN else ""
    return ", ".join(all_names[:SHOWN]) + more


def _alone(key: Callable[[str], str], names: Iterable[str]) -> dict[str, str]:
    """Name by key, for keys that only one name has."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[key(name)].append(name)
    return {short: group[0] for short, group in groups.items() if len(group) == 1}
