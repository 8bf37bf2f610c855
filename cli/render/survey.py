"""A survey of a dataset: for people in 80 columns, and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dinoq.cli.render.layout import NAMED, field, item
from dinoq.cli.render.words import clip, counted, some
from dinoq.jobs.imagenet import Recognised

if TYPE_CHECKING:
    from dinoq.workers.data.datasets import Dataset
    from dinoq.workers.data.survey import Picture, Survey

MORE = "dinoq dataset check --json"
VERSION = 1


def survey_text(dataset: Dataset, order: Recognised, found: Survey) -> str:
    """The verdict first, then what is there, then what is odd, by name."""
    return "\n".join([_verdict(found), "", *_facts(dataset, order, found), *_odd(found)])


def survey_values(dataset: Dataset, order: Recognised, found: Survey) -> dict[str, object]:
    """Everything that was found, every name; plain values."""
    return {
        "version": VERSION,
        "source": str(dataset.photos.root),
        "kind": dataset.photos.kind,
        "samples": found.samples,
        "part_of": dataset.part_of,
        "bytes": found.n_bytes,
        "labels": {"source": str(dataset.labels.path), "style": dataset.labels.style}
        | {"order": order.order, "known": order.known, "agree": order.agree},
        "classes": {str(label): n for label, n in found.per_class.items()},
        "formats": found.formats,
        "modes": found.modes,
        "smallest": _values(found.smallest),
        "largest": _values(found.largest),
        "unreadable": [{"name": one.name, "reason": one.reason} for one in found.unreadable],
        "misnamed": [{"name": one.name, "format": one.format} for one in found.misnamed],
        "turned": [{"name": one.name, "orientation": one.orientation} for one in found.turned],
        "twins": found.twins,
        "manifest_id": dataset.manifest.id,
        "fingerprint": found.fingerprint,
        "notes": dataset.notes,
    }


def _values(picture: Picture | None) -> dict[str, object] | None:
    return None if picture is None else {"name": picture.name, "width": picture.size[0], "height": picture.size[1]}


def _verdict(found: Survey) -> str:
    bad = len(found.unreadable)
    if bad:
        return f"INCOMPLETE  {bad} of {counted(found.samples, 'photo')} cannot be evaluated"
    return f"PASS  {counted(found.samples, 'photo')} of {_classes(found)} can be evaluated"


def _classes(found: Survey) -> str:
    n = len(found.per_class)
    return "1 class" if n == 1 else f"{n} classes"


def _facts(dataset: Dataset, order: Recognised, found: Survey) -> Iterator[str]:
    part = f", of {dataset.part_of}" if dataset.part_of else ""
    yield from field("Data", f"{clip(str(dataset.photos.root), 60)} · {dataset.photos.kind}")
    yield from field("Photos", f"{found.samples:,}{part} · {found.n_bytes / 1e6:,.1f} MB")
    yield from field("Labels", f"{clip(str(dataset.labels.path), 60)} · {dataset.labels.style}{_order(order)}")
    few, many = min(found.per_class.values()), max(found.per_class.values())
    numbers = f"{min(found.per_class)} to {max(found.per_class)}"
    photos = counted(few, "photo") if few == many else f"{few} to {many} photos"
    yield from field("Classes", f"{len(found.per_class)}, numbered {numbers} · {photos} each")
    yield from field("Formats", _counts(found.formats))
    yield from field("Modes", f"{_counts(found.modes)} · all are evaluated as RGB")
    if found.smallest and found.largest:
        yield from field("Sizes", f"{_size(found.smallest)} to {_size(found.largest)}")
    yield from field("Manifest", dataset.manifest.id)
    yield from field("Content", found.fingerprint)


def _order(order: Recognised) -> str:
    """What the labels are, as far as it is known; of an order that is wrong nobody gets here."""
    if order.order == "index + 1":
        return " · index + 1, 0 being a background class"
    told = f", as published for {order.agree} of {order.known} photos" if order.known else ""
    return f" · index by sorted WordNet id{told}" if order.order == "index" else ""


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counts.items()) or "-"


def _size(picture: Picture) -> str:
    return f"{picture.size[0]} x {picture.size[1]} ({clip(picture.name, 40)})"


def _odd(found: Survey) -> Iterator[str]:
    bad = [f"{clip(one.name, 50)}: {one.reason}" for one in found.unreadable]
    misnamed = [f"{clip(one.name, 50)} is a {one.format}; it is read as what it is" for one in found.misnamed]
    turned = [f"{clip(one.name, 50)} has EXIF orientation {one.orientation}; not applied" for one in found.turned]
    twins = [f"{' = '.join(clip(name, 40) for name in names)}, the same bytes" for names in found.twins]
    for head, texts in (("bad", bad), ("format", misnamed), ("turned", turned), ("twins", twins)):
        for text in some(texts, NAMED, MORE):
            yield from item(head, text)
