"""The page as it is laid out: what is too wide shows that it scrolls, and names leave room."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from w2s_judge.audit.report import render

SCROLLED = """() => [...document.querySelectorAll(".scroll")].map((one, place) => [place, one])
  .filter(([, one]) => one.scrollWidth > one.clientWidth + 16).map(([place]) => place)"""
CUED = """() => [...document.querySelectorAll(".scroll, .roomy .plot")].every((one) =>
  getComputedStyle(one).backgroundAttachment === "local, local, scroll, scroll")"""
STICKY = """() => [...document.querySelectorAll(".scroll")]
  .filter((one) => one.scrollWidth > one.clientWidth).map((one) =>
  [one.querySelector("tbody th")?.getBoundingClientRect().width ?? 0, one.clientWidth,
    one.querySelector("tr").textContent.slice(0, 40)])"""
UNEVEN = """() => [...document.querySelectorAll("tbody tr")].filter((row) => {
  const tops = [...row.cells].filter((cell) => cell.textContent).map((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return range.getClientRects()[0].top;
  });
  const borders = [...row.cells].map((cell) => cell.getBoundingClientRect().bottom);
  return Math.max(...tops) - Math.min(...tops) > 3.5
    || Math.max(...borders) - Math.min(...borders) > 0.1;
}).length"""
BROKEN = """() => [...document.querySelectorAll("td small, code span")].filter((one) =>
  one.getClientRects().length > 1).length"""


@pytest.fixture(scope="module")
def page_of_figures(chromium):
    """Filled by the first test that needs it."""
    return {}


@pytest.fixture
def html(page_of_figures, simulated):
    if not page_of_figures:
        page_of_figures["html"] = render(simulated(rubrics=("safety",), items=6))
    return page_of_figures["html"]


def open_all(page):
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def edge(page, table, left):
    """How far the last pixels of a table's right edge are from its ground, scrolled so far."""
    table.evaluate("(one, left) => { one.scrollLeft = left; }", left)
    shot = Image.open(io.BytesIO(table.screenshot())).convert("L")
    pixels = np.asarray(shot, dtype=float)[:-20, -6:-2]
    ground = {"light": 255.0, "dark": 28.0}[
        page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'")
    ]
    return abs(float(np.median(pixels)) - ground)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_cut_shows_that_it_scrolls(opened, html, width, scheme):
    page = opened(html, width=width, scheme=scheme).page
    open_all(page)
    assert page.evaluate(CUED)
    cut = page.evaluate(SCROLLED)
    assert width > 390 or cut
    for place in cut[:2]:
        table = page.locator(".scroll").nth(place)
        assert edge(page, table, 0) > 25
        assert edge(page, table, 10_000) < 8


def test_tables_of_eight_judges_fit_a_desk(opened, html):
    page = opened(html, width=1280).page
    open_all(page)
    assert len(page.evaluate(SCROLLED)) <= 1  # what the calls of each judge cost has 13 columns


@pytest.mark.parametrize("start", [5, 25])
def test_a_long_name_leaves_room_for_the_figures(opened, simulated, hostile, start):
    settings = {"rubrics": ("safety",), "items": 2}
    page = opened(render(simulated(**settings, rename=hostile(start))), width=390).page
    open_all(page)
    assert [
        (name, room, about) for name, room, about in page.evaluate(STICKY) if name > 0.4 * room + 1
    ] == []
    assert page.evaluate(BROKEN) == 0


@pytest.mark.parametrize("width", [390, 1280])
def test_a_row_has_one_line_and_one_rule(opened, html, width):
    page = opened(html, width=width).page
    open_all(page)
    assert page.evaluate(UNEVEN) == 0
    assert page.evaluate(BROKEN) == 0


def test_commands_of_any_length_stay_in_the_page(opened, simulated):
    command = "`w2s-judge label " + "W" * 200 + " --next 50`"
    wild = simulated(rubrics=("safety",), items=2, rename=lambda text: f"{command} {text}")
    page = opened(render(wild), width=390).page
    open_all(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("code").count()
