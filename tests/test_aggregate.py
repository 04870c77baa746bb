"""`aggregate` from end to end: files of votes and runs, gold, priors, promises, and wrong input."""

from __future__ import annotations

import csv
import json
import random

import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError, InputError, UsageError

ACCURACY = (0.9, 0.8, 0.75, 0.7, 0.65)


def simulated(folder, items=200, accuracies=ACCURACY, classes=("no", "yes"), seed=1):
    """A file of votes by independent judges, and the truth of each item."""
    draw = random.Random(seed)
    truth = {f"i{k}": draw.choice(classes) for k in range(items)}
    path = folder / "votes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "judge", "label"])
        for judge, accuracy in enumerate(accuracies):
            for item, label in truth.items():
                wrong = next(one for one in classes if one != label)
                said = label if draw.random() < accuracy else wrong
                writer.writerow([item, f"j{judge}", said])
    return path, truth


def gold_file(folder, truth, count, name="gold.csv", **chosen):
    path = folder / name
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item", "label", *chosen])
        for k, (item, label) in enumerate(list(truth.items())[:count]):
            writer.writerow([item, label, *(values[k] for values in chosen.values())])
    return path


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def accuracy(rows, truth):
    free = [row for row in rows if row["gold"] is None]
    return sum(row["label"] == truth[row["item"]] for row in free) / len(free)


def test_a_file_of_votes_becomes_a_consensus_and_its_fit(tmp_path):
    path, truth = simulated(tmp_path)
    (done,) = w2s_judge.aggregate(path, out=tmp_path / "c.jsonl")
    rows = rows_of(tmp_path / "c.jsonl")
    assert list(rows[0]) == ["item", "label", "mass", "utility", "votes", "gold"]
    assert [row["item"] for row in rows] == list(truth)
    assert all(abs(sum(row["mass"].values()) - 1) < 1e-5 for row in rows)
    assert accuracy(rows, truth) > 0.85
    fit = json.loads((tmp_path / "c.fit.json").read_text())
    assert fit == done.record
    assert fit["method"].startswith("auto:")
    assert set(fit["judges"]) == {f"j{k}" for k in range(5)}
    assert fit["prior_source"] == "votes"
    assert fit["comparison"] == []
    assert any("without gold" in line for line in fit["advice"])


def test_gold_is_kept_calibrates_and_is_compared_on_items_it_did_not_see(tmp_path):
    path, truth = simulated(tmp_path)
    gold = gold_file(tmp_path, truth, 60)
    (done,) = w2s_judge.aggregate(path, gold=gold)
    rows = rows_of(tmp_path / "votes.consensus.jsonl")
    assert sum(row["gold"] is not None for row in rows) == 60
    assert all(row["label"] == row["gold"] for row in rows if row["gold"])
    names = [one["name"] for one in done.record["comparison"]]
    assert names == ["consensus", "majority", "best single judge"]
    assert all(one["n"] == 60 for one in done.record["comparison"])
    assert all(one["low"] <= one["accuracy"] <= one["high"] for one in done.record["comparison"])
    assert done.record["effective_votes"]["errors_against"] == "gold"
    assert "random" in done.record["gold"]["sampling"]


def test_every_listed_method_runs_on_the_same_file(tmp_path, command):
    path, truth = simulated(tmp_path)
    gold = gold_file(tmp_path, truth, 40)
    methods = command("list", "--json").json()["methods"]
    assert {"auto", "majority", "dawid-skene", "hypotheses", "rotated-factors"} <= set(methods)
    for name in methods:
        (done,) = w2s_judge.aggregate(path, gold=gold, method=name, write=False, levels="no,yes")
        assert done.consensus.posterior.shape == (200, 2)


def test_a_prior_names_and_orients_the_classes_of_levels(tmp_path):
    draw = random.Random(3)
    truth = {f"i{k}": draw.randrange(2) for k in range(300)}
    path = tmp_path / "graded.csv"
    with path.open("w") as file:
        file.write("item,judge,score\n")
        for judge in range(6):
            for item, label in truth.items():
                level = min(9, max(0, round(draw.gauss(3 + 3 * label, 2))))
                file.write(f"{item},j{judge},{level}\n")
    (done,) = w2s_judge.aggregate(path, prior="ok=0.5,toxic=0.5", levels="0:9")
    assert done.consensus.classes == ("ok", "toxic")
    assert done.record["prior_source"] == "given"
    right = [("ok", "toxic")[truth[row["item"]]] == row["label"] for row in rows_of(done.path)]
    assert sum(right) / len(right) > 0.9
    assert rows_of(done.path)[0]["utility"] is not None


def test_gold_that_contradicts_the_orientation_is_reported_and_not_followed(tmp_path):
    path, truth = simulated(tmp_path, classes=("0", "1"))
    turned = {item: "1" if label == "0" else "0" for item, label in truth.items()}
    (done,) = w2s_judge.aggregate(
        path, gold=gold_file(tmp_path, turned, 60), prior="0=0.5,1=0.5", method="majority"
    )
    assert any("contradicts" in line for line in done.record["advice"])
    assert any("worse" in line for line in done.record["advice"])
    free = [row for row in rows_of(done.path) if row["gold"] is None]
    # The map may flatten what gold denies; it never turns it round.
    assert sum(row["label"] == truth[row["item"]] for row in free) > 0.5 * len(free)


def test_a_promise_of_few_errors_is_kept_or_no_label_is_claimed(tmp_path, command):
    path, truth = simulated(tmp_path, items=800, accuracies=(0.8, 0.75, 0.7, 0.65))
    gold = gold_file(tmp_path, truth, 300)
    (done,) = w2s_judge.aggregate(path, gold=gold, max_error=0.1, confidence=0.9)
    told = done.record["selection"]
    assert told["upper_bound"] <= 0.1
    free = [row for row in rows_of(done.path) if row["gold"] is None]
    claimed = [row for row in free if row["label"] is not None]
    assert 0 < len(claimed) < len(free)
    wrong = sum(row["label"] != truth[row["item"]] for row in claimed) / len(claimed)
    assert wrong < 0.12  # 0.1 holds for the items' expectation, these are one sample of them
    ran = command(
        "aggregate", path, "--gold", gold, "--max-error", "0.001", "-o", tmp_path / "none.jsonl"
    )
    assert ran.code == 4
    assert "NOT KEPT" in ran.out
    none = [row for row in rows_of(tmp_path / "none.jsonl") if row["gold"] is None]
    assert none
    assert all(row["label"] is None for row in none)


def test_the_command_prints_what_the_rest_is_measured_against(tmp_path, command):
    path, truth = simulated(tmp_path)
    ran = command("aggregate", path, "--gold", gold_file(tmp_path, truth, 60))
    assert ran.code == 0, ran.err
    for word in ("majority", "best single judge", "Effective votes", "Calibration", "Prior"):
        assert word in ran.out
    told = command("aggregate", path, "--json").json()
    assert told[0]["method"].startswith("auto:")
    assert told[0]["labels"] == {"no": 100, "yes": 100} or sum(told[0]["labels"].values()) == 200


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"method": "dawid"}, UsageError, "did you mean 'dawid-skene'"),
        ({"method": "gold-weighted"}, UsageError, "needs gold"),
        ({"prior": "no=0.5"}, UsageError, "sum to 1"),
        ({"prior": "no:0.5"}, UsageError, "CLASS=PROBABILITY"),
        ({"prior": "a=0.5,b=0.5"}, ConfigurationError, "name every vote label"),
        ({"max_error": 0.1}, UsageError, "--gold"),
        ({"max_error": 2.0}, UsageError, "below 1"),
        ({"gold": "nowhere.csv"}, InputError, "no such file"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(tmp_path, given, error, said):
    path, _ = simulated(tmp_path, items=30)
    with pytest.raises(error, match=said):
        w2s_judge.aggregate(path, **given)


def test_an_unknown_source_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no such file or run folder"):
        w2s_judge.aggregate(tmp_path / "votes.csv")


@pytest.mark.parametrize(
    "votes",
    [
        "x,a,1\ny,a,0\nz,a,1\n",  # one judge
        "x,a,1\nx,b,0\nx,c,1\n",  # one item
        "x,a,1\ny,b,1\nz,c,1\n",  # one label
        "x,a,1\n",  # one vote
    ],
)
def test_the_least_that_can_be_voted_has_an_outcome(tmp_path, votes):
    path = tmp_path / "votes.csv"
    path.write_text("item,judge,label\n" + votes)
    (done,) = w2s_judge.aggregate(path, levels="0:1")
    for row in rows_of(done.path):
        assert abs(sum(row["mass"].values()) - 1) < 1e-5
