"""The ease of items, each a maximisation in one dimension, for GLAD.

A vote by a rater of ability a on an item of ease e = exp(b) is right with probability s(a e), s the
logistic function; b has a normal prior. Given the abilities, rows are independent of each other:
each b climbs the logarithm of its marginal likelihood (the true class summed out) and prior, by
Newton's method, where steps that would not climb are halved.

Letters: n rows of a block, v votes of a block, J raters, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.ballots import Ballots, Part
from w2s_judge.aggregation.em import TINY
from w2s_judge.arrays import Floats

LONGEST = 1.0  # an ease changes at most by this factor's logarithm in one step
FLATTEST = 0.25  # of the prior's curvature: what a step divides by at least
CLOSE = 1e-6  # so near the top it is left: the height lacks the square of it
MOST_STEPS = 60
FARTHEST = 500.0  # log-odds of being right: beyond, the logarithm of being wrong has no room


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal prior."""

    mean: float
    sd: float

    def height(self, value: Floats) -> Floats:
        """Log density, 0 at the mean."""
        return np.asarray(-0.5 * ((value - self.mean) / self.sd) ** 2)

    def slope(self, value: Floats) -> Floats:
        """Derivative of the log density."""
        return np.asarray((self.mean - value) / self.sd**2)


@dataclass(frozen=True, eq=False, slots=True)
class Look:
    """A block's rows at some ease.

    height, slope, bend : (n,) what b climbs, and its derivatives
    posterior           : (C, n)
    push                : (C, v) derivative of each vote's log-likelihood by its log-odds
    right               : (v,) probability that a vote is right before it is seen
    """

    height: Floats
    slope: Floats
    bend: Floats
    posterior: Floats
    push: Floats
    right: Floats


def look(
    ballots: Ballots, part: Part, ability: Floats, b: Floats, log_prior: Floats, ease: Normal
) -> Look:
    """At ease exp(b), (n,); `ability` is (v,), each vote's."""
    factor = np.exp(b)
    odds = np.clip(ability * ballots.by_vote(factor), -FARTHEST, FARTHEST)
    small = np.exp(-np.abs(odds))
    large = 1 / (1 + small)
    small *= large
    right, wrong = np.where(odds > 0, large, small), np.where(odds > 0, small, large)
    given = np.maximum(right * ballots.right + wrong * ballots.wrong, TINY)
    push = (small * large) * (ballots.right - ballots.wrong) / given
    score = log_prior[:, None] + ballots.by_row(np.log(given))
    known = np.flatnonzero(part.fixed >= 0)
    if len(known):
        kept = score[part.fixed[known], known]
        score[:, known] = -np.inf
        score[part.fixed[known], known] = kept
    top = score.max(axis=0)
    posterior = np.exp(score - top)
    total = posterior.sum(axis=0)
    posterior /= total
    pull = ballots.by_row(ability * push)
    bent = ballots.by_row(ability**2 * push * (wrong - right - push))
    mean = (posterior * pull).sum(axis=0)
    spread = (posterior * (pull**2 + bent)).sum(axis=0) - mean**2
    return Look(
        top + np.log(total) + ease.height(b),
        factor * mean + ease.slope(b),
        factor * mean + factor**2 * spread - 1 / ease.sd**2,
        posterior,
        push,
        right,
    )


def climb(
    ballots: Ballots, part: Part, ability: Floats, b: Floats, log_prior: Floats, ease: Normal
) -> tuple[Floats, Look]:
    """(n,) logarithm of each row's ease, from `b` uphill, and the look from there."""
    at = look(ballots, part, ability, b, log_prior, ease)
    height, slope, bend = at.height, at.slope, at.bend
    share = np.ones(len(b))
    for _ in range(MOST_STEPS):
        step = slope / np.maximum(-bend, FLATTEST / ease.sd**2)
        step = share * np.clip(step, -LONGEST, LONGEST)
        if np.abs(step).max(initial=0.0) < CLOSE:
            break
        at = look(ballots, part, ability, b + step, log_prior, ease)
        up = at.height >= height - 1e-12 * np.abs(height)
        b = np.where(up, b + step, b)
        height, slope, bend = (
            np.where(up, new, old)
            for new, old in ((at.height, height), (at.slope, slope), (at.bend, bend))
        )
        share = np.where(up, 1.0, share / 2)
    return b, at
