"""Unanimous errors, and the majority of judges who would err each on its own."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from w2s_judge.audit.dependence.if_independent import if_independent
from w2s_judge.audit.dependence.unanimous import unanimous
from w2s_judge.audit.resample import Resample
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def matrix(label, labels=2, per=2):
    """Votes of every judge on every item, label (I, J); `per` items a prompt."""
    items, raters = label.shape
    item, rater = np.indices(label.shape).reshape(2, -1).astype(np.int32)
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"judge-{k}" for k in range(raters)),
        tuple("abc"[:labels]), item, rater, (np.arange(items) // per).astype(np.int32),
        (None,) * raters, label.ravel().astype(np.int32),
    )  # fmt: skip


def chosen(rng, truth, count, classes=("a", "b")):
    item = np.sort(rng.choice(len(truth), count, replace=False)).astype(np.int32)
    return Gold(item, truth[item].astype(np.int32), classes)


def test_unanimous_items_that_are_wrong_count_by_the_sampling_of_gold():
    label = np.array([[0, 0, 0], [0, 0, 0], [1, 1, 1], [1, 0, 1], [0, 0, 0]])
    kept = np.ones(label.shape, dtype=bool)
    kept[1, 2] = kept[4, 1] = kept[4, 2] = False  # a lone verdict agrees with nobody
    votes = matrix(label, per=1).only(kept.ravel())
    item = np.array([0, 1, 2, 3, 4], dtype=np.int32)
    gold = Gold(item, np.array([0, 1, 1, 0, 1]), ("a", "b"), np.array([1, 0.25, 0.5, 1, 1]))
    found = unanimous(votes, votes.label, gold, Resample.of(votes.group, draws=9))
    assert found.agreed.value == pytest.approx(3 / 4)
    assert found.wrong.value == pytest.approx(4 / (1 + 4 + 2))
    assert found.wrong.n == 3
    level = np.where(votes.item == 0, -1, votes.label)
    silent = unanimous(votes, level, None, Resample.of(votes.group, draws=9))
    assert silent.agreed.value == pytest.approx(2 / 3)
    assert silent.wrong.value is None


@pytest.mark.parametrize("judges", [5, 6])
def test_independent_judges_would_reach_the_binomial(judges):
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 2, 400)
    label = np.where(rng.random((400, judges)) < 0.7, truth[:, None], 1 - truth[:, None])
    votes = matrix(label)
    gold = chosen(rng, truth, 400)
    found = if_independent(votes, votes.label, gold, Resample.of(votes.group, draws=99))
    expected = 0.0
    for c in (0, 1):
        right = (label[truth == c] == c).mean(axis=0)
        spread = np.array([1.0])
        for p in right:
            spread = np.convolve(spread, [1 - p, p])
        count = np.arange(judges + 1) * 2
        reached = spread[count > judges].sum() + spread[count == judges].sum() / 2
        expected += (truth == c).mean() * reached
    assert found.independent[0] == pytest.approx(expected, abs=0.003)
    about = binom.sf(judges // 2, judges, 0.7) + (judges % 2 == 0) * binom.pmf(3, judges, 0.7) / 2
    assert found.independent[0] == pytest.approx(about, abs=0.03)
    cost = found.independent[0] - found.majority[0]
    assert abs(cost) < 3 * (found.independent - found.majority)[1:].std()


def test_three_classes_are_as_if_all_outcomes_were_counted():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 3, 150)
    label = np.where(rng.random((150, 3)) < 0.6, truth[:, None], rng.integers(0, 3, (150, 3)))
    votes = matrix(label, 3)
    gold = chosen(rng, truth, 150, votes.labels)
    found = if_independent(votes, votes.label, gold, Resample.of(votes.group, draws=9))
    expected = 0.0
    for c in range(3):
        share = [
            np.bincount(label[truth == c, j], minlength=3) / (truth == c).sum() for j in (0, 1, 2)
        ]
        for said in product(range(3), repeat=3):
            count = np.bincount(said, minlength=3)
            credit = (count[c] == count.max()) / (count == count.max()).sum()
            chance = np.prod([share[j][s] for j, s in enumerate(said)])
            expected += (truth == c).mean() * credit * chance
    assert found.independent[0] == pytest.approx(expected, abs=0.003)


def test_draws_of_what_would_be_reached_vary_as_it_does_from_panel_to_panel():
    values, spreads = [], []
    for seed in range(50):
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, 2, 200)
        hard = rng.random((200, 1)) < 0.3
        good = rng.random((200, 6)) < 0.8 - 0.4 * hard
        votes = matrix(np.where(good, truth[:, None], 1 - truth[:, None]))
        gold = chosen(rng, truth, 120)
        one = if_independent(votes, votes.label, gold, Resample.of(votes.group, draws=99))
        gap = one.independent - one.majority
        values.append((one.independent[0], gap[0]))
        spreads.append((one.independent[1:].std(), gap[1:].std()))
    np.testing.assert_allclose(np.mean(spreads, axis=0), np.std(values, axis=0), rtol=0.3)
