"""The graded-response model: parity with slow integration, recovery, reversal, gold, cuts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import simpson
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import norm

from w2s_judge.aggregation.graded_response import GradedResponse
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix


def matrix(label, levels, classes=("low", "high"), prior=None):
    """A full table of votes (I, J); -1 is silence."""
    item, rater = np.nonzero(label >= 0)
    prior = tuple(np.full(len(classes), 1 / len(classes))) if prior is None else prior
    return VoteMatrix(
        tuple(f"i{k}" for k in range(len(label))), tuple(f"r{k}" for k in range(label.shape[1])),
        tuple("0123456789"[:levels]), item.astype(np.int32), rater.astype(np.int32),
        np.arange(len(label), dtype=np.int32), (None,) * label.shape[1],
        label=label[item, rater].astype(np.int32), truth=Truth(classes, None, prior),
    )  # fmt: skip


def simulated(seed, items, discrimination, difficulty):
    """theta (I,), and levels (I, J) by Samejima's model; difficulty (J, L-1)."""
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=items)
    above = expit(discrimination[:, None] * (theta[:, None, None] - difficulty))
    return theta, (rng.random((items, len(discrimination), 1)) < above).sum(axis=2)


def test_two_parameter_logistic_is_the_maximum_of_the_integrated_likelihood():
    alpha, b = np.array([0.8, 1.2, 2.0]), np.array([[-0.5], [0.2], [0.6]])
    _, label = simulated(0, 250, alpha, b)
    rows, count = np.unique(label, axis=0, return_counts=True)
    sd, theta = 1.0, np.linspace(-9, 9, 1001)

    def loss(at):
        slope, cut = np.exp(at[:3]), at[3:]

        lean = slope * theta[:, None] - cut
        each = [
            simpson(np.prod(expit((2 * row - 1) * lean), axis=1) * norm.pdf(theta), x=theta)
            for row in rows
        ]
        return -float(count @ np.log(each)) + 0.5 * float(np.sum(at[:3] ** 2)) / sd**2

    slow = minimize(loss, np.zeros(6), method="BFGS", options={"gtol": 1e-4})
    found = GradedResponse(smoothing=0.0, log_sd=sd, tol=1e-13).response(matrix(label, 2))
    np.testing.assert_allclose(found.discrimination, np.exp(slow.x[:3]), rtol=5e-3)
    np.testing.assert_allclose(found.difficulty[:, 0] * found.discrimination, slow.x[3:], atol=5e-3)
    at = np.concatenate(
        [np.log(found.discrimination), (found.difficulty.T * found.discrimination)[0]]
    )
    assert loss(at) == pytest.approx(slow.fun, abs=1e-4)


def test_recovers_discriminations_difficulties_and_theta():
    alpha = np.array([0.6, 1.0, 1.4, 1.8, 2.2, 1.0])
    b = np.sort(np.random.default_rng(1).normal(size=(6, 3)), axis=1) + np.array([-0.5, 0, 0.5])
    theta, label = simulated(2, 3000, alpha, b)
    found = GradedResponse().response(matrix(label, 4))
    np.testing.assert_allclose(found.discrimination, alpha, rtol=0.15)
    np.testing.assert_allclose(found.difficulty, b, atol=0.25)
    inside = np.abs(theta - found.score) < 1.645 * found.sd
    assert inside.mean() == pytest.approx(0.9, abs=0.02)
    assert (np.diff(found.difficulty) > 0).all()


def test_classes_are_calibrated_where_the_validity_is_right():
    theta, label = simulated(3, 6000, np.full(5, 1.5), np.tile([-1.0, 0.0, 1.0], (5, 1)))
    noise = np.random.default_rng(4).normal(size=6000)
    rank = np.argsort(np.argsort(0.8 * theta + 0.6 * noise))
    truth = rank * 3 // 6000
    found = GradedResponse()(matrix(label, 4, ("a", "b", "c")))
    for c in range(3):
        p = found.posterior[:, c]
        for low, high in ((0.1, 0.3), (0.3, 0.5), (0.5, 0.8)):
            mine = (p > low) & (p <= high)
            if mine.sum() > 200:
                assert (truth[mine] == c).mean() == pytest.approx(p[mine].mean(), abs=0.06)
    np.testing.assert_allclose(found.posterior.mean(axis=0), 1 / 3, atol=0.01)


def test_a_reversed_scale_reverses_the_classes():
    _, label = simulated(5, 400, np.array([0.7, 1.5, 2.5]), np.tile([-1.0, 0.3, 1.2], (3, 1)))
    one = GradedResponse()(matrix(label, 4))
    other = GradedResponse()(matrix(3 - label, 4))
    np.testing.assert_allclose(other.posterior[:, ::-1], one.posterior, atol=1e-5)
    np.testing.assert_allclose(other.score, -one.score, atol=1e-5)


def test_gold_gives_the_slope_and_the_prior_and_keeps_its_items():
    theta, label = simulated(6, 1500, np.full(6, 1.5), np.tile([-1.0, 0.0, 1.0], (6, 1)))
    truth = (theta > 0.8).astype(np.int32)  # sharp, and one in five
    votes = replace(matrix(label, 4), truth=None)
    gold = Gold(np.arange(300, dtype=np.int32), truth[:300], ("low", "high"))
    found = GradedResponse()(votes, gold)
    assert found.prior_source == "gold"
    assert found.prior[1] == pytest.approx(truth.mean(), abs=0.06)
    np.testing.assert_array_equal(found.posterior[:300].argmax(axis=1), truth[:300])
    right = found.posterior[300:].argmax(axis=1) == truth[300:]
    assert right.mean() > 0.88
    against = Gold(gold.item, 1 - gold.label, gold.classes)
    turned = GradedResponse()(votes, against)
    assert any("contradicts" in note for note in turned.notes)
    assert (turned.posterior[300:].argmax(axis=1) != truth[300:]).mean() > 0.85


def test_missing_soft_and_repeated_votes():
    _, label = simulated(7, 300, np.array([1.0, 1.5, 2.0, 1.2]), np.tile([-0.8, 0.0, 0.9], (4, 1)))
    label[np.random.default_rng(8).random(label.shape) < 0.4] = -1
    votes = matrix(label, 4)
    soft = replace(votes, label=None, mass=votes.soft())
    one = GradedResponse()(votes)
    np.testing.assert_allclose(GradedResponse()(soft).posterior, one.posterior, atol=1e-6)
    twice = votes.only(np.repeat(np.arange(votes.V), 2))
    weighted = replace(votes, weight=np.full(votes.V, 2.0))
    np.testing.assert_allclose(
        GradedResponse()(twice).score, GradedResponse()(weighted).score, atol=1e-5
    )


def test_a_rater_against_the_others_is_left_aside_and_unused_levels_do_no_harm():
    _, label = simulated(9, 800, np.full(5, 2.0), np.tile([-1.0, 0.0, 1.0], (5, 1)))
    label[:, 4] = 3 - label[:, 4]
    label[:, 0] = np.where(label[:, 0] == 2, 1, label[:, 0])
    found = GradedResponse().response(matrix(label, 4))
    assert found.discrimination[4] < 0.1 * found.discrimination[:4].min()
    assert np.isfinite(found.difficulty[:4]).all()


def test_labels_without_an_order_are_refused():
    votes = replace(matrix(np.zeros((3, 2), dtype=int), 3), ordered=False)
    with pytest.raises(ConfigurationError, match=r"no order(.|\n)*--levels 0,1,2"):
        GradedResponse()(votes)
