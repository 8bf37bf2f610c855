"""`dinoq import` of what other tools measured: figures from their files, and dump folders held against labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dinoq.cli import console
from dinoq.cli.board import Count
from dinoq.cli.exchange import Import
from dinoq.cli.flags import OF_DUMP, OF_FIGURES, check_import
from dinoq.cli.foreign_job import Made, given_of, identity_of, job_of, labelled, model_of
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import BadResults

if TYPE_CHECKING:
    from dinoq.jobs.foreign import ForeignRun, Given
    from dinoq.jobs.formats.readers import Reading
    from dinoq.jobs.ledger import Origin
    from dinoq.workers.data.dumps import Dump
    from dinoq.workers.data.figure_files import FigureFile

NAMED = 3


def recognises(path: Path) -> bool:
    """Whether it is a dump folder, or holds figures of a tool that is known."""
    from dinoq.workers.data.dumps import is_dump
    from dinoq.workers.data.figure_files import is_figures

    return (path.is_dir() and is_dump(path)) or is_figures(path)


def read(now: Settings, asked: Import) -> int:
    """Read everything, then store it in one transaction: what is wrong, or interrupted, stores nothing."""
    from dinoq.cli.ledger import open_ledger
    from dinoq.db.imported import Foreign, store_imported
    from dinoq.workers.data.dumps import is_dump

    dump = asked.path.is_dir() and is_dump(asked.path)
    check_import(now, asked, "a dump folder" if dump else "a file of figures", OF_DUMP if dump else OF_FIGURES)
    given = given_of(now, asked)
    made = (_from_dump if dump else _from_figures)(now, asked, given)
    spec = job_of(now, asked, made)
    runs = {
        no: Foreign(told=run.told, origin=run.origin, results=made.results) for no, run in enumerate(made.runs, start=1)
    }
    db = open_ledger(now)
    for text in dict.fromkeys(text for run in made.runs for text in run.told.notes):
        console.note(text)
    stored = store_imported(db, spec, made.manifest, runs, owner=now.owner, identity=identity_of(spec, made))
    if stored.repeated:
        console.note(f"this was imported before, as job {stored.job}; nothing is stored again.")
    console.result(f"job {stored.job}")
    console.say(f"dinoq report {stored.job}")
    return 0


def _from_figures(now: Settings, asked: Import, given: Given) -> Made:
    """Runs from files of figures: one, or all of a folder."""
    from dinoq.jobs.foreign import one_run_each
    from dinoq.jobs.manifest import Manifest
    from dinoq.workers.data.figure_files import figure_files

    files, others = figure_files(asked.path)
    if not files:
        raise BadResults(f"{asked.path} holds no file of figures.", hint="dinoq import FILE, or a folder of them")
    _tell_ignored(others)
    runs = one_run_each(_run_of(file, given) for file in files)
    for run in runs:
        _tell(run)
    return Made(runs=runs, manifest=Manifest((), ()), source="none")


def _run_of(file: FigureFile, given: Given) -> ForeignRun:
    from dinoq.jobs.foreign import decide

    return decide(_reading(file, given.batch), given, file.name)


def _reading(file: FigureFile, batch: int | None) -> Reading:
    """What the file says, with the file itself as its source."""
    from dinoq.jobs.formats.readers import read as read_text
    from dinoq.jobs.told import SourceFile

    reading = read_text(file.text, file.name, batch)
    told = replace(reading.told, files=(SourceFile(file.name, file.sha256),))
    return replace(reading, told=told, origin=_surest(reading.origin, file.origin))


def _surest(told: Origin | None, noted: Origin | None) -> Origin | None:
    """Whoever says simulated is believed."""
    return "simulated" if "simulated" in (told, noted) else told or noted


def _from_dump(now: Settings, asked: Import, given: Given) -> Made:
    """One run from a dump folder: every answer held against its label, and the speed file beside it where there is one."""
    from dinoq.jobs.foreign import decide
    from dinoq.workers.data.dumps import in_order, open_dump, score

    model = model_of(now)
    dump = open_dump(asked.path, model.classes if model else None)
    _tell_ignored(dump.ignored)
    run = decide(_dump_reading(dump, given.batch), given, asked.path.name)
    dataset = labelled(now, dump.classes)
    names = in_order(dump, dataset.manifest)
    console.say(f"{asked.path.name}: outputs of {dump.tool}, {len(names):,} images, {dump.classes} classes")
    with Count("reading", len(names)) as done:
        scored = score(dump, names, dataset.manifest.label_array, done)
    files = tuple(file if file.sha256 else replace(file, sha256=scored.sha256) for file in run.told.files)
    run = replace(run, told=replace(run.told, files=files, notes=(*run.told.notes, *dataset.notes)))
    _tell(run)
    return Made(
        runs=(run,), manifest=dataset.manifest, source=dataset.source, results=scored.results, classes=dump.classes
    )


def _dump_reading(dump: Dump, batch: int | None) -> Reading:
    """What the folder tells, and the speed file beside it; the folder's sha256 is known once it is read."""
    from dinoq.jobs.formats.readers import Reading
    from dinoq.jobs.told import SourceFile, Told, joined
    from dinoq.workers.data.figure_files import figure_file, noted_origin

    own = Told(tool=dump.tool, kind="dump folder", files=(SourceFile(dump.folder.name, ""),)).knowing(data="dataset")
    beside = _speed_files(dump, batch)
    if len(beside) > 1:
        names = ", ".join(path.name for path in beside)
        raise BadResults(f"{names} lie beside {dump.folder.name}; which one is of it?", hint="--batch 16")
    noted = noted_origin(dump.folder)
    if not beside:
        return Reading(told=own, origin=noted)
    speed = _reading(figure_file(beside[0]), batch)
    both = joined(speed.told, own)
    assert both is not None  # a folder of outputs tells no speed
    console.say(f"{beside[0].name} lies beside it")
    return replace(speed, told=both, origin=_surest(speed.origin, noted))


def _speed_files(dump: Dump, batch: int | None) -> Sequence[Path]:
    """The files that the tool of a dump writes beside it, of its device and the batch that a person says."""
    from dinoq.jobs.formats.benchmark import read_name

    folder = dump.folder.absolute()
    if dump.tool == "ais_bench":
        summary = folder.parent / f"{folder.name}_summary.json"
        return [summary] if summary.is_file() else []
    said = [(path, read_name(path.name)) for path in sorted(folder.parent.glob("perf_*.txt"))]
    return [path for path, name in said if name and name.device == dump.device and batch in (None, name.batch)]


def _tell(run: ForeignRun) -> None:
    """What was recognised, and the figure that counts; the chips of a card are multiplied here, once."""
    from dinoq.jobs.card import card_of

    told = run.told
    what = f"{told.tool}, {told.kind}: {run.chip.name} bs{run.batch} {run.precision}, {run.origin}"
    compute = told.rates.get("compute")
    if compute is not None:
        card = card_of(run.chip.name, compute)
        chips = f" x {card.chips} chips = {card.images_per_s:.7g} per card" if card.chips > 1 else ""
        what += f"; compute {compute:.7g} images/s per chip{chips}"
    console.say(what)


def _tell_ignored(names: Sequence[str]) -> None:
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        console.note(f"left alone: {', '.join(names[:NAMED])}{more}")
