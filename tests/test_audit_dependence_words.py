"""What the part on dependence says first: the count, what contradicts it, and why there is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.mean import Mean
from w2s_judge.audit.by_judge import by_judge
from w2s_judge.audit.dependence.theme import dependent
from w2s_judge.audit.dependence.words import EFFECTIVE, EIGEN
from w2s_judge.audit.panel import Panel
from w2s_judge.audit.resample import Resample
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def matrix(label, kept=None):
    items, raters = label.shape
    item, rater = np.nonzero(np.ones(label.shape, dtype=bool) if kept is None else kept)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)), raters=tuple("abcdefgh")[:raters]
        if raters <= 8 else tuple(f"j{k}" for k in range(raters)),
        labels=("bad", "good"), item=item.astype(np.int32), rater=rater.astype(np.int32),
        group=np.arange(items, dtype=np.int32), family=(None,) * raters,
        label=label[item, rater].astype(np.int32),
    )  # fmt: skip


def alone(seed, items, judges, right=0.7):
    """Judges who err each on its own, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    good = rng.random((items, judges)) < right
    return np.where(good, truth[:, None], 1 - truth[:, None]), truth


def all_gold(truth):
    return Gold(np.arange(len(truth), dtype=np.int32), truth.astype(np.int32), ("bad", "good"))


def audited(votes, gold=None):
    panel = Panel("rubric", votes, by_judge(votes), Mean()(votes, gold), gold)
    return dependent(panel, Resample.of(votes.group, draws=99))


def summary(part):
    table = part.table("summary")
    return {} if table is None else {row[0]: row[1] for row in table.rows}


@pytest.mark.parametrize("judges", [5, 20, 60])
def test_without_gold_judges_who_err_alone_are_said_to(judges, sound):
    label, truth = alone(0, 500, judges)
    part = sound(audited(matrix(label)))
    assert summary(part)[EFFECTIVE].value > 0.9 * judges
    assert "they err nearly on their own" in part.sentences[0]
    assert "as a rule flatters them" in part.sentences[0]
    assert "largest common part" not in part.sentences[0]  # chance makes that, with many judges
    known = audited(matrix(label), all_gold(truth))
    assert "largest common part" not in known.sentences[0]


@pytest.mark.parametrize("gold", [True, False])
def test_judges_who_always_say_the_same_have_no_errors_to_compare(gold, sound):
    _, truth = alone(1, 100, 1)
    votes = matrix(np.repeat(truth[:, None], 3, axis=1))
    part = sound(audited(votes, all_gold(truth) if gold else None))
    assert "cannot be told: no errors to compare, as all judges always say" in part.sentences[0]
    assert "independent" not in " ".join(part.sentences)
    assert EFFECTIVE not in summary(part)


def test_a_judge_whose_errors_do_not_vary_is_left_out_and_named(sound):
    label, truth = alone(2, 400, 5)
    label[:, 3] = truth
    part = sound(audited(matrix(label), all_gold(truth)))
    assert part.sentences[0].startswith("4 of the 5 judges are worth about")
    assert any(note.startswith("The errors of d against gold do not vary") for note in part.notes)
    assert len(part.table("pairs").rows) == 6


@pytest.mark.parametrize("gold", [True, False])
def test_the_first_sentence_names_near_copies(gold):
    label, truth = alone(3, 600, 6)
    rng = np.random.default_rng(0)
    for one, two in ((0, 4), (1, 5)):
        label[:, two] = np.where(rng.random(600) < 0.95, label[:, one], label[:, two])
    part = audited(matrix(label), all_gold(truth) if gold else None)
    first = part.sentences[0]
    assert "a and e nearly repeat each other; b and f nearly repeat each other" in first
    assert "nearly on their own" not in first
    test = next(one for one in part.tests if one.about == ("a", "e"))
    assert test.advice.startswith("Count a and e as one judge")


def test_a_group_that_errs_together_is_told_beside_the_mean():
    label, truth = alone(4, 2000, 12)
    rng = np.random.default_rng(0)
    for copy in range(1, 5):  # too loose for copies
        label[:, copy] = np.where(rng.random(2000) < 0.7, label[:, 0], label[:, copy])
    part = audited(matrix(label), all_gold(truth))
    found = summary(part)
    assert found[EIGEN].value < 0.75 * found[EFFECTIVE].value
    assert "by their largest common part only" in part.sentences[0]


def test_scores_that_only_rank_are_the_reason_that_is_told(sound):
    label, truth = alone(5, 200, 4)
    ranks = replace(matrix(label), uncalibrated=np.array([True, True, True, False]))
    part = sound(audited(ranks, all_gold(truth)))
    assert "as the scores of a, b, c only rank" in part.sentences[0]
    assert "share 30 items with votes" not in part.sentences[0]
    apart = np.arange(200)[:, None] % 4 == np.arange(4)
    assert "no two of them share 30 items with votes" in audited(matrix(label, apart)).sentences[0]


def test_why_no_copies_are_named_is_told_as_it_is():
    label, truth = alone(6, 200, 3)
    votes, gold = matrix(label), all_gold(truth)
    assert any("at least 4 judges who vary" in note for note in audited(votes).notes)
    assert any(
        "three judges who share" in n for n in audited(votes.only(votes.rater < 2), gold).notes
    )
    apart = matrix(alone(6, 200, 5)[0], np.arange(200)[:, None] % 5 == np.arange(5))
    assert any("pairs of judges share 30 items" in note for note in audited(apart).notes)


def test_the_pairs_shown_are_a_square(sound):
    label, truth = alone(7, 120, 30)
    part = sound(audited(matrix(label), all_gold(truth)))
    rows = part.table("pairs").rows
    assert len(rows) == 276
    assert {name for row in rows for name in row[:2]} == {f"j{k}" for k in range(24)}
    assert any("Of 30 judges, the pairs of 24 are shown" in note for note in part.notes)
