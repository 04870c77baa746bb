"""Comparisons summed up for Bradley-Terry: how often two objects met, and who won by how much.

Under Bradley-Terry and Davidson's extension the likelihood depends on the records of one pair, in
one order of showing, through their number and the wins of the first less those of the second
alone; ties enter by their sum over all pairs. A million records of a thousand objects are so half
a million cells, whatever is done with them afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons

Places = npt.NDArray[np.intp]
NOTHING = 1e-9  # a share of a cell's mass that is rounding
ROOM = 1 << 16  # cells that may be laid out in full whatever the number of records


@dataclass(frozen=True, eq=False, slots=True)
class PairCounts:
    """K cells, each a pair of objects (in one order of showing, where `ordered`).

    objects       : how many objects there are, compared or not
    first, second : (K,) index of each cell's objects; `first` was shown first where `ordered`,
                    and is the lower index where not
    total         : (K,) weighted number of comparisons, above 0
    net           : (K,) weighted mass on first better, less the mass on second better
    ties          : weighted mass on ties, over all cells
    ordered       : whether the order of showing is kept
    both_orders   : some pair was seen in both orders (False where not `ordered`)
    """

    objects: int
    first: Places
    second: Places
    total: Floats
    net: Floats
    ties: float
    ordered: bool
    both_orders: bool

    @property
    def mass(self) -> float:
        """The weighted number of comparisons."""
        return float(self.total.sum())

    def connected(self) -> Ints:
        """(N,) number of each object's connected part."""
        return self._parts(self.first, self.second, "weak")

    def mutual(self) -> Ints:
        """(N,) number of each object's strongly connected part, in the graph of who beat whom.

        A tie goes both ways. Objects are in one part if each beat the other, perhaps by way of
        others; a connected part that is one of these has a maximum of the likelihood (Ford 1957).
        """
        won, lost = self.won(), self.lost()
        both = won & lost
        found = self._parts(self.first[both], self.second[both], "weak")
        if both.all() or not found.any():  # cheaper, and enough where much was compared
            return found
        ahead = np.concatenate([self.first[won], self.second[lost]])
        behind = np.concatenate([self.second[won], self.first[lost]])
        return self._parts(ahead, behind, "strong")

    def won(self) -> Bools:
        """(K,) the first won or tied at least once."""
        return np.asarray(self.total + self.net > NOTHING * self.total)

    def lost(self) -> Bools:
        """(K,) the second won or tied at least once."""
        return np.asarray(self.total - self.net > NOTHING * self.total)

    def _parts(self, tail: Places, head: Places, connection: str) -> Ints:
        arcs = coo_array(
            (np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(self.objects, self.objects)
        )
        found = connected_components(arcs.tocsr(), directed=True, connection=connection)[1]
        return np.asarray(found, dtype=np.int32)


def pair_counts(comparisons: Comparisons, *, ordered: bool) -> PairCounts:
    """Sum the comparisons up; without `ordered` both orders of a pair are one cell."""
    first, second = comparisons.left, comparisons.right
    net = comparisons.outcome[:, FIRST] - comparisons.outcome[:, SECOND]
    weight = comparisons.weight
    if weight is not None:
        net *= weight
    ties = comparisons.outcome[:, TIE]
    if not ordered:
        net = np.where(first > second, -net, net)
        first, second = np.minimum(first, second), np.maximum(first, second)
    begin, place, size = _rows(comparisons)
    key = begin[first]
    key += place[second]
    record, total, net, cells = _summed(key, size, weight, net)
    first, second = first[record], second[record]
    both = ordered and bool(np.isin(begin[second] + place[first], cells, assume_unique=True).any())
    return PairCounts(
        comparisons.N, first.astype(np.intp), second.astype(np.intp), total, net,
        float(ties.sum() if weight is None else ties @ weight), ordered, both,
    )  # fmt: skip


def _rows(comparisons: Comparisons) -> tuple[Places, Places, int]:
    """Where each object's row begins in the question's tables laid end to end, its place there.

    And the number of cells in all of them.
    """
    question = comparisons.question
    objects = np.bincount(question, minlength=comparisons.Q)
    order = np.argsort(question, kind="stable")
    width = objects[question]
    begin, place = np.empty((2, comparisons.N), dtype=np.intp)
    ends = np.cumsum(width[order])
    begin[order] = ends - width[order]
    place[order] = np.arange(comparisons.N) - (np.cumsum(objects) - objects)[question[order]]
    return begin, place, int(ends[-1]) if len(ends) else 0


def _summed(
    key: Places, size: int, weight: Floats | None, net: Floats
) -> tuple[Places, Floats, Floats, Places]:
    """A record of each cell that has any, the cells' sums of weight and of net, and their keys."""
    if size <= 4 * len(key) + ROOM:
        total = np.bincount(key, weight, size)
        cells = np.flatnonzero(total)
        record = np.empty(size, dtype=np.intp)
        record[key] = np.arange(len(key))
        return (
            record[cells],
            total[cells].astype(np.float64),
            np.bincount(key, net, size)[cells].astype(np.float64, copy=False),
            cells,
        )
    cells, record, cell = np.unique(key, return_index=True, return_inverse=True)
    heft = np.bincount(cell, weight, len(cells)).astype(np.float64, copy=False)
    apart = np.bincount(cell, net, len(cells)).astype(np.float64, copy=False)
    return record, heft, apart, cells
