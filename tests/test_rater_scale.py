"""Bias, scale and noise of raters: recovered, exact where it is closed, turned by gold."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm, truncnorm

from w2s_judge.aggregation.ordered_cut import anchors, cuts, posterior_from
from w2s_judge.aggregation.rater_scale import RaterScale
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

TWO = Truth(("low", "high"), None, (0.6, 0.4))


def scored(score, item, rater, truth=TWO):
    """Continuous votes: each distinct score is a label of its own."""
    levels, label = np.unique(score, return_inverse=True)
    I, J = int(item.max()) + 1, int(rater.max()) + 1  # noqa: E741, N806
    return VoteMatrix(
        tuple(f"i{k}" for k in range(I)), tuple(f"r{k}" for k in range(J)),
        tuple(f"{one:.12g}" for one in range(len(levels))), item.astype(np.int32),
        rater.astype(np.int32), np.arange(I, dtype=np.int32), (None,) * J,
        label=label.astype(np.int32), levels=levels, truth=truth,
    )  # fmt: skip


def simulated(seed, I=3000, J=8, fill=0.7):  # noqa: E741, N803
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=I)
    bias, slope, noise = rng.normal(5, 2, J), rng.uniform(0.5, 3, J), rng.uniform(0.5, 2, J)
    rater = np.tile(np.arange(J), I)
    item = np.repeat(np.arange(I), J)
    score = bias[rater] + slope[rater] * theta[item] + noise[rater] * rng.normal(size=I * J)
    kept = rng.random(I * J) < fill
    kept[-1] = True
    return scored(score[kept], item[kept], rater[kept]), theta, (bias, slope, noise)


def test_bias_scale_and_noise_are_recovered():
    votes, theta, (bias, slope, noise) = simulated(0)
    raters = RaterScale().raters(votes)
    assert raters.fit.converged
    np.testing.assert_allclose(raters.bias, bias, atol=0.15)
    np.testing.assert_allclose(raters.slope, slope, rtol=0.1)
    np.testing.assert_allclose(raters.noise, noise, rtol=0.1)
    mean = np.bincount(votes.item, weights=votes.scores) / np.maximum(votes.support, 1)
    assert np.corrcoef(raters.score, theta)[0, 1] > np.corrcoef(mean, theta)[0, 1] + 0.02
    # The stated sd of theta is the spread of its error.
    assert np.std((raters.score - theta) / raters.sd) == pytest.approx(1, abs=0.05)


def test_the_score_is_the_regression_on_the_votes():
    """E[theta | s] = b' (b b' + diag sigma^2)^-1 (s - a), from the joint normal distribution."""
    votes, _, _ = simulated(1, I=50, J=4, fill=1.0)
    raters = RaterScale().raters(votes)
    covariance = np.outer(raters.slope, raters.slope) + np.diag(raters.noise**2)
    residual = votes.scores.reshape(50, 4) - raters.bias
    expected = residual @ np.linalg.solve(covariance, raters.slope)
    np.testing.assert_allclose(raters.score, expected, atol=1e-8)
    left = 1 - raters.slope @ np.linalg.solve(covariance, raters.slope)
    np.testing.assert_allclose(raters.sd, np.sqrt(left))


def test_the_unit_of_the_scores_does_not_matter():
    votes, _, _ = simulated(2, I=200)
    other = replace(votes, levels=votes.levels * 40 - 300)
    one, two = RaterScale().raters(votes), RaterScale().raters(other)
    np.testing.assert_allclose(two.score, one.score, atol=1e-6)
    np.testing.assert_allclose(two.slope, 40 * one.slope, rtol=1e-6)
    np.testing.assert_allclose(two.bias, 40 * one.bias - 300, rtol=1e-5)


def test_continuous_votes_need_no_row_of_labels_each():
    """20,000 distinct levels: votes by labels would be 3 GB."""
    votes, theta, _ = simulated(3, I=4000, J=6, fill=0.9)
    assert votes.L > 20_000
    tracemalloc.start()
    found = RaterScale()(votes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60e6
    assert found.posterior.shape == (4000, 2)
    assert np.corrcoef(found.score, theta)[0, 1] > 0.9
    assert found.posterior.mean(axis=0) == pytest.approx([0.6, 0.4], abs=0.005)


def test_gold_says_how_far_the_raters_can_be_believed():
    """Where the truth has little to do with the scores, gold takes the posterior back."""
    votes, theta, _ = simulated(4, I=600)
    rng = np.random.default_rng(0)
    truth = (0.2 * theta + np.sqrt(1 - 0.04) * rng.normal(size=600) > norm.ppf(0.6)).astype(int)
    gold = Gold(np.arange(200, dtype=np.int32), truth[:200].astype(np.int32), TWO.classes)
    alone, told = RaterScale()(votes), RaterScale()(votes, gold)
    rest = np.arange(200, 600)

    def brier(found):
        return np.mean((found.posterior[rest, 1] - truth[rest]) ** 2)

    assert brier(told) < brier(alone) - 0.02
    assert told.calibration == "model"
    assert any("assumption" in note for note in alone.notes)


def test_gold_that_turns_the_scale_is_followed_and_said():
    votes, theta, _ = simulated(5, I=400)
    truth = (theta < norm.ppf(0.4)).astype(np.int32)  # high scores, low class
    gold = Gold(np.arange(100, dtype=np.int32), truth[:100], TWO.classes)
    found = RaterScale()(votes, gold)
    assert any("contradicts" in note for note in found.notes)
    assert (found.posterior.argmax(axis=1) == truth)[100:].mean() > 0.8


def test_anchors_are_the_moments_of_a_cut_normal():
    prior, rho = np.array([0.2, 0.5, 0.3]), 0.8
    edge = norm.ppf([0, 0.2, 0.7, 1])
    mean, variance = anchors(prior, np.arange(3, dtype=np.int32), rho)
    for c in range(3):
        cut = truncnorm(edge[c], edge[c + 1])
        assert mean[c] == pytest.approx(rho * cut.mean())
        assert variance[c] == pytest.approx(1 - rho**2 + rho**2 * cut.var())


def test_cuts_keep_the_prior_whatever_the_scores_are():
    rng = np.random.default_rng(0)
    mean, sd = rng.gamma(1, 1, 2000) - 2, rng.uniform(0.1, 0.9, 2000)
    prior = np.array([0.1, 0.6, 0.3])
    for slope in (-2.0, 0.0, 1.5):
        rows = posterior_from(mean, sd, cuts(mean, sd, prior, slope), slope)
        np.testing.assert_allclose(rows.mean(axis=0), prior, atol=0.005)


def test_labels_without_an_order_are_no_scores():
    votes, _, _ = simulated(6, I=10)
    with pytest.raises(ConfigurationError, match="have no order"):
        RaterScale()(replace(votes, ordered=False, levels=None))
