"""What a method must beat: plain majority; with gold ridge regression and the best single judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

Estimator = Callable[[VoteMatrix, Gold | None], np.ndarray]  # returns (I, C) probabilities
COEFFICIENT_SD, INTERCEPT_SD = 1.0, 10.0
RIDGE, BEST, MAJORITY = "ridge logistic", "best single judge", "plain majority"


def majority(votes: VoteMatrix, gold: Gold | None = None) -> np.ndarray:
    """(I, C) vote shares, of graded votes the share on each side of the middle.

    A soft vote counts for its likeliest label; items without a vote get the same for every class.
    """
    label = votes.soft().argmax(axis=1) if votes.label is None else votes.label
    truth = votes.truth_with(gold)
    of_label = truth.of_label or [one * truth.C // votes.L for one in range(votes.L)]
    count = np.zeros((votes.I, truth.C))
    np.add.at(count, (votes.item, np.asarray(of_label)[label]), 1.0)
    total = count.sum(axis=1, keepdims=True)
    return np.asarray(np.where(total > 0, count / np.maximum(total, 1), 1 / truth.C))


def ridge(votes: VoteMatrix, gold: Gold | None) -> np.ndarray:
    """(I, 2): logistic regression on standardised votes; a missing vote counts as the mean."""
    assert gold is not None
    table = _standardised(_table(votes))
    return _pair(_logistic(table[gold.item], gold.label).of(table))


def best_single(votes: VoteMatrix, gold: Gold | None) -> np.ndarray:
    """(I, 2) by the one judge who does best on the gold items.

    Graded votes: the best likelihood of a logistic curve. Two labels: the most right, a missing
    vote counting a half, ties drawn by a seed; its confidence is (right + 1) / (gold + 2).
    """
    assert gold is not None
    table = _table(votes)
    if votes.L > 2:
        z = _standardised(table)
        curves = [_logistic(z[gold.item, j : j + 1], gold.label) for j in range(votes.J)]
        best = int(np.argmin([curve.loss for curve in curves]))
        return _pair(curves[best].of(z[:, best : best + 1]))
    label = np.where(np.isnan(table), 0.5, table)  # from 0 to 1 for two labels
    right = 1 - np.abs(label[gold.item] - gold.label[:, None])
    hits = right.sum(axis=0)
    rng = np.random.default_rng(int(gold.item.sum()))
    best = int(rng.choice(np.flatnonzero(hits >= hits.max() - 1e-9)))
    sure = (hits[best] + 1) / (gold.G + 2)
    return _pair(0.5 + (2 * label[:, best] - 1) * (sure - 0.5))


WITH_GOLD: dict[str, Estimator] = {RIDGE: ridge, BEST: best_single}


@dataclass(frozen=True, eq=False, slots=True)
class _Curve:
    intercept: float
    slope: np.ndarray
    loss: float

    def of(self, z: np.ndarray) -> np.ndarray:
        return np.asarray(expit(self.intercept + z @ self.slope))


def _logistic(z: np.ndarray, label: np.ndarray) -> _Curve:
    precision = np.full(z.shape[1] + 1, COEFFICIENT_SD**-2)
    precision[0] = INTERCEPT_SD**-2
    x = np.column_stack([np.ones(len(z)), z])
    sign = 2.0 * label - 1

    def loss(b: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (x @ b)
        value = np.logaddexp(0, -margin).sum() + 0.5 * precision @ b**2
        return value, -(x.T @ (sign * expit(-margin))) + precision * b

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    return _Curve(float(found.x[0]), found.x[1:], float(found.fun))


def _table(votes: VoteMatrix) -> np.ndarray:
    """(I, J) mean score that a rater gave an item, NaN where it gave none."""
    cell = votes.item.astype(np.int64) * votes.J + votes.rater
    total = np.bincount(cell, weights=votes.scores, minlength=votes.I * votes.J)
    count = np.bincount(cell, minlength=votes.I * votes.J)
    mean = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
    return np.asarray(mean.reshape(votes.I, votes.J))


def _standardised(table: np.ndarray) -> np.ndarray:
    given = ~np.isnan(table)
    count = np.maximum(given.sum(axis=0), 1)
    mean = np.where(given, table, 0).sum(axis=0) / count
    centred = np.where(given, table - mean, 0.0)
    sd = np.sqrt((centred**2).sum(axis=0) / count)
    return np.asarray(centred / np.where(sd > 0, sd, 1.0))


def _pair(upper: np.ndarray) -> np.ndarray:
    return np.column_stack([1 - upper, upper])
