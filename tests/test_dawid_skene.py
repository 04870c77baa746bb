"""Dawid-Skene and one-coin: published estimates, parity, recovery, gold, defects of peers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.dawid_skene import METHOD, DawidSkene
from w2s_judge.aggregation.one_coin import OneCoin
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

# A. P. Dawid and A. M. Skene, Applied Statistics 28 (1979), table 1: the ratings of 45 patients'
# fitness for anaesthesia, one word a patient; the first three digits are observer 1's.
PATIENTS = """
1111111 3334334 1122122 2223121 2223222 2223322 1222111 3333433 2222223 2322223 4444444 2223343
1111111 2223212 1211111 1112111 1111111 1111111 2222221 2221322 2222222 2222221 2223222 2212222
1111111 1111111 2322222 1111111 1111111 1121121 1111111 3333233 1111111 2222222 2223232 4334343
2212232 2323233 3333432 1111111 1111111 1212111 2322222 1211111 2222222
"""
CLASSES_1979 = (0.40, 0.42, 0.11, 0.07)
ERROR_RATES_1979 = """
.89 .11 0 0   .07 .88 .05 0   0 .34 .66 0    0 0 .56 .44
.83 .17 0 0   .05 .63 .31 0   0 0 1 0        0 0 0 1
1 0 0 0       .11 .79 .11 0   0 .40 .20 .40  0 0 .67 .33
.94 .06 0 0   .05 .84 .10 0   0 0 .80 .20    0 0 .33 .67
1 0 0 0       .16 .73 .11 0   0 .21 .79 0    0 0 .33 .67
"""
# Simulated votes (a word an item, a place a rater, "." silence) and the posteriors that crowd-kit
# 1.4.2 gives six of the items after 6 iterations with its early stop off (tol=-inf).
SIMULATED = """
0.110 002.0 .2.22 .121. 01.11 .11.1 .22.. 00010 1..12 01.02 1.111 .22.2 ..01. 00.02 1.101 0.000
22221 .2.22 22202 11211 2.21. 11.1. .0.20 11012
"""
ITEMS_SHOWN = [2, 5, 9, 13, 17, 21]
CROWD_KIT = """
.00000005 0 .99999995  .00000001 .99999999 0  .3105363 .6894637 0
1 0 0                  .00000005 0 .99999995  .00000006 .99999994 0
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


def words(text, rater_of, first, labels):
    found = [
        (i, rater_of(k), int(c) - first)
        for i, word in enumerate(text.split())
        for k, c in enumerate(word)
        if c != "."
    ]
    return matrix(*map(list, zip(*found, strict=True)), labels=labels)


def full(label, **more):
    item, rater = np.divmod(np.arange(label.size), label.shape[1])
    return matrix(item, rater, label.ravel(), **more)


def simulated(seed, confusion, prior, items):
    """Truth (I,) and a full table of votes by raters with confusion (J, C, L)."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(len(prior), items, p=prior)
    edges = confusion.cumsum(axis=2)[:, truth]  # (J, I, L)
    return truth, (rng.random((len(confusion), items, 1)) > edges).sum(axis=2).T


def literal(votes, onto, iterations, smoothing, prior_count):
    """EM over a (I, J, L) table of counts, as the paper writes it."""
    counts = np.zeros((votes.I, votes.J, votes.L))
    np.add.at(counts, (votes.item, votes.rater, votes.label), 1.0)
    share = counts.sum(axis=1) @ onto
    posterior = share / share.sum(axis=1, keepdims=True)
    for _ in range(iterations):
        prior = posterior.sum(axis=0) + prior_count
        prior /= prior.sum()
        theta = np.einsum("ic,ijl->jcl", posterior, counts) + smoothing
        theta /= theta.sum(axis=2, keepdims=True)
        joint = np.exp(np.log(prior) + np.einsum("ijl,jcl->ic", counts, np.log(theta)))
        posterior = joint / joint.sum(axis=1, keepdims=True)
    return posterior


def test_the_45_patients_have_the_estimates_of_1979():
    votes = words(PATIENTS, lambda k: max(0, k - 2), 1, "1234")
    found = DawidSkene(smoothing=0, prior_count=0, tol=1e-12)(votes)
    assert found.fit.converged
    assert votes.V == 45 * 7
    np.testing.assert_allclose(found.prior, CLASSES_1979, atol=0.006)
    published = np.array(ERROR_RATES_1979.split(), float).reshape(5, 4, 4)
    np.testing.assert_allclose(found.confusion, published, atol=0.006)
    label = found.posterior.argmax(axis=1) + 1
    assert "".join(map(str, label)) == "142222132243121111222222112111131224233" + "111212"
    unsure = np.flatnonzero(found.posterior.max(axis=1) < 0.99) + 1
    np.testing.assert_array_equal(unsure, [7, 35, 38])
    np.testing.assert_allclose(
        found.posterior[[6, 34, 37]].max(axis=1), [0.98, 0.95, 0.98], atol=0.005
    )


@pytest.mark.parametrize("iterations", [1, 2, 7])
def test_parity_with_a_literal_em(iterations):
    rng = np.random.default_rng(5)
    votes = matrix(
        np.repeat(np.arange(40), 6), rng.integers(0, 9, 240), rng.integers(0, 4, 240), "abcd"
    )
    found = DawidSkene(accelerate=False, tol=0, max_iterations=iterations)(votes)
    np.testing.assert_allclose(
        found.posterior, literal(votes, np.eye(4), iterations, 0.01, 5.0), atol=1e-9
    )
    assert found.fit.iterations == iterations
    assert not found.fit.converged


def test_parity_where_several_labels_mean_one_class():
    rng = np.random.default_rng(6)
    truth = Truth(("no", "yes"), (0, 0, 1, 1))
    votes = matrix(
        np.repeat(np.arange(30), 5), np.tile(np.arange(5), 30), rng.integers(0, 4, 150), "abcd",
        truth=truth,
    )  # fmt: skip
    found = DawidSkene(accelerate=False, tol=0, max_iterations=5)(votes)
    onto = np.eye(2)[[0, 0, 1, 1]]
    np.testing.assert_allclose(found.posterior, literal(votes, onto, 5, 0.01, 5.0), atol=1e-9)
    assert found.confusion.shape == (5, 2, 4)


def test_parity_with_crowd_kit():
    votes = words(SIMULATED, lambda k: k, 0, "012")
    method = DawidSkene(smoothing=0, prior_count=0, accelerate=False, tol=0, max_iterations=6)
    recorded = np.array(CROWD_KIT.split(), float).reshape(6, 3)
    np.testing.assert_allclose(method(votes).posterior[ITEMS_SHOWN], recorded, atol=1e-6)


@pytest.mark.parametrize("prior", [(0.6, 0.3, 0.1), (1 / 3, 1 / 3, 1 / 3)])
def test_simulated_confusions_are_recovered_and_majority_is_beaten(prior):
    rng = np.random.default_rng(1)
    confusion = rng.dirichlet(np.ones(3), (6, 3)) * 0.5 + 0.5 * np.eye(3)
    confusion[5] = confusion[5][[1, 2, 0]]  # one who errs on purpose
    truth, label = simulated(2, confusion, prior, 8000)
    found = DawidSkene()(full(label))
    np.testing.assert_allclose(found.confusion, confusion, atol=0.06)
    np.testing.assert_allclose(found.prior, prior, atol=0.03)
    majority = np.eye(3)[label].sum(axis=1).argmax(axis=1)
    assert (found.posterior.argmax(axis=1) == truth).mean() > (majority == truth).mean() + 0.02
    right = np.einsum("jcc,c->j", confusion, np.asarray(prior))
    np.testing.assert_allclose(found.weight, right, atol=0.05)


def test_one_coin_recovers_accuracies():
    accuracy = np.array([0.9, 0.8, 0.7, 0.6, 0.45])
    confusion = np.where(np.eye(4), accuracy[:, None, None], (1 - accuracy[:, None, None]) / 3)
    truth, label = simulated(3, confusion, [0.25] * 4, 5000)
    found = OneCoin()(full(label, labels="abcd"))
    np.testing.assert_allclose(found.weight, accuracy, atol=0.03)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1.0)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.93


def test_a_vote_counts_as_often_as_it_is_given_and_as_it_weighs():
    rng = np.random.default_rng(8)
    item, rater, label = (
        np.repeat(np.arange(20), 4),
        np.tile(np.arange(4), 20),
        rng.integers(0, 3, 80),
    )
    twice = matrix(np.tile(item, 2), np.tile(rater, 2), np.tile(label, 2))
    heavy = matrix(item, rater, label, weight=np.full(80, 2.0))
    soft = matrix(item, rater, mass=np.eye(3)[label], weight=np.full(80, 2.0))
    for method in (DawidSkene(), OneCoin()):
        np.testing.assert_allclose(method(twice).posterior, method(heavy).posterior, atol=1e-9)
        np.testing.assert_allclose(method(twice).posterior, method(soft).posterior, atol=1e-9)


def test_gold_keeps_its_label_and_gives_the_prior():
    rng = np.random.default_rng(9)
    votes = full(rng.integers(0, 2, (60, 5)), labels="ab")
    gold = Gold(np.arange(10, dtype=np.int32), np.array([0] * 8 + [1] * 2, np.int32), ("a", "b"))
    for method in (DawidSkene(), OneCoin()):
        found = method(votes, gold)
        np.testing.assert_array_equal(found.posterior[:10], np.eye(2)[gold.label])
        assert found.prior_source == "gold"
        np.testing.assert_allclose(found.prior, [9 / 12, 3 / 12])


def test_gold_that_contradicts_the_votes_is_reported():
    truth, label = simulated(12, np.tile([[0.2, 0.8], [0.7, 0.3]], (6, 1, 1)), [0.5, 0.5], 200)
    gold = Gold(np.arange(30, dtype=np.int32), truth[:30].astype(np.int32), ("a", "b"))
    votes = full(label, labels="ab")
    for method in (DawidSkene(), OneCoin()):
        assert any("contradicts" in note for note in method(votes, gold).notes)
        assert not any("contradicts" in note for note in method(votes).notes)


def test_a_map_from_levels_to_classes_is_learned():
    levels = np.array([[0.4, 0.3, 0.2, 0.1, 0.0], [0.05, 0.1, 0.15, 0.3, 0.4]])
    truth, label = simulated(13, np.tile(levels, (5, 1, 1)), [0.5, 0.5], 1500)
    known = Truth(("no", "yes"), None, (0.5, 0.5))
    votes = full(label, labels="01234", ordered=True, truth=known)
    found = DawidSkene()(votes)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.92
    assert any("order" in note for note in found.notes)
    assert found.prior_source == "given"
    np.testing.assert_allclose(found.confusion.mean(axis=0), levels, atol=0.03)
    back = full(4 - label, labels="43210", ordered=True, truth=known)
    np.testing.assert_allclose(DawidSkene()(back).posterior[:, ::-1], found.posterior, atol=1e-4)


def test_gold_shows_what_labels_without_an_order_mean():
    votes_given = np.array([[0.7, 0.1, 0.2], [0.1, 0.7, 0.2]])
    truth, label = simulated(14, np.tile(votes_given, (5, 1, 1)), [0.5, 0.5], 600)
    gold = Gold(np.arange(20, dtype=np.int32), 1 - truth[:20].astype(np.int32), ("good", "bad"))
    votes = full(label)
    found = DawidSkene()(votes, gold)
    assert found.confusion.shape == (5, 2, 3)
    assert (found.posterior.argmax(axis=1) == 1 - truth).mean() > 0.9
    with pytest.raises(ConfigurationError, match="label an item of each class"):
        DawidSkene()(votes, gold.only(gold.label == 0))
    with pytest.raises(ConfigurationError, match="dawid-skene or auto"):
        OneCoin()(votes, gold)


def test_neighbouring_levels_smooth_the_rows():
    rng = np.random.default_rng(15)
    truth = np.repeat([0, 1], 30)
    label = np.clip(np.rint(3 + 3 * truth[:, None] + rng.normal(0, 1.5, (60, 5))), 0, 9).astype(int)
    votes = full(
        label, labels="0123456789", ordered=True, truth=Truth(("n", "y"), None, (0.5, 0.5))
    )
    rough, smooth = (DawidSkene(neighbours=sd)(votes) for sd in (0.0, 1.0))
    jump = [np.abs(np.diff(found.confusion, axis=2)).sum() for found in (rough, smooth)]
    assert jump[1] < 0.7 * jump[0]
    assert (smooth.posterior.argmax(axis=1) == truth).mean() > 0.9
    with pytest.raises(ConfigurationError, match="no order"):
        DawidSkene(neighbours=1.0)(full(label, labels="0123456789"))


def test_the_class_prior_of_one_coin_does_not_run_away():
    """108 items, 30 raters who miss half of the positives: a prior fitted along swallows them."""
    rng = np.random.default_rng(1)
    truth = (rng.random(108) < 0.5).astype(int)
    hit = np.clip(rng.normal(0.5, 0.1, 30), 0.05, 0.95)
    quiet = np.clip(rng.normal(0.95, 0.05, 30), 0.05, 0.98)
    label = np.where(truth[:, None], rng.random((108, 30)) < hit, rng.random((108, 30)) > quiet)
    posterior = np.stack([1 - label.mean(axis=1), label.mean(axis=1)], axis=1)
    for _ in range(300):
        prior = posterior.mean(axis=0)
        right = (posterior[:, 0] @ ~label + posterior[:, 1] @ label) / 108
        odds = np.log(right / (1 - right))
        positive = 1 / (1 + np.exp(-(np.where(label, 1, -1) @ odds + np.log(prior[1] / prior[0]))))
        posterior = np.stack([1 - positive, positive], axis=1)
    free = (posterior.argmax(axis=1) == truth).mean()
    found = OneCoin()(full(label.astype(int), labels="ab"))
    ours = (found.posterior.argmax(axis=1) == truth).mean()
    majority = ((label.mean(axis=1) > 0.5) == truth).mean()
    assert prior[0] > 0.85
    assert found.prior[0] < 0.75
    assert free < majority - 0.05 <= ours - 0.05


def test_scores_are_not_taken_for_classes():
    scores = np.round(np.random.default_rng(16).random(80), 3)
    labels, label = np.unique(scores, return_inverse=True)
    votes = matrix(np.arange(80) // 4, np.arange(80) % 4, label, tuple(map(str, labels)))
    for method in (DawidSkene(), OneCoin()):
        with pytest.raises(ConfigurationError, match="look like scores"):
            method(votes)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -0.5])
def test_mass_that_is_no_number_is_refused(wrong):
    mass = np.full((4, 2), 0.5)
    mass[2, 0] = wrong
    votes = matrix([0, 0, 1, 1], [0, 1, 0, 1], labels="ab", mass=mass)
    for method in (DawidSkene(), OneCoin()):
        with pytest.raises(ValueError, match="mass must be finite"):
            method(votes)


def test_soft_votes_are_neither_cut_nor_lost():
    """Masses about .6: cut they say less, and as fractions of votes they would say nothing."""
    rng = np.random.default_rng(17)
    truth = rng.integers(0, 2, 2000)
    lean = (2 * truth[:, None] - 1) * rng.uniform(0.3, 1.0, 8) + rng.normal(0, 1, (2000, 8))
    yes = 1 / (1 + np.exp(-0.7 * lean))
    item, rater = np.divmod(np.arange(16000), 8)
    votes = matrix(item, rater, labels="ab", mass=np.stack([1 - yes, yes], axis=2).reshape(-1, 2))
    cut = full((yes > 0.5).astype(int), labels="ab")
    right = [(DawidSkene()(one).posterior.argmax(axis=1) == truth).mean() for one in (votes, cut)]
    assert right[0] > right[1] + 0.01
    assert right[0] > 0.93


@pytest.mark.parametrize("raters", [1, 2])
def test_one_or_two_judges_are_enough_to_run(raters):
    label = np.random.default_rng(18).integers(0, 3, (30, raters))
    for method in (DawidSkene(), OneCoin()):
        found = method(full(label))
        assert found.fit.converged
        assert np.isfinite(found.posterior).all()


def test_the_card_says_that_the_posterior_takes_votes_for_independent():
    assert METHOD.independent
    assert DawidSkene()(full(np.array([[0, 1], [1, 1]]), labels="ab")).calibration == "none"


@st.composite
def tables(draw):
    items, raters, labels = (
        draw(st.integers(1, 8)),
        draw(st.integers(1, 4)),
        draw(st.integers(1, 3)),
    )
    votes = st.tuples(
        st.integers(0, items - 1), st.integers(0, raters - 1), st.integers(0, labels - 1)
    )
    found = draw(st.lists(votes, min_size=1, max_size=25))
    item, rater, label = map(list, zip(*found, strict=True))
    mass = {}
    if draw(st.booleans()):
        rows = [draw(st.lists(st.floats(0.01, 1), min_size=labels, max_size=labels)) for _ in found]
        mass = {"mass": np.array(rows) / np.sum(rows, axis=1, keepdims=True)}
    return matrix(item, rater, None if mass else label, "abc"[:labels], ordered=True, **mass)


@settings(deadline=None, max_examples=60)
@given(tables(), st.booleans(), st.sampled_from([0.0, 0.8]))
def test_no_iteration_lowers_the_objective(votes, accelerate, neighbours):
    methods = (
        lambda n: DawidSkene(accelerate=accelerate, neighbours=neighbours, max_iterations=n, tol=0),
        lambda n: OneCoin(accelerate=accelerate, max_iterations=n, tol=0),
    )
    for make in methods:
        heights = [make(n)(votes).fit.objective for n in range(1, 9)]
        assert all(b >= a - 1e-9 for a, b in pairwise(heights))
