"""The report as a page: whole by itself, nothing in a name is markup, and what is drawn is also told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from dinoq.cli.render.html import render
from dinoq.cli.render.words import printable
from dinoq.jobs.join import join
from dinoq.jobs.measure import SCOPES
from dinoq.jobs.report import Report, build_report
from dinoq.jobs.told import Told
from tests.modes import mode_job
from tests.pages import NASTY, nasty_job, three_chip_job
from tests.reports import cpu_job, report_of

VOID = {"meta", "link", "img", "br", "hr", "input"}


@dataclass
class Page(HTMLParser):
    """What a browser would see: elements with their attributes, ids, the text of headings; and whether all is closed."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))

    def of(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.elements if name == tag)

    def said(self, tag: str) -> str:
        return " ".join(text for name, text in self.texts if name == tag)


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert page.open == []
    return page


@cache
def three_chips() -> str:
    return render(report_of(three_chip_job((1, 16), 512)))


@cache
def hostile() -> str:
    return render(report_of(nasty_job()))


def imported() -> str:
    """A run that another tool timed, and one of which it told the accuracy alone."""
    record, manifest = cpu_job()
    tools = (
        Told(tool="trtexec", kind="log", rates={"compute": 900.0}),
        Told(tool="postprocess", kind="result.json", images=50_000, top_k=(0.75, 0.8, 0.85, 0.9, 0.93)),
    )
    runs = tuple(replace(run, told=told, results=()) for run, told in zip(record.runs, tools, strict=True))
    return render(report_of((replace(record, runs=runs), manifest)))


def joined() -> str:
    """Two jobs of which each ran the same cells."""
    record, manifest = cpu_job()
    return render(build_report(join([record, replace(record, id=43)]), manifest))


def not_begun() -> str:
    record, manifest = cpu_job()
    idle = {
        "results": (),
        "origin": None,
        "artifact": None,
        "devices": (),
        "first_start_ms": None,
        "last_finish_ms": None,
    }
    runs = tuple(replace(run, state="waiting", **idle) for run in record.runs)  # type: ignore[arg-type]
    return render(report_of((replace(record, state="active", runs=runs, fingerprint=None), manifest)))


KINDS: tuple[Callable[[], str], ...] = (
    three_chips,
    hostile,
    imported,
    joined,
    not_begun,
    lambda: render(report_of(cpu_job(20))),
    lambda: render(report_of(cpu_job(40, (1,), unreadable=range(40)))),
    lambda: render(report_of(cpu_job(40, unranked=(1, 2)))),
    lambda: render(report_of(mode_job("recipe"))),
    lambda: render(report_of(mode_job("pure"))),
)
PAGES = pytest.mark.parametrize("made", [pytest.param(cache(made), id=str(no)) for no, made in enumerate(KINDS)])


@PAGES
def test_every_element_is_closed_and_no_id_comes_twice(made: Callable[[], str]) -> None:
    page = read(made())
    ids = Counter(attributes["id"] for _, attributes in page.elements if "id" in attributes)
    assert [one for one, times in ids.items() if times > 1] == []


@PAGES
def test_what_is_referred_to_is_there(made: Callable[[], str]) -> None:
    page = read(made())
    ids = {attributes["id"] for _, attributes in page.elements if "id" in attributes}
    named = {
        word
        for _, one in page.elements
        for key in ("aria-labelledby", "aria-describedby")
        for word in one.get(key, "").split()
    }
    targets = {one["href"].removeprefix("#") for _, one in page.elements if "href" in one}
    clips = set(re.findall(r"url\(#([^)]+)\)", made()))
    assert named | targets | clips <= ids


@PAGES
def test_the_page_asks_for_nothing_and_runs_nothing(made: Callable[[], str]) -> None:
    html, page = made(), read(made())
    assert not [
        tag for tag, _ in page.elements if tag in ("script", "link", "img", "iframe", "object", "embed", "base", "form")
    ]
    assert all(one["href"].startswith("#") for _, one in page.elements if "href" in one)
    assert not [key for _, one in page.elements for key in one if key.startswith("on") or key == "src"]
    assert "@import" not in html and "url(h" not in html
    assert any("default-src 'none'" in one.get("content", "") for one in page.of("meta"))


@PAGES
def test_headings_begin_with_one_and_skip_no_rank(made: Callable[[], str]) -> None:
    ranks = [int(tag[1]) for tag, _ in read(made()).elements if re.fullmatch(r"h\d", tag)]
    assert ranks[0] == 1 and ranks.count(1) == 1
    assert all(later - rank <= 1 for rank, later in pairwise(ranks))


@PAGES
def test_heads_of_tables_say_what_they_are_heads_of(made: Callable[[], str]) -> None:
    page = read(made())
    assert {one.get("scope") for one in page.of("th")} == {"row", "col"}
    assert len(list(page.of("table"))) == len(list(page.of("caption")))
    assert next(page.of("html"))["lang"] == "en"


@PAGES
def test_every_plot_is_an_image_with_a_name_and_a_description(made: Callable[[], str]) -> None:
    page = read(made())
    drawn = [one for one in page.of("svg") if "aria-hidden" not in one]
    assert all(one["role"] == "img" and one["aria-labelledby"] and one["aria-describedby"] for one in drawn)
    assert len(re.findall(r"<desc [^>]*>[^<]+</desc>", made())) == len(drawn)


def test_nothing_in_a_name_is_markup_wherever_it_stands() -> None:
    page = read(hostile())
    assert not list(page.of("script"))
    assert "\u202e" not in hostile()
    shown = " ".join(text for _, text in page.texts)
    assert shown.count(printable(NASTY)) >= 15


def test_the_verdict_comes_before_every_figure() -> None:
    html = three_chips()
    assert html.index("SIMULATED") < html.index('aria-label="Verdict"') < html.index("<table")
    assert html.index("UNDECIDED") < html.index('class="glance"')


def test_the_same_report_is_the_same_file() -> None:
    assert render(report_of(three_chip_job((1, 16), 512))) == three_chips()


def test_colours_are_the_pages_own_and_never_those_that_stand_in_for_them() -> None:
    assert not re.findall("#fe0[ab]", three_chips())
    assert {"var(--series-0)", "var(--series-1)", "var(--series-2)"} <= set(
        re.findall(r"var\(--[\w-]+\)", three_chips())
    )


def test_text_in_plots_is_text() -> None:
    assert "310P3 bs16" in read(three_chips()).said("text")


def test_every_figure_that_is_drawn_stands_in_a_table() -> None:
    report = report_of(three_chip_job((1, 16), 512))
    cells = set(read(three_chips()).said("td").split())
    for run in report.runs:
        assert run.top1 and f"{100 * run.top1.accuracy:.2f}" in cells
        assert f"{run.measured.throughput.compute:.2f}" in cells
        assert f"{run.measured.latency.p50:.3f}" in cells


def test_one_batch_gives_a_sentence_in_place_of_a_plot_over_the_batch() -> None:
    html = render(report_of(cpu_job(400, (1,))))
    assert "Fewer than two batch sizes were timed" in html
    assert "plot-throughput" not in html


def test_one_device_and_silent_sensors_are_said_and_not_drawn() -> None:
    html = render(report_of(cpu_job(400)))
    assert "Each run had one device" in html
    assert "plot-devices" not in html
    assert "No device told power" in html


def test_a_run_without_any_result_is_reported_all_the_same() -> None:
    record, manifest = cpu_job(400)
    empty = replace(record.runs[0], results=(), error="no program", first_start_ms=None, last_finish_ms=None)
    html = render(report_of((replace(record, runs=(empty, record.runs[1])), manifest)))
    assert "INCOMPLETE" in html
    assert "no program" in html


def test_why_there_is_no_figure_is_told_beside_it() -> None:
    report: Report = report_of(cpu_job(20))
    html = render(report)
    for scope in SCOPES:
        for why in (run.measured.throughput.why.get(scope) for run in report.runs):
            assert why is None or why in html


def test_jobs_that_ran_the_same_cells_have_lines_of_their_own() -> None:
    assert {"cpu job 42", "cpu job 43"} <= set(re.findall(r"cpu job \d+", joined()))


def test_what_another_tool_told_is_marked_at_the_top() -> None:
    html = imported()
    assert html.index("IMPORTED") < html.index("<table")
    assert 'class="mark">imported' in html
    assert "75.00 told - 93.00 told -" in read(html).said("td")


def test_answers_that_were_no_numbers_are_counted_and_said() -> None:
    html = render(report_of(cpu_job(40, unranked=(1, 2))))
    assert "2 of 40 samples were answered with NaN or Inf" in html
