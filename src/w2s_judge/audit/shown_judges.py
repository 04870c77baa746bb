"""Which judges a table of pairs shows where there are too many of them for all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Bools, Floats, Ints

SHOWN = 24  # judges: 276 pairs
ALL = 25  # judges, up to which all pairs are shown: 300
COMMON = 30  # items in common beyond which two judges share no more than others do


def shown_judges(mask: Any, votes: Floats, fit: Bools | None = None, most: int = SHOWN) -> Ints:
    """(at most `most`,) judges, ascending, whose pairs make as complete a square as is to be had.

    mask (I, N) sparse, 1 where a judge's vote counts; votes (N,) how many it cast in all. One judge
    after the other is taken: that with most items in common with those taken before (up to 30 with
    each; at first with all), of these the one with most votes, of these the first. Judges who all
    share items are so taken by their votes alone. Judges without a vote in `mask` are left out, and
    those who are not `fit` (N,).
    """
    there = sparse.csr_array(mask)
    links = sparse.csr_array(there.T @ there)
    free = links.diagonal() > 0 if fit is None else fit & (links.diagonal() > 0)
    links.setdiag(0)
    links.data = np.minimum(links.data, COMMON)
    links = sparse.csr_array(links.multiply(free[None, :]))
    in_all = np.asarray(links.sum(axis=1)).ravel()
    shared = np.zeros(len(free))
    taken: list[int] = []
    while free.any() and len(taken) < most:
        near = shared if shared[free].any() else in_all
        best = int(np.lexsort((np.arange(len(free)), -votes, -near, ~free))[0])
        taken.append(best)
        free[best] = False
        shared += links[[best], :].toarray()[0]
    return np.sort(np.array(taken, dtype=np.int32))


def both_among(judges: Ints, one: Ints, two: Ints) -> Bools:
    """(P,) whether both judges of a pair, `one` and `two` (P,), are of these."""
    return np.asarray(np.isin(one, judges) & np.isin(two, judges))


def square(judges: int, shown: int) -> tuple[str, ...]:
    """A note on judges whose pairs are not shown; () where all are."""
    if judges <= shown:
        return ()
    return (
        f"Of {judges:,} judges, the pairs of {shown} are shown: those with most votes, and where "
        "judges saw different items those who share most of them.",
    )
