"""What went wrong once with `aggregate` and `label`, or would go wrong unnoticed."""

from __future__ import annotations

import csv
import json
import random

import numpy as np
import pytest

import w2s_judge
from w2s_judge.errors import ConfigurationError, InputError, UsageError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.conclude import Aim, conclude
from w2s_judge.workflows.label import updated


def graded(folder, classes=("ok", "bad"), items=300, seed=0):
    """Scores from 0 to 9, high for the second class; gold for the first hundred in those words."""
    draw = random.Random(seed)
    truth = [draw.randrange(2) for _ in range(items)]
    votes, gold = folder / "votes.csv", folder / "gold.csv"
    with votes.open("w") as file:
        file.write("item,judge,score\n")
        for judge in range(4):
            for k, label in enumerate(truth):
                file.write(f"i{k},j{judge},{min(9, max(0, round(draw.gauss(3 + 3 * label, 2))))}\n")
    with gold.open("w") as file:
        file.write("item,label\n")
        for k, label in enumerate(truth[:100]):
            file.write(f"i{k},{classes[label]}\n")
    return votes, gold, truth


def rows_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("classes", [("ok", "bad"), ("ok", "toxic"), ("0", "1")])
def test_the_names_of_classes_do_not_decide_which_is_which(tmp_path, classes):
    votes, gold, truth = graded(tmp_path, classes)
    (done,) = w2s_judge.aggregate(votes, gold=gold, levels="0:9")
    assert done.consensus.classes == classes  # ascending with the votes
    rows = rows_of(done.path)
    assert np.mean([row["label"] == classes[t] for row, t in zip(rows, truth, strict=True)]) > 0.8
    assert all(row["utility"] == pytest.approx(row["mass"][classes[1]], abs=1e-5) for row in rows)
    _, majority, _ = done.record["comparison"]
    assert majority["accuracy"] > 0.7


def test_a_slip_in_a_gold_label_is_no_class(tmp_path):
    votes, gold, _ = graded(tmp_path, ("ok", "toxic"))
    for slip in ("toxci", "Ok", " ok"):
        text = gold.read_text().splitlines()
        wrong = tmp_path / "slip.csv"
        wrong.write_text(
            "\n".join([*text[:5], text[5].split(",")[0] + "," + slip, *text[6:]]) + "\n"
        )
        with pytest.raises(InputError, match="nearly"):
            w2s_judge.aggregate(votes, gold=wrong, levels="0:9")


def test_words_that_are_alike_are_classes_all_the_same(tmp_path):
    votes, gold, _ = graded(tmp_path, ("safe", "unsafe"))
    lines = gold.read_text().splitlines()
    safe = [line for line in lines if line.endswith(",safe")]
    rare = tmp_path / "rare.csv"
    unsafe = [line for line in lines if line.endswith(",unsafe")][:2]
    rare.write_text("\n".join([lines[0], *safe, *unsafe]) + "\n")
    (done,) = w2s_judge.aggregate(votes, gold=rare, levels="0:9", write=False)
    assert done.consensus.classes == ("safe", "unsafe")


def test_a_prior_may_spell_numbers_otherwise_but_not_turn_them(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("item,judge,label\nx,a,0\ny,a,1\nx,b,1\ny,b,1\n")
    for given in ({1: 0.3, 0: 0.7}, "1.0=0.3,0.0=0.7"):
        with pytest.raises(UsageError, match=r"ascending|in that order"):
            w2s_judge.aggregate(path, prior=given)
    (done,) = w2s_judge.aggregate(path, prior={0.0: 0.7, 1.0: 0.3}, write=False)
    assert done.consensus.classes == ("0", "1")
    for wrong in ({"0": "x", "1": 0.5}, 0.3, [("0", 0.5)]):
        with pytest.raises(UsageError):
            w2s_judge.aggregate(path, prior=wrong)


def test_gold_of_one_class_compares_nothing(tmp_path):
    votes, gold, _ = graded(tmp_path)
    only = tmp_path / "one.csv"
    lines = gold.read_text().splitlines()
    only.write_text("\n".join([lines[0], *(one for one in lines if one.endswith(",ok"))]) + "\n")
    (done,) = w2s_judge.aggregate(votes, gold=only, prior="ok=0.5,bad=0.5", levels="0:9")
    assert any("one class alone" in line for line in done.record["advice"])
    assert not any("do not use" in line for line in done.record["advice"])


def test_a_prior_against_the_order_of_the_labels_is_refused(tmp_path):
    path = tmp_path / "votes.csv"
    path.write_text("item,judge,label\nx,a,0\ny,a,1\nx,b,1\ny,b,1\n")
    with pytest.raises(UsageError, match="ascending order"):
        w2s_judge.aggregate(path, prior="1=0.3,0=0.7")
    with pytest.raises(UsageError, match=r"sum to 1, not 1\.1"):
        w2s_judge.aggregate(path, prior={"0": 0.7, "1": 0.4})


def test_what_is_read_is_never_written_over(tmp_path):
    votes, gold, _ = graded(tmp_path)
    before = votes.read_bytes(), gold.read_bytes()
    lines = tmp_path / "votes.jsonl"
    lines.write_text('{"item": "x", "judge": "a", "label": "1"}\n')
    (tmp_path / "folder.jsonl").mkdir()
    for given, error in (
        ({"source": votes, "gold": gold, "out": gold}, UsageError),
        ({"source": lines, "out": lines}, UsageError),
        ({"source": votes, "out": tmp_path / "folder.jsonl"}, ConfigurationError),
        ({"source": votes, "out": tmp_path / "no" / "x.jsonl"}, ConfigurationError),
        ({"source": votes, "out": tmp_path / "x.parquet"}, UsageError),
    ):
        with pytest.raises(error):
            w2s_judge.aggregate(levels="0:9", **given)
    assert before == (votes.read_bytes(), gold.read_bytes())


def test_a_folder_that_is_no_run_stays_as_it_is(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    with pytest.raises(ConfigurationError, match="not a run folder"):
        w2s_judge.aggregate(folder)
    assert not list(folder.iterdir())


def test_nominal_votes_learn_what_they_mean_from_gold(tmp_path):
    draw = random.Random(5)
    votes, gold = tmp_path / "votes.csv", tmp_path / "gold.csv"
    means = {"cat": "good", "dog": "good", "fox": "evil"}
    truth = [draw.choice(list(means)) for _ in range(200)]
    with votes.open("w") as file:
        file.write("item,judge,label\n")
        for judge in range(3):
            for k, animal in enumerate(truth):
                said = animal if draw.random() < 0.8 else draw.choice(list(means))
                file.write(f"i{k},j{judge},{said}\n")
    lines = [f"i{k},{means[animal]}" for k, animal in enumerate(truth[:80])]
    gold.write_text("item,label\n" + "\n".join(lines) + "\n")
    (done,) = w2s_judge.aggregate(votes, gold=gold)
    rows = rows_of(done.path)
    assert np.mean([r["label"] == means[t] for r, t in zip(rows, truth, strict=True)]) > 0.85
    assert [one["name"] for one in done.record["comparison"]] == ["consensus", "best single judge"]


def panel(items, rng, accuracies, silent):
    """Binary votes; items of `silent` have none. Truth depends on silence."""
    truth = np.where(silent, rng.random(items) < 0.85, rng.random(items) < 0.5).astype(np.int32)
    item = np.repeat(np.flatnonzero(~silent), len(accuracies)).astype(np.int32)
    rater = np.tile(np.arange(len(accuracies)), int((~silent).sum())).astype(np.int32)
    right = rng.random(len(item)) < np.asarray(accuracies)[rater]
    votes = VoteMatrix(
        tuple(map(str, range(items))), tuple(map(str, range(len(accuracies)))), ("0", "1"), item,
        rater, np.arange(items, dtype=np.int32), (None,) * len(accuracies),
        label=np.where(right, truth[item], 1 - truth[item]).astype(np.int32),
        truth=Truth(("0", "1"), (0, 1)),
    )  # fmt: skip
    return votes, truth


def test_a_promise_is_tested_on_what_it_is_about():
    """Gold items without a vote are never exported: with them the promise broke in a third."""
    broken = exported = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        silent = rng.random(1500) < 0.6
        votes, truth = panel(1500, rng, [0.75, 0.7, 0.65], silent)
        item = rng.choice(1500, 700, replace=False).astype(np.int32)
        gold = Gold(item, truth[item], ("0", "1"))
        found = conclude(votes, gold, Aim("mean", max_error=0.15, confidence=0.9, seed=seed))
        claimed = found.consensus.decided & ~silent
        claimed[item] = False
        assert not (found.consensus.decided & silent).any()
        if claimed.any():
            exported += 1
            wrong = found.consensus.posterior.argmax(axis=1) != truth
            broken += wrong[claimed].mean() > 0.15 + 2 * np.sqrt(0.15 * 0.85 / claimed.sum())
    assert broken <= 3
    assert exported > 3


def test_two_rounds_of_labels_weigh_to_the_truth():
    """Hajek's estimate from joined rounds is unbiased where the plain share is not."""
    from w2s_judge.acquisition import next_labels

    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 2, 1500)
    positive = rng.random(1500) < p
    posterior = np.stack([1 - p, p], axis=1)
    votes, _ = panel(1500, rng, [0.7, 0.7], np.zeros(1500, dtype=bool))
    plain, weighted = [], []
    for seed in range(150):
        first = next_labels(posterior, 60, seed=seed, inclusion=np.zeros(1500))
        gold = Gold(
            first.item.astype(np.int32), positive[first.item].astype(np.int32), ("0", "1"),
            first.chosen,
        )  # fmt: skip
        second = next_labels(
            posterior, 60, labelled=gold.item, seed=1000 + seed, inclusion=np.zeros(1500)
        )
        item = np.concatenate([first.item, second.item])
        chosen = np.concatenate([updated(gold, votes, len(second.item)), second.chosen])
        plain.append(positive[item].mean())
        weighted.append(np.average(positive[item], weights=1 / chosen))
    error = np.std(weighted) / np.sqrt(150)
    assert abs(np.mean(weighted) - positive.mean()) < 4 * error
    assert abs(np.mean(plain) - positive.mean()) > 8 * error


def test_a_lone_carriage_return_does_not_tear_a_sheet(tmp_path, endpoint, wire, outputs, panel):
    judge = endpoint(lambda body, n: wire.token({"5": 0.9, "1": 0.1}))
    rows = [{"id": f"a\rb{k}", "prompt": "one\rtwo", "response": f"x\ry {k}"} for k in range(6)]
    run = w2s_judge.score(outputs(rows), panel=panel(a=judge.url), rubrics=["safety"])
    sheet = w2s_judge.label(run.folder, next=6)
    with sheet.path.open(newline="") as file:
        filled = [{**row, "label": "safe"} for row in csv.DictReader(file)]
    assert len(filled) == 6
    with sheet.path.open("w", newline="") as file:
        writer = csv.DictWriter(file, filled[0], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(filled)
    (done,) = w2s_judge.aggregate(run.folder, gold=sheet.path, write=False)
    assert done.gold.G == 6
