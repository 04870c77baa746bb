"""A feedback arc set by local search: each vertex to its best place, until no move helps.

From the greedy order of `eades`, then shaken and searched again: iterated local search in the
insertion neighbourhood, as T. Schiavinotto and T. Stützle, The linear ordering problem: instances,
search space analysis and algorithms, Journal of Mathematical Modelling and Algorithms 3 (2004),
found it best among simple searches.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.eades import greedy_order
from w2s_judge.ranking.strong_parts import arcs, level, net, strong_parts

KICKS = 20  # at n = 100 about 20 ms, after which ten times as many gain about a tenth of a per cent
SHAKEN = 8  # one vertex in so many goes to a random place: from 1 in 4 to 1 in 15 did alike
FEWEST = 2  # vertices that are shaken at least


def improved_order(weight: Floats, /, *, kicks: int = KICKS, seed: int = 0) -> Ints:
    """(n,) vertices, first to last, in an order that no move of one vertex improves.

    weight : (n, n) what row is preferred to column by, 0 or above; the diagonal is ignored
    kicks  : times that each strongly connected part is shaken and searched again, at most its size;
             0 for the plain local search
    seed   : of the shaking
    """
    left = net(weight)
    parts = strong_parts(arcs(left))
    rng = np.random.default_rng(seed)
    found = [np.empty(0, dtype=np.int32)]
    for part in parts:
        inner = left[np.ix_(part, part)]
        found.append(part if len(part) == 1 else part[_part(inner, kicks, rng)])
    return np.concatenate(found)


def _part(weight: Floats, kicks: int, rng: np.random.Generator) -> Ints:
    skew, least = weight - weight.T, level(weight)
    best = settled(skew, greedy_order(weight), least)
    cost = _cost(skew, best)
    for _ in range(min(kicks, len(best))):
        order = settled(skew, _shaken(best, rng), least)
        # One that is as good is taken, too: the search must be able to cross plains.
        if (found := _cost(skew, order)) <= cost + least:
            best, cost = order, found
    return best


def settled(skew: Floats, order: Ints, least: float) -> Ints:
    """(n,) the order after moves of single vertices, each to its best place, until none helps.

    skew  : (n, n) weight less its transpose
    least : what a move must gain

    All vertices' best moves are found at once by sums along the order; the moves that promised to
    help are then made one after the other, each seen afresh.
    """
    order = order.copy()
    while True:
        along = skew[np.ix_(order, order)].cumsum(axis=1)
        gain = along.diagonal() - np.minimum(along.min(axis=1), 0.0)
        better = np.flatnonzero(gain > least)
        if not len(better):
            return order
        for vertex in order[better].tolist():
            _move(skew, order, vertex, least)


def _move(skew: Floats, order: Ints, vertex: int, least: float) -> None:
    # run[i] is what it costs, more than standing first, to stand behind the vertex at place i.
    run = skew[vertex][order].cumsum()
    at, to = int((order == vertex).argmax()), int(run.argmin())
    if run[to] >= 0.0:
        to = -1
    if run[at] - (run[to] if to >= 0 else 0.0) <= least:
        return
    if to < at:
        order[to + 2 : at + 1] = order[to + 1 : at].copy()
        order[to + 1] = vertex
    else:
        order[at:to] = order[at + 1 : to + 1].copy()
        order[to] = vertex


def _shaken(order: Ints, rng: np.random.Generator) -> Ints:
    moved = rng.permutation(len(order))[: max(FEWEST, len(order) // SHAKEN)]
    rest = np.delete(order, moved)
    return np.insert(rest, rng.integers(0, len(rest) + 1, len(moved)), order[moved])


def _cost(skew: Floats, order: Ints) -> float:
    return float(np.tril(skew[np.ix_(order, order)], -1).sum())
