"""How good a posterior is beside labels that are known to be right.

Letters: n labelled items, C classes. `weight` (n,) is how much an item counts (for gold the inverse
of its sampling probability); None: all alike. Confidences that agree to 12 decimals are equal:
shares of the same votes, summed in another order, differ in the last bits.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints

CLIP = 1e-6  # log-loss takes no probability for smaller: a certain error costs 13.8, not infinity
BINS = 15
SAME = 12  # decimals to which equal confidences agree


def top(posterior: Floats) -> tuple[Floats, Bools]:
    """(n,) the highest probability of each row, and (n, C) which classes have it."""
    confidence = np.round(posterior.max(axis=1), SAME)
    return confidence, np.round(posterior, SAME) >= confidence[:, None]


def shared_top(posterior: Floats) -> Floats:
    """(n, C) one on the class with most mass, split evenly where several are level."""
    level = top(posterior)[1]
    return np.asarray(level / level.sum(axis=1, keepdims=True))


def credit(posterior: Floats, label: Ints) -> Floats:
    """(n,) chance that the top class is the label, classes level on top drawn at random."""
    _, level = top(posterior)
    return np.asarray(level[np.arange(len(label)), label] / level.sum(axis=1))


def accuracy(posterior: Floats, label: Ints, weight: Floats | None = None) -> float:
    """Weighted share of right top classes; ties are credited in expectation."""
    return float(np.average(credit(posterior, label), weights=_counted(label, weight)))


def balanced_accuracy(posterior: Floats, label: Ints, weight: Floats | None = None) -> float:
    """Mean over the classes that occur of the weighted share of their items that are right."""
    weight, right = _counted(label, weight), credit(posterior, label)
    within = [
        np.average(right[label == c], weights=weight[label == c])
        for c in np.unique(label)
        if weight[label == c].sum() > 0
    ]
    return float(np.mean(within))


def brier(posterior: Floats, label: Ints, weight: Floats | None = None) -> float:
    """Weighted mean of sum_c (p_c - [c is right])^2, between 0 and 2 (Brier 1950)."""
    miss = posterior - np.eye(posterior.shape[1])[label]
    return float(np.average((miss**2).sum(axis=1), weights=_counted(label, weight)))


def losses(posterior: Floats, label: Ints, clip: float = CLIP) -> Floats:
    """(n,) minus the logarithm of the right class's probability, taken for at least `clip`."""
    return np.asarray(-np.log(np.maximum(posterior[np.arange(len(label)), label], clip)))


def log_loss(
    posterior: Floats, label: Ints, weight: Floats | None = None, *, clip: float = CLIP
) -> float:
    """Weighted mean of `losses`, in nats."""
    return float(np.average(losses(posterior, label, clip), weights=_counted(label, weight)))


def auc(posterior: Floats, label: Ints, weight: Floats | None = None) -> float:
    """Weighted chance that an item of class 1 has more mass on it than one of class 0; ties half.

    Raises `ValueError` for more than two classes, or where one of the two has no item.
    """
    if posterior.shape[1] != 2:
        raise ValueError("the area under the ROC curve is for two classes")
    weight = _counted(label, weight)
    _, rank = np.unique(np.round(posterior[:, 1], SAME), return_inverse=True)
    low = np.bincount(rank, weights=weight * (label == 0))
    high = np.bincount(rank, weights=weight * (label == 1))
    if low.sum() <= 0 or high.sum() <= 0:
        raise ValueError("the area under the ROC curve needs items of both classes")
    below = np.cumsum(low) - low / 2
    return float((high @ below) / (low.sum() * high.sum()))


def ece(
    posterior: Floats,
    label: Ints,
    weight: Floats | None = None,
    *,
    bins: int = BINS,
    equal: Literal["mass", "width"] = "mass",
) -> float:
    """Top-label expected calibration error: sum over bins of share times |confidence - accuracy|.

    equal = "mass": bins of about equal weight; equal confidences share a bin. "width": ]a, b] of
    width 1 / bins (Guo et al. 2017, equation 3).
    """
    weight = _counted(label, weight)
    confidence, _ = top(posterior)
    bin_ = bin_of(confidence, weight, bins, equal)
    return _gap(bin_, weight * (confidence - credit(posterior, label)), weight)


def perfect_ece(
    posterior: Floats,
    draws: int = 200,
    seed: int = 0,
    *,
    weight: Floats | None = None,
    bins: int = BINS,
    equal: Literal["mass", "width"] = "mass",
) -> float:
    """Mean `ece` of these forecasts if they were perfect: labels drawn from the posterior itself.

    What is left of an ECE on n items when nothing is wrong; compare with it, not with 0.
    """
    confidence, level = top(posterior)
    weight = _counted(confidence, weight)
    bin_ = bin_of(confidence, weight, bins, equal)
    among = level.sum(axis=1)  # a label among classes level on top earns 1 / among
    chance = np.where(level, posterior, 0.0).sum(axis=1)
    random = np.random.default_rng(seed)
    found = [
        _gap(bin_, weight * (confidence - (random.random(len(chance)) < chance) / among), weight)
        for _ in range(draws)
    ]
    return float(np.mean(found))


def bin_of(confidence: Floats, weight: Floats, bins: int, equal: Literal["mass", "width"]) -> Ints:
    """(n,) the bin of each confidence; see `ece`."""
    if equal == "width":
        right_closed = np.ceil(confidence * bins - 1e-9) - 1
        return np.asarray(np.clip(right_closed, 0, bins - 1), dtype=np.int32)
    value, block = np.unique(confidence, return_inverse=True)
    mass = np.bincount(block, weights=weight, minlength=len(value))
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    bin_ = np.minimum((middle * bins + 1e-9).astype(np.int32), bins - 1)
    return np.asarray(bin_[block], dtype=np.int32)


def _gap(bin_: Ints, signed: Floats, weight: Floats) -> float:
    return float(np.abs(np.bincount(bin_, weights=signed)).sum() / weight.sum())


def _counted(rows: Floats | Ints, weight: Floats | None) -> Floats:
    if not len(rows):
        raise ValueError("there is no labelled item to measure on")
    weight = np.ones(len(rows)) if weight is None else weight
    if len(weight) != len(rows) or weight.min() < 0 or weight.sum() <= 0:
        raise ValueError("weight has one number a label, none below 0 and not all 0")
    return weight
