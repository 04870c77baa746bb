"""Comparisons as tables, question by question: who beat whom how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import FIRST, SECOND, Comparisons


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """One question's comparisons.

    question : index into the comparisons' questions
    objects  : (n,) index of each row's object into the comparisons' objects, ascending
    wins     : (n, n) weighted mass on "row better than column", over both orders and all raters
    ties     : (n, n) weighted mass on ties, symmetric; the diagonals are 0
    """

    question: int
    objects: Ints
    wins: Floats
    ties: Floats


def tables(comparisons: Comparisons) -> Iterator[Table]:
    """A table for every question, in order; a question of one object has a table of one zero."""
    members = np.argsort(comparisons.question, kind="stable").astype(np.int32)
    starts = np.searchsorted(comparisons.question[members], np.arange(comparisons.Q + 1))
    place = np.empty(comparisons.N, dtype=np.int64)
    place[members] = np.arange(comparisons.N) - starts[comparisons.question[members]]
    asked = comparisons.question[comparisons.left]
    rows = np.argsort(asked, kind="stable")
    begins = np.searchsorted(asked[rows], np.arange(comparisons.Q + 1))
    left, right = place[comparisons.left[rows]], place[comparisons.right[rows]]
    mass = (comparisons.outcome * comparisons.weights[:, None])[rows]
    for q in range(comparisons.Q):
        n = int(starts[q + 1] - starts[q])
        cut = slice(begins[q], begins[q + 1])
        there, back = left[cut] * n + right[cut], right[cut] * n + left[cut]
        wins = np.bincount(there, mass[cut, FIRST], n * n) + np.bincount(
            back, mass[cut, SECOND], n * n
        )
        tied = np.bincount(there, mass[cut, 1], n * n) + np.bincount(back, mass[cut, 1], n * n)
        yield Table(
            q,
            members[starts[q] : starts[q + 1]],
            wins.reshape(n, n).astype(np.float64, copy=False),
            tied.reshape(n, n).astype(np.float64, copy=False),
        )
