"""How a plot becomes part of the page: drawn by matplotlib in stand-in colours, which the page's light or dark replaces."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinoq.cli.render.html.markup import Html, text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import RcKeyType

WIDTH = 360
"""Of a plot, in units of its own; it is shown about as wide on a telephone, so that 12 are 12 pixels."""
INK, FAINT, GRID, PAPER = "#fe0a01", "#fe0a02", "#fe0a03", "#fe0a04"
"""Stand-ins for text, lesser text, lines behind the data, and the page itself; see style.css for what they become."""
COLOURS = {INK: "--ink", FAINT: "--faint", GRID: "--grid", PAPER: "--paper"}
SERIES = tuple(f"#fe0b{n:02x}" for n in range(6))
COLOURS |= {stand_in: f"--series-{n}" for n, stand_in in enumerate(SERIES)}
MARKERS = ("o", "s", "^", "D", "v", "P")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_STYLE: dict[RcKeyType, object] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dinoq",
    "font.size": 12,
    "text.parse_math": False,  # a dollar in a name is a dollar
    "axes.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "lines.markersize": 6,
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one series is told from others: by its sign and its line as well as by its colour."""

    colour: str
    marker: str
    line: str | tuple[int, tuple[int, ...]]


def look(n: int) -> Look:
    """Of the n-th series, from 0."""
    return Look(SERIES[n % len(SERIES)], MARKERS[n % len(MARKERS)], LINES[n % len(LINES)])


@contextmanager
def drawing() -> Iterator[None]:
    """What matplotlib needs to know while plots are drawn. What it says of its caches and fonts is for nobody here."""
    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        import matplotlib

        with matplotlib.rc_context(_STYLE):
            yield
    finally:
        log.setLevel(level)


def new_figure(
    height: float, rows: int = 1, *, left: float, top: float = 12.0, bottom: float = 44.0
) -> tuple[Figure, list[Axes]]:
    """Plots one above the other on one x axis; margins and height in the figure's units."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / 72, height / 72), facecolor="none")
    figure.subplots_adjust(
        left=left / WIDTH, right=1 - 12 / WIDTH, top=1 - top / height, bottom=bottom / height, hspace=0.28
    )
    axes: list[Axes] = [figure.add_subplot(rows, 1, 1)]
    axes += [figure.add_subplot(rows, 1, row, sharex=axes[0]) for row in range(2, rows + 1)]
    for one in axes:
        _plain(one)
    return figure, axes


def _plain(axes: Axes) -> None:
    axes.set_facecolor("none")
    axes.grid(True, color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=FAINT, labelcolor=INK, length=3, labelsize=11)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def legend(figure: Figure, axes: Axes, columns: int = 3) -> None:
    """Above the plot, from its left edge; nothing for one series or none."""
    handles, labels = axes.get_legend_handles_labels()
    if len(handles) > 1:
        figure.legend(
            handles,
            labels,
            loc="upper left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=columns,
            frameon=False,
            labelcolor=INK,
            fontsize=11,
            handlelength=2.4,
            columnspacing=1.2,
            borderaxespad=0.1,
        )


def plain_log(axis: str, axes: Axes, ticks: Sequence[float]) -> None:
    """A logarithmic axis with these ticks alone, as plain numbers."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    scale, which = (axes.set_xscale, axes.xaxis) if axis == "x" else (axes.set_yscale, axes.yaxis)
    scale("log", base=2 if axis == "x" else 10)
    which.set_major_locator(FixedLocator(list(ticks)))
    which.set_minor_locator(NullLocator())
    which.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


def as_figure(figure: Figure, key: str, title: str, described: str) -> Html:
    """The plot as an element of the page. `key` keeps its ids apart from other plots'; `title` stands above it, and
    `described` tells those who do not see it what it shows."""
    made = io.StringIO()
    figure.savefig(made, format="svg", metadata={"Date": None})
    body = _own_ids(_lean(made.getvalue()), key)
    for stand_in, variable in COLOURS.items():
        body = body.replace(stand_in, f"var({variable})")
    height = figure.get_figheight() * 72
    return Html(
        f'<figure><figcaption id="{key}-title">{text(title)}</figcaption>'
        f'<svg class="plot" viewBox="0 0 {WIDTH} {height:g}" role="img" '
        f'aria-labelledby="{key}-title" aria-describedby="{key}-desc"><desc id="{key}-desc">{text(described)}</desc>'
        f"{body}</figure>"
    )


def _lean(drawn: str) -> str:
    """What is inside the figure's element, without what the page says itself (fonts, styles) and with no more digits of a
    place than an eye can see."""
    body = drawn[drawn.index(">", drawn.index("<svg")) + 1 :]
    body = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>", "", body, flags=re.DOTALL)
    body = re.sub(r'<path d="[^"]*" style="fill: none"/>', "", body)  # the grounds of figure and axes
    body = re.sub(
        r"font: ([\d.]+)px [^;\"]*|font-family: [^;\"]*; ", lambda at: f"font-size: {at[1]}px" if at[1] else "", body
    )
    body = re.sub(r"(\.\d\d)\d+", r"\1", body.replace("xlink:href", "href"))
    return re.sub(r"\s*\n\s*", "\n", body).strip()


def _own_ids(body: str, key: str) -> str:
    """Ids that something refers to are made the figure's own; others go."""
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    body = re.sub(r' id="([^"]+)"', lambda found: f' id="{key}-{found[1]}"' if found[1] in used else "", body)
    return re.sub(r'(href="#|url\(#)', rf"\g<1>{key}-", body)
