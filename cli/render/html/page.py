"""The report as one HTML file: verdict first, then the numbers behind it, then where they come from.

It asks for nothing: no script, no font, no image from anywhere, and says so to the browser by a content security policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources

from dinoq.cli.render.headline import cautions, headline, simulated_banner
from dinoq.cli.render.html import accuracy, agreement, devices, proof, speed
from dinoq.cli.render.html.drawing import drawing
from dinoq.cli.render.html.glance import glance
from dinoq.cli.render.html.markup import Html, Section, badge, element, joined, name, text, tone
from dinoq.cli.render.html.series import lines_of
from dinoq.cli.render.imported import imported_banner
from dinoq.cli.render.words import jobs_named
from dinoq.jobs.report import Report

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def page(report: Report) -> Html:
    """The whole document."""
    with drawing():
        parts = [part for part in _sections(report) if part]
    title = text(f"{jobs_named(report)}: {report.name} · dinoq")
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f'<meta name="referrer" content="no-referrer"><title>{title}</title><style>{_style()}</style>'
    )
    body = joined([_top(report), _contents(parts), element("main", *(part.html for part in parts)), _foot(report)])
    return Html(f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>')


def _style() -> str:
    return resources.files("dinoq.cli.render.html").joinpath("style.css").read_text(encoding="utf-8")


def _sections(report: Report) -> Iterator[Section | None]:
    lines = lines_of(report)
    yield accuracy.accuracy(report, lines)
    yield agreement.agreement(report, lines)
    yield speed.speed(report, lines)
    yield devices.devices(report, lines)
    yield devices.over_time(report)
    yield proof.verdicts(report)
    yield proof.coverage(report)
    yield proof.provenance(report)
    yield proof.trace(report)


def _top(report: Report) -> Html:
    """Who and what, what was not measured, and the verdict."""
    job = jobs_named(report).capitalize()
    begun = f"{report.created_at:%Y-%m-%d %H:%M} UTC"
    who = element("p", text(f"{job} · {begun} · "), name(report.owner), class_="meta")
    return element("header", who, element("h1", name(report.name)), *_banners(report), _verdict(report), glance(report))


def _banners(report: Report) -> Iterator[Html]:
    for word, said in (("SIMULATED", simulated_banner(report)), ("IMPORTED", imported_banner(report))):
        if said:
            yield element("p", element("strong", text(word)), Html(" "), text(said), class_="banner", role="note")


def _verdict(report: Report) -> Html:
    """The first line decides the tone of the frame; its word says the same."""
    lines = [*headline(report), *cautions(report)]
    rows = joined(element("p", badge(word), Html(" "), text(said)) for word, said in lines)
    return element("div", rows, class_=f"verdict {tone(lines[0][0])}", role="group", aria_label="Verdict")


def _contents(parts: Sequence[Section]) -> Html:
    links = joined(element("li", element("a", text(part.title), href=f"#{part.key}")) for part in parts)
    return element("nav", element("ul", links), aria_label="Sections")


def _foot(report: Report) -> Html:
    said = "Made by dinoq from stored rows alone; "
    return element(
        "footer",
        element(
            "p",
            text(said),
            element("code", text(f"dinoq report {report.numbers} --format html")),
            text(" makes it again."),
        ),
    )
