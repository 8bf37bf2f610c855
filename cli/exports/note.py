"""The note beside an export: where the files come from, and what they do not say of themselves."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dinoq import __version__
from dinoq.cli.exports.chosen import Chosen
from dinoq.jobs.device_report import pace_of

SIMULATED = "SIMULATED: its devices are simulators. Nothing in these files was measured on a card."
VIRTUAL = "Its times are those of the table {pace!r}, by a virtual clock."


def note_beside(place: Path) -> Path:
    """Where the note of an exported file or folder goes: beside it, as the tools read every file of a folder."""
    return place.with_name(f"NOTE_{place.stem}.txt")


def run_note(chosen: Chosen, about: Iterable[str]) -> str:
    """The note of what is exported from a run; `about` are lines on these files alone."""
    record, run, cell = chosen.record, chosen.run, chosen.cell
    spec, coverage = record.spec, chosen.merged.coverage
    pace = pace_of(run)
    marks = [SIMULATED] if run.origin == "simulated" else []
    marks += [VIRTUAL.format(pace=pace)] if pace else []
    return note_text(
        [
            *marks,
            f"Written by dinoq {__version__} from {cell.chip} bs{cell.batch} {cell.precision} of job {record.id} ({record.uuid}).",
            f"Origin: {run.origin}; {run.toolkit or 'unknown toolkit'}; artifact sha256 {run.artifact.sha256 if run.artifact else 'unknown'}.",
            f"Model: {spec.model.name}, sha256 {spec.model.sha256}.",
            f"Data: {spec.data.source}, manifest {spec.data.manifest_id}; recipe {spec.recipe.name}.",
            f"Samples: {coverage.counted} evaluated of {coverage.expected}.",
            *about,
        ],
        chosen.absent,
    )


def note_text(lines: Iterable[str], absent: Iterable[str]) -> str:
    """The lines, then what is not in the files."""
    return "".join(f"{line}\n" for line in (*lines, *(f"Not in it: {line}" for line in absent)))
