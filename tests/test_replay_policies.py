"""`w2s-judge replay`: policies on recorded votes, priced and judged on labels they did not see."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.audit.report.curve import curve
from w2s_judge.audit.report.replayed import render_replay
from w2s_judge.errors import InputError, UsageError
from w2s_judge.gold import Gold
from w2s_judge.workflows.replay import replay
from w2s_judge.workflows.replay_lessons import lessons

ITEMS, LABELLED = 300, 160
JUDGES = {"cheap-1": 0.68, "cheap-2": 0.66, "dear": 0.9}
PRICES = {"cheap-1": 1.0, "cheap-2": 1.0, "dear": 20.0}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """Votes of two cheap poor judges and a dear good one, and labels of some of the items."""
    folder = tmp_path_factory.mktemp("replay")
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, ITEMS)
    with (folder / "votes.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["item", "judge", "label"])
        for name, right in JUDGES.items():
            flipped = rng.random(ITEMS) > right
            rows.writerows(
                [f"i{k}", name, ("bad", "ok")[truth[k] ^ flipped[k]]] for k in range(ITEMS)
            )
    with (folder / "gold.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["item", "label"])
        rows.writerows([f"i{k}", ("bad", "ok")[truth[k]]] for k in range(LABELLED))
    return folder


@pytest.fixture(scope="module")
def found(recorded):
    policies = ("full", "judge:dear", "cheapest:1", "cascade:0.5")
    return replay(
        recorded / "votes.csv", gold=recorded / "gold.csv", policies=policies, prices=PRICES,
        learn=60, draws=2,
    )  # fmt: skip


def rows_of(part):
    table = part.table("policies")
    names = [column.name for column in table.columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in table.rows}


def test_each_policy_is_priced_and_judged(found):
    (part,) = found.rubrics.values()
    rows = rows_of(part)
    assert set(rows) == {"full", "judge:dear", "cheapest:1", "cascade:0.5"}
    assert rows["full"]["price"] == pytest.approx(22)
    assert rows["full"]["share"] == pytest.approx(1)
    assert rows["judge:dear"]["share"] == pytest.approx(20 / 22)
    assert rows["cheapest:1"]["price"] == pytest.approx(1)
    assert 0 < rows["cascade:0.5"]["share"] <= 0.5 + 1 / LABELLED
    assert rows["judge:dear"]["accuracy"].value == pytest.approx(0.9, abs=0.07)
    assert rows["cheapest:1"]["accuracy"].value == pytest.approx(0.68, abs=0.1)
    assert rows["cheapest:1"]["behind"].high < 0
    assert rows["full"]["behind"].value is None
    for row in rows.values():
        assert row["accuracy"].low < row["accuracy"].value < row["accuracy"].high


def test_the_cheapest_that_loses_little_is_named_and_the_plan_is_told(found):
    (part,) = found.rubrics.values()
    full, other = part.sentences
    assert full.startswith("The full panel is right on")
    assert "2 points" in other
    assert "at 95 % confidence over all 3 policies compared" in other
    plans = part.table("plans").rows
    assert {row[0] for row in plans} == {"cascade:0.5"}
    asked = {name.strip() for row in plans for name in row[2].split(",")}
    assert asked <= set(JUDGES)


def test_a_policy_is_as_good_only_where_its_interval_says_so(recorded):
    """A poor policy on few labels has a wide interval, and is not called as good for that."""
    given = {"policies": ("cheapest:1", "judge:dear"), "prices": PRICES, "learn": 130, "draws": 1}
    close, far = (
        replay(recorded / "votes.csv", gold=recorded / "gold.csv", margin=margin, **given)
        for margin in (0.3, 0.001)
    )
    assert "loses at most 30 points" in close.rubrics["votes"].sentences[1]
    assert "No policy is shown" in far.rubrics["votes"].sentences[1]
    rows = {row["policy"]: row for row in far.rows()}
    assert rows["cheapest:1"]["behind_low"] < -0.001
    with pytest.raises(KeyError):
        far.rows("plan")


def test_default_budgets_that_afford_nobody_are_left_out(recorded):
    alike = dict.fromkeys(JUDGES, 1.0)  # the cheapest is a third of the full price
    found = replay(recorded / "votes.csv", gold=recorded / "gold.csv", prices=alike, draws=1)
    (part,) = found.rubrics.values()
    assert set(rows_of(part)) == {"full", "cascade", "cascade:0.4", "cascade:0.6"}
    assert any("Left out: cascade:0.2" in note for note in part.notes)
    with pytest.raises(UsageError, match="affords no judge"):
        replay(
            recorded / "votes.csv", gold=recorded / "gold.csv", prices=alike,
            policies="cascade:0.2",
        )  # fmt: skip


def test_full_is_always_there_and_alike_again(recorded):
    once, again = (
        replay(
            recorded / "votes.csv", gold=recorded / "gold.csv", policies="judge:dear", draws=1,
            seed=4,
        )
        for _ in range(2)
    )  # fmt: skip
    assert once.told() == again.told()
    (part,) = once.rubrics.values()
    assert set(rows_of(part)) == {"full", "judge:dear"}
    assert any("every judge counts 1" in note for note in part.notes)


def test_the_page_draws_the_curve_and_escapes_names(found):
    (part,) = found.rubrics.values()
    hostile = "<script>alert(1)</script>"
    page = render_replay(hostile, {hostile: part}, "0")
    assert hostile not in page
    assert "Accuracy against price" in page
    assert "<svg" in page
    assert "Content-Security-Policy" in page
    assert page == render_replay(hostile, {hostile: part}, "0")


def test_names_of_policies_that_are_as_good_and_as_dear_stand_apart(found):
    (part,) = found.rubrics.values()
    table = part.tables[0]
    alike = [(f"first:{k}", *table.rows[0][1:]) for k in range(5)]
    drawn = curve(replace(part, tables=(replace(table, rows=tuple(alike)), *part.tables[1:])))
    assert drawn is not None
    (axes,) = drawn.canvas.figure.axes
    heights = sorted(text.xyann[1] for text in axes.texts)
    assert len(heights) == 5
    assert min(np.diff(heights)) >= 11


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"policies": "best"}, "no policy"),
        ({"policies": "judge:deer"}, "did you mean 'dear'"),
        ({"policies": "first:4"}, "from 1 to 3"),
        ({"policies": "cascade:1.5"}, "at most 1"),
        ({"margin": 0}, "--margin"),
        ({"decided": 1.5}, "--decided"),
        ({"stages": 9}, "--stages"),
        ({"max_error": -1}, "--max-error"),
        ({"max_error": 0.1, "learn": 15}, "from 22 to 140"),
        ({"prices": {"dear": 1.0}}, "not known"),
        ({"prices": {"dear": 0.0}}, "cheap-1, cheap-2 is not known"),
        ({"prices": dict.fromkeys(PRICES, 0.0)}, "every judge costs 0"),
        ({"prices": {"deer": 1.0}}, "dear"),
        ({"prices": {**PRICES, "dear": -1.0}}, "0 or more"),
        ({"prices": ["dear"]}, "JUDGE=NUMBER"),
        ({"learn": 150}, "from 10 to 140"),
        ({"draws": 0}, "1 to 100"),
    ],
)
def test_what_cannot_be_replayed_is_refused(recorded, given, said):
    with pytest.raises(UsageError, match=said):
        replay(recorded / "votes.csv", gold=recorded / "gold.csv", **given)


def test_gold_is_needed(recorded, tmp_path):
    with pytest.raises(UsageError, match="--gold"):
        replay(recorded / "votes.csv")
    with pytest.raises(InputError, match="no such file"):
        replay(recorded / "votes.csv", gold=tmp_path / "none.csv")
    few = tmp_path / "few.csv"
    few.write_text("item,label\n" + "".join(f"i{k},ok\n" for k in range(12)))
    with pytest.raises(UsageError, match="too few"):
        replay(recorded / "votes.csv", gold=few)


def test_the_command_prints_a_table_json_and_writes_a_page(recorded, tmp_path):
    command = [
        sys.executable, "-m", "w2s_judge", "replay", str(recorded / "votes.csv"), "--gold",
        str(recorded / "gold.csv"), "--policy", "judge:dear", "--draws", "1", "--price", "dear=20",
        "--price", "cheap-1=1", "--price", "cheap-2=1",
    ]  # fmt: skip
    terminal = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "120"}
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=terminal)
    assert "judge:dear" in shown.stdout
    assert "reading" in shown.stderr, "no progress in a terminal"
    page = tmp_path / "replay.html"
    told = subprocess.run(
        [*command, "--json", "-o", str(page)], capture_output=True, text=True, check=True,
        env=terminal,
    )  # fmt: skip
    figures = json.loads(told.stdout)["rubrics"]["votes"]["tables"]["policies"]
    assert [row["policy"] for row in figures] == ["full", "judge:dear"]
    assert "<svg" in page.read_text()
    assert not told.stderr, "progress beside --json"
    over = subprocess.run(
        [*command, "-o", str(recorded / "gold.csv")], capture_output=True, text=True, check=False
    )
    assert over.returncode == 2
    assert "ends in .html" in over.stderr


def test_what_is_under_way_is_said_policy_by_policy(recorded):
    said = []
    replay(
        recorded / "votes.csv", gold=recorded / "gold.csv", prices=PRICES, draws=2, learn=20,
        policies=("judge:dear", "first:1"), said=said.append,
    )  # fmt: skip
    assert len(said) == 6
    assert said[0] == "votes: draw 1 of 2, policy 1 of 3: following full"
    assert said[5] == "votes: draw 2 of 2, policy 3 of 3: learning and following first:1"


def test_prompts_stay_on_one_side_and_classes_are_learned():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(40), 3).astype(np.int32)
    gold = Gold(
        np.arange(120, dtype=np.int32), (rng.random(120) < 0.1).astype(np.int32), ("a", "b")
    )
    for one in lessons(gold, group, 30, 10, 0):
        assert not set(group[one.learn.item]) & set(group[one.judge.item])
        assert one.learn.G <= 30
        assert one.learn.G + one.judge.G == 120
        assert set(one.learn.label) == {0, 1}
        np.testing.assert_array_equal(gold.item[one.at], one.judge.item)


def test_a_prompt_with_most_labels_is_left_out_of_the_lesson():
    group = np.concatenate([np.zeros(60), np.arange(1, 31)]).astype(np.int32)
    label = (np.arange(90) % 2).astype(np.int32)
    gold = Gold(np.arange(90, dtype=np.int32), label, ("a", "b"))
    for one in lessons(gold, group, 25, 5, 0):
        assert 10 <= one.learn.G <= 25
        assert 0 not in group[one.learn.item]
    with pytest.raises(UsageError, match="prompts whole"):
        next(lessons(gold.only(gold.item < 65), group, 30, 1, 0))
