"""`dinoq export JOB --as dump`: what the program gave for each photo, in the folder that `benchmark` leaves."""

from __future__ import annotations

from dinoq.cli.exchange import Export
from dinoq.cli.exports.chosen import choose, concluded
from dinoq.cli.exports.note import note_beside, run_note
from dinoq.cli.exports.outputs import LABELS, form_of, planned, write_folder
from dinoq.cli.flags import OF_OUTPUTS, check_export
from dinoq.cli.settings import Settings

FOLDER = "dumpOutput_device0"
ABOUT = (
    "Each file: the logits of one photo. device0 stands for all devices of the run.",
    "The published postprocessing divides by the files that are here, dinoq by the samples of the dataset.",
)


def write(now: Settings, asked: Export) -> int:
    """Write `dumpOutput_device0/NAME_1.txt` and `val_label.txt`; 6 when the run is not complete."""
    from dinoq.jobs.formats.dump import FIRST_OUTPUT
    from dinoq.workers.exports.places import require_free, write_texts

    check_export(now, asked, "--as dump", OF_OUTPUTS)
    form = form_of(asked, ("txt", "bin"))
    chosen, place = choose(now, asked), asked.output / FOLDER
    plan = planned(chosen, place, FIRST_OUTPUT["benchmark"], form)
    texts = {asked.output / LABELS: plan.labels, note_beside(place): run_note(chosen, ABOUT)}
    require_free(texts)
    write_folder(now, chosen, plan)
    write_texts(texts)
    return concluded(chosen.absent, f"{place}: {len(plan.files)} files; {LABELS} beside it")
