"""How well scores order the objects of each question, and standard errors of means.

Ties among the scores are credited in expectation: as if they were broken by lot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

LEVEL = 1e-9  # scores that differ by less, relative to the largest, are level
RESAMPLES = 200


@dataclass(frozen=True, eq=False, slots=True)
class Agreement:
    """One entry a question: its number, Kendall's tau-a, top-1, Spearman's rho.

    tau counts pairs that the truth tells apart, a pair of level scores for nothing; top is the
    share of the objects level on the first place that are also level best in truth; rho takes mean
    ranks and is 0 where all scores are level.
    """

    question: np.ndarray
    tau: np.ndarray
    top: np.ndarray
    rho: np.ndarray


def agreement(score: np.ndarray, truth: np.ndarray, question: np.ndarray) -> Agreement:
    """Of (N,) scores with (N,) truths; an object where either is NaN is left out.

    A question of fewer than two objects, or all of one truth, is in no figure.
    """
    kept = np.flatnonzero(np.isfinite(score) & np.isfinite(truth))
    kept = kept[np.argsort(question[kept], kind="stable")]
    asked, first, size = np.unique(question[kept], return_index=True, return_counts=True)
    found: list[tuple[np.ndarray, ...]] = []
    for n in np.unique(size[size > 1]).tolist():
        mine = np.flatnonzero(size == n)
        objects = kept[first[mine][:, None] + np.arange(n)]
        right = truth[objects]
        apart = np.ptp(right, axis=1) > 0
        found.append((asked[mine][apart], *_figures(score[objects][apart], right[apart])))
    if not found:
        return Agreement(*[np.empty(0)] * 4)
    return Agreement(*(np.concatenate(column) for column in zip(*found, strict=True)))


def leads(score: np.ndarray) -> np.ndarray:
    """(..., n, n) 1 where row is above column, -1 below, 0 level."""
    gap = score[..., :, None] - score[..., None, :]
    gap[np.abs(gap) <= LEVEL * np.abs(score).max(initial=0.0)] = 0
    return np.asarray(np.sign(gap))


def _figures(score: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, ...]:
    """tau, top and rho of (B, n) scores and truths."""
    said, right = leads(score), leads(truth)
    tau = (said * right).sum(axis=(1, 2)) / np.abs(right).sum(axis=(1, 2))
    first, best = (said >= 0).all(axis=2), (right >= 0).all(axis=2)
    top = (first & best).sum(axis=1) / first.sum(axis=1)
    return tau, top, _correlation(said.sum(axis=2), right.sum(axis=2), np.ones_like(score))


def _correlation(one: np.ndarray, two: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(B,) weighted correlation of rows; 0 where a side is constant."""
    total = weight.sum(axis=1, keepdims=True)
    one = one - (weight * one).sum(axis=1, keepdims=True) / total
    two = two - (weight * two).sum(axis=1, keepdims=True) / total
    spread = np.sqrt((weight * one**2).sum(axis=1) * (weight * two**2).sum(axis=1))
    both = (weight * one * two).sum(axis=1)
    return np.asarray(np.divide(both, spread, out=np.zeros(len(both)), where=spread > 0))


def over_objects(score: np.ndarray, truth: np.ndarray, *, seed: int = 0) -> tuple[float, float]:
    """Standard errors of tau and rho of one question, by bootstrap over its objects."""
    kept = np.isfinite(score) & np.isfinite(truth)
    said, right = leads(score[kept]), leads(truth[kept])
    n = int(kept.sum())
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    weight = drawn.astype(np.float64)
    both = np.einsum("bi,bi->b", weight @ (said * right), weight)
    tau = both / np.einsum("bi,bi->b", weight @ np.abs(right), weight)
    ranks = [np.tile(rankdata(one.sum(axis=1)), (RESAMPLES, 1)) for one in (said, right)]
    return float(tau.std(ddof=1)), float(_correlation(ranks[0], ranks[1], weight).std(ddof=1))


def mean_and_error(values: np.ndarray, cluster: np.ndarray) -> tuple[float, float]:
    """The mean of (n,) values, and its standard error where values of a cluster go together."""
    if not len(values):
        return float("nan"), float("nan")
    number = np.unique(cluster, return_inverse=True)[1]
    parts = np.bincount(number, values - values.mean())
    if len(parts) < 2:
        return float(values.mean()), float("nan")
    spread = np.sqrt((parts**2).sum() * len(parts) / (len(parts) - 1))
    return float(values.mean()), float(spread / len(values))
