"""One file per evaluated photo, as dumps of several tools have them: planned whole, then written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli import interrupts
from dinoq.cli.board import Count
from dinoq.cli.exchange import Export
from dinoq.cli.exports.chosen import Chosen, require_logits
from dinoq.cli.exports.note import note_beside
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import UsageError

if TYPE_CHECKING:
    from dinoq.jobs.formats.dump import Form

LABELS = "val_label.txt"
NOTHING_LEFT = ("interrupted; nothing is left of the export.", "Begin it anew when you like.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A folder to be: its file for each evaluated photo, by name, and the text of the label file beside it."""

    place: Path
    form: Form
    files: Mapping[str, str]
    labels: str


def form_of(asked: Export, forms: Sequence[Form]) -> Form:
    """How files are to be written, the first of `forms` unless told. Raises: UsageError for one that is none of them."""
    for form in forms:
        if (asked.outfmt or forms[0]).lower() == form:
            return form
    raise UsageError(f"--outfmt {asked.outfmt} is none of {', '.join(forms)}.", hint=f"--outfmt {forms[0]}")


def planned(chosen: Chosen, place: Path, output: int, form: Form) -> Plan:
    """What the folder `place` will hold; `output` is the number of the model's output in file names.

    Raises: UsageError when logits were not kept, names clash, or the folder is there already.
    """
    from dinoq.jobs.formats.dump import dump_name
    from dinoq.jobs.formats.info import distinct_keys, label_text
    from dinoq.workers.exports.places import require_new

    require_logits(chosen, place.name)
    require_new(place, note_beside(place))
    manifest, evaluated = chosen.manifest, chosen.merged.predictions().evaluated
    samples = [at for at, is_there in enumerate(evaluated) if is_there]
    keys = distinct_keys(manifest.names)
    return Plan(
        place=place,
        form=form,
        files={manifest.names[at]: dump_name(keys[at], output, form) for at in samples},
        labels=label_text((manifest.names[at] for at in samples), (manifest.labels[at] for at in samples)),
    )


def write_folder(now: Settings, chosen: Chosen, plan: Plan) -> None:
    """Fill the folder. Raises: UsageError, BadFolder when the disk is too small, or logits are gone from the store."""
    from dinoq.workers.data.store import open_store
    from dinoq.workers.exports.outputs import ENCODE, kept_rows, write_outputs
    from dinoq.workers.exports.places import fresh_folder, require_room

    store, classes, parts = open_store(now.store), chosen.record.spec.model.classes, chosen.merged.results
    first = next(kept_rows(store, parts, classes), None)
    require_room(plan.place, len(plan.files), 0 if first is None else len(ENCODE[plan.form](first)))
    rows, names = kept_rows(store, parts, classes), list(plan.files.values())
    with interrupts.told(*NOTHING_LEFT), fresh_folder(plan.place) as into, Count("outputs", len(names)) as count:
        write_outputs(rows, names, plan.form, into, count)
