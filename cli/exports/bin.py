"""`dinoq export --as bin`: preprocessed photos, their `.info` list and label file, as the recipe makes them by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dinoq import __version__
from dinoq.cli import console, interrupts
from dinoq.cli.board import Count
from dinoq.cli.exchange import Export
from dinoq.cli.exports.chosen import concluded
from dinoq.cli.exports.note import note_beside, note_text
from dinoq.cli.exports.outputs import LABELS, NOTHING_LEFT
from dinoq.cli.flags import OF_PHOTOS, check_export
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.jobs.recipe import Recipe
    from dinoq.workers.data.datasets import Dataset
    from dinoq.workers.exports.pictures import Make

FOLDER, INFO = "prep_dataset", "prep_dataset.info"


def write(now: Settings, asked: Export) -> int:
    """Write `prep_dataset/NAME.bin`, `prep_dataset.info` and `val_label.txt`; 6 when a photo could not be read."""
    from dinoq.cli.submission import dataset_of, read_recipe
    from dinoq.jobs.formats.info import distinct_keys, info_text, label_text
    from dinoq.workers.exports.places import require_new, write_texts

    check_export(now, asked, "--as bin", OF_PHOTOS)
    recipe = read_recipe(now.get("recipe") or "dino")
    source, dataset = dataset_of(now, asked.limit)
    for text in dataset.notes:
        console.note(text)
    place, manifest = asked.output / FOLDER, dataset.manifest
    if str(place).split() != [str(place)]:
        raise UsageError(f"the list of files is split at blanks, and cannot name {place}.", hint="-o FOLDER")
    files = dict(zip(manifest.names, (f"{key}.bin" for key in distinct_keys(manifest.names)), strict=True))
    require_new(asked.output / INFO, asked.output / LABELS, note_beside(place))
    with interrupts.told(*NOTHING_LEFT):
        unreadable = _photos(now, dataset, files, recipe, place)
    kept = {name: label for name, label in zip(manifest.names, manifest.labels, strict=True) if name not in unreadable}
    absent = tuple(f"{name}: {reason}" for name, reason in unreadable.items())
    texts = {
        asked.output / INFO: info_text((str(place / files[name]) for name in kept), recipe.crop),
        asked.output / LABELS: label_text(kept, kept.values()),
        note_beside(place): note_text(_about(source, dataset, recipe), absent),
    }
    write_texts(texts)
    return concluded(absent, f"{place}: {len(kept)} files; {INFO} and {LABELS} beside it")


def _photos(now: Settings, dataset: Dataset, files: dict[str, str], recipe: Recipe, place: Path) -> dict[str, str]:
    """Fill the folder; why, for each photo that has no file."""
    from dinoq.cli.hosting import prep_threads
    from dinoq.workers.exports.bins import bin_bytes, write_bins
    from dinoq.workers.exports.places import fresh_folder, require_room

    require_room(place, len(files), bin_bytes(recipe))
    with fresh_folder(place) as into, Count("photos", len(files)) as count:
        make = _pictures(now, dataset, recipe)
        return write_bins(files, make, recipe, into, threads=max(1, prep_threads(now)), progress=count)


def _pictures(now: Settings, dataset: Dataset, recipe: Recipe) -> Make:
    """What jobs of this host have prepared already is not made again."""
    from dinoq.workers.data.store import open_store
    from dinoq.workers.exports.pictures import from_photos, from_store

    if not now.store.is_dir():
        return from_photos(dataset.photos, recipe)
    return from_store(open_store(now.store), now.state / "digests", dataset.photos, dataset.manifest, recipe)


def _about(source: str, dataset: Dataset, recipe: Recipe) -> list[str]:
    return [
        f"Written by dinoq {__version__} from {source}, manifest {dataset.manifest.id}.",
        f"Recipe: {recipe.name} ({recipe.source}).",
        f"Each file: little-endian float32 [3, {recipe.crop}, {recipe.crop}], RGB planes.",
    ]
