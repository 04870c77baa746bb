"""The items that two judges have in common.

Letters: I items, J judges, V votes, P pairs, n items that two judges have in common.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.audit.agreement.label_counts import Column


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

    def pairs(self) -> list[tuple[int, int]]:
        """Each two judges, with items in common or without."""
        J = len(self.place)  # noqa: N806
        return [(a, b) for a in range(J) for b in range(a + 1, J)]

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
