"""The page as a browser shows it: wide and narrow, light and dark, printed; nothing overflows, nothing is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from dinoq.cli.render.html import render
from tests.acceptance.conftest import Bench
from tests.pages import nasty_job, three_chip_job
from tests.reports import report_of

ColorScheme = Literal["light", "dark"]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WIDTHS = (1280, 390)
SCHEMES: tuple[ColorScheme, ...] = ("light", "dark")
LOOKS = [(width, scheme) for width in WIDTHS for scheme in SCHEMES]

CONTRAST = """() => {
  const channels = (said) => (said.match(/[\\d.]+/g) || []).map(Number);
  const light = (said) => {
    const [r, g, b] = channels(said).slice(0, 3).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const said = getComputedStyle(at).backgroundColor, alpha = channels(said)[3];
      if (alpha === undefined || alpha > 0) return said;
    }
    return "rgb(255, 255, 255)";
  };
  const ratio = (a, b) => { const [low, high] = [light(a), light(b)].sort((x, y) => x - y); return (high + 0.05) / (low + 0.05); };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) || !one.checkVisibility()) continue;
    const style = getComputedStyle(one), ink = one.closest("svg") ? style.fill : style.color;
    found.push([ratio(ink, ground(one)), 4.5, one.tagName, one.textContent.slice(0, 40)]);
  }
  for (const one of document.querySelectorAll("svg.plot path, svg.plot use")) {
    const style = getComputedStyle(one), ink = style.stroke;
    const drawn = one.getAttribute("style") || "";
    if (drawn.includes("--series") && ink !== "none") found.push([ratio(ink, ground(one)), 3, one.tagName, drawn]);
  }
  return found;
}"""
"""Of every text its contrast with what lies behind it, and of every line of a plot: WCAG 2.2, 1.4.3 and 1.4.11."""

CLIPPED = """() => [...document.querySelectorAll("svg.plot")].flatMap((plot) => {
  const room = plot.getBoundingClientRect();
  const texts = [...plot.querySelectorAll("text")].map((one) => [one, one.getBoundingClientRect()]);
  const outside = texts.filter(([, at]) => at.left < room.left - 2 || at.right > room.right + 2 || at.top < room.top - 2 || at.bottom > room.bottom + 2);
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
  const over = texts.filter(([, at], n) => texts.some(([, other], m) => m > n && meet(at, other)));
  return [...outside, ...over].map(([one]) => plot.getAttribute("aria-labelledby") + ": " + one.textContent);
})"""
"""Texts of plots that stand outside of them, or on each other."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"no browser to look at the page with: none of {', '.join(NAMES)} is on PATH")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def three_chips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(report_of(three_chip_job())), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "hostile.html"
    path.write_text(render(report_of(nasty_job())), encoding="utf-8")
    return path


class Looked:
    """A page in a window of its own, with what it asked for and complained of."""

    def __init__(self, browser: Browser, path: Path, width: int, scheme: ColorScheme) -> None:
        self.page: Page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())
        for folded in self.page.query_selector_all("details:not([open]) > summary"):
            folded.click()


def look(browser: Browser, path: Path, width: int, scheme: ColorScheme) -> Looked:
    looked = Looked(browser, path, width, scheme)
    assert looked.complaints == []
    assert looked.asked == [path.as_uri()]
    return looked


def overflow(page: Page) -> int:
    """How much wider the page is than its window, in pixels."""
    found: int = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    return found


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_three_chip_job_is_legible_in_every_window(
    browser: Browser, three_chips: Path, width: int, scheme: ColorScheme
) -> None:
    page = look(browser, three_chips, width, scheme).page
    assert overflow(page) <= 0
    assert page.evaluate(CLIPPED) == []
    contrasts = page.evaluate(CONTRAST)
    assert len(contrasts) > 500
    assert [found for found in contrasts if found[0] < found[1]] == []
    page.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_hostile_names_run_nothing_and_break_no_layout(browser: Browser, hostile: Path, width: int) -> None:
    page = look(browser, hostile, width, "light").page
    assert overflow(page) <= 0
    assert page.evaluate("() => document.scripts.length") == 0
    page.close()


def test_light_and_dark_are_two_looks(browser: Browser, three_chips: Path) -> None:
    grounds = set()
    for scheme in SCHEMES:
        page = look(browser, three_chips, 1280, scheme).page
        grounds.add(page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert len(grounds) == len(SCHEMES)


def test_every_image_has_a_name_for_those_who_do_not_see_it(browser: Browser, three_chips: Path) -> None:
    page = look(browser, three_chips, 1280, "light").page
    drawn = page.locator("svg.plot").count()
    assert drawn == page.locator("figure").count() > 5
    for at in range(drawn):
        described = page.locator("svg.plot").nth(at).aria_snapshot()
        assert described.startswith("- img "), described
    page.close()


def test_printed_it_is_light_and_everything_stands_open(browser: Browser, three_chips: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(three_chips.as_uri())
    assert page.pdf().startswith(b"%PDF")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.get_by_text("images/s over spans").first.is_visible()
    page.close()


@pytest.mark.long
def test_the_page_of_a_job_that_was_really_run(browser: Browser, bench: Bench, tmp_path: Path) -> None:
    simulated = ["--simulate", "310P3:2,T4:1", "--pace", "published"]
    bench.shell.dinoq("run", *bench.args("--format", "json", *simulated), "--chip", "310P3,T4,cpu")
    path = tmp_path / "report.html"
    answer = bench.shell.dinoq("report", "last", "--format", "html", "-o", path)
    assert answer.code == 0, answer.err
    for width, scheme in LOOKS:
        page = look(browser, path, width, scheme).page
        assert overflow(page) <= 0
        assert page.evaluate(CLIPPED) == []
        assert page.get_by_text("SIMULATED").first.is_visible()
        page.close()
