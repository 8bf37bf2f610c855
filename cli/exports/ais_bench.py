"""`dinoq export JOB --as ais_bench`: the output folder that ais_bench leaves, and its summary beside it."""

from __future__ import annotations

from dinoq.cli.exchange import Export
from dinoq.cli.exports.chosen import Chosen, choose, concluded
from dinoq.cli.exports.note import note_beside, run_note
from dinoq.cli.exports.outputs import LABELS, Plan, form_of, planned, write_folder
from dinoq.cli.flags import OF_OUTPUTS, check_export
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import UsageError

ABOUT = (
    "Each file: the logits of one photo, in the order of val_label.txt, as postprocessing by line order needs it.",
    "Throughput and times are of one device, padded batches left out. ais_bench itself was not run: its args are empty.",
)


def write(now: Settings, asked: Export) -> int:
    """Write `CHIP_bsB/NAME_0.bin`, `CHIP_bsB_summary.json` and `val_label.txt`; 6 when the run is not complete."""
    from dinoq.jobs.formats.dump import FIRST_OUTPUT
    from dinoq.workers.exports.places import require_free, write_texts

    check_export(now, asked, "--as ais_bench", OF_OUTPUTS)
    form = form_of(asked, ("bin", "npy", "txt"))
    chosen = choose(now, asked)
    place = asked.output / f"{chosen.cell.chip}_bs{chosen.cell.batch}"
    plan = planned(chosen, place, FIRST_OUTPUT["ais_bench"], form)
    texts = {
        asked.output / f"{place.name}_summary.json": _summary(chosen, plan),
        asked.output / LABELS: plan.labels,
        note_beside(place): run_note(chosen, ABOUT),
    }
    require_free(texts)
    write_folder(now, chosen, plan)
    write_texts(texts)
    return concluded(
        chosen.absent, f"{place}: {len(plan.files)} files; {place.name}_summary.json and {LABELS} beside it"
    )


def _summary(chosen: Chosen, plan: Plan) -> str:
    """Raises: UsageError when the run was not timed: a summary is of times."""
    from dinoq.jobs.as_tools import summary_of
    from dinoq.jobs.formats.ais_bench import summary_text

    files = {str(no): ((name,), (str(plan.place / file),)) for no, (name, file) in enumerate(plan.files.items())}
    summary = summary_of(chosen.merged, chosen.measured, chosen.cell.batch, files)
    if summary is None:
        raise UsageError(
            f"{chosen.name} has no speed: {chosen.measured.throughput.why['compute']}.",
            hint="submit it again with --loop N, or export --as dump",
        )
    return summary_text(summary)
