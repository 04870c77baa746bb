"""Kendall's tau-b of two judges' scores, from how often two values were given together.

Kendall (1945, Biometrika 33): pairs of items that both judges put in the same order, less those
that they put in opposite orders, over the geometric mean of the pairs that each tells apart.

Letters: K and M distinct values of two judges, V votes, J judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.agreement.cohen import contingency
from w2s_judge.audit.agreement.common_items import CommonItems
from w2s_judge.audit.agreement.label_counts import Column

MOST = 64  # distinct values of a judge; more are cut into so many parts of equal size
SAME = 9  # decimals: values nearer to one another differ by rounding alone


@dataclass(frozen=True, eq=False, slots=True)
class Concordance:
    """Pairs of items by their order, as shares of all n^2 ordered pairs.

    agreed         : in the same order, less those in opposite orders
    first, second  : that the one judge, and the other, tells apart
    of_cell        : (K, M) the same as `agreed`, of the pairs that an item of the cell is in
    of_row, of_column : (K,) and (M,) the same as `first` and `second`
    """

    agreed: float
    first: float
    second: float
    of_cell: Floats
    of_row: Floats
    of_column: Floats

    @classmethod
    def of(cls, table: Floats) -> Concordance:
        """From counts (K, M) of the values given together, both ascending."""
        share = table / max(float(table.sum()), 1.0)
        of_cell = _order(len(table)) @ share @ _order(table.shape[1]).T
        row, column = share.sum(axis=1), share.sum(axis=0)
        of_row, of_column = share.sum() - row, share.sum() - column
        return cls(
            float((share * of_cell).sum()), float(row @ of_row), float(column @ of_column),
            of_cell, of_row, of_column,
        )  # fmt: skip

    @property
    def tau_b(self) -> float:
        """NaN where a judge tells nothing apart."""
        scale = self.first * self.second
        return float(np.clip(self.agreed / np.sqrt(scale), -1, 1)) if scale > 0 else np.nan


def _order(size: int) -> Floats:
    """(size, size) 1 where the row is above the column, -1 where it is below."""
    return np.sign(np.subtract.outer(np.arange(size), np.arange(size))).astype(np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class Taus:
    """one, two (P,) judges; items (P,) in common; value (P,), NaN where it does not exist."""

    one: Ints
    two: Ints
    items: Ints
    value: Floats


def kendall_taus(item: Column, rater: Column, score: Column) -> Taus:
    """Tau-b of each two raters over the items that both scored, once each.

    item (V,), rater (V,) are integers from 0. A rater's scores of more than 64 distinct values are
    cut into 64 parts of equal size. Raises `ValueError` where a rater scored an item twice.
    """
    raters = int(rater.max(initial=-1)) + 1
    coded = ScoreCodes.of(rater, score, raters)
    common = CommonItems.of(item, rater, raters)
    pairs = common.pairs()
    items, values = [], []
    for one, two, first, second in common.votes(pairs):
        table = coded.table(one, two, first, second)
        items.append(len(first))
        values.append(Concordance.of(table).tau_b)
    left, right = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    return Taus(left, right, np.array(items, dtype=np.int32), np.array(values))


@dataclass(frozen=True, eq=False, slots=True)
class ScoreCodes:
    """Scores as small integers that keep a judge's order.

    code (V,) from 0; values (J,) how many distinct codes a judge has; cut (J,) whether its scores
    had more than 64 distinct values and were cut into parts of equal size (ties stay together)
    """

    code: Column
    values: Column
    cut: Bools

    @classmethod
    def of(cls, rater: Column, score: Column, raters: int) -> ScoreCodes:
        """Number the scores (V,) of each rater (V,) in 0 .. J-1."""
        number = np.round(np.asarray(score, dtype=np.float64), SAME)
        order = np.lexsort((number, rater))
        sorted_number, sorted_rater = number[order], rater[order]
        fresh = np.ones(len(order), dtype=np.bool_)
        starts = np.ones(len(order), dtype=np.bool_)
        starts[1:] = sorted_rater[1:] != sorted_rater[:-1]
        fresh[1:] = starts[1:] | (sorted_number[1:] != sorted_number[:-1])
        distinct = np.cumsum(fresh) - 1
        owner = sorted_rater[fresh]
        values = np.bincount(owner, minlength=raters)
        rank = np.arange(len(owner)) - (np.cumsum(values) - values)[owner]
        count = np.bincount(distinct, minlength=len(owner))
        scores = np.bincount(rater, minlength=raters)
        before = np.cumsum(count) - count - (np.cumsum(scores) - scores)[owner]
        part = (MOST * (before + count / 2) / np.maximum(scores, 1)[owner]).astype(np.int64)
        cut = values > MOST
        rank = np.where(cut[owner], part, rank)
        code = np.empty(len(order), dtype=np.int64)
        code[order] = rank[distinct] if len(order) else rank
        return cls(code, np.minimum(values, MOST), cut)

    def table(self, one: int, two: int, first: Column, second: Column) -> Floats:
        """(K, M) counts of what judges `one` and `two` said together at these positions."""
        shape = (int(self.values[one]), int(self.values[two]))
        return contingency(self.code[first], self.code[second], shape)
