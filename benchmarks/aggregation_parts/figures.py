"""Figures of a posterior against what is right, and intervals of paired differences.

Accuracy credits ties in expectation: an item whose two best classes are level counts a half.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.calibration import metrics

WIDTH_BINS, MASS_BINS = 10, 15
RESAMPLES, CHUNK = 2000, 100
COVER = 95.0


@dataclass(frozen=True, slots=True)
class Figures:
    """How good a posterior is, on n items.

    ECE is top-label: in 10 equal-width bins, in 15 equal-mass ones, and what the latter would be
    for a perfect forecaster with the same confidences; `auc` is None for more than two classes.
    """

    n: int
    accuracy: float
    auc: float | None
    ece10: float
    ece15: float
    perfect: float
    brier: float
    log_loss: float


def figures(posterior: np.ndarray, label: np.ndarray) -> Figures:
    """Of (n, C) probabilities and (n,) classes."""
    two = posterior.shape[1] == 2 and 0 < label.mean() < 1
    return Figures(
        len(label),
        metrics.accuracy(posterior, label),
        metrics.auc(posterior, label) if two else None,
        metrics.ece(posterior, label, bins=WIDTH_BINS, equal="width"),
        metrics.ece(posterior, label, bins=MASS_BINS, equal="mass"),
        metrics.perfect_ece(posterior, bins=MASS_BINS, equal="mass"),
        metrics.brier(posterior, label),
        metrics.log_loss(posterior, label),
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the ends of its interval."""

    mean: float
    low: float
    high: float


def intervals(
    differences: np.ndarray, *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Interval]:
    """95 % percentile bootstrap over items: one interval a column of (n, k) paired differences."""
    n, columns = differences.shape
    rng = np.random.default_rng(seed)
    means = np.empty((resamples, columns))
    for start in range(0, resamples, CHUNK):
        size = min(CHUNK, resamples - start)
        drawn = rng.integers(n, size=(size, n)) + n * np.arange(size)[:, None]
        count = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        means[start : start + size] = count @ differences / n
    low, high = np.percentile(means, [(100 - COVER) / 2, (100 + COVER) / 2], axis=0)
    return [
        Interval(float(differences[:, k].mean()), float(low[k]), float(high[k]))
        for k in range(columns)
    ]


def standard_error(values: np.ndarray) -> float:
    """Of the mean of independent values."""
    return float(np.std(values, ddof=1) / np.sqrt(len(values))) if len(values) > 1 else float("nan")
