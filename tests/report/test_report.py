"""The page as text: its structure, what is escaped, how large it is, and that it is stable."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.audit.audited import Answer, Cast
from w2s_judge.audit.part import Column, Figure, Part, Table
from w2s_judge.audit.report import cells, page, plain, render
from w2s_judge.audit.report.canvas import Canvas, drawing, shortened, wide
from w2s_judge.audit.report.frame import shipped


class Read(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text, self.inside = Counter(), [], [], {}
        self.open = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.open = tag

    def handle_data(self, data):
        self.text.append(data)
        if self.open in ("style", "script"):
            self.inside[self.open] = data
            self.open = ""


@pytest.fixture
def small(simulated):
    """An audit of one rubric that is changed by fields."""

    def make(**fields):
        audit = simulated(rubrics=("safety",), items=4)
        return dataclasses.replace(
            audit, rubrics=(dataclasses.replace(audit.rubrics[0], **fields),)
        )

    return make


def one_table(*rows, kind="share"):
    columns = (Column("judge", "Judge"), Column("x", "X", kind))
    return Part("theme", "Theme", (), (Table("t", "T", "What it says.", columns, rows),))


def test_the_same_audit_gives_the_same_bytes(simulated):
    assert render(simulated(items=5)) == render(simulated(items=5))


def test_every_figure_stands_on_the_page(small):
    html = render(small())
    for part in small().rubrics[0].parts:
        assert part.title in html
        for table in part.tables:
            assert table.title in html
            assert table.meaning in html
    assert ".820 <small>[.790, .850]</small>" in html
    assert "A part that no page knows" in html


def test_parts_come_in_the_order_in_which_people_ask(small):
    ids = re.findall(r'class="part[^"]*" id="r1-([a-z]+)"', render(small()))
    assert ids == [*page.PARTS, "weather", "items"]


def test_a_reason_is_a_footnote_and_an_accessible_name(small):
    figure = Figure(None, why="fewer than two raters")
    alone = Figure(0.5, why="one prompt only")
    rows = (("a", figure), ("b", alone), ("c", figure), ("d", None))
    html = render(small(parts=(one_table(*rows),)))
    assert html.count('aria-label="Why: fewer than two raters"') == 2
    assert re.findall(r'<li id="r1-theme-t1-n(\d)"><bdi>([^<]+)', html) == [
        ("1", "fewer than two raters"), ("2", "one prompt only"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (0.862, "share", ".862"), (1.0, "share", "1.000"), (0.0, "share", ".000"),
        (0.03149, "signed", "+.031"), (-0.2, "signed", "−.200"), (-0.0001, "signed", ".000"),
        (12345, "count", "12,345"), (1234.5, "number", "1,234"), (-0.43, "number", "−.430"),
        (0.0042, "usd", "$0.0042"), (12.5, "usd", "$12.50"), (0.41, "seconds", "0.41 s"),
        (3, "text", "3"),
    ],
)  # fmt: skip
def test_a_number_is_written_by_its_kind(value, kind, shown):
    assert cells.number(value, kind) == shown


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_shown_as_one(small, value):
    html = render(small(parts=(one_table(("a", value), ("b", Figure(value))),)))
    assert not re.search(r"\b(nan|inf)\b", "".join(Read(html).text), re.IGNORECASE)


def test_it_asks_for_nothing_and_allows_nothing(simulated):
    html = render(simulated(items=5))
    read = Read(html)
    for tag, name, value in read.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("style", "src", "action", "formaction"), (tag, name)
        if name == "href":
            assert value.startswith("#") or value == "data:,"
    assert read.tags["script"] == read.tags["style"] == 1
    policy = next(value for _, name, value in read.attributes if value and "default-src" in value)
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(read.inside[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|eval|Function\(", read.inside["script"]
    )
    assert not re.search(r"url\(|@import", read.inside["style"])


def test_hostile_texts_are_text(simulated, hostile):
    settings = {"rubrics": ("safety",), "items": 12, "words": "and so on"}
    tame = Read(render(simulated(**settings)))
    for start in (0, 11, 22):
        html = render(simulated(**settings, rename=hostile(start)))
        assert Read(html).tags == tame.tags
        assert html.encode()
        bad = {char for char in html if unicodedata.category(char) in ("Cc", "Cf", "Cs")}
        assert bad <= {"\n", "\t", "\u200c", "\u200d"}


def test_a_long_text_is_cut_and_says_by_how_much(simulated):
    audit = simulated(rubrics=("safety",), items=1)
    item = dataclasses.replace(audit.rubrics[0].contested[0], prompt="x" * 1_000_000)
    html = render(
        dataclasses.replace(
            audit, rubrics=(dataclasses.replace(audit.rubrics[0], contested=(item,)),)
        )
    )
    assert "x" * plain.TEXT + "… 996,000 characters more" in html


@given(st.text("ax", max_size=30), st.integers(1, 20), st.integers(1, 20))
def test_cutting_twice_counts_everything(text, one, two):
    assert plain.cut(plain.cut(text, max(one, two)), min(one, two)) == plain.cut(
        text, min(one, two)
    )


@pytest.mark.parametrize(("judges", "rubrics"), [(8, 2), (60, 1)])
def test_the_page_stays_small(simulated, judges, rubrics):
    names = tuple(f"rubric {one}" for one in range(rubrics))
    words = "what a judge wrote at length, " * 100
    html = render(simulated(rubrics=names, judges=judges, items=200, words=words))
    assert len(html.encode()) < 3_000_000
    assert "left out to keep this page small" in html
    if judges > 40:
        assert "The 40 judges with the most votes; 20 more are in the tables." in html
        assert re.search(r"more rows are in audit\.json", html)


def test_the_page_stays_small_when_every_name_is_long(simulated):
    html = render(
        simulated(
            rubrics=("safety",), judges=30, items=30, rename=lambda text: "\U0001f600" * 400 + text
        )
    )
    assert len(html.encode()) < 3_000_000


def test_one_judge_without_pairs_or_gold_has_a_page(simulated):
    html = render(simulated(judges=1, items=2))
    assert "Who agrees with whom" not in html
    assert "Judges: accuracy" in html


def test_nothing_but_an_answer_has_a_page(small):
    audit = small(parts=(), contested=(), judges=(), notes=())
    for verdict in ("yes", "no", "cannot tell"):
        html = render(
            dataclasses.replace(
                audit, answer=Answer(verdict, ("One line.",)), findings=(), gold=None
            )
        )
        assert f'<p class="verdict">{verdict.capitalize()}</p>' in html
        assert "Nothing was found." in html


def test_a_plot_needs_its_table_and_its_columns(small):
    without = Table("curves", "Curves", "None.", (Column("who", "Who"),), (("a",),))
    empty = Table(
        "labels", "L", "None.", tuple(Column(c, c) for c in ("judge", "label", "share")), ()
    )
    parts = (Part("skill", "Skill", (), (without,)), Part("bias", "Bias", (), (empty,)))
    assert Read(render(small(parts=parts, contested=()))).tags["svg"] == 0


def test_contested_items_may_lack_everything(small):
    audit = small()
    bare = dataclasses.replace(
        audit.rubrics[0].contested[0], prompt=None, responses=(), posterior=(), gold="else",
        task=None, places=(), divided=float("nan"),
        votes=(Cast("a stranger", None, "", (), None), Cast("", "x", "y", (("ok", 2.0),))),
    )  # fmt: skip
    html = render(small(contested=(bare,)))
    assert "no reason known" in html
    assert "human label" in html


def test_a_missing_package_is_named_with_its_remedy():
    code = (
        "import sys; sys.modules['jinja2'] = None\n"
        "from w2s_judge.errors import MissingExtra\n"
        "from w2s_judge.audit.report import render\n"
        "try: render(None)\n"
        "except MissingExtra as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == (
        "an HTML report needs the extra 'report': pip install 'w2s-judge[report]'\n"
    )


def test_the_users_own_plot_settings_do_not_matter(small, tmp_path):
    import matplotlib as mpl

    audit = small()
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.grid": True}):
        other = render(audit)
    assert other == render(audit)


def test_both_dark_palettes_are_one():
    style = shipped("style.css")
    dark = [block for block in re.findall(r"--page:[^}]*", style) if "#121316" in block]
    assert len(dark) == 2
    assert len({" ".join(block.split()) for block in dark}) == 1


@given(st.text(max_size=80))
def test_visible_text_is_stable_and_acts_on_nothing(text):
    shown = plain.visible(text)
    assert plain.visible(shown) == shown
    assert shown.encode() or not text
    kept = {"\n", "\t", "\u200c", "\u200d"}
    assert (
        not {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - kept
    )


@given(st.text(max_size=80), st.integers(4, 30))
def test_a_shortened_name_has_its_width(text, most):
    assert wide(shortened(text, most)) <= most


def test_names_in_a_plot_are_text_of_the_svg():
    with drawing():
        canvas = Canvas(200, 100)
        canvas.axes(10, 10, 100, 50).set_title(canvas.name("$x$ <b>_&amp;", 40))
        svg = canvas.svg("k", "T", "A")
    assert ">$x$ &lt;b&gt;_&amp;amp;</text>" in svg
    assert "style=" not in svg
    assert "<style" not in svg
