"""`dinoq export JOB --as result`: the `result.json` that the recipe's postprocessing counts."""

from __future__ import annotations

from dinoq.cli.exchange import Export
from dinoq.cli.exports.chosen import choose, concluded
from dinoq.cli.exports.note import note_beside, run_note
from dinoq.cli.flags import OF_RUN, check_export
from dinoq.cli.settings import Settings

FILE = "result.json"
ABOUT = "Accuracy is over all samples of the dataset: what is not in it counts as wrong."


def write(now: Settings, asked: Export) -> int:
    """Write `result.json`; 6 when the run is not complete."""
    from dinoq.jobs.as_tools import top_k
    from dinoq.jobs.formats.result_json import result_text
    from dinoq.workers.exports.places import write_texts

    check_export(now, asked, "--as result", OF_RUN)
    chosen, place = choose(now, asked), asked.output / FILE
    shares = top_k(chosen.merged, chosen.manifest.label_array)
    text = result_text(chosen.merged.coverage.expected, chosen.record.spec.model.classes, shares)
    write_texts({place: text, note_beside(place): run_note(chosen, [ABOUT])})
    return concluded(chosen.absent, str(place))
