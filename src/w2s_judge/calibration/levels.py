"""Votes on an ordered scale as numbers, and numbers as mass on its labels."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.errors import ConfigurationError
from w2s_judge.votes import VoteMatrix

DIGITS = 9  # expected levels that agree to so many digits of the scale's range are equal


def score_of(votes: VoteMatrix) -> Floats:
    """(V,) expected levels; equal votes get equal numbers, whatever rounding did to them.

    Raises `ConfigurationError` where the labels have no order.
    """
    if not votes.ordered:
        raise ConfigurationError(
            f"the vote labels ({', '.join(votes.labels[:8])}) have no order, and this needs one\n"
            "  leave the scale map out (scale=None), or name the labels in ascending order"
        )
    scores = votes.scores
    if votes.label is not None or votes.L < 2:
        return scores
    middle, span = (votes.scale[0] + votes.scale[-1]) / 2, votes.scale[-1] - votes.scale[0]
    return np.asarray(np.round((scores - middle) / span, DIGITS) * span + middle)


def spread(scores: Floats, levels: Floats) -> Floats:
    """(n, L) mass on ascending levels whose mean is the score, on its two neighbours alone."""
    mass = np.zeros((len(scores), len(levels)))
    if len(levels) == 1:
        return mass + 1.0
    inside = np.clip(scores, levels[0], levels[-1])
    upper = np.clip(np.searchsorted(levels, inside, side="right"), 1, len(levels) - 1)
    share = (inside - levels[upper - 1]) / (levels[upper] - levels[upper - 1])
    row = np.arange(len(scores))
    mass[row, upper] = share
    mass[row, upper - 1] = 1 - share
    return mass


def mid_ranks(values: Floats, weight: Floats, group: Ints) -> Floats:
    """(n,) place of each value in its group, in (0, 1): what lies below and half of its equals.

    With equal weights it is Hazen's (r - 1/2) / n with ties at their mean rank.
    """
    if not len(values):
        return np.zeros(0)
    order = np.lexsort((values, group))
    value, among, mass = values[order], group[order], weight[order]
    opens = np.ones(len(values), dtype=np.bool_)
    opens[1:] = (value[1:] != value[:-1]) | (among[1:] != among[:-1])
    block = np.cumsum(opens) - 1
    size = np.bincount(block, weights=mass)
    of_block = among[opens]
    total = np.bincount(of_block, weights=size)
    before = np.cumsum(size) - size - (np.cumsum(total) - total)[of_block]
    place = (before + size / 2) / total[of_block]
    found = np.empty(len(values))
    found[order] = place[block]
    return found


def constant_raters(votes: VoteMatrix) -> Bools:
    """(J,) True for raters who voted, and gave one and the same vote everywhere."""
    columns = score_of(votes)[:, None] if votes.ordered else votes.soft()
    low = np.full((votes.J, columns.shape[1]), np.inf)
    high = np.full((votes.J, columns.shape[1]), -np.inf)
    np.minimum.at(low, votes.rater, columns)
    np.maximum.at(high, votes.rater, columns)
    return np.asarray((low == high).all(axis=1))
