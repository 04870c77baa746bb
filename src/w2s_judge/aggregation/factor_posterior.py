"""From factor scores to class probabilities without gold: a fixed slope, cut at the prior.

Two classes are cut where the prior's quantile of the scores is. Of more classes, cuts at quantiles
would crowd those between into less than the slope can tell apart: what is cut is the truth, which
spreads wider than the score, so the cuts are those at which the mean of P(class) over the items is
the prior (`ordered_cut`, an ordered probit of the same slope).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

from w2s_judge.aggregation.factor_structure import Structure
from w2s_judge.aggregation.ordered_cut import cuts, posterior_from
from w2s_judge.aggregation.shares import shares
from w2s_judge.aggregation.thresholds import at_least, class_rows, mirror_chance
from w2s_judge.arrays import Floats
from w2s_judge.gold import Truth
from w2s_judge.votes import VoteMatrix

LOGISTIC = 1.702  # slope of the logistic that is nearest to the normal ogive (Haley 1952)
AMBIGUOUS = (
    "{k} factors fit the votes, and the leading one outweighs the next only {ratio:.1f} times: the "
    "votes do not tell which is the truth; 10 to 20 labels do"
)
MIXED = "the posterior is the mean over the factors, each cut by itself"
NO_PRIOR = "no prior was given: the cut is at the mean factor score"
NO_PRIOR_GRADED = "no prior was given: all classes were taken as equally frequent"
SHARES_GRADED = (
    "no prior was given: the classes were taken to be as frequent as the judges say, which is the "
    "truth only if they use the scale rightly"
)
FIXED_SLOPE = (
    "the slope {slope:g} is fixed: how much of what the judges share is truth cannot be read from "
    "votes; 20 labels tell"
)
UNORIENTED = "nothing says which label means which class: {last} was taken for the later label"
ONE_SLOPE = "each threshold between two classes is cut on the one factor, with the same slope"
UNVARYING = (
    "no judge's votes vary: nothing in them tells one item from another, and each has the prior"
)


def rows_without_gold(
    found: Structure,
    truth: Truth,
    votes: VoteMatrix,
    slope: float,
    mixed_slope: float,
    clear_ratio: float,
) -> tuple[Floats, tuple[Floats, str] | None, tuple[str, ...]]:
    """(I, C) P(class), the prior (C,) with its source where the votes' shares gave it, notes.

    P(class >= c) = sigmoid(slope (F - cut)), of more than two classes Phi instead of the sigmoid.
    Where the leading factor does not outweigh the next `clear_ratio` times, the mean over the
    factors, with `mixed_slope`.
    """
    mixed = found.ratio < clear_ratio
    factors = found.scores if mixed else found.scores[:, :1]
    slope = mixed_slope if mixed else slope
    named = _named_shares(truth, votes)
    notes = [FIXED_SLOPE.format(slope=slope)]
    if mixed:
        notes += [AMBIGUOUS.format(k=found.k, ratio=found.ratio), MIXED]
    if named is not None:
        notes.append(SHARES_GRADED)
    elif truth.prior is None:
        notes.append(NO_PRIOR if truth.C == 2 else NO_PRIOR_GRADED)
    if truth.C > 2:
        notes.append(ONE_SLOPE)
    if mirror_chance(votes, truth) == 0.5:
        notes.append(UNORIENTED.format(last=truth.classes[-1]))
    if truth.C <= 2:
        return _two_classes(found, factors, truth, slope), None, tuple(notes)
    prior = np.full(truth.C, 1 / truth.C) if truth.prior is None else np.asarray(truth.prior)
    prior = prior if named is None else named[0]
    each = [_ordered(one, found, prior, slope / LOGISTIC) for one in factors.T]
    return np.asarray(np.mean(each, axis=0)), named, tuple(notes)


def unvarying(found: Structure) -> tuple[str, ...]:
    """A note where no judge's votes vary."""
    return () if found.heard.any() else (UNVARYING,)


def _named_shares(truth: Truth, votes: VoteMatrix) -> tuple[Floats, str] | None:
    """Of more than two classes whose prior nothing tells, the shares of the labels that name them.

    None where the labels are not known to name the classes: an assumed cut of a scale has shares,
    but they say nothing of the classes.
    """
    if truth.C <= 2 or truth.prior is not None or truth.of_label is None:
        return None
    plain = shares(votes, None, "", "")
    return None if plain.prior is None else (plain.prior, plain.prior_source)


def _two_classes(found: Structure, factors: Floats, truth: Truth, slope: float) -> Floats:
    """(I, C) of two classes or one, cut at the quantile of the prior, or at the mean score."""
    above = np.empty((len(factors), truth.C - 1))
    prior = np.full(truth.C, 1 / truth.C) if truth.prior is None else np.asarray(truth.prior)
    for c, share in enumerate(at_least(prior)):
        cut = np.zeros(factors.shape[1])
        if found.heard.any() and truth.prior is not None:
            cut = np.quantile(factors[found.heard], 1 - share, axis=0)
        above[:, c] = expit(slope * (factors - cut)).mean(axis=1)
    return class_rows(above)


def _ordered(factor: Floats, found: Structure, prior: Floats, slope: float) -> Floats:
    """(I, C) of more classes by one factor (I,)."""
    exact = np.zeros(len(factor))
    at = cuts(factor[found.heard], exact[found.heard], prior, slope)
    return posterior_from(factor, exact, at, slope)
