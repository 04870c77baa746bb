"""Krippendorff's alpha: 1 - observed disagreement / disagreement by chance.

Krippendorff (2018, Content Analysis, ch. 12). Each two votes on an item disagree by the squared
distance of their values; chance draws two votes from all. Items with one vote say nothing and are
left out. A distance is, for nominal labels, 0 or 1; for intervals, that of the numbers; for ordinal
values, that of their midranks among all votes: the number of votes between two values with half of
the votes at either is just the difference of midranks. So alpha of any values takes one sort.

Letters: I items, V votes, L labels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.agreement.coefficient import Coefficient, beyond_chance, exact
from w2s_judge.audit.agreement.label_counts import Column, LabelCounts, label_counts
from w2s_judge.audit.resample import Resample, ratio

Metric: TypeAlias = Literal["nominal", "ordinal", "interval"]


def krippendorff_alpha(item: Column, value: Column, metric: Metric = "nominal") -> Coefficient:
    """Alpha of votes given as columns.

    item  : (V,) integers from 0
    value : (V,) for nominal values integers from 0, else numbers; votes may come in any order
    The agreement observed and expected of ordinal and interval values is 1 - mean squared distance
    / largest squared distance. Raises `ValueError` where columns differ in length.
    """
    if metric == "nominal":
        counts = label_counts(item, value)
        sums = counts.weight @ nominal_terms(counts)
        items = int(counts.weight[counts.votes > 1].sum())
        return exact(*nominal_agreement(sums[None]), items, int(sums[1:].sum()))
    spread = Spread.of(item, value, metric)
    observed, expected = spread.agreement()
    return exact(observed, expected, spread.items, spread.votes)


def nominal_terms(counts: LabelCounts) -> Floats:
    """(R, 1 + L) per item: agreeing pairs / (votes - 1), and its votes by label; 0 of one vote."""
    votes = counts.votes[:, None]
    paired = counts.table * (votes > 1)
    same = (paired * (paired - 1)).sum(axis=1, keepdims=True)
    return np.concatenate([same / np.maximum(votes - 1, 1), paired], axis=1)


def nominal_agreement(sums: Floats) -> tuple[Floats, Floats]:
    """Observed and expected agreement (B,) from sums (B, 1 + L) of `nominal_terms`."""
    by_label = sums[:, 1:]
    votes = by_label.sum(axis=1)
    return ratio(sums[:, 0], votes), ratio((by_label * (by_label - 1)).sum(axis=1),
                                           votes * (votes - 1))  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Spread:
    """Distances of numbers within items and among all of them.

    item   : (n,) of the votes on items with two or more
    value  : (n,) numbers, or midranks, less their mean
    rank   : (n,) which distinct value a vote has, where values are midranks; else None
    within : (I,) per item, sum of squared distances over ordered pairs / (votes - 1)
    total  : (I,) sum of values;  squares : (I,) sum of their squares;  count : (I,) votes
    """

    item: Column
    value: Floats
    rank: Column | None
    within: Floats
    total: Floats
    squares: Floats
    count: Floats

    @classmethod
    def of(cls, item: Column, value: Column, metric: Metric, items: int = 0) -> Spread:
        """Lay out votes; `items` is I where there are items without a vote at the end."""
        if len(item) != len(value):
            raise ValueError("item and value have one entry a vote")
        voted = np.bincount(item, minlength=items)
        several = voted > 1
        if not several.all():
            kept = several[item]
            item, value = item[kept], value[kept]
        rank = None
        number = np.asarray(value, dtype=np.float64)
        if metric == "ordinal":
            number, rank = _midranks(value)
        number = number - (number.mean() if len(number) else 0.0)
        count = np.where(several, voted, 0).astype(np.float64)
        total = np.bincount(item, weights=number, minlength=len(count)).astype(np.float64)
        squares = np.bincount(item, weights=number * number, minlength=len(count))
        apart = np.maximum(count * squares - total * total, 0.0)
        within = 2 * apart / np.maximum(count - 1, 1)
        return cls(item, number, rank, within, total, squares.astype(np.float64), count)

    @property
    def items(self) -> int:
        """Items with two votes or more."""
        return int(np.count_nonzero(self.count))

    @property
    def votes(self) -> int:
        """Votes on them."""
        return len(self.item)

    @property
    def _widest(self) -> float:
        """The largest squared distance of two votes."""
        return float(np.ptp(self.value)) ** 2 if self.votes else 0.0

    def agreement(self) -> tuple[Floats, Floats]:
        """Observed and expected agreement, (1,) each."""
        terms = np.stack([self.within, self.count, self.total, self.squares], axis=1)
        return self._agreement(terms.sum(axis=0)[None])

    def drawn(self, resample: Resample) -> Floats:
        """(1 + B,) alpha, and alpha of each draw of prompts.

        Of midranks, which themselves depend on all votes, the draws are those of the linear
        approximation around the value: as good as working them out anew but for terms of 1 / n.
        """
        item = np.flatnonzero(self.count)
        columns = [self.within, self.count, self.total, self.squares]
        if self.rank is None:
            terms = np.stack(columns, axis=1)[item]
            return beyond_chance(*self._agreement(resample.sums(item, terms)))
        if not self._widest:
            return np.full(1 + len(resample.weights), np.nan)
        terms = np.stack([*self._slopes(self.rank), self.count], axis=1)[item]
        sums = resample.sums(item, terms)
        scaled = sums[:, :2] * ratio(np.full(len(sums), float(self.votes)), sums[:, 2])[:, None]
        apart, possible = self._apart
        disagreed = apart + scaled[:, 0] - sums[0, 0]
        return np.asarray(1 - ratio(disagreed, possible + scaled[:, 1] - sums[0, 1]))

    def _agreement(self, sums: Floats) -> tuple[Floats, Floats]:
        """From sums (B, 4) of within, count, total, squares."""
        within, count, total, squares = sums.T
        widest = np.full(len(sums), self._widest)
        observed = 1 - ratio(ratio(within, count), widest)
        chance = 2 * ratio(count * squares - total * total, count * (count - 1))
        return observed, 1 - ratio(chance, widest)

    @property
    def _apart(self) -> tuple[float, float]:
        """Disagreement observed and by chance, each times the votes."""
        n = self.votes
        possible = n * self.squares.sum() - self.total.sum() ** 2
        return float(self.within.sum()), float(2 * possible / max(n - 1, 1))

    def _slopes(self, rank: Column) -> tuple[Floats, Floats]:
        """(I,) each: how an item weighs in the two disagreements, its pull on all ranks included.

        A vote more at value g lifts the midranks above g by 1 and that of g by 1/2.
        """
        n, count = self.votes, np.maximum(self.count - 1, 1)
        whole, own = self.total.sum(), self.value
        pull = 4 * (self.count[self.item] * own - self.total[self.item]) / count[self.item]
        drift = 4 * (n * own - whole) / max(n - 1, 1)
        direct = 2 * (n * own * own - 2 * whole * own) / max(n - 1, 1)
        I = len(self.count)  # noqa: N806, E741
        within = np.bincount(self.item, _lifted(pull, rank)[rank], minlength=I)
        chance = np.bincount(self.item, direct + _lifted(drift, rank)[rank], minlength=I)
        return self.within + within, chance.astype(np.float64)


def _lifted(slope: Floats, rank: Column) -> Floats:
    """By distinct value: the slopes of all votes above it, and half of those at it."""
    at = np.bincount(rank, weights=slope)
    return np.asarray(at[::-1].cumsum()[::-1] - at / 2)


def _midranks(value: Column) -> tuple[Floats, Column]:
    """(n,) midranks from 0, and (n,) the place of each value among the distinct ones."""
    if len(value) and value.dtype.kind in "iu" and np.ptp(value) < len(value):
        low = value.min()
        count = np.bincount(value - low)
        place = np.cumsum(count > 0) - 1
        rank, count = place[value - low], count[count > 0]
    else:
        _, rank, count = np.unique(value, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    return middle[rank], rank
