"""What to label next: half at random, half where a label tells most, in one drawing.

Item i of the N that are not labelled is drawn with probability

    pi_i = n (RANDOM / N + (1 - RANDOM) h_i / sum h),    h = entropy / log C + dissent,

those above 1 taken for certain and the rest raised in proportion, again until none is. The drawing
is systematic (Madow 1949): exactly n items, item i with probability pi_i exactly, so that estimates
weighted by 1 / pi_i (Hajek 1971) hold for all items although the hard ones were sought out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import entr

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.votes import VoteMatrix

RANDOM = 0.5  # of the labels go to items at random


@dataclass(frozen=True, eq=False, slots=True)
class Draw:
    """Items to label.

    item      : (n,) indices, ascending
    chosen    : (n,) probability by which each had come to be labelled by now
    kind      : (n,) "random" or "informative": which half a label counts to, by lot within its
                probability, so that the random ones by themselves are a uniform sample
    inclusion : (I,) the same probability of every item: `inclusion` of the next round, and what
                the labels of earlier rounds are to be weighted by from now on
    notes     : what was assumed
    """

    item: Ints
    chosen: Floats
    kind: tuple[str, ...]
    inclusion: Floats
    notes: tuple[str, ...] = ()


def next_labels(
    posterior: Floats,
    n: int,
    *,
    labelled: Ints | None = None,
    seed: int = 0,
    group: Ints | None = None,
    dissent: Floats | None = None,
    inclusion: Floats | None = None,
    support: Ints | None = None,
) -> Draw:
    """Draw n of the I items that are not labelled; all that are left where these are fewer.

    posterior : (I, C); of labelled items a row that did not see their label, so that `inclusion`
                tells how likely they were to be drawn now had they not been before
    labelled  : items with a label; None: none
    group     : (I,) items of one group are spread over the drawing, not drawn together
    dissent   : (I,) between 0 and 1, as `dissent_of`; None: entropy alone
    inclusion : (I,) probability by which each item was chosen in the rounds before, 0 where it
                could not be; None: labels before were drawn alike
    support   : (I,) votes on each item: one without a vote is drawn at random only, its label
                tells nothing of a judge; None: all have votes
    Later rounds: 1 - (1 - before)(1 - now), up to what the labels before changed in the posterior.
    """
    items = len(posterior)
    if n < 1:
        raise ValueError("at least one item is to be labelled")
    free = np.ones(items, dtype=np.bool_)
    if labelled is not None:
        free[labelled] = False
    before, notes = _before(items, free, inclusion)
    n = min(n, int(free.sum()))
    now = probabilities(worth(posterior, dissent, support), free, n)
    random = np.random.default_rng(seed)
    item = systematic(np.where(free, now, 0.0), group, random)
    inclusion = 1 - (1 - before) * (1 - now)
    uniform = RANDOM * n / max(int(free.sum()), 1)
    plain = random.random(len(item)) * now[item] < uniform
    kind = tuple("random" if one else "informative" for one in plain)
    return Draw(item, inclusion[item], kind, inclusion, notes)


def worth(posterior: Floats, dissent: Floats | None, support: Ints | None) -> Floats:
    """(I,) h: entropy over its largest, plus dissent; 0 for an item without a vote."""
    h = entr(np.clip(posterior, 0, 1)).sum(axis=1) / np.log(max(posterior.shape[1], 2))
    if dissent is not None:
        h = h + dissent
    return np.asarray(h if support is None else np.where(support > 0, h, 0.0))


def probabilities(h: Floats, free: Bools, n: int) -> Floats:
    """(I,) pi of every item, those of free items summing to n; h (I,) is at least 0.

    An item that is not free has what it would have beside the free ones.
    """
    many = int(free.sum())
    if n >= many:
        return np.ones(len(h))
    total = float(h[free].sum())
    share = RANDOM / many + (1 - RANDOM) * h / total if total > 0 else np.full(len(h), 1 / many)
    certain = np.zeros(len(h), dtype=np.bool_)
    while True:
        rest = free & ~certain
        factor = (n - int((free & certain).sum())) / share[rest].sum()
        over = rest & (factor * share >= 1)
        if not over.any():
            return np.asarray(np.where(certain, 1.0, np.minimum(factor * share, 1.0)))
        certain |= over


def systematic(pi: Floats, group: Ints | None, random: np.random.Generator) -> Ints:
    """Items, ascending, drawn with probability pi (I,) exactly; as many as pi's sum, an integer.

    Madow's (1949): the pi are laid end to end in random order, groups together, and every item is
    taken that one of u, u + 1, ... falls on, u uniform in [0, 1).
    """
    certain = np.flatnonzero(pi >= 1 - 1e-9)
    order = random.permutation(len(pi))
    if group is not None:
        _, member = np.unique(group, return_inverse=True)
        place = random.permutation(int(member.max()) + 1)
        order = order[np.argsort(place[member[order]], kind="stable")]
    order = order[(pi[order] > 0) & (pi[order] < 1 - 1e-9)]
    many = round(float(pi[order].sum()))
    if not many:
        return np.asarray(certain, dtype=np.int32)
    ends = np.cumsum(pi[order])
    ends *= many / ends[-1]
    hit = np.searchsorted(ends, random.random() + np.arange(many), side="right")
    drawn = order[np.minimum(hit, len(order) - 1)]
    return np.asarray(np.sort(np.concatenate([certain, drawn])), dtype=np.int32)


def dissent_of(votes: VoteMatrix) -> Floats:
    """(I,) how far the judges are apart on each item, 0 (of one mind) to 1; 0 without votes.

    Ordered labels: variance of the votes' levels over the largest that the scale allows. Others:
    Gini's 1 - sum share^2 over its largest, 1 - 1 / L.
    """
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    total = np.maximum(np.bincount(votes.item, weights=weight, minlength=votes.I), 1e-300)

    def mean(value: Floats) -> Floats:
        return np.asarray(
            np.bincount(votes.item, weights=weight * value, minlength=votes.I) / total
        )

    if votes.L < 2:
        return np.zeros(votes.I)
    if votes.ordered:
        width = float(np.ptp(votes.scale))
        variance = mean(votes.scores**2) - mean(votes.scores) ** 2
        return np.clip(variance / (width / 2) ** 2, 0.0, 1.0)
    soft = votes.soft()
    square = sum(mean(soft[:, one]) ** 2 for one in range(votes.L))
    return np.where(votes.support > 0, np.clip((1 - square) / (1 - 1 / votes.L), 0.0, 1.0), 0.0)


def _before(items: int, free: Bools, inclusion: Floats | None) -> tuple[Floats, tuple[str, ...]]:
    labelled = items - int(free.sum())
    if inclusion is not None:
        return inclusion, ()
    if not labelled:
        return np.zeros(items), ()
    return np.full(items, labelled / items), (
        f"the {labelled} labels that are there are taken for drawn at random: "
        "how likely each was is not known",
    )
