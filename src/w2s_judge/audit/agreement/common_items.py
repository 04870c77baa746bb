"""The items that two judges have in common, for each two judges or for those who share most.

Letters: I items, J judges, V votes, P pairs, n items that two judges have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from w2s_judge.audit.agreement.label_counts import Column

DENSE = 0.05  # share of cells filled, from which on plain products are quicker than sparse ones
PART = 2**22  # cells of a plain table held at a time


@dataclass(frozen=True, eq=False, slots=True)
class CommonItems:
    """Votes laid out by judge.

    place : J arrays, the positions of each judge's votes;  item : (V,) the item of each vote
    """

    item: Column
    place: tuple[Column, ...]
    items: int

    @classmethod
    def of(cls, item: Column, rater: Column, raters: int, items: int = 0) -> CommonItems:
        """Lay out one vote an item and rater: item (V,), rater (V,) in 0 .. J-1; any order.

        Raises `ValueError` where somebody voted on an item twice.
        """
        if len(item) != len(rater):
            raise ValueError("item and rater have one entry a vote")
        size = max(items, int(item.max(initial=-1)) + 1)
        by_rater = np.argsort(rater, kind="stable")
        ends = np.cumsum(np.bincount(rater, minlength=raters))[:-1]
        place = tuple(np.split(by_rater, ends))
        for mine in place:
            if len(mine) and np.bincount(item[mine]).max() > 1:
                raise ValueError("a rater has at most one vote on an item")
        return cls(item, place, size)

    def shared(self) -> Column:
        """(J, J) how many items each two judges have in common."""
        J = len(self.place)  # noqa: N806
        rater = np.repeat(np.arange(J), [len(mine) for mine in self.place])
        item = self.item[np.concatenate(self.place)] if J else self.item
        if len(item) < DENSE * J * self.items:
            shape = (self.items, J)
            mask = sparse.csr_array((np.ones(len(item)), (item, rater)), shape=shape)
            return np.asarray((mask.T @ mask).todense()).astype(np.int64)
        found = np.zeros((J, J))
        order = np.argsort(item, kind="stable")
        size = max(1, PART // max(J, 1))
        starts = range(0, self.items, size)
        ends = np.searchsorted(item[order], [*starts, self.items])
        for start, begin, end in zip(starts, ends[:-1], ends[1:], strict=True):
            here = order[begin:end]
            plain = np.zeros((size, J), dtype=np.float32)
            plain[item[here] - start, rater[here]] = 1
            found += plain.T @ plain
        return found.astype(np.int64)

    def pairs(self, most: int | None = None) -> list[tuple[int, int]]:
        """Judges with an item in common; of more than `most` pairs those who share most items."""
        J = len(self.place)  # noqa: N806
        if most is None or most >= J * (J - 1) // 2:
            return [(a, b) for a in range(J) for b in range(a + 1, J)]
        one, two = np.triu_indices(J, 1)
        count = self.shared()[one, two]
        best = np.lexsort((two, one, -count))[:most]
        best = np.sort(best[count[best] > 0])
        return list(zip(one[best].tolist(), two[best].tolist(), strict=True))

    def votes(self, pairs: list[tuple[int, int]]) -> Iterator[tuple[int, int, Column, Column]]:
        """For each pair: the two judges, and the positions (n,) of their votes on common items."""
        where = np.full(self.items, -1, dtype=np.int64)
        filled = -1
        for one, two in pairs:
            if one != filled:
                if filled >= 0:
                    where[self.item[self.place[filled]]] = -1
                where[self.item[self.place[one]]] = self.place[one]
                filled = one
            found = where[self.item[self.place[two]]]
            both = found >= 0
            yield one, two, found[both], self.place[two][both]
