"""The exact Kemeny order of few objects, by dynamic programming over their subsets.

Held and Karp's recursion (1962) for the linear ordering problem: the cheapest order of a set is an
object on top plus the cheapest order of the rest. It takes n² 2ⁿ steps, which numpy does for all
sets of a size, and for many problems, at once.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints

LARGEST = 12  # objects up to which the recursion is used: a few milliseconds and 400 kB a problem
LEVEL = 1e-9  # costs that differ by less, relative to the sum of all losses, are equal
CELLS = 4_000_000  # numbers that are held at a time: 32 MB


def cheapest_orders(loss: Floats) -> Ints:
    """(B, n) objects of each problem, best first: of all cheapest orders the first by index.

    loss : (B, n, n) what it costs to put row above column, 0 or above; the diagonal is ignored
    """
    problems, n = loss.shape[:2]
    step = max(1, CELLS // max(n << n, 1))
    orders = [_cheapest(loss[k : k + step]) for k in range(0, problems, step)]
    return np.concatenate([np.empty((0, n), dtype=np.int32), *orders])


def _cheapest(loss: Floats) -> Ints:
    problems, n = loss.shape[:2]
    above = _above(loss)
    best = _best(above)
    level = LEVEL * loss.sum(axis=(1, 2))
    left = np.full(problems, (1 << n) - 1)
    each, order = np.arange(problems), np.empty((problems, n), dtype=np.int32)
    for place in range(n):
        cost = np.full((n, problems), np.inf)
        for a in range(n):
            among = np.flatnonzero(left >> a & 1)
            rest = left[among] ^ (1 << a)
            cost[a, among] = above[a, rest, among] + best[rest, among]
        order[:, place] = (cost <= cost.min(axis=0) + level).argmax(axis=0)
        left ^= 1 << order[each, place].astype(np.int64)
    return order


def _above(loss: Floats) -> Floats:
    """(n, 2ⁿ, B) what it costs to put each object above all of each set."""
    problems, n = loss.shape[:2]
    above = np.zeros((n, 1 << n, problems))
    for b in range(n):
        np.add(above[:, : 1 << b], loss[:, :, b].T[:, None], out=above[:, 1 << b : 2 << b])
    return above


def _best(above: Floats) -> Floats:
    """(2ⁿ, B) what the cheapest order of each set costs."""
    n, sets, problems = above.shape
    every = np.arange(sets)
    size = sum(every >> a & 1 for a in range(n))
    best = np.full((sets, problems), np.inf)
    best[0] = 0.0
    for k in range(1, n + 1):
        for a in range(n):
            chosen = every[(size == k) & (every >> a & 1 == 1)]
            rest = chosen ^ (1 << a)
            best[chosen] = np.minimum(best[chosen], above[a, rest] + best[rest])
    return best
