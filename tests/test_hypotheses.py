"""Regressions against scipy and quadrature; gold that orients, decides and takes over."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.optimize import minimize
from scipy.special import expit

from w2s_judge.aggregation.bayes_logistic import regressions
from w2s_judge.aggregation.beliefs import AMBIGUOUS, CLEAR, beliefs
from w2s_judge.aggregation.hypotheses import METHOD, Hypotheses
from w2s_judge.aggregation.rotated_factors import RotatedFactors
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

CLASSES = ("no", "yes")


def votes_of(values, *, kept=None, truth=None, **more):
    """A vote matrix of integer levels (I, J), those in the mask `kept`."""
    kept = np.ones(values.shape, bool) if kept is None else kept
    item, rater = np.nonzero(kept)
    L = int(values.max()) + 1  # noqa: N806
    if truth is None and L == 2:
        truth = Truth(CLASSES, (0, 1))
    return VoteMatrix(
        tuple(f"i{i}" for i in range(len(values))),
        tuple(f"r{j}" for j in range(values.shape[1])),
        tuple(f"l{x}" for x in range(L)),
        item.astype(np.int32), rater.astype(np.int32),
        np.arange(len(values), dtype=np.int32), (None,) * values.shape[1],
        label=values[item, rater].astype(np.int32), truth=truth, **more,
    )  # fmt: skip


def simulated(items, accuracies, seed, share=0.5):
    """Truth (I,) and independent votes (I, J) of these accuracies."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) < share).astype(int)
    right = rng.random((items, len(accuracies))) < accuracies
    return truth, np.where(right, truth[:, None], 1 - truth[:, None])


def two_factors(items, seed):
    """Truth, and judges of whom half follow it, half an unrelated quality, equally strongly."""
    rng = np.random.default_rng(seed)
    sides = rng.integers(0, 2, (items, 2))
    right = rng.random((items, 10)) < 0.85
    of = np.repeat(sides, 5, axis=1)
    return sides[:, 0], sides[:, 1], np.where(right, of, 1 - of)


def gold_of(truth, size, classes=CLASSES, **more):
    at = np.arange(size, dtype=np.int32)
    return Gold(at, truth[:size].astype(np.int32), classes, **more)


def accuracy(found, truth, size):
    return (found.posterior[size:].argmax(axis=1) == truth[size:]).mean()


def a_regression(seed=0, n=40, features=3):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.standard_normal((n, features))])  # noqa: N806
    label = (rng.random(n) < expit(X @ rng.standard_normal(features + 1))).astype(float)
    return X, label, rng.uniform(0.5, 2, n)


def test_newton_finds_scipys_minimum():
    X, label, weight = a_regression()  # noqa: N806
    mean = np.array([[0, 2.0, 0, 0], [0, 0, 0, -1.0]])
    sd = np.array([[0.5, 0.5, 0.1, 0.3], [1.5, 1, 1, 3.0]])
    found = regressions(X, label, mean, sd, weight)
    assert found.converged
    for h in range(2):

        def loss(b, h=h):
            fit = weight @ np.logaddexp(0, -(2 * label - 1) * (X @ b))
            return fit + 0.5 * (((b - mean[h]) / sd[h]) ** 2).sum()

        best = minimize(loss, mean[h], method="BFGS", options={"gtol": 1e-9}).x
        np.testing.assert_allclose(found.coefficients[h], best, atol=1e-5)


def test_separable_labels_and_wide_priors_end_at_a_finite_maximum():
    X = np.column_stack([np.ones(20), np.repeat([-3.0, 3.0], 10)])  # noqa: N806
    found = regressions(X, np.repeat([0.0, 1.0], 10), np.zeros((1, 2)), np.full((1, 2), 30.0))
    assert found.converged
    assert np.isfinite(found.evidence).all()
    assert found.coefficients[0, 1] > 0


def test_evidence_is_near_the_integral_in_one_and_two_dimensions():
    X, label, _ = a_regression(features=1)  # noqa: N806
    sign = 2 * label - 1
    mean, sd = np.array([[0.2, 1.0]]), np.array([[0.5, 0.8]])

    def joint(rows, *b):
        at = np.array(b)
        m, s = mean[0, -len(b) :], sd[0, -len(b) :]
        fit = -np.logaddexp(0, -sign * (rows @ at)).sum()
        return np.exp(fit - 0.5 * (((at - m) / s) ** 2).sum()) / np.prod(s * np.sqrt(2 * np.pi))

    both = regressions(X, label, mean, sd).evidence[0]
    exact = dblquad(lambda c, b: joint(X, b, c), -3, 3, -4, 6, epsabs=0, epsrel=1e-4)[0]
    assert both == pytest.approx(np.log(exact), abs=0.03)
    slope = regressions(X[:, 1:], label, mean[:, 1:], sd[:, 1:]).evidence[0]
    exact = quad(lambda b: joint(X[:, 1:], b), -4, 6, epsabs=0)[0]
    assert slope == pytest.approx(np.log(exact), abs=0.03)


def test_the_predictive_is_near_the_integral():
    X, label, _ = a_regression(n=15, features=0)  # noqa: N806
    found = regressions(X, label, np.zeros((1, 1)), np.ones((1, 1)))
    sign = 2 * label - 1

    def joint(b):
        return np.exp(-np.logaddexp(0, -sign * b).sum() - b * b / 2)

    exact = quad(lambda b: expit(b) * joint(b), -8, 8)[0] / quad(joint, -8, 8)[0]
    assert found.predict(X[:1], np.ones(1))[0] == pytest.approx(exact, abs=0.01)


def test_beliefs_are_probabilities_and_name_every_judge_and_factor():
    for outlook in (CLEAR, AMBIGUOUS):
        held = beliefs(np.array([3.0, 1.0]), 4, outlook, 0.03)
        assert held.weight.sum() == pytest.approx(1)
        assert held.mean.shape == held.sd.shape == (len(held.kind), 6)
        tilted = {int(row.argmax()) for row in held.mean if row.any() and row.max() > 0}
        assert tilted == (set(range(6)) if outlook is AMBIGUOUS else {0, 1})


def test_ten_labels_decide_between_two_factors():
    hits = []
    for seed in range(8):
        truth, other, values = two_factors(300, seed)
        hits.append(accuracy(Hypotheses()(votes_of(values), gold_of(truth, 10)), truth, 10))
        turned = Hypotheses()(votes_of(values), gold_of(other, 10))
        hits.append(accuracy(turned, other, 10))
    assert np.mean(hits) > 0.9
    assert min(hits) > 0.7


def test_one_good_judge_among_a_clique_is_found():
    """Four judges share a bias; the fifth alone follows the truth."""
    rng = np.random.default_rng(1)
    truth, bias = rng.integers(0, 2, (2, 400))
    clique = np.where(rng.random((400, 4)) < 0.9, bias[:, None], 1 - bias[:, None])
    good = np.where(rng.random(400) < 0.85, truth, 1 - truth)
    votes = votes_of(np.column_stack([clique, good]))
    found = Hypotheses()(votes, gold_of(truth, 30))
    assert accuracy(found, truth, 30) > 0.8
    assert found.weight.argmax() == 4


def test_gold_orients_a_flipped_panel_and_says_so():
    truth, values = simulated(400, np.full(6, 0.8), 2)
    for method in (Hypotheses(), RotatedFactors()):
        found = method(votes_of(1 - values), gold_of(truth, 40))
        assert accuracy(found, truth, 40) > 0.85
        assert any("contradicts" in note for note in found.notes)
        assert any("worse than chance" in note for note in found.notes)
        straight = method(votes_of(values), gold_of(truth, 40))
        assert not any("contradicts" in n or "worse" in n for n in straight.notes)


def test_labels_whose_meaning_is_unknown_are_oriented_by_gold():
    truth, values = simulated(300, np.full(5, 0.8), 3)
    votes = votes_of(1 - values, truth=Truth(CLASSES), ordered=False)
    for method in (Hypotheses(), RotatedFactors()):
        assert accuracy(method(votes, gold_of(truth, 20)), truth, 20) > 0.85


def test_with_many_labels_it_is_as_good_as_knowing_the_judges():
    accuracies = np.array([0.9, 0.8, 0.7, 0.6, 0.45, 0.3])
    truth, values = simulated(3000, accuracies, 4)
    best = (values * 2 - 1) @ np.log(accuracies / (1 - accuracies)) > 0
    found = Hypotheses()(votes_of(values), gold_of(truth, 1000))
    assert accuracy(found, truth, 1000) > (best == truth)[1000:].mean() - 0.01


def test_probabilities_are_honest_with_twenty_labels():
    gaps = []
    for seed in range(10):
        truth, values = simulated(500, np.full(7, 0.7), 10 + seed)
        found = Hypotheses()(votes_of(values), gold_of(truth, 20))
        gaps.append(found.posterior[20:].max(axis=1).mean() - accuracy(found, truth, 20))
    assert -0.08 < np.mean(gaps) < 0.02  # careful rather than bold


def test_the_prior_moves_the_posterior_and_imbalance_is_learned():
    truth, values = simulated(600, np.full(6, 0.75), 5, share=0.15)
    learned = Hypotheses()(votes_of(values), gold_of(truth, 60))
    given = votes_of(values, truth=Truth(CLASSES, (0, 1), (0.85, 0.15)))
    stated = Hypotheses()(given, gold_of(truth, 60))
    for found in (learned, stated):
        assert found.posterior[60:, 1].mean() == pytest.approx(0.15, abs=0.1)
    assert stated.prior_source == "given"
    assert accuracy(stated, truth, 60) > 0.85


def test_gold_weights_enter_the_likelihood():
    """Labels drawn with a known bias: weighing them undoes what the drawing did to the mean."""
    rng = np.random.default_rng(66)
    truth, values = simulated(2000, np.full(3, 0.65), 6)
    chosen = np.where(truth == 1, 0.4, 0.05)
    at = np.flatnonzero(rng.random(2000) < chosen).astype(np.int32)
    plain = Gold(at, truth[at].astype(np.int32), CLASSES)
    weighted = replace(plain, chosen=chosen[at])
    rest = np.setdiff1d(np.arange(2000), at)

    def off(gold):
        found = Hypotheses()(votes_of(values), gold).posterior[rest, 1].mean()
        return abs(found - np.average(truth, weights=1 - chosen))

    assert off(weighted) < off(plain) / 2


def test_ordered_classes_are_told_apart():
    rng = np.random.default_rng(7)
    factor = rng.standard_normal(800)
    z = factor[:, None] * 0.85 + rng.standard_normal((800, 6)) * np.sqrt(1 - 0.85**2)
    levels = np.searchsorted([-1, -0.3, 0.3, 1], z)
    truth = np.searchsorted([-0.5, 0.8], factor)
    names = ("low", "mid", "high")
    votes = votes_of(levels, truth=Truth(names))
    found = Hypotheses()(votes, gold_of(truth, 60, names))
    assert accuracy(found, truth, 60) > 0.75
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    assert (found.posterior[np.arange(60), truth[:60]] == 1).all()
    reverse = votes_of(4 - levels, truth=Truth(names[::-1]))
    turned = Hypotheses()(reverse, gold_of(2 - truth, 60, names[::-1]))
    np.testing.assert_allclose(turned.posterior[:, ::-1], found.posterior, atol=1e-6)


def test_missing_votes_silent_items_and_mute_judges():
    truth, values = simulated(200, np.full(6, 0.8), 8)
    kept = np.random.default_rng(0).random(values.shape) > 0.4
    kept[-3:] = False
    found = Hypotheses()(votes_of(values, kept=kept), gold_of(truth, 25))
    assert accuracy(found, truth, 25) > 0.8
    np.testing.assert_allclose(found.posterior[-3:], np.tile(found.prior, (3, 1)))
    more = np.column_stack([values, np.zeros(200, int)])
    mute = votes_of(more, kept=np.column_stack([kept, np.zeros(200, bool)]))
    again = Hypotheses()(mute, gold_of(truth, 25))
    np.testing.assert_allclose(again.posterior, found.posterior, atol=1e-9)
    assert any("never vote" in note for note in again.notes)


def test_items_and_raters_may_come_in_any_order():
    truth, _, values = two_factors(120, 9)
    rng = np.random.default_rng(1)
    rows, columns = rng.permutation(120), rng.permutation(10)
    place = np.argsort(rows)
    gold = gold_of(truth, 15)
    moved = Gold(place[:15].astype(np.int32), gold.label, CLASSES)
    found = Hypotheses()(votes_of(values), gold)
    other = Hypotheses()(votes_of(values[rows][:, columns]), moved)
    np.testing.assert_allclose(other.posterior, found.posterior[rows], atol=1e-7)


def test_one_class_of_gold_and_one_judge_give_an_answer():
    truth, values = simulated(60, np.full(1, 0.8), 10)
    only = np.flatnonzero(truth == 1)[:5].astype(np.int32)
    found = Hypotheses()(votes_of(values), Gold(only, np.ones(5, np.int32), CLASSES))
    assert np.isfinite(found.posterior).all()
    assert any("all gold items are yes" in note for note in found.notes)


def test_a_crowd_beyond_the_cap_still_answers():
    truth, values = simulated(300, np.full(80, 0.6), 11)
    kept = np.random.default_rng(2).random(values.shape) < 0.4
    found = Hypotheses()(votes_of(values, kept=kept), gold_of(truth, 20))
    assert accuracy(found, truth, 20) > 0.75
    assert any("64 judges" in note for note in found.notes)


def test_without_gold_or_order_it_refuses():
    truth, values = simulated(50, np.full(4, 0.8), 12)
    assert METHOD.needs_gold
    with pytest.raises(ConfigurationError, match="needs gold"):
        Hypotheses()(votes_of(values))
    names = ("a", "b", "c")
    nominal = votes_of(values + 1, truth=Truth(names, (0, 1, 2)), ordered=False)
    with pytest.raises(ConfigurationError, match="dawid-skene"):
        Hypotheses()(nominal, gold_of(truth, 10, names))


def test_evidence_is_the_probability_of_golds_labels():
    truth, values = simulated(200, np.full(5, 0.8), 13)
    votes = votes_of(values)
    _, few = Hypotheses().with_evidence(votes, gold_of(truth, 10))
    found, more = Hypotheses().with_evidence(votes, gold_of(truth, 20))
    np.testing.assert_array_equal(
        found.posterior, Hypotheses()(votes, gold_of(truth, 20)).posterior
    )
    coin = 20 * np.log(0.5)
    assert coin < more < few < 0
    other = np.random.default_rng(0).integers(0, 2, 200)
    assert Hypotheses().with_evidence(votes, gold_of(other, 20))[1] < more - 5
