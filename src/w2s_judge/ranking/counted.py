"""What rankers that count have in common: centred scores, and what counting does not see."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.pair_counts import PairCounts
from w2s_judge.sentences import listed

ZERO = 1e-12  # scores that are rounding


def centred(score: Floats, component: Ints) -> Floats:
    """(N,) scores less the mean of their component (numbered over all questions)."""
    size = np.maximum(np.bincount(component), 1)
    found = score - (np.bincount(component, score) / size)[component]
    found[np.abs(found) < ZERO] = 0.0
    return np.asarray(found)


def unmet(counts: PairCounts, component: Ints, consequence: str) -> tuple[str, ...]:
    """What to say where connected objects were never compared; () where all pairs were.

    `counts` hold each pair once (not `ordered`); `consequence` says what it does to the ranker.
    """
    size = np.bincount(component).astype(np.int64)
    pairs = int((size * (size - 1) // 2).sum())
    met = len(counts.total)
    if met >= pairs:
        return ()
    return (f"{pairs - met} of {pairs} pairs of connected objects never met: {consequence}",)


def as_fractions(comparisons: Comparisons) -> tuple[str, ...]:
    """What to say where mass that is no probability was added up."""
    if comparisons.uncalibrated is None or not comparisons.uncalibrated.any():
        return ()
    unsure = [comparisons.raters[j] for j in np.flatnonzero(comparisons.uncalibrated)]
    return (f"mass that is no probability was counted as fractions of wins: {listed(unsure)}",)
