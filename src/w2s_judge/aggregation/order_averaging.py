"""One number an item and judge: both orders of a judge, and repeated votes, become their mean.

A judge who was asked in both orders has two raters in the votes. Their mean on the judge's own
scale cancels a liking for the first response, and an inconsistent pair lands in the middle: two
halves of one opinion instead of two opinions (order swapping as in Wang et al. 2023,
arXiv 2305.17926, section 4).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Truth
from w2s_judge.votes import VoteMatrix

DIGITS = 9  # of the scale's range: expected levels that differ by rounding alone are ties
NEEDS_ORDER = (
    "{method} needs votes that stand on one line, and these {L} labels have no order\n"
    "  take dawid-skene, or name the order of the labels"
)


@dataclass(frozen=True, eq=False, slots=True)
class Opinions:
    """One number an item and unit; a unit is a rater, or a judge whose orders were averaged.

    item, unit : (n,) indices, sorted by item, then unit, each pair once
    value      : (n,) on the unit's own scale, ascending with the truth classes
    weight     : (n,) mean weight of the votes behind a number
    units      : (n_units,) names
    of_rater   : (J,) unit of each rater; -1 for a rater who is left out
    I          : number of items, those without a vote too
    """

    item: Ints
    unit: Ints
    value: Floats
    weight: Floats
    units: tuple[str, ...]
    of_rater: Ints
    I: int  # noqa: E741 (the field's letter)

    def only(self, units: Ints) -> Opinions:
        """These units alone, in this order; the raters of the others get -1."""
        new = np.full(len(self.units) + 1, -1, dtype=np.int32)  # the last entry keeps -1 at -1
        new[units] = np.arange(len(units))
        kept = new[self.unit] >= 0
        return Opinions(
            self.item[kept],
            new[self.unit[kept]],
            self.value[kept],
            self.weight[kept],
            tuple(self.units[u] for u in units),
            new[self.of_rater],
            self.I,
        )


def opinions(votes: VoteMatrix, truth: Truth, method: str, *, average_orders: bool) -> Opinions:
    """Votes as one number an item and unit.

    Raises `ConfigurationError` in the name of `method` where the labels stand on no line.
    """
    number = vote_numbers(votes, truth, method)
    of_rater, units = units_of(votes) if average_orders else (np.arange(votes.J), votes.raters)
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    key = votes.item.astype(np.int64) * len(units) + of_rater[votes.rater]
    cell, place = np.unique(key, return_inverse=True)
    total = np.bincount(place, weights=weight)
    value = np.bincount(place, weights=weight * number) / total
    return Opinions(
        (cell // len(units)).astype(np.int32),
        (cell % len(units)).astype(np.int32),
        np.round(value, DIGITS),
        total / np.bincount(place),
        tuple(units),
        of_rater.astype(np.int32),
        votes.I,
    )


def vote_numbers(votes: VoteMatrix, truth: Truth, method: str) -> Floats:
    """(V,) votes as numbers in [0, 1] that ascend with the truth classes.

    Ordered labels: the level, of soft votes the expected level. Labels without an order: the mass
    on the second of two classes.
    """
    if votes.ordered:
        low, high = votes.scale.min(), votes.scale.max()
        number = (votes.scores - low) / (high - low if high > low else 1.0)
        falling = truth.of_label is not None and truth.of_label[0] > truth.of_label[-1]
        return np.asarray(1 - number if falling else number)
    if truth.C > 2 or (truth.of_label is None and votes.L != 2):
        raise ConfigurationError(NEEDS_ORDER.format(method=method, L=votes.L))
    onto = np.arange(votes.L) if truth.of_label is None else np.asarray(truth.of_label)
    if votes.label is not None:
        return np.asarray(onto[votes.label], dtype=np.float64)
    return np.asarray(votes.soft() @ onto)


def units_of(votes: VoteMatrix) -> tuple[Ints, tuple[str, ...]]:
    """(J,) unit of each rater, and the units' names; raters of a judge in two orders share one."""
    if votes.judge is None or votes.order is None:
        return np.arange(votes.J, dtype=np.int32), votes.raters
    orders: dict[str, set[str]] = {}
    for judge, order in zip(votes.judge, votes.order, strict=True):
        if order is not None:
            orders.setdefault(judge, set()).add(order)
    names: dict[tuple[str, bool], int] = {}  # a judge's averaged unit, or a rater of its own
    of_rater = np.zeros(votes.J, dtype=np.int32)
    for j, (judge, order) in enumerate(zip(votes.judge, votes.order, strict=True)):
        both = order is not None and len(orders[judge]) > 1
        of_rater[j] = names.setdefault((judge if both else votes.raters[j], both), len(names))
    return of_rater, tuple(name for name, _ in names)
