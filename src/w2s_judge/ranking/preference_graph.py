"""Weighted preference graphs: who prefers what to what, judge by judge, question by question.

    w_j(u, v) = sum over judge j's comparisons of u and v of (s(u, v) - s(v, u)), an arc where > 0
    w_E(u, v) = sum_j w_j(u, v)

s is the weighted mass on "better"; ties give nothing to either. As in Z. Hu, J. Zhang, Z. Xiong,
A. Ratner and R. Krishna (arXiv 2410.12869), section 3. A judge's graph has one arc at most between
two objects; the ensemble has both where judges disagree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import FIRST, SECOND, Comparisons

EVEN = 1e-9  # sums that differ by less, relative to all mass on a pair, are even: no arc


@dataclass(frozen=True, eq=False, slots=True)
class Arcs:
    """Preferences that are not even; (A,) each.

    rater      : who prefers; 0 throughout where all raters were taken together
    tail, head : the object preferred, and the other
    weight     : by how much, above 0
    """

    rater: Ints
    tail: Ints
    head: Ints
    weight: Floats


@dataclass(frozen=True, eq=False, slots=True)
class PreferenceGraph:
    """The graphs of all judges of one question.

    question : index into the comparisons' questions
    objects  : (n,) index of each vertex into the comparisons' objects, ascending
    arcs     : of all judges; tail and head count vertices
    """

    question: int
    objects: Ints
    arcs: Arcs

    def ensemble(self) -> Floats:
        """(n, n) summed weight of the arcs from row to column; both ways where judges disagree."""
        return self._matrix(slice(None))

    def judges(self) -> Iterator[Floats]:
        """(n, n) weights of each judge that has an arc, judge by judge."""
        heard = self.arcs.rater
        cuts = np.flatnonzero(np.diff(heard, prepend=-1, append=-1)) if len(heard) else heard
        for start, end in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
            yield self._matrix(slice(start, end))

    def _matrix(self, which: slice) -> Floats:
        n = len(self.objects)
        place = self.arcs.tail[which].astype(np.int64) * n + self.arcs.head[which]
        summed = np.bincount(place, self.arcs.weight[which], n * n)
        return summed.reshape(n, n).astype(np.float64, copy=False)


def preference_arcs(comparisons: Comparisons, *, together: bool = False) -> Arcs:
    """The netted preferences of every judge, or of all judges `together`: the majority's.

    Sorted by judge, and by the two objects.
    """
    left, right = comparisons.left, comparisons.right
    judge = np.zeros_like(comparisons.rater) if together else comparisons.rater
    lower, upper = np.minimum(left, right), np.maximum(left, right)
    order = np.lexsort((upper, lower, judge))
    keys = np.stack([judge, lower, upper])[:, order]
    starts = np.ones(len(order), dtype=np.bool_)
    starts[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    cell = np.cumsum(starts) - 1
    mass = comparisons.outcome * comparisons.weights[:, None]
    lean = np.where(left < right, 1.0, -1.0) * (mass[:, FIRST] - mass[:, SECOND])
    count = int(starts.sum())
    gained = np.bincount(cell, lean[order], count)
    gross = np.bincount(cell, mass.sum(axis=1)[order], count)
    kept = np.abs(gained) > EVEN * gross
    judge, lower, upper = keys[:, starts][:, kept]
    up = gained[kept] > 0
    return Arcs(judge, np.where(up, lower, upper), np.where(up, upper, lower), np.abs(gained[kept]))


def preference_graphs(comparisons: Comparisons) -> Iterator[PreferenceGraph]:
    """The graphs of every question, in order; one without comparisons has no arc."""
    arcs = preference_arcs(comparisons)
    members = np.argsort(comparisons.question, kind="stable").astype(np.int32)
    counted = np.arange(comparisons.Q + 1)
    starts = np.searchsorted(comparisons.question[members], counted)
    vertex = np.empty(comparisons.N, dtype=np.int32)
    vertex[members] = np.arange(comparisons.N) - starts[comparisons.question[members]]
    asked = comparisons.question[arcs.tail]
    order = np.argsort(asked, kind="stable")  # by judge within a question
    rater, weight = arcs.rater[order], arcs.weight[order]
    tail, head = vertex[arcs.tail[order]], vertex[arcs.head[order]]
    begins = np.searchsorted(asked[order], counted)
    for q in range(comparisons.Q):
        cut = slice(int(begins[q]), int(begins[q + 1]))
        yield PreferenceGraph(
            q,
            members[starts[q] : starts[q + 1]],
            Arcs(rater[cut], tail[cut], head[cut], weight[cut]),
        )
