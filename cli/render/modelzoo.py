"""The report as the README that reviewers of the model zoo know: its sections, its commands, its table of cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dinoq.cli.render.headline import simulated_banner
from dinoq.cli.render.markdown import escape, table
from dinoq.cli.render.words import DASH, jobs_named, percent, printable, run_labels
from dinoq.cli.render.zoo_marks import OF_ACCURACY, mark_notes, marks
from dinoq.cli.render.zoo_table import performance
from dinoq.cli.render.zoo_words import LANGUAGES, Words
from dinoq.jobs.report import Report, RunReport


def render(report: Report, lang: str = "zh") -> str:
    """The report in Markdown, in Chinese (`zh`) or English (`en`)."""
    words = LANGUAGES[lang]
    sections = [
        ("", _top(report, words)),
        (words.model, _model(report, words)),
        (words.environment, _environment(report, words)),
        (words.conversion, _conversion(report, words)),
        (words.dataset, _dataset(report, words)),
        (words.inference, _commands(report, words)),
        (words.accuracy, _accuracy(report, words)),
        (words.performance, performance(report, words)),
    ]
    return "\n\n".join("\n".join([f"## {head}", ""] * bool(head) + list(lines)) for head, lines in sections)


def _top(report: Report, words: Words) -> Iterator[str]:
    yield f"# {escape(words.title.format(name=report.model.name))}"
    if banner := simulated_banner(report):
        yield from ("", f"**SIMULATED** {escape(banner)}")


def _model(report: Report, words: Words) -> Iterator[str]:
    height, width = report.model.input_hw
    shape = f"{escape(report.model.input_name)} N x 3 x {height} x {width}"
    yield from table(
        words.model_heads,
        [[escape(report.model.name), report.model.sha256 or DASH, shape, str(report.model.classes)]],
    )


def _environment(report: Report, words: Words) -> Iterator[str]:
    rows = dict.fromkeys(
        (
            run.chip,
            run.origin or DASH,
            ", ".join(run.drivers) or DASH,
            run.toolkit or DASH,
            run.arch or DASH,
            run.precision,
        )
        for run in report.runs
    )
    yield from table(words.environment_heads, [[escape(cell) for cell in row] for row in rows], left=6)


def _conversion(report: Report, words: Words) -> Iterator[str]:
    yield from _shell(dict.fromkeys(run.compile_command for run in report.runs if run.compile_command))
    if without := [run for run in report.runs if not run.compile_command]:
        yield words.no_compile.format(runs=run_labels(without))


def _dataset(report: Report, words: Words) -> Iterator[str]:
    part = f" / {report.part_of}" if report.part_of else ""
    row = [
        escape(report.data.source) if report.data.samples else DASH,
        f"{report.data.samples}{part}" if report.data.samples else DASH,
        (report.fingerprint or DASH)[:12],
        escape(f"{report.recipe.name} ({report.recipe.source})"),
    ]
    yield from table(words.dataset_heads, [row])


def _commands(report: Report, words: Words) -> Iterator[str]:
    yield from _shell(dict.fromkeys(job.command for job in report.jobs if job.command))
    if without := [str(job.job) for job in report.jobs if not job.command]:
        yield words.no_command.format(jobs=", ".join(without) if len(report.jobs) > 1 else jobs_named(report))


def _shell(commands: Sequence[str] | dict[str, None]) -> Iterator[str]:
    """Literal commands; a fence longer than any run of backticks within, so that nothing can close it."""
    if commands:
        longest = max((len(run) for text in commands for run in _backticks(text)), default=0)
        fence = "`" * max(3, longest + 1)
        yield from (fence, *map(printable, commands), fence, "")


def _backticks(text: str) -> list[str]:
    return "".join(character if character == "`" else " " for character in text).split()


def _accuracy(report: Report, words: Words) -> Iterator[str]:
    answered = [run for run in report.runs if run.top1 or (run.told and run.told.top_k)]
    yield from (f"### {words.accuracy_of}", "")
    if answered:
        yield from table(words.accuracy_heads, list(map(_scores, answered)), left=1)
        if notes := list(mark_notes(answered, words, OF_ACCURACY)):
            yield from ("", *notes)
    else:
        yield words.no_accuracy
    yield from ("", f"### {words.published}", "")
    published = "" if report.baseline_top1 is None else f"{percent(report.baseline_top1)}%"
    yield from table(words.published_heads, [[escape(report.model.name), published or DASH]])
    yield from ("", f"### {words.comparison}", "")
    verdicts = [
        f"- {run.chip} bs{run.batch}: **{verdict.status.value}** {escape(verdict.text)}"
        for run in report.runs
        for verdict in run.verdicts
        if verdict.kind == "accuracy"
    ]
    yield from verdicts or [words.no_published]


def _scores(run: RunReport) -> list[str]:
    """Counted where there are predictions, else as another tool told it, of as many images as it said."""
    top1, top5 = (None if score is None else score.accuracy for score in (run.top1, run.top5))
    of = f"{run.coverage.counted}/{run.coverage.expected}"
    if run.top1 is None and run.told:
        told = dict(enumerate(run.told.top_k, start=1))
        top1, top5 = told.get(1), told.get(5)
        of = str(run.told.images or DASH)
    shares = (DASH if share is None else f"{percent(share)}%" for share in (top1, top5))
    return [run.chip + marks([run], OF_ACCURACY), str(run.batch), *shares, of]
