"""P(class): as given, else from gold weighted by its sampling, else from the votes."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.gold import Gold, Truth

PSEUDO = 5.0  # Dirichlet pseudo-counts of a class where the prior comes from votes
GIVEN, GOLD, VOTES = "given", "gold", "votes"


def known_prior(truth: Truth, gold: Gold | None) -> tuple[Floats, str] | None:
    """The prior (C,) and its source where it is given or gold tells it, else None.

    From gold: (sum of inverse sampling probabilities of a class + 1) / (all of them + C), on the
    scale of the number of gold labels (Hajek 1971; one pseudo-count a class).
    """
    if truth.prior is not None:
        return np.asarray(truth.prior, dtype=np.float64), GIVEN
    if gold is None or not gold.G:
        return None
    count = np.bincount(gold.label, weights=gold.weight, minlength=truth.C) + 1.0
    return count / count.sum(), GOLD


def prior_from(truth: Truth, gold: Gold | None, posterior: Floats) -> tuple[Floats, str]:
    """As `known_prior`, else MAP from rows of posterior (n, C) with Dirichlet pseudo-counts."""
    known = known_prior(truth, gold)
    if known is not None:
        return known
    count = posterior.sum(axis=0) + PSEUDO
    return count / count.sum(), VOTES
