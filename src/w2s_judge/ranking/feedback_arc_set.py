"""Cycles out of weighted preferences by leaving out little weight: feedback arc sets.

A feedback arc set is what points backwards in an order of the vertices; left out, no cycle stays.
The least such weight is NP-hard to find, and is the linear ordering problem of the same weights.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.ranking.best_insertion import improved_order
from w2s_judge.ranking.eades import greedy_order
from w2s_judge.ranking.exact_order import EFFORT, EXACT_SIZE, exact_order, proven_order

Solver: TypeAlias = Literal["greedy", "improved", "exact"]
"""greedy: Eades, Lin and Smyth; improved: best insertion from there; exact: proven to be least."""

__all__ = [
    "EXACT_SIZE",
    "Solver",
    "backward_weight",
    "exact_order",
    "forward",
    "greedy_order",
    "improved_order",
    "proven_order",
    "solved_order",
]


def solved_order(weight: Floats, solver: Solver, /, *, effort: float = EFFORT) -> tuple[Ints, bool]:
    """(n,) vertices first to last by that solver, and whether it did what its name says.

    effort : bound on the work of `exact`, as for `proven_order`

    `exact` gives an order as good as the improved one or better, and says False, where a strongly
    connected component of the netted weights has more than `EXACT_SIZE` vertices, or the effort
    ends before the proof, as it does where votes are near to chance.
    """
    if solver == "greedy":
        return greedy_order(weight), True
    if solver == "improved":
        return improved_order(weight), True
    if solver != "exact":
        raise ValueError(f"no solver {solver!r}: there are greedy, improved, exact")
    return proven_order(weight, effort=effort)


def backward_weight(weight: Floats, order: Ints, /) -> float:
    """Sum of the weights that point from a later to an earlier vertex of an order."""
    return float(np.tril(weight[np.ix_(order, order)], -1).sum())


def forward(order: Ints, /) -> Bools:
    """(n, n) True where row stands before column in an order."""
    place = np.empty(len(order), dtype=np.int32)
    place[order] = np.arange(len(order))
    return np.asarray(place[:, None] < place)
