"""Majority, median, trimmed mean, gold-weighted votes and agreement weights against their words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import trim_mean

from w2s_judge.aggregation.gold_weighted import GoldWeighted
from w2s_judge.aggregation.majority import Majority
from w2s_judge.aggregation.median import Median
from w2s_judge.aggregation.trimmed_mean import TrimmedMean
from w2s_judge.aggregation.wawa import Wawa
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix


def matrix(rows, labels=("no", "yes"), **more):
    """Rows of items by raters: the index of a label, or None."""
    cells = [(i, j, v) for i, row in enumerate(rows) for j, v in enumerate(row) if v is not None]
    item, rater, label = np.array(cells, dtype=np.int32).reshape(-1, 3).T
    return VoteMatrix(
        tuple(f"i{k}" for k in range(len(rows))), tuple(f"r{k}" for k in range(len(rows[0]))),
        labels, item, rater, np.arange(len(rows), dtype=np.int32), (None,) * len(rows[0]),
        label=label, **more,
    )  # fmt: skip


def simulated(seed, I=40, J=6, L=3, accuracy=0.7, **more):  # noqa: E741, N803
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, L, I)
    wrong = (truth[:, None] + rng.integers(1, L, (I, J))) % L
    rows = np.where(rng.random((I, J)) < accuracy, truth[:, None], wrong)
    votes = matrix(rows.tolist(), tuple("abcd"[:L]), **more)
    return votes.only(rng.random(votes.V) < 0.8), truth


def test_a_strict_majority_is_one_of_the_whole_panel():
    """Two of three who spoke are no majority of five."""
    votes = matrix([[1, 1, 0, None, None], [1, 1, 1, None, None], [1, 1, 0, 0, None]])
    strict, plain = Majority()(votes), Majority(strict=False)(votes)
    np.testing.assert_allclose(strict.posterior[:, 1], [2 / 3, 1, 0.5])
    np.testing.assert_array_equal(strict.posterior, plain.posterior)
    assert strict.decided.tolist() == [False, True, False]
    assert plain.decided.tolist() == [True, True, False]
    assert any("declared panel of 5" in note for note in strict.notes)


def test_a_silent_judge_raises_the_bar_of_a_strict_majority_and_it_says_so():
    votes, silent = matrix([[1, 1, 0]]), matrix([[1, 1, 0, None]])
    assert Majority()(votes).decided.tolist() == [True]
    assert Majority()(silent).decided.tolist() == [False]
    assert any("silent raters counted" in note for note in Majority()(silent).notes)


def test_ties_are_ties_whatever_the_labels_are_called():
    """Broken ties depend on the order of labels: crowd-kit issue 108."""
    for labels in (("a", "b"), ("b", "a")):
        found = Majority(strict=False)(matrix([[0, 1], [0, 0]], labels))
        np.testing.assert_allclose(found.posterior[0], [0.5, 0.5])
        assert found.decided.tolist() == [False, True]
        assert any("1 of 2 items are level" in note for note in found.notes)


def test_gold_decides_a_tie():
    gold = Gold(np.zeros(1, np.int32), np.ones(1, np.int32), ("no", "yes"))
    found = Majority()(matrix([[0, 1], [0, 1]]), gold)
    assert found.decided.tolist() == [True, False]
    assert found.posterior[0].tolist() == [0, 1]


def test_one_rater_has_one_voice_however_often_it_votes():
    one = np.zeros(3, np.int32)
    votes = VoteMatrix(
        ("x",), ("a", "b", "c"), ("no", "yes"), one, one, one[:1], (None,) * 3, label=one + 1
    )
    assert Majority()(votes).decided.tolist() == [False]
    assert Majority(strict=False)(votes).decided.tolist() == [True]


def test_a_soft_vote_counts_for_its_top_class():
    mass = np.array([[0.5, 0.5, 0], [0.4, 0.3, 0.3], [0.2, 0.35, 0.45]])
    index = np.arange(3, dtype=np.int32)
    votes = VoteMatrix(
        ("x",), ("a", "b", "c"), ("p", "q", "r"), index * 0, index, index[:1], (None,) * 3,
        mass=mass,
    )  # fmt: skip
    np.testing.assert_allclose(Majority()(votes).posterior, [[1.5 / 3, 0.5 / 3, 1 / 3]])


@given(st.integers(0, 10**6))
def test_the_median_is_numpys(seed):
    votes, _ = simulated(seed, I=12, L=4, levels=np.array([0.0, 1.0, 3.0, 7.0]))
    found = Median(scale=None)(votes)
    for i in np.flatnonzero(votes.support):
        expected = np.median(votes.scores[votes.item == i])
        assert found.score[i] == pytest.approx(expected)
        assert found.posterior[i] @ votes.levels == pytest.approx(expected)
        assert np.count_nonzero(found.posterior[i]) <= 2


@given(st.integers(0, 10**6))
def test_a_vote_of_weight_three_is_three_votes_to_the_median(seed):
    votes, _ = simulated(seed, I=6, L=4)
    times = np.random.default_rng(seed).integers(1, 4, votes.V)
    repeated = votes.only(np.repeat(np.arange(votes.V), times))
    weighted = VoteMatrix(
        votes.items, votes.raters, votes.labels, votes.item, votes.rater, votes.group,
        votes.family, label=votes.label, weight=times.astype(float),
    )  # fmt: skip
    one, other = Median(scale=None)(weighted), Median(scale=None)(repeated)
    np.testing.assert_allclose(one.score, other.score)


def test_one_stray_vote_moves_the_median_little():
    votes = matrix([[4, 4, 4, 0], [4, 4, 2, 2]], tuple("01234"))
    found = Median(scale=None)(votes)
    assert found.score.tolist() == [4, 3]
    np.testing.assert_allclose(found.posterior, np.eye(5)[[4, 3]])


@given(st.integers(0, 10**6), st.floats(0, 0.49))
def test_the_trimmed_mean_is_scipys(seed, cut):
    votes, _ = simulated(seed, I=8, J=12, L=3)
    found = TrimmedMean(cut, scale=None)(votes)
    for i in np.flatnonzero(votes.support):
        mine = votes.soft()[votes.item == i]
        expected = trim_mean(mine, cut, axis=0)
        expected = expected if expected.sum() else mine.mean(axis=0)
        np.testing.assert_allclose(found.posterior[i], expected / expected.sum(), atol=1e-9)
        assert found.score[i] == pytest.approx(trim_mean(votes.scores[votes.item == i], cut))


@pytest.mark.parametrize("cut", [-0.1, 0.5, float("nan")])
def test_a_cut_that_leaves_nothing_is_refused(cut):
    with pytest.raises(ConfigurationError, match="cut is a share"):
        TrimmedMean(cut)(matrix([[0, 1]]))


@given(st.integers(0, 10**6))
def test_gold_weights_are_log_odds_of_weighted_accuracies(seed):
    votes, truth = simulated(seed)
    rng = np.random.default_rng(seed)
    chosen = np.flatnonzero(rng.random(votes.I) < 0.5).astype(np.int32)
    if not votes.support[chosen].any():
        return
    share = rng.uniform(0.1, 1, len(chosen))
    gold = Gold(chosen, truth[chosen].astype(np.int32), votes.labels, share)
    found = GoldWeighted()(votes, gold)
    inverse = (1 / share) / (1 / share).mean()
    weights = []
    for j in range(votes.J):
        right = total = 0.0
        for k, i in enumerate(chosen):
            for label in votes.label[(votes.rater == j) & (votes.item == i)]:
                right += inverse[k] * (label == truth[i])
                total += inverse[k]
        accuracy = (right + 1) / (total + 3)
        weights.append(np.log(accuracy * 2 / (1 - accuracy)))
    np.testing.assert_allclose(found.weight, weights)
    for i in np.setdiff1d(np.arange(votes.I), chosen):
        logits = np.log(found.prior)
        for v in np.flatnonzero(votes.item == i):
            logits[votes.label[v]] += weights[votes.rater[v]]
        np.testing.assert_allclose(found.posterior[i], softmax(logits), atol=1e-12)


def test_gold_weighted_says_that_it_needs_gold():
    votes, _ = simulated(0)
    nobody = Gold(np.zeros(0, np.int32), np.zeros(0, np.int32), votes.labels)
    for gold in (None, nobody):
        with pytest.raises(ConfigurationError, match="bring gold labels"):
            GoldWeighted()(votes, gold)


def test_a_judge_worse_than_chance_counts_against_its_vote():
    rows = [[0, 1, k % 2, None] for k in range(20)]
    gold = Gold(np.arange(10, dtype=np.int32), np.zeros(10, np.int32), ("no", "yes"))
    found = GoldWeighted()(matrix(rows), gold)
    assert found.weight[0] > 0 > found.weight[1]
    assert found.weight[2:].tolist() == [0, 0]
    assert found.posterior[10:, 0].min() > 0.9
    assert any("worse than chance" in note for note in found.notes)


def literal_wawa(votes):
    """Majority, skills as agreement with it, one weighted majority: in loops, ties split."""
    share = np.zeros((votes.I, votes.L))
    for i, label in zip(votes.item, votes.label, strict=True):
        share[i, label] += 1
    top = np.array([(row == row.max()) / (row == row.max()).sum() for row in share])
    skill = np.array(
        [
            np.mean([top[votes.item[v], votes.label[v]] for v in np.flatnonzero(votes.rater == j)])
            for j in range(votes.J)
        ]
    )
    found = np.zeros((votes.I, votes.L))
    for i, j, label in zip(votes.item, votes.rater, votes.label, strict=True):
        found[i, label] += skill[j]
    return skill, found


@given(st.integers(0, 10**6))
def test_one_round_of_wawa_is_the_published_rule(seed):
    votes, _ = simulated(seed)
    skill, total = literal_wawa(votes)
    found = Wawa(rounds=1)(votes)
    np.testing.assert_allclose(found.weight, np.maximum(skill, 1e-9), atol=1e-9)
    voted = total.sum(axis=1) > 0
    expected = total[voted] / total[voted].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.posterior[voted], expected, atol=1e-6)
    assert found.fit.iterations == 1


def test_wawa_settles_and_leaves_out_who_disagrees():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 200)
    good = np.where(rng.random((200, 3)) < 0.9, truth[:, None], 1 - truth[:, None])
    rows = np.concatenate([good, rng.integers(0, 2, (200, 2))], axis=1)
    found = Wawa()(matrix(rows.tolist()))
    assert found.fit.converged
    assert found.fit.iterations < 20
    assert found.weight[:3].min() > 0.8
    assert found.weight[3:].max() < 0.65


def test_labels_that_name_other_things_than_the_classes_are_no_guess():
    votes = matrix([[0, 1]], ("x", "y"), ordered=False, truth=Truth(("bad", "good")))
    for method in (Majority(), Wawa(), TrimmedMean()):
        with pytest.raises(ConfigurationError, match="are not the truth classes"):
            method(votes)
