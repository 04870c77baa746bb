"""Strengths and judges in turn, until neither moves.

A step is one of the strengths given the judges, a rescaling, and one of the judges given the
strengths. EM for two that answer each other may overshoot: judges are sharper once strengths are
wider, and the other way round. What was reached is mixed with what a step leads to,

    state + pace * (step(state) - state)

whose fixed points are those of the step. The pace is 1 while steps go on in one direction, is
halved when a step takes back half of the one before or more, and recovers by 3 % when it does
not.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.consensus import Fit
from w2s_judge.ranking.davidson_normal import Averages, averages, named
from w2s_judge.ranking.judge_traits import Bench, Seen, Traits
from w2s_judge.ranking.judged_pairs import JudgedPairs, sums
from w2s_judge.ranking.normal_strengths import Normal, Parts

SLOWEST, RECOVERY = 1 / 64, 1.03  # of the pace
State: TypeAlias = tuple[Normal, Traits]


def climb(
    parts: Parts, pairs: JudgedPairs, bench: Bench, tol: float, most: int
) -> tuple[State, Fit]:
    """From all judges alike until no logit or logarithm moves by more than tol, or `most` steps."""
    share = float(pairs.tied.sum() / max(pairs.total.sum(), 1e-300))
    state, pace, last = (parts.start(), bench.start(share)), 1.0, None
    for done in range(1, most + 1):
        after = _iterate(state, parts, pairs, bench)
        if _moved(state, after) <= tol:
            return after, Fit(done, True)
        way = _way(state, after)
        if last is not None:
            back = float(way @ last) < -float(last @ last) / 2
            pace = max(pace / 2, SLOWEST) if back else min(pace * RECOVERY, 1.0)
        state, last = _mixed(state, after, pace), way
    return state, Fit(most, False)


def _way(before: State, after: State) -> Floats:
    """Where a step goes: logarithms and logits of judges, and strengths in typical logits."""
    (old, was), (new, now) = before, after
    with np.errstate(divide="ignore", invalid="ignore"):  # a or nu of 0 stays
        judges = np.r_[now.log_weight - was.log_weight, np.log(now.tie) - np.log(was.tie)]
    mean = (new.mean - old.mean) * np.exp(now.weight_centre) / np.sqrt(max(len(new.mean), 1))
    return np.asarray(np.r_[np.nan_to_num(judges), now.lean - was.lean, mean])


def _mixed(before: State, after: State, pace: float) -> State:
    if pace >= 1:
        return after
    (old, was), (new, now) = before, after
    keep = 1 - pace
    strengths = Normal(
        keep * old.mean + pace * new.mean,
        keep * old.variance + pace * new.variance,
        keep * old.apart + pace * new.apart,
    )
    return strengths, was.mixed(now, pace)


def _iterate(state: State, parts: Parts, pairs: JudgedPairs, bench: Bench) -> State:
    strengths, traits = state
    own = traits.weight[pairs.judge]
    _, centre, spread = _logits(strengths, traits, pairs)
    outcome = averages(centre, spread, traits.tie[pairs.judge])
    count = len(pairs.low)
    slope = sums(pairs.pair, own * (pairs.net / 2 - pairs.total * outcome.slope), count)
    curvature = sums(pairs.pair, own * own * pairs.total * outcome.turn, count)
    most = np.zeros(count)
    np.maximum.at(most, pairs.pair, own)
    strengths = parts.step(strengths, slope, curvature, most)
    seen = _seen(strengths, traits, pairs)
    by = _rescaling(strengths, parts, traits)
    return strengths.scaled(by), bench.step(traits.scaled(by), pairs, seen.scaled(by))


def _seen(strengths: Normal, traits: Traits, pairs: JudgedPairs) -> Seen:
    gap, centre, spread = _logits(strengths, traits, pairs)
    given, none = named(centre, spread), np.zeros(len(gap))
    if traits.tie_centre > 0:
        outcome = averages(centre, spread, traits.tie[pairs.judge])
    else:  # nothing was tied
        outcome = Averages(none, none, given.slope, given.turn)
    return Seen(gap, strengths.apart[pairs.pair], outcome, given)


def _logits(strengths: Normal, traits: Traits, pairs: JudgedPairs) -> tuple[Floats, Floats, Floats]:
    """(K,) mean difference of each cell, and mean and sd of its logit."""
    gap = (strengths.mean[pairs.low] - strengths.mean[pairs.high])[pairs.pair]
    own = traits.weight[pairs.judge]
    centre = own * gap + traits.lean[pairs.judge] * pairs.shown
    return gap, centre, own * np.sqrt(strengths.apart[pairs.pair])


def _rescaling(strengths: Normal, parts: Parts, traits: Traits) -> float:
    """The c by which strengths are multiplied and discriminations divided: logits stay.

    With S the expected sum of squares of n strengths and u = log c it is where the bound,
    n u - S e^(2u) / 2 - (mu - u)^2 / 2, is highest.
    """
    linked = parts.linked
    n = int(linked.sum())
    if n == 0:
        return 1.0
    squares = float((strengths.mean[linked] ** 2 + strengths.variance[linked]).sum())
    u = float(np.log(n / squares) / 2)
    for _ in range(8):  # Newton from where the two large terms are level
        big = squares * np.exp(2 * u)
        u += float((n - big + traits.weight_centre - u) / (2 * big + 1))
    return float(np.exp(u))


def _moved(before: State, after: State) -> float:
    """The largest change, in units of logits and logarithms."""
    (old, was), (new, now) = before, after
    ratio = np.where(was.weight > 0, now.weight / np.where(was.weight > 0, was.weight, 1.0), 1.0)
    scale = float(np.exp(now.weight_centre))
    return max(
        float(np.abs(np.log(ratio)).max(initial=0.0)),
        float(np.abs(now.lean - was.lean).max(initial=0.0)),
        float(np.abs(new.mean - old.mean).max(initial=0.0)) * max(scale, 1.0),
        abs(now.weight_spread - was.weight_spread),
        abs(now.lean_spread - was.lean_spread),
        abs(now.tie_spread - was.tie_spread),
        float((np.abs(now.tie - was.tie) / np.maximum(now.tie, 1.0)).max(initial=0.0)),
    )
