"""Sums over the items that two judges share, by block of prompts: correlations of many pairs.

A correlation of a pair over its common items is a function of three sums. Kept by block, the sums
of a draw of the bootstrap are a row of weights times them.

Letters: I items, J judges, P pairs, n blocks, D views (numbers that an item has for each judge, one
a class, say: sums run over them, too).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Floats, Ints

CELLS = 2_000_000  # of a plain array of some items by the pairs
LEAST = 1e-9  # sums of squares below are those of a judge who never varies


@dataclass(frozen=True, eq=False, slots=True)
class Pairs:
    """Pairs of judges `one` < `two`, each (P,), and how many items they share, `items` (P,)."""

    one: Ints
    two: Ints
    items: Ints

    @classmethod
    def sharing(cls, mask: Any, least: int) -> Pairs:
        """All pairs with at least `least` items in common; mask (I, J) is 1 where there is a vote.

        By `one`, then `two`.
        """
        shared = sparse.triu(sparse.csr_array(mask.T @ mask), k=1).tocoo()
        found = np.flatnonzero(shared.data >= least)
        found = found[np.lexsort((shared.col[found], shared.row[found]))]
        return cls(*(
            np.asarray(part[found], dtype=np.int32)
            for part in (shared.row, shared.col, shared.data)
        ))  # fmt: skip

    def most_shared(self, most: int) -> Pairs:
        """The `most` pairs with most items in common, in the order that they have here."""
        if len(self.one) <= most:
            return self
        kept = np.sort(np.argsort(-self.items, kind="stable")[:most])
        return Pairs(self.one[kept], self.two[kept], self.items[kept])


def pair_sums(views: Sequence[Any], mask: Any, pairs: Pairs, block: Ints, n: int) -> Floats:
    """(n, 3 P) sums by block over the items that a pair shares.

    views : D matrices (I, J), sparse, 0 where there is no vote
    mask  : (I, J) sparse, 1 where there is one
    block : (I,) of each item, 0 .. n-1

    Columns: products of the two, then squares of the first, then squares of the second.
    """
    judges, place = np.unique(np.concatenate([pairs.one, pairs.two]), return_inverse=True)
    one, two = np.split(place, 2)
    P = len(one)  # noqa: N806
    some = [sparse.csr_array(sparse.csc_array(view)[:, judges]) for view in views]
    voted = sparse.csr_array(sparse.csc_array(mask)[:, judges])
    total = np.zeros((n, 3 * P))
    step = max(1, CELLS // max(P, len(judges), 1))
    for start in range(0, voted.shape[0], step):
        rows = slice(start, start + step)
        there = voted[rows].toarray()
        if not there.any():
            continue
        found = np.zeros((len(there), 3 * P))
        for view in some:
            value = view[rows].toarray()
            squares = value * value
            found[:, :P] += value[:, one] * value[:, two]
            found[:, P : 2 * P] += squares[:, one] * there[:, two]
            found[:, 2 * P :] += squares[:, two] * there[:, one]
        where = (block[rows], np.arange(len(there)))
        total += sparse.csr_array((np.ones(len(there)), where), shape=(n, len(there))) @ found
    return total


def correlations(sums: Floats) -> Floats:
    """(..., P) correlations from sums (..., 3 P); 0 where one of the two never varies."""
    product, first, second = np.split(sums, 3, axis=-1)
    scale = np.sqrt(np.maximum(first, 0) * np.maximum(second, 0))
    found = np.divide(product, scale, out=np.zeros_like(product), where=scale > LEAST)
    return np.asarray(np.clip(found, -1.0, 1.0))


def squared(values: Floats, pairs: Pairs, J: int) -> Floats:  # noqa: N803
    """(..., J, J) symmetric matrices of the pairs' values (..., P), with zeros on the diagonal.

    Pairs that are unknown have the mean of those that are known.
    """
    mean = values.mean(axis=-1) if values.shape[-1] else np.zeros(values.shape[:-1])
    full = np.broadcast_to(mean[..., None, None], (*values.shape[:-1], J, J)).copy()
    full[..., pairs.one, pairs.two] = full[..., pairs.two, pairs.one] = values
    full[..., np.arange(J), np.arange(J)] = 0.0
    return full
