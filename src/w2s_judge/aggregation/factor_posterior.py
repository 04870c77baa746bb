"""From factor scores to class probabilities without gold: a fixed slope, cut at the prior."""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from w2s_judge.aggregation.factor_structure import Structure
from w2s_judge.aggregation.thresholds import at_least, mirror_chance
from w2s_judge.arrays import Floats
from w2s_judge.gold import Truth
from w2s_judge.votes import VoteMatrix

AMBIGUOUS = (
    "{k} factors fit the votes, and the leading one outweighs the next only {ratio:.1f} times: the "
    "votes do not tell which is the truth; 10 to 20 labels do"
)
MIXED = "the posterior is the mean over the factors, each cut by itself"
NO_PRIOR = "no prior was given: the cut is at the mean factor score"
NO_PRIOR_GRADED = "no prior was given: all classes were taken as equally frequent"
FIXED_SLOPE = (
    "the slope {slope:g} is fixed: how much of what the judges share is truth cannot be read from "
    "votes; 20 labels tell"
)
UNORIENTED = "nothing says which label means which class: {last} was taken for the later label"
ONE_SLOPE = "each threshold between two classes is cut on the one factor, with the same slope"


def above_without_gold(
    found: Structure,
    truth: Truth,
    votes: VoteMatrix,
    slope: float,
    mixed_slope: float,
    clear_ratio: float,
) -> tuple[Floats, tuple[str, ...]]:
    """(I, C-1) P(class >= c) = sigmoid(slope (F - quantile of the prior)), and notes.

    Where the leading factor does not outweigh the next `clear_ratio` times, the mean over the
    factors, with `mixed_slope`.
    """
    mixed = found.ratio < clear_ratio
    factors = found.scores if mixed else found.scores[:, :1]
    slope = mixed_slope if mixed else slope
    prior = np.full(truth.C, 1 / truth.C) if truth.prior is None else np.asarray(truth.prior)
    above = np.empty((votes.I, truth.C - 1))
    for c, share in enumerate(at_least(prior)):
        cut = np.zeros(factors.shape[1])
        if found.heard.any() and (truth.prior is not None or truth.C > 2):
            cut = np.quantile(factors[found.heard], 1 - share, axis=0)
        above[:, c] = expit(slope * (factors - cut)).mean(axis=1)
    notes = [FIXED_SLOPE.format(slope=slope)]
    if mixed:
        notes += [AMBIGUOUS.format(k=found.k, ratio=found.ratio), MIXED]
    if truth.prior is None:
        notes.append(NO_PRIOR if truth.C == 2 else NO_PRIOR_GRADED)
    if truth.C > 2:
        notes.append(ONE_SLOPE)
    if mirror_chance(votes, truth) == 0.5:
        notes.append(UNORIENTED.format(last=truth.classes[-1]))
    return above, tuple(notes)
