"""A run followed back to its parts: every row of it, their sum beside the report's figures, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict

from dinoq.cli.render.columns import narrowed
from dinoq.cli.render.layout import LONGEST, WIDTH, field
from dinoq.cli.render.markdown import escape
from dinoq.cli.render.markdown import table as markdown_table
from dinoq.cli.render.programs import flags_text, given_text
from dinoq.cli.render.words import DASH, clip, counted, number, run_label, wrapped
from dinoq.cli.traced import Traced
from dinoq.jobs.errors import UsageError
from dinoq.jobs.trace import TracedPart

VERSION = 1
"""Raised when a field of the JSON changes its meaning or goes."""
HEADS = ("part", "samples", "device", "n", "top-1", "top-5", "batches", "ms/batch", "images/s", "tries", "shard")
LEFT = ("samples", "device", "shard")
EXPENDABLE = ("tries", "batches", "top-5", "ms/batch")
"""Left out of a terminal's table, in this order, where it would be too wide."""
LONGEST_NAME = 24
SHARD = 8
"""So many characters of a shard's key tell it apart from the others of a job."""


def trace_renderer(format: str) -> Callable[[list[Traced]], str]:
    """The function that renders runs followed back. Raises: UsageError for a format that has no place for it."""
    known = {"text": text, "md": markdown, "json": to_json}
    if format not in known:
        raise UsageError(f"--run shows parts as {', '.join(known)}, not as {format}.", hint="--format text")
    return known[format]


def text(runs: list[Traced]) -> str:
    """For a terminal: 80 columns, and what they have no room for is named."""
    return "\n\n".join("\n".join([_head(one), "", *_table(one), *_below(one), "", *_sources(one)]) for one in runs)


def _head(one: Traced) -> str:
    return f"job {one.report.job}  {run_label(one.run)} {one.run.precision}  {clip(one.report.name, 40)}"


def _table(one: Traced) -> Iterator[str]:
    rows = [[clip(cell, LONGEST_NAME) for cell in row] for row in _rows(one)]
    shown = narrowed(HEADS, rows, WIDTH, EXPENDABLE, right=[head for head in HEADS if head not in LEFT])
    yield shown.text
    if shown.left_out:
        yield from field("", f"no room for {', '.join(shown.left_out)}: --format md")


def _rows(one: Traced) -> Iterator[tuple[str, ...]]:
    for part in one.parts:
        yield (
            *(str(part.no), _samples(part), part.device, str(part.n), str(part.top1), str(part.top5)),
            *(str(part.batches), number(_batch_ms(part), 2), number(part.images_per_s, 1)),
            *(str(part.attempts) if part.attempts else DASH, part.shard[:SHARD] if part.shard else DASH),
        )
    whole, latency = one.totals, one.run.measured.latency
    yield (
        *("sum", counted(len(one.parts), "part"), "", str(whole.n), str(whole.top1), str(whole.top5)),
        *(str(whole.batches), number(_mean_ms(one), 2), number(whole.images_per_s, 1), "", ""),
    )
    right = [str(score.correct) if score else DASH for score in (one.run.top1, one.run.top5)]
    compute = one.run.measured.throughput.compute
    yield (
        *("report", "", "", str(one.run.coverage.counted), *right),
        *(str(latency.n), number(latency.mean, 2), number(compute, 1), "", ""),
    )


def _samples(part: TracedPart) -> str:
    return f"{part.first}-{part.first + part.count - 1}" if part.count else "random data"


def _batch_ms(part: TracedPart) -> float | None:
    return part.compute_ms / part.batches if part.compute_ms is not None and part.batches else None


def _mean_ms(one: Traced) -> float | None:
    rate = one.totals.images_per_s
    return 1000.0 * one.run.batch / rate if rate else None


def _remarks(one: Traced) -> Iterator[tuple[str, str]]:
    """What of the parts has no column."""
    odd = [
        ("unreadable", sum(part.unreadable for part in one.parts)),
        ("NaN or Inf", sum(part.nonfinite for part in one.parts)),
    ]
    yield from ((what, counted(count, "sample")) for what, count in odd if count)
    again = [f"part {part.no} {part.attempts} times" for part in one.parts if part.attempts > 1]
    if again:
        yield "tried", ", ".join(again)
    for overlap in dict.fromkeys(part.overlap for part in one.parts if part.overlap):
        numbers = ", ".join(str(part.no) for part in one.parts if part.overlap == overlap)
        yield "beside", f"parts {numbers}: {overlap}"
    yield from (("failed", f"part {part.no}: {part.error or 'cancelled'}") for part in one.run.failed)


def _below(one: Traced) -> Iterator[str]:
    for head, remark in _remarks(one):
        yield from wrapped(f"{head:<12}", clip(remark, LONGEST), WIDTH)


def facts(one: Traced) -> list[tuple[str, str]]:
    """What the run was made of, in full, so that it can be found again."""
    run, report = one.run, one.report
    devices = [device.label for device in run.devices]
    workers = dict.fromkeys(part.worker for part in one.parts if part.worker)
    made = f"sha256 {run.artifact.sha256}, key {run.artifact.key}" if run.artifact else "none"
    found = [
        ("model", f"{report.model.name}, sha256 {report.model.sha256 or 'unknown'}"),
        ("artifact", ", ".join(filter(None, (made, given_text(run), flags_text(run))))),
        ("command", run.compile_command),
        ("toolkit", ", ".join(filter(None, (run.toolkit, *(f"driver {one}" for one in run.drivers if one))))),
        ("origin", f"{run.origin or 'not fixed'}{f', paced by {run.pace}' if run.pace else ''}"),
        ("devices", ", ".join(devices)),
        ("workers", ", ".join(workers)),
        ("data", f"{report.data.source}, fingerprint {report.fingerprint or 'not known'}"),
        ("recipe", f"{report.recipe.name} version {report.recipe.version}"),
        ("shards", ", ".join(dict.fromkeys(part.shard for part in one.parts if part.shard))),
    ]
    return [(head, text) for head, text in found if text]


def _sources(one: Traced) -> Iterator[str]:
    for head, fact in facts(one):
        yield from field(head.capitalize(), fact)
    yield from field("Trace", f"dinoq logs {one.report.job} --run {one.run.chip}:{one.run.batch}")


def markdown(runs: list[Traced]) -> str:
    """Tables for an issue or a README."""
    return "\n\n".join("\n".join(_markdown(one)) for one in runs)


def _markdown(one: Traced) -> Iterator[str]:
    yield f"# {escape(_head(one))}"
    yield ""
    yield from markdown_table(HEADS, [[escape(cell) for cell in row] for row in _rows(one)])
    yield ""
    yield from (f"- {head}: {escape(fact)}" for head, fact in (*_remarks(one), *facts(one)))


def to_json(runs: list[Traced]) -> str:
    """For machines: figures not rounded, undefined is null."""
    values = [
        {
            "job": one.report.job,
            "run": one.run.run_no,
            "chip": one.run.chip,
            "batch": one.run.batch,
            "precision": one.run.precision,
            "mode": one.run.mode,
            "facts": dict(facts(one)),
            "parts": [asdict(part) for part in one.parts],
            "totals": asdict(one.totals),
        }
        for one in runs
    ]
    return json.dumps({"version": VERSION, "runs": values}, indent=2, allow_nan=False)
