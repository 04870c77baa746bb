"""Dawid-Skene shrunk to the pool: one step against plain numpy, recovery, and odd inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.pooled_dawid_skene import PooledDawidSkene, pooled_rows
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix


def matrix(item, rater, label, labels, items=None, raters=None, **more):
    items = int(np.max(item)) + 1 if items is None else items
    raters = int(np.max(rater)) + 1 if raters is None else raters
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcdefghij"[:labels]),
        item=np.asarray(item, dtype=np.int32),
        rater=np.asarray(rater, dtype=np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(None,) * raters,
        label=None if label is None else np.asarray(label, dtype=np.int32),
        **more,
    )


def simulated(seed, items, confusion, prior, share=1.0):
    """Votes of raters who err independently, and the truth; `confusion` is (J, C, L)."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(prior), items, p=prior)
    pairs = np.argwhere(rng.random((items, len(confusion))) < share)
    rows = confusion[pairs[:, 1], truth[pairs[:, 0]]]
    label = (rows.cumsum(axis=1) < rng.random((len(pairs), 1))).sum(axis=1)
    size = {"items": items, "raters": len(confusion)}
    return matrix(pairs[:, 0], pairs[:, 1], label, rows.shape[1], **size), truth


def coins(accuracy, classes=2):
    accuracy = np.asarray(accuracy)[:, None, None]
    own = np.eye(classes)
    return accuracy * own + (1 - accuracy) / (classes - 1) * (1 - own)


def one_step(votes, truth=None):
    """H(1) written out: counts from shares, shrunk rows, one expectation."""
    I, J, K = votes.I, votes.J, votes.L  # noqa: N806, E741
    share = np.zeros((I, K))
    for i, label in zip(votes.item, votes.label, strict=True):
        share[i, label] += 1
    share /= share.sum(axis=1, keepdims=True)
    counts = np.zeros((J, K, K))
    for i, j, label in zip(votes.item, votes.rater, votes.label, strict=True):
        counts[j, :, label] += share[i]
    total = counts.sum(axis=0)
    pool = (total + 1) / (total + 1).sum(axis=1, keepdims=True)
    right = (np.trace(total) + 1) / (total.sum() + K)
    rows = np.zeros_like(counts)
    for j in range(J):
        accuracy = (np.trace(counts[j]) + 4 * right) / (counts[j].sum() + 4)
        for c in range(K):
            coin = np.array([pool[c, k] / (1 - pool[c, c]) * (1 - accuracy) for k in range(K)])
            coin[c] = accuracy
            rows[j, c] = counts[j, c] + 0.01 + 4 * pool[c] + 4 * coin
            rows[j, c] /= rows[j, c].sum()
    prior = (share.sum(axis=0) + 5) / (I + 5 * K)
    posterior = np.tile(prior, (I, 1))
    for i, j, label in zip(votes.item, votes.rater, votes.label, strict=True):
        posterior[i] *= rows[j, :, label]
    return posterior / posterior.sum(axis=1, keepdims=True), prior, rows


@pytest.mark.parametrize("classes", [2, 4])
def test_one_step_is_what_it_says(classes):
    accuracy = np.linspace(0.5, 0.9, 7)
    votes, _ = simulated(1, 60, coins(accuracy, classes), np.full(classes, 1 / classes), 0.5)
    votes = votes.only(np.ones(votes.V, dtype=bool))
    missing = np.setdiff1d(np.arange(60), votes.item)
    assert not len(missing)
    found = PooledDawidSkene(steps=1)(votes)
    posterior, prior, rows = one_step(votes)
    np.testing.assert_allclose(found.posterior, posterior, atol=1e-10)
    np.testing.assert_allclose(found.prior, prior, atol=1e-12)
    np.testing.assert_allclose(found.confusion, rows, atol=1e-12)
    assert found.fit is None
    assert found.prior_source == "votes"


def test_many_votes_by_independent_raters_are_read_as_dawid_skene_reads_them():
    votes, truth = simulated(2, 3000, coins([0.9, 0.8, 0.7, 0.65, 0.6]), [0.7, 0.3])
    pooled, plain = PooledDawidSkene()(votes), DawidSkene()(votes)
    assert np.abs(pooled.posterior - plain.posterior).mean() < 0.01
    np.testing.assert_allclose(pooled.confusion, plain.confusion, atol=0.02)
    assert (pooled.posterior.argmax(axis=1) == truth).mean() > 0.9
    assert pooled.fit.converged


def test_simulated_confusions_are_recovered():
    rng = np.random.default_rng(3)
    confusion = 0.6 * np.eye(3) + 0.4 * rng.dirichlet(np.full(3, 2.0), (30, 3))
    prior = np.array([0.5, 0.3, 0.2])
    votes, _ = simulated(4, 4000, confusion, prior, 0.4)
    found = PooledDawidSkene()(votes)
    assert np.abs(found.confusion - confusion).mean() < 0.02
    np.testing.assert_allclose(found.prior, prior, atol=0.03)


def test_raters_with_few_votes_lean_on_the_pool():
    counts = np.zeros((2, 2, 2))
    counts[0] = [[900, 100], [200, 800]]
    counts[1, 0, 1] = 1.0  # one vote, and wrong
    rows = pooled_rows(counts, 0.01, 4.0, 4.0)
    np.testing.assert_allclose(rows[0], [[0.9, 0.1], [0.2, 0.8]], atol=0.01)
    assert rows[1, 0, 0] > 0.6
    np.testing.assert_allclose(rows.sum(axis=2), 1)


def test_shrinking_helps_where_raters_have_few_votes():
    rng = np.random.default_rng(5)
    ahead = []
    for seed in range(5):
        accuracy = rng.uniform(0.5, 0.95, 60)
        votes, truth = simulated(seed, 150, coins(accuracy, 3), np.full(3, 1 / 3), 0.06)
        pooled = PooledDawidSkene()(votes).posterior.argmax(axis=1) == truth
        plain = DawidSkene()(votes).posterior.argmax(axis=1) == truth
        ahead.append(pooled.mean() - plain.mean())
    assert np.mean(ahead) > 0.02


def test_soft_votes_that_are_certain_are_hard_votes():
    votes, _ = simulated(6, 80, coins([0.9, 0.7, 0.6, 0.8], 3), np.full(3, 1 / 3), 0.7)
    soft = replace(votes, label=None, mass=votes.soft())
    for steps in (1, None):
        method = PooledDawidSkene(steps=steps)
        np.testing.assert_allclose(method(soft).posterior, method(votes).posterior, atol=1e-9)


def test_a_weight_of_two_is_the_vote_twice():
    votes, _ = simulated(7, 40, coins([0.9, 0.7, 0.6]), [0.5, 0.5])
    twice = votes.only(np.concatenate([np.arange(votes.V), [0, 5, 9]]))
    weight = np.ones(votes.V)
    weight[[0, 5, 9]] = 2.0
    weighed = replace(votes, weight=weight)
    found, expected = PooledDawidSkene()(weighed), PooledDawidSkene()(twice)
    np.testing.assert_allclose(found.posterior, expected.posterior, atol=1e-9)


@pytest.mark.parametrize("steps", [1, None])
def test_gold_is_an_anchor_in_every_step(steps):
    """Raters worse than chance: the votes alone say the opposite, gold turns them round."""
    votes, truth = simulated(8, 200, coins([0.3, 0.25, 0.35, 0.3, 0.2]), [0.5, 0.5])
    known = np.arange(120, dtype=np.int32)
    gold = Gold(known, truth[known].astype(np.int32), ("a", "b"))
    method = PooledDawidSkene(steps=steps)
    without, found = method(votes), method(votes, gold)
    assert (found.posterior[known, truth[known]] == 1).all()
    assert found.prior_source == "gold"
    assert (without.posterior.argmax(axis=1) == truth)[120:].mean() < 0.3
    assert (found.posterior.argmax(axis=1) == truth)[120:].mean() > 0.7
    assert found.weight.max() < 0.5


def test_a_prior_that_is_given_is_kept():
    votes, _ = simulated(9, 100, coins([0.8, 0.7, 0.6]), [0.9, 0.1])
    given = replace(votes, truth=Truth(("a", "b"), (0, 1), (0.2, 0.8)))
    found = PooledDawidSkene()(given)
    np.testing.assert_array_equal(found.prior, [0.2, 0.8])
    assert found.prior_source == "given"


def test_a_scale_is_summed_to_class_mass_by_its_cuts():
    rng = np.random.default_rng(10)
    level = rng.integers(0, 10, 300)
    item, rater = np.repeat(np.arange(60), 5), np.tile(np.arange(5), 60)
    known = Truth(("no", "yes"), (0,) * 5 + (1,) * 5)
    graded = matrix(item, rater, level, 10, truth=known)
    cut = replace(matrix(item, rater, level // 5, 2), labels=("no", "yes"))
    found = PooledDawidSkene()(graded)
    np.testing.assert_allclose(found.posterior, PooledDawidSkene()(cut).posterior, atol=1e-12)
    assert found.confusion is None
    assert "several vote labels mean one class" in " ".join(found.notes)
    assert found.classes == ("no", "yes")


def test_labels_without_map_or_order_are_refused():
    votes = matrix([0, 0, 1], [0, 1, 0], [0, 1, 2], 3, ordered=False, truth=Truth(("x", "y")))
    with pytest.raises(ConfigurationError, match="cannot learn which means which"):
        PooledDawidSkene()(votes)


@pytest.mark.parametrize("steps", [1, 3, None])
def test_few_votes_have_an_outcome(steps):
    method = PooledDawidSkene(steps=steps)
    one_judge = matrix([0, 1, 2], [0, 0, 0], [0, 1, 1], 2)
    one_item = matrix([0, 0, 0], [0, 1, 2], [0, 1, 1], 2)
    one_label = matrix([0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 0, 0], 2)
    silent = matrix([1], [0], [1], 2, items=3, raters=2)
    nothing = matrix([], [], [], 2, items=2, raters=2)
    for votes in (one_judge, one_item, one_label, silent, nothing):
        found = method(votes)
        np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
        top = Mean()(votes).posterior.argmax(axis=1)
        voted = votes.support > 0
        np.testing.assert_array_equal(found.posterior.argmax(axis=1)[voted], top[voted])
    np.testing.assert_allclose(method(nothing).posterior, 0.5)


def test_no_step_is_no_method():
    with pytest.raises(ValueError, match="at least 1"):
        PooledDawidSkene(steps=0)


def test_a_fit_that_is_stopped_says_so():
    votes, _ = simulated(11, 100, coins([0.9, 0.6, 0.6]), [0.5, 0.5])
    found = PooledDawidSkene(max_iterations=2)(votes)
    assert not found.fit.converged
    assert "had not converged" in " ".join(found.notes)
