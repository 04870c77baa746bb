"""The page in a real Chromium: it works by mouse and keyboard, and nothing hostile in it acts."""

from __future__ import annotations

import pytest

from w2s_judge.audit.report import render

WIDTHS = (390, 1280)
TAGS = """() => [...document.querySelectorAll("*")].reduce(
  (tags, one) => ({ ...tags, [one.tagName]: (tags[one.tagName] ?? 0) + 1 }), {})"""
ACTS = """() => [...document.querySelectorAll("*")].filter((one) =>
  [...one.attributes].some((at) => /^on/i.test(at.name)
    || (/^(href|src|action)$/i.test(at.name) && !/^(#|data:,$)/.test(at.value)))).length"""
FITS = """document.documentElement.scrollWidth <= innerWidth
  && document.body.scrollWidth <= innerWidth"""
DOUBLED = """() => [...document.querySelectorAll("[id]")].map((one) => one.id)
  .filter((id, place, all) => all.indexOf(id) !== place)"""
BROKEN = """() => [...document.querySelectorAll("a")].map((one) => one.hash)
  .filter((hash) => !document.getElementById(hash.slice(1)))"""
OUTSIDE = """() => [...document.querySelectorAll("svg[role=img] text")].filter((text) => {
  const frame = text.ownerSVGElement.getBoundingClientRect(), box = text.getBoundingClientRect();
  return box.left < frame.left - 3 || box.right > frame.right + 3;
}).map((text) => text.textContent)"""
TABLE = "#r1-skill-t1"


@pytest.fixture(scope="module")
def page_of_figures(chromium):
    """Filled by the first test that needs it: the page that most tests open."""
    return {}


@pytest.fixture
def html(page_of_figures, simulated):
    if not page_of_figures:
        page_of_figures["html"] = render(simulated(items=20, words="as said " * 40))
    return page_of_figures["html"]


def column(page, place):
    return [
        float(row.replace("−", "-").split("[")[0])
        for row in page.locator(f"{TABLE} tbody tr td:nth-child({place})").all_inner_texts()
    ]


def open_all(page):
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_shown_quietly_and_fits(opened, html, width, scheme):
    shown = opened(html, width=width, scheme=scheme)
    assert shown.page.inner_text(".verdict >> nth=0") == "With care"
    open_all(shown.page)
    assert shown.page.evaluate(FITS)
    assert shown.quiet(), (shown.said, shown.asked)


def test_the_answer_is_on_the_first_screen(opened, html):
    for width in WIDTHS:
        box = opened(html, width=width).page.locator("#answer .lines").bounding_box()
        assert box["y"] + box["height"] < 844


def test_a_table_is_sorted_by_mouse_and_by_keyboard(opened, html):
    shown = opened(html)
    head = shown.page.locator(f"{TABLE} thead th:nth-child(3)")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    up = column(shown.page, 3)
    assert up == sorted(up)
    head.locator("button").focus()
    shown.page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column(shown.page, 3) == sorted(up, reverse=True)
    others = shown.page.locator(f"{TABLE} thead th[aria-sort='none']")
    assert others.count() == shown.page.locator(f"{TABLE} thead th").count() - 1
    assert "descending" in shown.page.inner_text("#heard")
    assert shown.quiet()


def test_rows_without_a_figure_stay_at_the_end(opened, html):
    page = opened(html).page
    for _ in range(2):
        page.locator("#r1-coverage-t1 thead th:nth-child(13) button").click()
        last = page.locator("#r1-coverage-t1 tbody tr >> nth=-1").locator("td >> nth=-1")
        assert last.inner_text() == "—"


def test_a_table_is_filtered(opened, html):
    shown = opened(html)
    shown.page.locator(f"{TABLE} input").fill("QWEN terse")
    rows = shown.page.locator(f"{TABLE} tbody tr:visible")
    assert [text.split("\t")[0] for text in rows.all_inner_texts()] == ["qwen2.5-1.5b-terse"]
    assert shown.page.inner_text(f"{TABLE} .filter .count") == "1 of 10 rows"
    assert shown.quiet()


def test_contested_items_are_filtered_and_ordered(opened, html):
    shown = opened(html)
    form, items = shown.page.locator("#r1-items .sieve"), "#r1-items .items > li"
    divided = "list => list.map(one => Number(one.dataset.divided))"
    form.locator("[name=order]").select_option("divided")
    values = shown.page.eval_on_selector_all(items, divided)
    assert values == sorted(values, reverse=True)
    form.locator("[name=order]").select_option("panel")
    first = shown.page.locator(items).first
    assert first.get_attribute("data-panel") == "disagrees"
    form.locator("[name=panel]").select_option("agrees")
    flags = shown.page.locator(f"{items}:visible .flag").all_inner_texts()
    assert flags
    assert set(flags) == {"as the human label"}
    form.locator("[name=panel]").select_option("")
    form.locator("[name=judge]").select_option(label="gemma-3-1b")
    apart = shown.page.locator(f"{items}:visible").count()
    assert 0 < apart < 20
    form.locator("[name=words]").fill("item-00003")
    assert shown.page.locator(f"{items}:visible").count() <= 1
    assert shown.quiet()


def test_a_contested_item_is_opened_by_keyboard(opened, html):
    shown = opened(html)
    shown.page.locator("#r1-items .item > summary").first.focus()
    shown.page.keyboard.press("Enter")
    item = shown.page.locator("#r1-items .item").first
    assert item.get_attribute("open") is not None
    assert item.locator(".votes > li:visible").count() == 8
    assert "Because the last line" in item.inner_text()
    assert not item.locator(".raw .text").first.is_visible()
    item.locator(".raw > summary").first.focus()
    shown.page.keyboard.press("Space")
    assert item.locator(".raw .text").first.is_visible()
    assert shown.quiet()


def test_light_and_dark_are_chosen_and_not_remembered(opened, html):
    shown = opened(html, scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = shown.page.evaluate(ground)
    assert shown.page.inner_text("#theme") == "Light"
    shown.page.click("#theme")
    assert shown.page.evaluate(ground) != dark
    assert shown.page.inner_text("#theme") == "Dark"
    assert shown.page.get_attribute("#theme", "aria-label") == "Switch to dark colours"
    shown.page.reload()
    assert shown.page.evaluate(ground) == dark
    assert not shown.said


def test_the_keyboard_reaches_the_page(opened, html):
    page = opened(html).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_it_prints(opened, html):
    shown = opened(html, scheme="dark")
    pdf = shown.page.pdf(format="A4")
    assert pdf.startswith(b"%PDF")
    shown.page.emulate_media(media="print")
    assert not shown.page.locator("#theme").is_visible()
    ground = "getComputedStyle(document.querySelector('.answer')).backgroundColor"
    assert shown.page.evaluate(ground) == "rgb(255, 255, 255)"
    assert shown.quiet()


def test_without_script_everything_can_be_read(opened, html):
    shown = opened(html, script=False)
    assert not shown.page.locator(".sieve, .filter, #theme").locator("visible=true").count()
    shown.page.locator("#r1-items .item > summary").first.click()
    assert shown.page.locator("#r1-items .votes > li:visible").count() == 8
    assert not shown.said


def test_a_screen_reader_finds_its_way(opened, html):
    page = opened(html).page
    assert page.locator("main").count() == page.locator("nav[aria-label]").count() == 1
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("thead th:not([scope=col]), tbody th:not([scope=row])").count() == 0
    assert page.locator(".plot > svg:not([role=img][aria-label])").count() == 0
    assert page.evaluate(DOUBLED) == []
    assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize(("width", "start"), [(390, 17), (1280, 0)])
def test_nothing_hostile_acts_or_breaks_the_layout(opened, simulated, hostile, width, start):
    settings = {"rubrics": ("safety",), "items": 40, "words": "and so on"}
    tame = opened(render(simulated(**settings)), width=width)
    wild_page = render(simulated(**settings, rename=hostile(start)))
    wild = opened(wild_page, width=width, scheme="dark")
    open_all(wild.page)
    for select in wild.page.locator("#r1-items select").all():
        select.select_option(index=1)
    for button in wild.page.locator("thead th:first-child button").all():
        button.click()
    wild.page.hover(".plot text >> nth=0")
    assert wild.page.evaluate("window.pwned") is None
    assert wild.quiet(), (wild.said, wild.asked)
    assert wild.page.evaluate(ACTS) == 0
    assert wild.page.evaluate(TAGS) == tame.page.evaluate(TAGS)
    assert wild.page.evaluate(FITS)


@pytest.mark.parametrize("start", [8, 15, 22])
def test_no_name_reaches_out_of_its_plot(opened, simulated, hostile, start):
    page = opened(render(simulated(rubrics=("safety",), items=30, rename=hostile(start)))).page
    open_all(page)
    assert page.evaluate(OUTSIDE) == []
    text = page.inner_text("body")
    assert "‹U+202E›" in text
    assert "\u202e" not in text
    assert "49" not in page.inner_text("#answer")  # {{ 7*7 }}
