"""The greedy order of Eades, Lin and Smyth: sinks last, sources first, else the largest surplus.

P. Eades, X. Lin and W. F. Smyth, A fast and effective heuristic for the feedback arc set problem,
Information Processing Letters 47 (1993), with weights in place of degrees, within each strongly
connected component, as Z. Hu, J. Zhang, Z. Xiong, A. Ratner and R. Krishna (arXiv 2410.12869) use
it.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.strong_parts import arcs, level, strong_parts


def greedy_order(weight: Floats, /) -> Ints:
    """(n,) vertices, first to last, so that little weight points backwards.

    weight : (n, n) what row is preferred to column by, 0 or above; the diagonal is ignored

    Within a strongly connected component: all sinks go to the end, all sources to the beginning,
    again and again; where there is neither, the vertex with the largest outgoing less incoming
    weight goes to the beginning, the first of those that are level. Takes O(n²) after the
    components are known.
    """
    parts = strong_parts(arcs(weight))
    return np.concatenate(
        [
            np.empty(0, dtype=np.int32),
            *(p if len(p) == 1 else p[_component(weight[np.ix_(p, p)])] for p in parts),
        ]
    )


def _component(weight: Floats) -> Ints:
    arc = arcs(weight)
    least = level(weight)
    skew = np.where(arc, weight, 0.0)
    skew -= skew.T
    surplus = skew.sum(axis=1)
    gone = np.zeros(len(arc), dtype=np.bool_)
    into, out_of = arc.sum(axis=0), arc.sum(axis=1)
    head: list[int] = []
    tail: list[int] = []
    while len(head) + len(tail) < len(arc):
        taken, end = np.flatnonzero((out_of == 0) & ~gone), tail
        if not len(taken):
            taken, end = np.flatnonzero((into == 0) & ~gone), head
        if not len(taken):
            best = surplus.max()
            taken, end = np.flatnonzero(surplus >= best - least)[:1], head
        end.extend(taken.tolist())
        gone[taken] = True
        out_of -= arc[:, taken].sum(axis=1)
        into -= arc[taken].sum(axis=0)
        surplus -= skew[:, taken].sum(axis=1)
        surplus[taken] = -np.inf
    return np.array(head + tail[::-1], dtype=np.int32)
