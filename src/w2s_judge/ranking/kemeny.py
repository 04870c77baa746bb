"""Kemeny's rule: the order that the comparisons contradict least, proven to be that.

J. G. Kemeny, Mathematics without numbers, Daedalus 88 (1959); H. P. Young, Condorcet's theory of
voting, American Political Science Review 82 (1988): it is the likeliest order where each comparison
is wrong with one probability. Finding it is NP-hard, so that it is for few objects: by subsets up
to 12 (`kemeny_subsets`), by an integer programme above that (`exact_order`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.errors import UsageError
from w2s_judge.ranking.components import ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import as_fractions
from w2s_judge.ranking.exact_order import EXACT_SIZE, exact_order
from w2s_judge.ranking.grouped import Grouped, Places
from w2s_judge.ranking.kemeny_subsets import LARGEST, cheapest_orders
from w2s_judge.ranking.pair_counts import NOTHING, PairCounts, pair_counts
from w2s_judge.ranking.strong_parts import arcs, net, strong_parts

NAME = "kemeny"
MOST = 1000  # connected objects, whatever their majorities: some seconds
INSTEAD = "rank them by 'bradley-terry' or 'ged'"
TOO_MANY = f"kemeny takes at most {MOST} connected objects, not {{}}\n  {INSTEAD}"
TOO_TANGLED = (
    f"kemeny proves the order of at most {EXACT_SIZE} objects that beat each other in circles, "
    f"not of {{}}\n  {INSTEAD}"
)


def kemeny_cost(preference: Floats, order: Ints, /) -> float:
    """The weight that an order contradicts.

    preference : (n, n) weight of row above column; the diagonal is ignored
    order      : (n,) objects, best first
    """
    return float(np.tril(preference[np.ix_(order, order)], -1).sum())


def kemeny_order(preference: Floats, /) -> Ints:
    """(n,) objects, best first, so that no order contradicts less weight.

    preference : (n, n) weight of row above column, 0 or above; the diagonal is ignored

    Of several best orders the first by index up to 12 objects; above that always the same one.
    Circles of up to 25 objects, and of 60 with three votes a pair of which a quarter are wrong,
    take a tenth of a second. It is longer the nearer votes are to chance: one vote a pair, a
    quarter wrong, took seconds for 50 objects and minutes for 60, random ones minutes for 30.
    Raises `UsageError` where more than `EXACT_SIZE` objects beat each other in circles, or there
    are more than `MOST`.
    """
    n = len(preference)
    if n <= LARGEST:
        return np.asarray(cheapest_orders(net(preference).T[None])[0])
    if n > MOST:
        raise UsageError(TOO_MANY.format(n))
    left = net(preference)
    order = []
    for part in strong_parts(arcs(left)):
        inner = left[np.ix_(part, part)]
        if len(part) > EXACT_SIZE:
            raise UsageError(TOO_TANGLED.format(len(part)))
        few = len(part) <= LARGEST
        order.append(part[cheapest_orders(inner.T[None])[0] if few else exact_order(inner)])
    return np.concatenate(order)


@dataclass(frozen=True, slots=True)
class Kemeny:
    """Places in the order that contradicts the least weight of comparisons.

    score = (n - 1) / 2 - place, place 0 the best of the n objects of a connected part: centred on
    0. Ties count for neither side. Of several best orders the first by name is taken up
    to 12 objects, above that one that depends on the names, and never on the order of the
    comparisons; where objects stand next to each other in it and all pairs of them are level or
    never met, they share their mean place, since in any order of theirs it is as good.
    """

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) centred places; an object without a comparison has 0.

        Raises `UsageError`, and takes its time, as `kemeny_order` does.
        """
        counts = pair_counts(comparisons, ordered=False)
        component = counts.connected()
        score, level = _scores(comparisons, counts, component)
        notes = unconnected(comparisons, component) + as_fractions(comparisons)
        if level:
            notes += (
                f"{level} objects share a place with others, since no comparison decides between "
                "them",
            )
        return Ranking(
            score=score,
            rank=ranks(score, component),
            component=within_question(component, comparisons.question),
            method=NAME,
            settings=repr(self),
            notes=notes,
        )


def _scores(comparisons: Comparisons, counts: PairCounts, component: Ints) -> tuple[Floats, int]:
    """(N,) scores, and how many objects share a place; all parts of a size at once."""
    named = sorted(range(comparisons.N), key=comparisons.objects.__getitem__)
    groups = Grouped.of(component, np.array(named, dtype=np.intp))
    if (largest := groups.size.max(initial=0)) > MOST:
        raise UsageError(TOO_MANY.format(largest))
    part = component[counts.first]
    decided = np.abs(counts.net) > NOTHING * counts.total
    score, sharing = np.zeros(comparisons.N), 0
    for n in np.unique(groups.size[part]).tolist():
        parts, cells = np.flatnonzero(groups.size == n), groups.size[part] == n
        cells &= decided
        skew = np.zeros((len(parts), n, n))
        first, second = groups.place[counts.first[cells]], groups.place[counts.second[cells]]
        skew[np.searchsorted(parts, part[cells]), first, second] = counts.net[cells]
        skew -= skew.transpose(0, 2, 1).copy()
        order = _orders(skew)
        place, shared = _places(skew, order)
        objects = np.take_along_axis(groups.members(parts, n), order, axis=1)
        score[objects] = (n - 1) / 2 - place
        sharing += int(shared.sum())
    return score, sharing


def _orders(skew: Floats) -> Places:
    """(B, n) objects of B parts, best first, from what row beats column by."""
    lead = np.maximum(skew, 0.0)
    if skew.shape[1] <= LARGEST:
        return cheapest_orders(lead.transpose(0, 2, 1)).astype(np.intp)
    return np.array([kemeny_order(one) for one in lead], dtype=np.intp)


def _places(skew: Floats, order: Places) -> tuple[Floats, Bools]:
    """(B, n) place of each of `order`, and whether it is shared.

    A run of the order in which no pair is decided shares its mean place; runs are as long as can
    be, from the best on.
    """
    sorted_rows = np.take_along_axis(skew, order[:, :, None], axis=1)
    decided = np.take_along_axis(sorted_rows, order[:, None, :], axis=2) != 0
    problems, n = order.shape
    above = np.where(np.tril(decided, -1), np.arange(n), -1).max(axis=2)  # (B, n) the last decided
    begin = np.zeros((problems, n), dtype=np.intp)
    for k in range(1, n):
        begin[:, k] = np.where(above[:, k] < begin[:, k - 1], begin[:, k - 1], k)
    run = begin + n * np.arange(problems)[:, None]
    length = np.bincount(run.ravel(), minlength=n * problems)[run]
    return begin + (length - 1) / 2, length > 1


RANKER = Card(
    NAME,
    "the order that contradicts the least weight, proven; at most 60 objects in a circle",
    Kemeny,
    frozenset(RankLaw) - {RankLaw.REVERSAL},
    bare=Kemeny,
)
