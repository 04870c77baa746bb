"""Triplet moments: exact moments give exact rates; recovery, missing votes, priors, gold, soft."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.triplets import METHOD, Triplets
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

PLAIN = Triplets(pool=0, smoothing=0)  # nothing but the moments


def matrix(label, prior=None, kept=None):
    """A table (I, J) of 0 and 1 as votes; `kept` is where there is one."""
    items, raters = label.shape
    item, rater = np.nonzero(np.ones(label.shape) if kept is None else kept)
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"r{k}" for k in range(raters)), ("n", "y"),
        item.astype(np.int32), rater.astype(np.int32), np.arange(items, dtype=np.int32),
        (None,) * raters, label=label[item, rater].astype(np.int32), ordered=False,
        truth=Truth(("n", "y"), (0, 1), prior),
    )  # fmt: skip


def softened(votes, mass):
    return replace(votes, label=None, mass=np.column_stack([1 - mass, mass]))


def exact(rates, prior, size):
    """Every row of votes as often as the model expects, in all `size` rows; rates are tenths."""
    rows = []
    for row in itertools.product((0, 1), repeat=len(rates)):
        vote = np.array(row)
        given = [np.prod(np.where(vote, r, 1 - r)) for r in np.array(rates).T]
        count = size * (prior[0] * given[0] + prior[1] * given[1])
        assert abs(count - round(count)) < 1e-6
        rows += [vote] * round(count)
    return np.array(rows)


def simulated(seed, rates, prior, items):
    """Truth (I,) and votes (I, J); rates (J, 2) are P(vote 1 | class)."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) < prior[1]).astype(int)
    return truth, (rng.random((items, len(rates))) < np.array(rates)[:, truth].T).astype(int)


@pytest.mark.parametrize("prior", [(0.5, 0.5), (0.8, 0.2)])
def test_exact_moments_give_the_exact_rates(prior):
    rates = [[0.2, 0.9], [0.3, 0.7], [0.1, 0.6], [0.4, 0.9]]
    label = exact(rates, prior, 50_000)
    found = PLAIN(matrix(label, prior))
    np.testing.assert_allclose(found.confusion[:, :, 1], rates, atol=1e-9)
    # The posterior is Bayes' rule with these rates.
    given = np.stack([np.prod(np.where(label, r, 1 - np.array(r)), axis=1) for r in
                      np.array(rates).T], axis=1) * prior  # fmt: skip
    np.testing.assert_allclose(found.posterior, given / given.sum(axis=1, keepdims=True), atol=1e-9)


def test_unknown_prior_is_read_off_the_third_moments():
    rates = [[0.1, 0.9], [0.1, 0.7], [0.1, 0.8], [0.2, 0.9], [0.1, 0.8]]
    for prior in ((0.8, 0.2), (0.3, 0.7)):
        truth, label = simulated(1, rates, prior, 20_000)
        found = Triplets()(matrix(label))
        assert found.prior_source == "votes"
        assert found.prior[1] == pytest.approx(truth.mean(), abs=0.02)
        np.testing.assert_allclose(found.confusion[:, :, 1], rates, atol=0.03)


@pytest.mark.parametrize("prior", [(0.5, 0.5), (0.85, 0.15)])
def test_recovers_simulated_rates_and_is_as_right_as_dawid_skene(prior):
    rates = [[0.2, 0.8], [0.1, 0.6], [0.35, 0.7], [0.3, 0.9], [0.4, 0.6], [0.2, 0.7]]
    truth, label = simulated(2, rates, prior, 8_000)
    votes = matrix(label, prior)
    found = Triplets()(votes)
    np.testing.assert_allclose(found.confusion[:, :, 1], rates, atol=0.08)
    plain = DawidSkene()(votes)
    right = [np.mean(one.posterior.argmax(axis=1) == truth) for one in (found, plain)]
    assert right[0] > right[1] - 0.01


def test_two_pairs_of_copies_do_not_pass_for_the_truth_as_with_dawid_skene():
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 3000)
    right = rng.random((3000, 8)) < 0.75
    for copy, source in ((1, 0), (3, 2)):
        right[:, copy] = np.where(rng.random(3000) < 0.95, right[:, source], right[:, copy])
    votes = matrix(np.where(right, truth[:, None], 1 - truth[:, None]), (0.5, 0.5))
    accuracy = {
        type(one).__name__: np.mean(one(votes).posterior.argmax(axis=1) == truth)
        for one in (Triplets(), DawidSkene())
    }
    assert accuracy["Triplets"] > 0.87
    assert accuracy["DawidSkene"] < 0.80


def test_votes_may_be_missing_and_raters_few_or_contrary():
    rates = [[0.2, 0.8]] * 30 + [[0.7, 0.2]] * 3
    truth, label = simulated(4, rates, (0.5, 0.5), 2_000)
    kept = np.random.default_rng(4).random(label.shape) < 0.2
    found = Triplets()(matrix(label, (0.5, 0.5), kept))
    assert np.mean(found.posterior.argmax(axis=1) == truth) > 0.9
    assert found.weight[:30].min() > 0.65
    assert found.weight[30:].max() < 0.4
    assert any("3 of 33 raters vote against the rest" in note for note in found.notes)


def test_raters_without_a_triplet_have_rates_and_a_note():
    truth, label = simulated(5, [[0.2, 0.8]] * 2, (0.5, 0.5), 200)
    found = Triplets()(matrix(label))
    assert any("2 of 2 raters are in no triplet" in note for note in found.notes)
    assert found.weight.min() > 0.6
    assert np.mean(found.posterior.argmax(axis=1) == truth) > 0.65


def test_a_sparse_crowd_is_the_same_plain_or_compressed():
    rates = [[0.25, 0.8]] * 40
    truth, label = simulated(6, rates, (0.5, 0.5), 1_500)
    kept = np.random.default_rng(6).random(label.shape) < 0.11
    full = matrix(label, (0.5, 0.5), kept)
    few = Triplets()(full)
    heard = [k for k in range(1_500) if kept[k].any()]
    assert np.mean(few.posterior.argmax(axis=1)[heard] == truth[heard]) > 0.85
    # Weights of 1 go another way through the code.
    weighed = Triplets()(replace(full, weight=np.ones(full.V)))
    np.testing.assert_allclose(weighed.posterior, few.posterior, atol=1e-9)


def test_one_hot_votes_are_hard_votes():
    _, label = simulated(7, [[0.2, 0.8], [0.3, 0.7], [0.1, 0.6]], (0.5, 0.5), 500)
    votes = matrix(label)
    hard, soft = Triplets()(votes), Triplets()(softened(votes, votes.label.astype(float)))
    np.testing.assert_allclose(soft.posterior, hard.posterior, atol=1e-9)
    np.testing.assert_allclose(soft.confusion, hard.confusion, atol=1e-9)


def test_soft_votes_that_are_honest_about_a_hidden_label_give_its_rates():
    rates = [[0.2, 0.8], [0.3, 0.7], [0.15, 0.85], [0.25, 0.75]]
    _, label = simulated(8, rates, (0.5, 0.5), 20_000)
    rng = np.random.default_rng(8)
    mass = rng.beta(0.7, 0.7, (20_000, 4))
    hidden = rng.random(mass.shape) < mass  # a pool of honest masses for label 0 and for label 1
    drawn = np.empty(mass.shape)
    for j in range(4):
        for value in (0, 1):
            here = label[:, j] == value
            drawn[here, j] = rng.choice(mass[hidden == value], here.sum())
    # These masses are honest where both labels are as frequent, as they are with such rates.
    found = Triplets()(softened(matrix(label, (0.5, 0.5)), drawn.ravel()))
    np.testing.assert_allclose(found.confusion[:, :, 1], rates, atol=0.03)


def test_gold_moves_the_rates_where_votes_mislead():
    rng = np.random.default_rng(9)
    truth = rng.integers(0, 2, 2_000)
    shared = rng.random(2_000) < 0.65
    right = [np.where(rng.random(2_000) < 0.9, shared, rng.random(2_000) < 0.65) for _ in range(3)]
    right += [rng.random(2_000) < 0.85 for _ in range(2)]
    label = np.where(np.stack(right, axis=1), truth[:, None], 1 - truth[:, None])
    votes = matrix(label, (0.5, 0.5))
    item = rng.choice(2_000, 200, replace=False).astype(np.int32)
    gold = Gold(item, truth[item].astype(np.int32), ("n", "y"))
    without, with_gold = Triplets()(votes), Triplets()(votes, gold)
    np.testing.assert_array_equal(with_gold.posterior[item], np.eye(2)[truth[item]])
    others = np.setdiff1d(np.arange(2_000), item)
    right = [np.mean(one.posterior.argmax(axis=1)[others] == truth[others]) for one in
             (without, with_gold)]  # fmt: skip
    assert right[1] > right[0] + 0.1
    assert with_gold.weight[3:].min() > with_gold.weight[:3].max()


def test_three_classes_are_refused_and_a_scale_is_cut():
    votes = matrix(np.array([[0, 1], [1, 1]]))
    three = replace(votes, labels=("a", "b", "c"), truth=None)
    with pytest.raises(ConfigurationError, match="two classes"):
        Triplets()(three)
    scale = replace(three, ordered=True, truth=Truth(("low", "high")))
    found = Triplets()(scale)
    assert any("cut into 2 ranges" in note for note in found.notes)
    assert found.confusion.shape == (2, 2, 3)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1)


def test_the_card_says_what_it_assumes():
    assert METHOD.binary
    assert METHOD.independent
