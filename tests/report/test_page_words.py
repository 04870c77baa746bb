"""What the page says: figures on one line, commands, numbers of responses, what is left out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from w2s_judge.audit.audited import Cast
from w2s_judge.audit.part import Column, Figure, Part, Table
from w2s_judge.audit.report import plain, render
from w2s_judge.audit.report.drawing import Drawing, Shown, Undrawn
from w2s_judge.audit.report.heatmap import agreement, dependence
from w2s_judge.audit.report.prose import prose
from w2s_judge.audit.report.square import of_pairs


@pytest.fixture
def small(simulated):
    """An audit of one rubric that is changed by fields."""

    def make(**fields):
        audit = simulated(rubrics=("safety",), items=4)
        rubric = dataclasses.replace(audit.rubrics[0], **fields)
        return dataclasses.replace(audit, rubrics=(rubric,))

    return make


def part(name, *columns, rows, part="skill", title="How right they are"):
    return Part(part, "Part", (), (Table(name, title, "What it says.", columns, tuple(rows)),))


def judged(*columns, rows):
    return part("judges", Column("judge", "Judge"), *columns, rows=rows)


@pytest.mark.parametrize(
    "figure",
    ["93 % [92, 95]", "<0.1 %", ".41 [.38, .45]", "+1.5 points [−0.4, +2.6]", "72 %", "p = .0123",
     "−.12 [−.20, −.04]", "1,200 [900, 1,500]"],
)  # fmt: skip
def test_a_figure_stays_on_one_line(figure):
    kept = plain.kept(f"It has {figure}, it says.")
    assert kept == f"It has {figure.replace(' ', chr(0xA0))}, it says."


def test_a_command_is_code_that_breaks_between_words():
    html = str(prose("So: `w2s-judge label votes.csv --next 50` draws <b>."))
    command = ("w2s-judge", "label", "votes.csv", "--next", "50")
    words = "".join(f"<span>{one}</span> " for one in command)
    assert html == f"So: <code>{words[:-1]}</code> draws &lt;b&gt;."


@pytest.mark.parametrize(
    "hostile",
    ["it`s", "``", "`", "`<b>x</b>`", "`w2s-judge <img src=x onerror=alert(1)>`",
     "a`w2s-judge`b", "`w2s-judge " + "W" * 400 + "`", "`w2s-judge x\ny`"],
)  # fmt: skip
def test_a_name_with_backticks_is_text(hostile):
    html = str(prose(f"{hostile} errs: run `w2s-judge label` now."))
    assert "<code><span>w2s-judge</span> <span>label</span></code> now." in html
    tags = {"<code>", "</code>", "<span>", "</span>"}
    assert not [
        one for one in html.split(">") if "<" in one and one[one.index("<") :] + ">" not in tags
    ]


def test_a_response_has_the_number_of_the_files(small):
    item = dataclasses.replace(
        small().rubrics[0].contested[0],
        places=(1, 3),
        responses=("one text", "another"),
        divided=0.5,
    )
    html = render(small(contested=(item,)))
    assert "responses 1 and 3" in html
    assert '<h4>Response 1</h4>\n<p class="text" dir="auto">one text' in html
    assert "<h4>Response 3</h4>" in html
    assert html.count("counted from 0, as in the files") == 1
    bare = dataclasses.replace(item, places=(), prompt=None, responses=())
    assert "counted from 0" not in render(small(contested=(bare,)))


def test_items_on_which_judges_hardly_differ_are_counted(small):
    items = [
        dataclasses.replace(one, divided=divided)
        for one, divided in zip(small().rubrics[0].contested, (0.6, 0.05, 0.0499, 0.0), strict=True)
    ]
    html = render(small(contested=tuple(items)))
    assert html.count('<details class="item">') == 2
    assert "divided by .05 or more; 2 more items are in audit.json" in html
    none = render(small(contested=tuple(items[2:])))
    assert "The judges hardly differ on any item." in none


def test_an_empty_column_is_left_out_and_named(small):
    columns = (
        Column("a", "Latency", "seconds"),
        Column("b", "AUC", "share"),
        Column("c", "Kept", "share"),
    )
    unknown = Figure(None, why="no <gold>")
    rows = (("x", None, unknown, 0.5), ("y", None, unknown, unknown))
    html = render(small(parts=(judged(*columns, rows=rows),)))
    assert "empty in every row: <bdi>Latency; AUC (no &lt;gold&gt;)</bdi>." in html
    assert '<th scope="col" class="num">Kept</th>' in html
    assert ">Latency</th>" not in html


def test_a_time_is_written_for_people(small):
    for made in ("2026-11-22T12:35:01.123456+00:00", "2026-11-22T13:35:01.123+01:00"):
        html = render(dataclasses.replace(small(), made=made))
        assert f'<time datetime="{made}">2026-11-22 12:35 UTC</time>' in html
    assert ">some day</time>" in render(dataclasses.replace(small(), made="some day"))


def test_one_of_a_kind_is_not_many(small):
    html = render(small(items=1, votes=1, gold=1, judges=("a",)))
    assert "1 item, 1 vote, 1 judge, 1 human label<" in html
    lone = small(parts=(judged(Column("n", "N", "count"), rows=(("a", 3),)),))
    assert '<span class="count">1 row</span>' in render(lone)


def test_the_plot_of_accuracy_says_what_its_column_says(small):
    columns = (Column("judge", "Judge"), Column("accuracy", "As the consensus", "share"))
    rows = (("a", Figure(0.8, 0.7, 0.9)), ("b", 0.6))
    html = render(small(parts=(part("judges", *columns, rows=rows, title="How near they are"),)))
    assert "How near they are: as the consensus" in html
    assert "As the consensus, with the 95\u00a0% interval." in html
    assert "right" not in html[html.index("<figure") : html.index("</figure>")]


def test_sizes_are_written_beside_dots_only_where_the_axis_has_them_not(small):
    names = ("size", "judges", "accuracy", "cost_per_1000", "keeps")
    for kind, beside in (("usd", True), ("number", False)):
        kinds = ("count", "text", "share", kind, "text")
        columns = tuple(Column(n, n.capitalize(), k) for n, k in zip(names, kinds, strict=True))
        rows = [(size, "a, b", 0.8 + size / 100, 40.0 * size, "no") for size in (1, 2)]
        html = render(small(parts=(part("panels", *columns, rows=rows),), contested=()))
        assert ("the number beside the dot" in html) == beside


def pairs(count, known, value=0.3):
    names = [f"j{one:02}" for one in range(count)]
    columns = (Column("one", "One"), Column("two", "Two"), Column("kappa", "K", "number"),
               Column("centred", "C", "signed"))  # fmt: skip
    rows = [
        (names[a], names[b], value, value) for a in range(count) for b in range(a) if known(a, b)
    ]
    return names, part("pairs", *columns, rows=rows, part="agreement")


@pytest.mark.parametrize(("value", "worth"), [(0.2, "1.67"), (0.5, "1.33"), (1.0, "1 at +1")])
def test_the_caption_of_shared_errors_holds_at_any_scale(value, worth):
    names, made = pairs(3, lambda a, b: True, value)
    assert worth in dependence(made, Shown(tuple(names), frozenset())).caption


def test_no_caption_speaks_of_depth():
    names, made = pairs(3, lambda a, b: True)
    drawn = agreement(made, Shown(tuple(names), frozenset()))
    assert isinstance(drawn, Drawing)
    assert "deeper" not in drawn.caption
    assert "0 or less" in drawn.caption


def test_a_map_of_holes_becomes_one_of_those_who_are_compared():
    names, made = pairs(60, lambda a, b: a >= 40 and b >= 40)
    judges = Shown(tuple(names[:41]), frozenset(names[41:]))
    drawn = agreement(made, judges)
    assert isinstance(drawn, Drawing)
    assert drawn.note == "The 20 of 60 judges among whom most pairs are known."
    read = [(one, two, value) for one, two, value, _ in made.tables[0].rows]
    assert np.isfinite(of_pairs(read, judges).values).sum() == 20 * 19


def test_a_map_that_would_be_holes_is_left_out_with_its_reason(small):
    names, made = pairs(60, lambda a, b: a == b + 1 and b % 2 == 0)
    judges = Shown(tuple(names[:40]), frozenset(names[40:]))
    assert isinstance(agreement(made, judges), Undrawn)
    html = render(small(parts=(made,), judges=tuple(names)))
    assert "“Who agrees with whom” is not drawn: no three judges" in html
    assert "<figure" not in html


def test_a_vote_on_one_item_by_one_judge_has_a_page(small):
    item = dataclasses.replace(
        small().rubrics[0].contested[0], votes=(Cast("a", None, "", (("ok", 1.0),)),)
    )
    assert "Contested items" in render(small(contested=(item,), judges=("a",)))
