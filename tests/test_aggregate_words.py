"""What `aggregate` says of itself is so: calibration, ties, classes of gold, and one advice."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

import w2s_judge
from w2s_judge.terminal.conclusions import show_conclusion

SKILL = {"good": 0.95, "fair": 0.7, "poor": 0.65, "copy": 0.65}


@pytest.fixture
def votes_and_gold(tmp_path):
    """Judges of which one is good and two are alike; 100 labels by `name_of` of truth."""

    def write(name_of=("bad", "ok").__getitem__, items=300, skill=SKILL):
        rng = np.random.default_rng(3)
        truth = rng.integers(2, size=items)
        right = {name: rng.random(items) < share for name, share in skill.items()}
        if "copy" in right:
            right["copy"] = np.where(rng.random(items) < 0.95, right["poor"], right["copy"])
        rows = [
            f"i{k},{name},{('bad', 'ok')[truth[k] if one[k] else 1 - truth[k]]}\n"
            for k in range(items)
            for name, one in right.items()
        ]
        votes, gold = tmp_path / "votes.csv", tmp_path / "gold.csv"
        votes.write_text("item,judge,label\n" + "".join(rows))
        labels = [f"i{k},{name_of(int(truth[k]))}\n" for k in range(min(100, items))]
        gold.write_text("item,label\n" + "".join(labels))
        return votes, gold

    return write


def test_a_posterior_that_no_map_improves_is_called_checked(votes_and_gold):
    votes, gold = votes_and_gold(skill={"a": 0.8, "b": 0.8, "c": 0.8, "d": 0.8})
    (done,) = w2s_judge.aggregate(votes, method="dawid-skene", gold=gold, write=False)
    assert any(note.endswith("no map is applied") for note in done.record["notes"])
    assert done.record["calibration"] == "model"
    assert "checked against gold" in done.record["calibrated"]
    (done,) = w2s_judge.aggregate(votes, method="dawid-skene", write=False)
    assert "checked" not in done.record["calibrated"]


def test_a_consensus_that_all_but_repeats_one_of_many_judges_says_so(votes_and_gold):
    votes, gold = votes_and_gold(skill={"one": 0.97, **dict.fromkeys("abcd", 0.62)})
    (done,) = w2s_judge.aggregate(votes, method="dawid-skene", write=False)
    (line,) = [one for one in done.record["advice"] if "all but repeats" in one]
    assert "repeats one (agreement" in line
    for given in ({"method": "majority"}, {"method": "dawid-skene", "gold": gold}):
        (done,) = w2s_judge.aggregate(votes, **given, write=False)
        assert not any("all but repeats" in one for one in done.record["advice"])


def test_items_that_are_level_are_counted(tmp_path):
    votes = tmp_path / "votes.csv"
    cast = [("1", "2"), ("2", "2"), ("1", "1"), ("2", "1")]
    votes.write_text("item,judge,label\n" + "".join(
        f"i{k}-{n},j{j},{label}\n" for n in range(5) for k, row in enumerate(cast)
        for j, label in enumerate(row)
    ))  # fmt: skip
    (done,) = w2s_judge.aggregate(votes, method="mean", write=False)
    assert sum(row["label"] is None for row in done.rows()) == 10
    assert any(note.startswith("10 of 20 items are level") for note in done.record["notes"])
    gold = tmp_path / "gold.csv"
    gold.write_text("item,label\ni0-0,2\n")
    (done,) = w2s_judge.aggregate(votes, method="mean", gold=gold, write=False)
    assert any(note.startswith("9 of 20 items are level") for note in done.record["notes"])


def test_classes_of_gold_that_are_no_vote_labels_are_said_first(votes_and_gold):
    votes, gold = votes_and_gold(lambda truth: f"{1 + truth}")
    (done,) = w2s_judge.aggregate(votes, gold=gold, write=False)
    assert "they are no vote labels" in done.record["notes"][0]


def test_why_effective_votes_are_not_known(tmp_path, votes_and_gold):
    def text(rows):
        votes = tmp_path / "few.csv"
        votes.write_text("item,judge,label\n" + "".join(rows))
        (done,) = w2s_judge.aggregate(votes, method="majority", write=False)
        assert done.record["effective_votes"]["value"] is None
        return done.record["effective_votes"]["text"]

    apart = [f"i{k},{'ab'[k % 2]},{'no' if k % 3 else 'yes'}\n" for k in range(80)]
    assert text(apart) == "not known: no two raters share 30 items"
    alike = [f"i{k},{judge},{'no' if k % 3 else 'yes'}\n" for k in range(80) for judge in "ab"]
    assert "have errors that vary" in text(alike)
    assert "no two raters to compare" in text([row for row in alike if ",a," in row])
    votes, gold = votes_and_gold(lambda truth: f"{1 + truth}")
    (done,) = w2s_judge.aggregate(votes, gold=gold, write=False)
    assert "which class a vote label means" in done.record["effective_votes"]["text"]


def test_where_others_do_better_there_is_one_advice(votes_and_gold):
    votes, gold = votes_and_gold()
    (done,) = w2s_judge.aggregate(votes, method="mean", gold=gold, write=False)
    (line,) = [line for line in done.record["advice"] if "better than the consensus" in line]
    assert "--method auto first" in line
    assert line.count("take ") == 1
    assert "take that judge alone" in line


def test_a_table_of_judges_stands_apart_without_gold_too(votes_and_gold):
    votes, _ = votes_and_gold(items=60)
    (done,) = w2s_judge.aggregate(votes, method="majority", write=False)
    shown = io.StringIO()
    show_conclusion(Console(file=shown, width=200), done.told() | {"labels": {}, "no_label": 0})
    lines = [line.rstrip() for line in shown.getvalue().splitlines()]
    at = next(k for k, line in enumerate(lines) if line.endswith("votes: judges"))
    assert lines[at - 1] == ""
    assert lines[at - 2] != ""
