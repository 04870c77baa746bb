"""Accuracy on labelled items as an estimate for all items, with what it does not know.

Items drawn with unequal probabilities count by their inverse (Hajek 1971). Items that answer one
prompt are wrong together, so that the uncertainty is taken over groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.metrics import credit

COVERAGE = 0.95
DRAWS = 2000  # of a bootstrap
ROUNDING = 1e-12
AT_ONCE = 4_000_000  # cells of a block of bootstrap draws held in memory


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its interval, of 95 % if not asked otherwise; `n` labels in `groups` groups."""

    value: float
    low: float
    high: float
    n: int
    groups: int


def estimated_accuracy(
    posterior: Floats, label: Ints, weight: Floats | None = None, group: Ints | None = None
) -> Estimate:
    """Hajek estimate of the accuracy over all items, ties credited in expectation."""
    return estimated_share(credit(posterior, label), weight, group)


def estimated_share(
    value: Floats, weight: Floats | None = None, group: Ints | None = None
) -> Estimate:
    """Weighted mean of value (n,), each in [0, 1], with a 95 % interval.

    The variance is linearised and clustered by group (n,); the interval is Wilson's at the
    effective number of labels p (1 - p) / variance, cut by (z / t)^2 for the few groups that the
    variance is known from (Korn and Graubard 1998, with Wilson's in place of the exact interval).
    Without an error, or without a hit, that number is Kish's (sum w)^2 / sum of w_g^2 over groups.
    """
    n = len(value)
    if not n:
        raise ValueError("there is no labelled item to estimate from")
    weight = np.ones(n) if weight is None else weight
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    groups = int(member.max()) + 1
    mean = float(np.average(value, weights=weight))
    if groups < 2:
        return Estimate(mean, 0.0, 1.0, n, groups)
    sums = np.bincount(member, weights=weight)
    kish = sums.sum() ** 2 / (sums**2).sum()
    off = np.bincount(member, weights=weight * (value - mean))
    variance = groups / (groups - 1) * (off**2).sum() / sums.sum() ** 2
    spread = mean * (1 - mean)
    size = spread / variance if variance > 0 and spread > 0 else kish
    z = special.ndtri((1 + COVERAGE) / 2)
    size *= (z / special.stdtrit(groups - 1, (1 + COVERAGE) / 2)) ** 2
    low, high = _wilson(mean, float(min(size, n)), float(z))
    return Estimate(mean, low, high, n, groups)


def mean_and_error(value: Floats, weight: Floats, group: Ints) -> tuple[float, float]:
    """Weighted mean and its standard error, linearised over groups; inf for fewer than two."""
    _, member = np.unique(group, return_inverse=True)
    mean = float(np.average(value, weights=weight))
    off = np.bincount(member, weights=weight * (value - mean))
    many = len(off)
    if many < 2:
        return mean, float("inf")
    return mean, float(np.sqrt(many / (many - 1) * (off**2).sum()) / weight.sum())


def _wilson(p: float, n: float, z: float) -> tuple[float, float]:
    """Wilson's (1927) score interval."""
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def paired(
    posterior_a: Floats,
    posterior_b: Floats,
    label: Ints,
    weight: Floats | None = None,
    group: Ints | None = None,
    seed: int = 0,
    *,
    draws: int = DRAWS,
) -> Estimate:
    """Accuracy of a minus accuracy of b on the same n items: see `mean_difference`."""
    difference = credit(posterior_a, label) - credit(posterior_b, label)
    return mean_difference(difference, weight, group, seed, draws=draws)


def mean_difference(
    difference: Floats,
    weight: Floats | None = None,
    group: Ints | None = None,
    seed: int = 0,
    *,
    draws: int = DRAWS,
    coverage: float = COVERAGE,
) -> Estimate:
    """Mean of differences (n,) in [-1, 1], with a bootstrap interval of this coverage, in (0, 1).

    Groups are drawn with replacement, the Hajek mean is taken in each draw, and the interval is
    between the percentiles, so that (1 - coverage) / 2 of `draws` lie beyond each end; where no
    group differs from another it is widened by the exact bound (Clopper and Pearson 1934) on the
    share of groups that do. With fewer than two groups nothing is known: -1 to 1.
    """
    n = len(difference)
    if not n:
        raise ValueError("there is no labelled item to compare on")
    weight = np.ones(n) if weight is None else weight
    member = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    total = np.asarray(np.bincount(member, weights=weight * difference), dtype=np.float64)
    counted = np.asarray(np.bincount(member, weights=weight), dtype=np.float64)
    groups = len(counted)
    mean = float(total.sum() / counted.sum())
    if groups < 2:
        return Estimate(mean, -1.0, 1.0, n, groups)
    found = np.sort(_resampled(total, counted, draws, seed))
    low, high = map(float, np.quantile(found, [(1 - coverage) / 2, (1 + coverage) / 2]))
    if high - low < ROUNDING:
        # Groups that never differ do not show that none does: the exact bound on a share of which
        # none was seen, on either side.
        most = most_unseen(groups, coverage)
        low, high = max(mean - most, -1.0), min(mean + most, 1.0)
    return Estimate(mean, low, high, n, groups)


def most_unseen(groups: int, coverage: float = COVERAGE) -> float:
    """The exact upper end of a share of groups of which none was seen (Clopper, Pearson 1934)."""
    return float(1 - ((1 - coverage) / 2) ** (1 / groups))


def _resampled(total: Floats, counted: Floats, draws: int, seed: int) -> Floats:
    """(draws,) ratios of sums over groups drawn with replacement."""
    random = np.random.default_rng(seed)
    groups = len(total)
    block = max(1, AT_ONCE // groups)
    parts: list[Any] = []
    for start in range(0, draws, block):
        drawn = random.integers(groups, size=(min(block, draws - start), groups))
        parts.append(total[drawn].sum(axis=1) / counted[drawn].sum(axis=1))
    return np.concatenate(parts)
