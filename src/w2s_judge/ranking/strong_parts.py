"""Weighted arcs between few objects: which can be reached from which, and where cycles are.

A weight is an (n, n) array, 0 or above: row is preferred to column. An arc is a weight above 0.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints

LEVEL = 1e-9  # weights that differ by less, relative to the heaviest, are equal


def level(weight: Floats) -> float:
    """What a sum of weights must exceed to be more than rounding."""
    return LEVEL * float(np.abs(weight).max(initial=0.0))


def arcs(weight: Floats) -> Bools:
    """(n, n) True where row has an arc to column."""
    found = weight > level(weight)
    np.fill_diagonal(found, False)
    return found


def net(weight: Floats) -> Floats:
    """(n, n) what is left of two opposing arcs: the heavier keeps the difference."""
    left = weight - weight.T
    left[left <= level(weight)] = 0.0
    return left


def reached(arc: Bools) -> Bools:
    """(n, n) True where a path of at least one arc leads from row to column.

    By squaring: paths of up to 1, 2, 4, ... arcs until no more is reached. A vertex reaches itself
    only by a cycle.
    """
    known = arc.astype(np.float32)  # whole numbers up to n: float32 is exact and fast
    count = int(np.count_nonzero(known))
    while count:
        known = (known + known @ known > 0).astype(np.float32)
        if (grown := int(np.count_nonzero(known))) == count:
            break
        count = grown
    return known > 0


def strong_parts(arc: Bools) -> list[Ints]:
    """Strongly connected components, in an order in which no arc leads from a later to an earlier.

    Each has its members ascending. Components that no path orders are ordered by what they reach,
    most first, then by their first member.
    """
    if not len(arc):
        return []
    path = reached(arc)
    np.fill_diagonal(path, True)
    first = (path & path.T).argmax(axis=1)
    # With itself, a component reaches all that its successors reach, and more.
    order = np.lexsort((first, -path.sum(axis=1)))
    cuts = np.flatnonzero(np.diff(first[order])) + 1
    return [np.sort(part).astype(np.int32) for part in np.split(order, cuts)]
