"""Which objects are connected by comparisons, and ranks within what is connected."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import Comparisons

LEVEL = 1e-9  # scores that differ by less, relative to their spread, are equal


def components(comparisons: Comparisons) -> Ints:
    """(N,) number of each object's connected part, over all questions: see `within_question`."""
    n = comparisons.N
    edges = coo_array(
        (np.ones(comparisons.M, dtype=np.int8), (comparisons.left, comparisons.right)), shape=(n, n)
    )
    return np.asarray(connected_components(edges.tocsr(), directed=False)[1], dtype=np.int32)


def within_question(component: Ints, question: Ints) -> Ints:
    """(N,) components numbered from 0 within each question, in order of their first object."""
    if not len(component):
        return component
    first, place = np.unique(component, return_index=True)
    order = np.lexsort((place, question[place]))
    number = np.empty(len(first), dtype=np.int32)
    asked = question[place[order]]
    starts = np.r_[True, asked[1:] != asked[:-1]]
    run = np.arange(len(order))
    number[order] = run - np.maximum.accumulate(np.where(starts, run, 0))
    return np.asarray(number[np.searchsorted(first, component)])


def ranks(score: Floats, component: Ints) -> Ints:
    """(N,) 1 for the best of each component (numbered over all questions); equal ones share it."""
    level = LEVEL * float(np.abs(score).max(initial=0.0))
    order = np.lexsort((-score, component))
    part, value = component[order], score[order]
    starts = np.r_[True, part[1:] != part[:-1]][: len(order)]
    lower = np.r_[True, value[:-1] - value[1:] > level][: len(order)] | starts
    place = np.arange(len(order))
    place -= np.maximum.accumulate(np.where(starts, place, 0))
    rank = np.empty(len(order), dtype=np.int32)
    rank[order] = 1 + place[np.maximum.accumulate(np.where(lower, np.arange(len(order)), 0))]
    return rank


def unconnected(comparisons: Comparisons, component: Ints) -> tuple[str, ...]:
    """What to say of questions whose comparisons do not connect their objects; () where all do."""
    part = within_question(component, comparisons.question)
    parts = np.zeros(comparisons.Q, dtype=np.int32)
    np.maximum.at(parts, comparisons.question, part + 1)
    torn = np.flatnonzero(parts > 1)
    if not len(torn):
        return ()
    if comparisons.Q == 1:
        return (
            f"the comparisons fall into {parts[0]} parts that nothing connects: ranks hold within "
            "a part, and scores of different parts cannot be set against each other",
        )
    return (
        f"in {len(torn)} of {comparisons.Q} questions the comparisons do not connect all objects: "
        "ranks hold within a component",
    )
