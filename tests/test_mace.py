"""MACE: parity with a literal fit and with recorded posteriors, recovery, gold, soft votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import digamma

from w2s_judge.aggregation.habits import Habits
from w2s_judge.aggregation.mace import Mace
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

# Simulated votes (a word an item, a place a rater, "." silence), and the posteriors that crowd-kit
# 1.4.2 gives six of the items after 12 iterations of variational Bayes from the habits below.
SIMULATED = """
0.110 002.0 .2.22 .121. 01.11 .11.1 .22.. 00010 1..12 01.02 1.111 .22.2 ..01. 00.02 1.101 0.000
22221 .2.22 22202 11211 2.21. 11.1. .0.20 11012
"""
FIRST = Habits(
    np.array([0.3, 0.5, 0.6, 0.7, 0.4]),
    np.array(
        [[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [1 / 3] * 3, [0.6, 0.2, 0.2], [0.25, 0.5, 0.25]],
    ),
)
ITEMS_SHOWN = [2, 5, 9, 13, 17, 21]
CROWD_KIT = """
.00096667 .00096667 .99806667  .00083002 .99833997 .00083002  .52355475 .43023526 .04620999
.9978901 .00034964 .00176025   .00096667 .00096667 .99806667  .00037633 .99924735 .00037633
"""
EXACTLY = {"accelerate": False, "tol": 0.0}


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


def simulated(seed, items, trust, habits, prior=None, share=1.0):
    """Votes and truth (I,) drawn from the model."""
    rng = np.random.default_rng(seed)
    raters, labels = habits.shape
    truth = rng.choice(labels, items, p=prior)
    item, rater = np.nonzero(rng.random((items, raters)) < share)
    edges = habits.cumsum(axis=1)[rater]
    by_habit = (rng.random((len(item), 1)) > edges[:, :-1]).sum(axis=1)
    knows = rng.random(len(item)) < trust[rater]
    return matrix(item, rater, np.where(knows, truth[item], by_habit), "abcdef"[:labels]), truth


def literal(votes, first, iterations, variational):
    """Vote by vote, as the paper writes it: who knew, given the class and without it."""
    trust = np.column_stack([1 - first.trust, first.trust])
    habits = first.labels
    L, who, said = votes.L, votes.rater, votes.label  # noqa: N806

    def shares(counts, prior):
        if variational:
            counts = counts + prior
            return np.exp(digamma(counts) - digamma(counts.sum(axis=1, keepdims=True)))
        counts = counts + 0.01 / L
        return counts / counts.sum(axis=1, keepdims=True)

    for left in range(iterations, -1, -1):
        by_habit = trust[who, 0] * habits[who, said]
        given = by_habit[:, None] + trust[who, 1, None] * np.eye(L)[said]
        joint = np.full((votes.I, L), 1 / L)
        for v in range(votes.V):
            joint[votes.item[v]] *= given[v]
        posterior = joint / joint.sum(axis=1, keepdims=True)
        if not left:
            return posterior, trust, habits
        spammed = (posterior[votes.item] * by_habit[:, None] / given).sum(axis=1)
        known = posterior[votes.item, said] * trust[who, 1] / given[np.arange(votes.V), said]
        two, each = np.zeros((votes.J, 2)), np.zeros((votes.J, L))
        np.add.at(two, who, np.column_stack([spammed, known]))
        np.add.at(each, (who, said), spammed)
        trust, habits = shares(two, 0.5), shares(each, 10.0)
    raise AssertionError


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("iterations", [1, 5, 30])
def test_parity_with_a_literal_fit(variational, iterations):
    rng = np.random.default_rng(3)
    trust, habits = rng.uniform(0, 1, 6), rng.dirichlet(np.ones(3), 6)
    votes, _ = simulated(4, 60, rng.uniform(0.2, 0.9, 6), habits, share=0.7)
    first = Habits(trust, rng.dirichlet(np.ones(3), 6))
    method = Mace(variational=variational, max_iterations=iterations, **EXACTLY)
    found = method.estimates(even(votes), None, first)
    posterior, *_ = literal(votes, first, iterations, variational)
    np.testing.assert_allclose(found.consensus.posterior, posterior, atol=1e-9)
    assert not found.consensus.fit.converged


def test_parity_with_crowd_kit():
    words = [(i, j, c) for i, word in enumerate(SIMULATED.split()) for j, c in enumerate(word)]
    item, rater, label = zip(*[(i, j, int(c)) for i, j, c in words if c != "."], strict=True)
    votes = even(matrix(item, rater, label, "012"))
    found = Mace(max_iterations=12, **EXACTLY).estimates(votes, None, FIRST)
    recorded = np.array(CROWD_KIT.split(), float).reshape(6, 3)
    np.testing.assert_allclose(found.consensus.posterior[ITEMS_SHOWN], recorded, atol=1e-6)


@pytest.mark.parametrize("variational", [True, False])
@pytest.mark.parametrize("prior", [(0.6, 0.3, 0.1), (1 / 3, 1 / 3, 1 / 3)])
def test_trust_habits_and_prior_are_recovered(variational, prior):
    trust = np.array([0.9, 0.75, 0.6, 0.4, 0.05, 0.02])
    rng = np.random.default_rng(5)
    habits = rng.dirichlet(np.full(3, 2.0), 6)
    votes, truth = simulated(6, 6000, trust, habits, prior)
    found = Mace(variational=variational).estimates(votes)
    np.testing.assert_allclose(found.habits.trust, trust, atol=0.05)
    np.testing.assert_allclose(found.habits.labels[1:], habits[1:], atol=0.06)
    np.testing.assert_allclose(found.consensus.prior, prior, atol=0.05)
    assert (found.consensus.posterior.argmax(axis=1) == truth).mean() > 0.93
    expected = trust[:, None, None] * np.eye(3) + (1 - trust)[:, None, None] * habits[:, None, :]
    np.testing.assert_allclose(found.consensus.confusion, expected, atol=0.05)


def test_acceleration_and_other_starts_lead_to_the_same_answer():
    rng = np.random.default_rng(7)
    habits = rng.dirichlet(np.ones(3), 8)
    votes, _ = simulated(8, 400, rng.uniform(0.1, 0.9, 8), habits, share=0.6)
    for variational in (True, False):
        exact = {"tol": 1e-13, "max_iterations": 20_000}
        quick = Mace(variational=variational, **exact).estimates(votes).consensus
        plain = Mace(variational=variational, accelerate=False, **exact)(votes)
        np.testing.assert_allclose(quick.posterior, plain.posterior, atol=1e-4)
        first = Habits(rng.uniform(0.3, 0.7, 8), rng.dirichlet(np.full(3, 9.0), 8))
        other = Mace(variational=variational, **exact).estimates(votes, None, first).consensus
        np.testing.assert_allclose(other.posterior, quick.posterior, atol=1e-4)
        assert quick.fit.converged


def test_what_all_say_is_sure_and_a_spammer_does_not_count():
    trust = np.array([0.9, 0.8, 0.8, 0.01])
    habits = np.array([[0.5, 0.5]] * 3 + [[0.95, 0.05]])
    votes, _ = simulated(9, 1000, trust, habits)
    label = votes.label.reshape(1000, 4).copy()
    label[:3] = [[0, 0, 0, 0], [1, 1, 1, 0], [1, 0, 1, 0]]
    posterior = Mace()(replace(votes, label=label.ravel())).posterior
    assert posterior[0, 0] > 0.99
    assert posterior[1, 1] > 0.98
    assert 0.98 > posterior[2, 1] > 0.5


def test_one_hot_mass_weights_and_repeats_say_the_same():
    rng = np.random.default_rng(10)
    votes, _ = simulated(11, 60, rng.uniform(0.3, 0.9, 5), rng.dirichlet(np.ones(3), 5), share=0.8)
    for method in (Mace(), Mace(variational=False)):
        plain = method(votes)
        soft = method(replace(votes, label=None, mass=np.eye(3)[votes.label]))
        listed = method(replace(votes, weight=np.ones(votes.V)))
        for other in (soft, listed):
            np.testing.assert_allclose(other.posterior, plain.posterior, atol=1e-6)
            np.testing.assert_allclose(other.weight, plain.weight, atol=1e-6)
        heavy = method(replace(votes, weight=np.full(votes.V, 2.0)))
        columns = (np.tile(one, 2) for one in (votes.item, votes.rater, votes.label))
        np.testing.assert_allclose(heavy.posterior, method(matrix(*columns)).posterior, atol=1e-6)
        assert np.abs(heavy.posterior - plain.posterior).max() > 0.01


def test_gold_keeps_its_label_gives_the_prior_and_unmasks():
    rng = np.random.default_rng(12)
    trust = np.array([0.02, 0.02, 0.02, 0.7])  # three vote by one habit, and agree by it
    habits = np.array([[0.9, 0.1]] * 3 + [[0.5, 0.5]])
    votes, truth = simulated(13, 400, trust, habits)
    chosen = rng.permutation(400)[:80].astype(np.int32)
    gold = Gold(chosen, truth[chosen].astype(np.int32), ("a", "b"))
    found = Mace().estimates(votes, gold)
    np.testing.assert_array_equal(found.consensus.posterior[chosen], np.eye(2)[truth[chosen]])
    assert found.consensus.prior_source == "gold"
    assert found.habits.trust.argmax() == 3
    assert (found.consensus.posterior.argmax(axis=1) == truth).mean() > 0.8


def test_labels_of_one_class_share_it():
    rng = np.random.default_rng(14)
    votes, truth = simulated(15, 800, rng.uniform(0.4, 0.9, 6), np.full((6, 2), 0.5))
    four = replace(
        votes, labels=tuple("wxyz"),
        label=votes.label * 2 + rng.integers(0, 2, votes.V).astype(np.int32),
        truth=Truth(("no", "yes"), (0, 0, 1, 1), (0.5, 0.5)),
    )  # fmt: skip
    found = Mace()(four)
    assert found.prior_source == "given"
    assert found.confusion.shape == (6, 2, 4)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1.0)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.9
    with pytest.raises(ConfigurationError, match="vote labels"):
        Mace()(replace(votes, truth=Truth(("no", "yes"))))


def test_priors_of_variational_bayes_are_above_0():
    with pytest.raises(ConfigurationError, match="above 0"):
        Mace(habit=0.0)
    assert not Mace(variational=False, habit=0.0).variational


def test_a_class_that_no_label_means_has_what_the_prior_leaves_it():
    votes, _ = simulated(16, 60, np.full(4, 0.7), np.full((4, 2), 0.5))
    found = Mace()(replace(votes, truth=Truth(("a", "b", "c"), (0, 1))))
    assert found.prior[2] == pytest.approx(5 / (60 + 15))
    assert found.posterior[:, 2].max() < 0.4
    nobody = replace(votes.only(np.zeros(0, dtype=np.int64)), raters=(), family=())
    np.testing.assert_allclose(Mace()(nobody).posterior, 0.5)
