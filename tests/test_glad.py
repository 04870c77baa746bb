"""GLAD: parity with the paper's EM and with recorded posteriors, recovery, gold, soft votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, log_expit, logsumexp, softmax

from w2s_judge.aggregation.glad import Glad
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

# Simulated votes (a word an item, a place a rater, "." silence), and the posteriors that crowd-kit
# 1.4.2 gives six of the items after 60 iterations, its inner search to 1e-7, its early stop off.
SIMULATED = """
0.110 002.0 .2.22 .121. 01.11 .11.1 .22.. 00010 1..12 01.02 1.111 .22.2 ..01. 00.02 1.101 0.000
22221 .2.22 22202 11211 2.21. 11.1. .0.20 11012
"""
ITEMS_SHOWN = [2, 5, 9, 13, 17, 21]
CROWD_KIT = """
.00000874 .00000874 .99998251  .00000527 .99998946 .00000527  .57201781 .29345055 .13453164
.99654772 .00048773 .00296454  .00000874 .00000874 .99998251  .0000035 .999993 .0000035
"""


def matrix(item, rater, label=None, labels="abc", **more):
    items, raters = int(max(item)) + 1, int(max(rater)) + 1
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"r{k}" for k in range(raters)),
        tuple(labels), np.asarray(item, np.int32), np.asarray(rater, np.int32),
        np.arange(items, dtype=np.int32), (None,) * raters,
        label=None if label is None else np.asarray(label, np.int32),
        ordered=more.pop("ordered", False), **more,
    )  # fmt: skip


def even(votes):
    """The same votes with a prior that is given and even, as the paper has it."""
    L = votes.L  # noqa: N806
    return replace(votes, truth=Truth(votes.labels, tuple(range(L)), (1 / L,) * L))


def simulated(seed, items, raters, labels, share=1.0):
    """Votes, truth (I,), abilities (J,) and ease (I,) drawn from the model."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)
    ability, ease = rng.normal(1.0, 0.7, raters), np.exp(rng.normal(0.3, 0.8, items))
    item, rater = np.nonzero(rng.random((items, raters)) < share)
    right = rng.random(len(item)) < expit(ability[rater] * ease[item])
    label = (truth[item] + ~right * rng.integers(1, labels, len(item))) % labels
    return matrix(item, rater, label, "abcdef"[:labels]), truth, ability, ease


def scores(votes, point, prior):
    """(I, C) log P(votes, class), as the paper writes it; `point` is (J + I,)."""
    odds = point[votes.rater] * np.exp(point[votes.J :][votes.item])
    right, wrong = log_expit(odds), log_expit(-odds) - np.log(votes.L - 1)
    rows = np.tile(np.log(prior), (votes.I, 1))
    for c in range(votes.L):
        rows[:, c] += np.bincount(votes.item, np.where(votes.label == c, right, wrong), votes.I)
    return rows


def literal(votes, prior, iterations):
    """The paper's EM: posterior, then a search over all abilities and logarithms of ease."""
    point = np.ones(votes.J + votes.I)
    for _ in range(iterations):
        posterior = softmax(scores(votes, point, prior), axis=1)
        right = posterior[votes.item, votes.label]

        def falling(x, right=right):
            ease = np.exp(x[votes.J :][votes.item])
            odds = x[votes.rater] * ease
            height = right @ log_expit(odds) + (1 - right) @ log_expit(-odds)
            slope = right - expit(odds)
            by_rater = np.bincount(votes.rater, slope * ease, votes.J)
            by_item = np.bincount(votes.item, slope * odds, votes.I)
            prior_slope = 1 - x
            whole = height - 0.5 * (prior_slope**2).sum()
            return -whole, -(np.concatenate([by_rater, by_item]) + prior_slope)

        point = minimize(falling, point, jac=True, method="L-BFGS-B").x
    return softmax(scores(votes, point, prior), axis=1), point


@pytest.mark.parametrize(("seed", "raters", "labels", "share"), [(1, 8, 2, 1.0), (2, 20, 3, 0.4)])
def test_parity_with_a_literal_em(seed, raters, labels, share):
    votes = even(simulated(seed, 150, raters, labels, share)[0])
    posterior, point = literal(votes, np.full(labels, 1 / labels), 60)
    found = Glad().estimates(votes)
    assert (found.consensus.posterior.argmax(axis=1) == posterior.argmax(axis=1)).mean() >= 0.995
    np.testing.assert_allclose(found.consensus.posterior, posterior, atol=1e-3)
    np.testing.assert_allclose(found.consensus.weight, point[:raters], atol=0.01)
    np.testing.assert_allclose(np.log(found.ease), point[raters:], atol=0.01)
    assert found.consensus.fit.converged


def test_parity_with_crowd_kit():
    words = [(i, j, c) for i, word in enumerate(SIMULATED.split()) for j, c in enumerate(word)]
    item, rater, label = zip(*[(i, j, int(c)) for i, j, c in words if c != "."], strict=True)
    found = Glad()(even(matrix(item, rater, label, "012")))
    recorded = np.array(CROWD_KIT.split(), float).reshape(6, 3)
    np.testing.assert_allclose(found.posterior[ITEMS_SHOWN], recorded, atol=1e-6)


def test_the_answer_is_a_top_of_the_marginal_posterior():
    votes = even(simulated(4, 80, 6, 3)[0])
    found = Glad().estimates(votes)
    point = np.concatenate([found.consensus.weight, np.log(found.ease)])

    def height(x):
        return (
            logsumexp(scores(votes, x, np.full(3, 1 / 3)), axis=1).sum()
            - 0.5 * ((x - 1) ** 2).sum()
        )

    assert found.consensus.fit.objective * votes.V == pytest.approx(height(point), rel=1e-9)
    rng = np.random.default_rng(0)
    for size in (1e-3, 1e-2, 0.1):
        for _ in range(20):
            assert height(point + size * rng.normal(size=len(point))) < height(point)


def test_abilities_and_ease_are_recovered():
    votes, truth, ability, ease = simulated(5, 1500, 30, 3)
    found = Glad().estimates(votes)
    assert np.corrcoef(found.consensus.weight, ability)[0, 1] > 0.98
    order = [np.argsort(np.argsort(one)) for one in (found.ease, ease)]
    assert np.corrcoef(*order)[0, 1] > 0.75
    assert (found.consensus.posterior.argmax(axis=1) == truth).mean() > 0.95
    right = (votes.label == truth[votes.item]).astype(float)
    seen = np.bincount(votes.rater, right) / np.bincount(votes.rater)
    np.testing.assert_allclose(found.consensus.confusion[:, 0, 0], seen, atol=0.05)
    np.testing.assert_allclose(found.consensus.confusion.sum(axis=2), 1.0)


def test_an_item_all_agree_on_is_easy_and_one_they_split_on_is_hard():
    votes, *_ = simulated(6, 200, 8, 2)
    label = votes.label.reshape(200, 8).copy()
    label[0], label[1] = 0, [0, 1] * 4
    more = replace(votes, items=(*votes.items, "silent"), group=np.arange(201, dtype=np.int32))
    found = Glad().estimates(replace(more, label=label.ravel()))
    assert found.ease[0] > 2.5 * found.ease[1]
    assert found.ease[200] == pytest.approx(np.e)
    assert found.consensus.posterior[0, 0] > 0.99 > found.consensus.posterior[1].max()


def test_one_hot_mass_weights_and_repeats_say_the_same():
    votes, *_ = simulated(7, 60, 5, 3, 0.8)
    plain = Glad()(votes)
    one_hot = np.eye(3)[votes.label]
    soft = Glad()(replace(votes, label=None, mass=one_hot))
    listed = Glad()(replace(votes, weight=np.ones(votes.V)))
    both = Glad()(replace(votes, label=None, mass=one_hot, weight=np.ones(votes.V)))
    for other in (soft, listed, both):
        np.testing.assert_allclose(other.posterior, plain.posterior, atol=1e-6)
        np.testing.assert_allclose(other.weight, plain.weight, atol=1e-5)
        np.testing.assert_allclose(other.confusion, plain.confusion, atol=1e-5)
    heavy = Glad()(replace(votes, weight=np.full(votes.V, 2.0)))
    twice = Glad()(matrix(np.tile(votes.item, 2), np.tile(votes.rater, 2), np.tile(votes.label, 2)))
    np.testing.assert_allclose(heavy.posterior, twice.posterior, atol=1e-6)
    assert np.abs(heavy.posterior - plain.posterior).max() > 0.01


def test_mild_votes_are_milder_evidence():
    votes, truth, *_ = simulated(8, 300, 6, 2)
    mass = 0.5 + (np.eye(2)[votes.label] - 0.5) * 0.3
    hard, mild = Glad()(votes), Glad()(replace(votes, label=None, mass=mass))
    assert mild.posterior.max(axis=1).mean() < hard.posterior.max(axis=1).mean() - 0.02
    assert (mild.posterior.argmax(axis=1) == truth).mean() > 0.8


def test_gold_keeps_its_label_and_teaches():
    votes, truth, *_ = simulated(9, 300, 4, 2)
    label = votes.label.reshape(300, 4).copy()
    label[:, 0] = 1 - truth  # one who is always wrong
    votes = replace(votes, label=label.ravel())
    gold = Gold(np.arange(60, dtype=np.int32), truth[:60].astype(np.int32), ("a", "b"))
    found = Glad()(votes, gold)
    np.testing.assert_array_equal(found.posterior[:60], np.eye(2)[truth[:60]])
    assert found.prior_source == "gold"
    assert found.weight[0] < -0.3
    assert (found.posterior[60:].argmax(axis=1) == truth[60:]).mean() > 0.95


def test_labels_of_one_class_share_it():
    votes, *_ = simulated(10, 200, 6, 2)
    four = replace(
        votes, labels=tuple("wxyz"), label=votes.label * 2 + np.arange(votes.V, dtype=np.int32) % 2,
        truth=Truth(("no", "yes"), (0, 0, 1, 1), (0.5, 0.5)),
    )  # fmt: skip
    found = Glad()(four)
    np.testing.assert_allclose(found.posterior, Glad()(even(votes)).posterior, atol=1e-6)
    assert found.confusion.shape == (6, 2, 4)
    with pytest.raises(ConfigurationError, match="vote labels"):
        Glad()(replace(votes, truth=Truth(("no", "yes"))))


def test_an_unfinished_fit_says_so():
    votes, *_ = simulated(11, 100, 5, 2)
    found = Glad(max_iterations=2)(votes)
    assert not found.fit.converged
    assert any("converged" in note for note in found.notes)
