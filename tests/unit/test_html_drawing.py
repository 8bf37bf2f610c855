"""Plots as elements of a page: names of their own, the page's colours, text as text, axes with plain numbers."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from dinoq.cli.render.html.drawing import COLOURS, INK, as_figure, drawing, legend, look, new_figure, plain_log
from dinoq.cli.render.html.markup import Html


@pytest.fixture(autouse=True)
def styled() -> Iterator[None]:
    with drawing():
        yield


def plot(key: str = "plot", label: str = "T4", title: str = "a title", said: str = "what it shows") -> Html:
    figure, (axes,) = new_figure(200.0, left=40.0, top=30.0)
    for no in range(2):
        style = look(no)
        axes.errorbar(
            [1, 4, 16], [1, 2 + no, 3], yerr=0.1, color=style.colour, marker=style.marker, label=f"{label}{no}"
        )
    axes.axhline(2.0, color=INK)
    plain_log("x", axes, [1, 4, 16])
    legend(figure, axes)
    return as_figure(figure, key, title, said)


def test_two_plots_of_the_same_data_share_no_id() -> None:
    ids = [set(re.findall(r' id="([^"]+)"', plot(key))) for key in ("one", "two")]
    assert ids[0] and not ids[0] & ids[1]


def test_what_a_plot_refers_to_is_its_own() -> None:
    html = plot("one")
    targets = set(re.findall(r'(?:href="#|url\(#)([^")]+)', html))
    assert targets and targets <= set(re.findall(r' id="([^"]+)"', html))


def test_no_colour_is_fixed() -> None:
    html = plot()
    assert not re.search(r"#[0-9a-f]{6}\b", html)
    assert {"var(--series-0)", "var(--series-1)", "var(--ink)", "var(--grid)"} <= set(re.findall(r"var\([^)]*\)", html))


def test_every_stand_in_has_a_colour_in_both_schemes() -> None:
    from dinoq.cli.render.html.page import _style

    light, dark = _style().split("prefers-color-scheme: dark", 1)
    for variable in COLOURS.values():
        assert f"{variable}:" in light and f"{variable}:" in dark.split("* {", 1)[0]


def test_series_differ_in_sign_and_line_and_not_in_colour_alone() -> None:
    looks = [look(no) for no in range(6)]
    for part in ("colour", "marker", "line"):
        assert len({getattr(one, part) for one in looks}) == 6


def test_batches_are_plain_numbers() -> None:
    assert re.findall(r"<text[^>]*>(\d+)</text>", plot())[:3] == ["1", "4", "16"]


def test_a_label_with_markup_or_dollars_is_shown_as_it_is() -> None:
    html = plot(label="<b>$x$&", title="<i>", said='"<u>')
    assert "<b>" not in html and "<i>" not in html and "<u>" not in html
    assert "&lt;b&gt;$x$&amp;0" in html


def test_the_same_plot_is_drawn_alike_each_time() -> None:
    assert plot() == plot()


def test_neither_a_date_nor_a_font_nor_an_address_stands_in_it() -> None:
    html = plot()
    assert "DejaVu" not in html and "http" not in html and "<metadata" not in html and "<style" not in html


def test_what_matplotlib_says_of_its_caches_is_for_nobody(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogger("matplotlib").level
    with drawing():
        logging.getLogger("matplotlib.font_manager").warning("building the font cache")
    assert logging.getLogger("matplotlib").level == before
    assert not caplog.records
