"""`dinoq export JOB --as perf`: the speed file that `benchmark` writes, one for each device of the run."""

from __future__ import annotations

from dinoq.cli.exchange import Export
from dinoq.cli.exports.chosen import Chosen, choose, concluded
from dinoq.cli.exports.note import note_beside, run_note
from dinoq.cli.flags import OF_RUN, check_export
from dinoq.cli.settings import Settings
from dinoq.jobs.errors import UsageError

ABOUT = (
    "Interface throughputRate: images/s of one device, compute alone; a card of four chips does four times that.",
    "[infer] throughputRate: images/s from feeding to results. [e2e]: images/s and ms of the whole run.",
    "A dash: dinoq does not measure it apart, or several devices did it together.",
)


def write(now: Settings, asked: Export) -> int:
    """Write `perf_vision_batchsize_B_device_D.txt`, D from 0 over the run's devices; 6 when the run is not complete."""
    from dinoq.jobs.formats.benchmark import perf_name
    from dinoq.workers.exports.places import write_texts

    check_export(now, asked, "--as perf", OF_RUN)
    chosen = choose(now, asked)
    by_number, about = _texts(chosen)
    texts = {asked.output / perf_name(chosen.cell.batch, number): text for number, text in by_number.items()}
    note = note_beside(asked.output / f"perf_vision_batchsize_{chosen.cell.batch}.txt")
    write_texts({**texts, note: run_note(chosen, [*about, *ABOUT])})
    return concluded(chosen.absent, ", ".join(map(str, texts)))


def _texts(chosen: Chosen) -> tuple[dict[int, str], list[str]]:
    """The files by device number, and which device each is of. Raises: UsageError when none was timed."""
    from dinoq.jobs.as_tools import perf_of
    from dinoq.jobs.device_report import device_reports
    from dinoq.jobs.formats.benchmark import perf_text

    texts, about = {}, []
    for number, device in enumerate(device_reports(chosen.run, chosen.measured)):
        perf = perf_of(device.figures, chosen.measured, loop=chosen.record.spec.loop)
        if perf is not None:
            texts[number] = perf_text(perf)
        about.append(
            f"Device {number}: {device.label}" + ("" if perf else ", too few batches timed for a figure") + "."
        )
    if not texts:
        raise UsageError(
            f"{chosen.name} has no speed: {chosen.measured.throughput.why['compute']}.",
            hint="submit it again with --loop N",
        )
    return texts, about
