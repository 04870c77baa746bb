"""Cohen's kappa of two judges, and weighted kappa.

Cohen (1960, Educational and Psychological Measurement 20; 1968, Psychological Bulletin 70). Chance
is that of two judges who each keep to their own shares of labels.

Letters: L labels, J judges, P pairs of judges, V votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.agreement.coefficient import Coefficient, exact, identity_weights
from w2s_judge.audit.agreement.common_items import CommonItems
from w2s_judge.audit.agreement.label_counts import Column


@dataclass(frozen=True, eq=False, slots=True)
class Kappas:
    """one, two (P,) judges; items (P,) in common; value (P,), NaN where it does not exist."""

    one: Ints
    two: Ints
    items: Ints
    value: Floats


def cohen_kappa(table: Floats, weights: Floats | None = None) -> Coefficient:
    """Kappa from a table (L, L) of counts: rows what one judge said, columns what the other did.

    weights : (L, L) in [0, 1], how far two labels count as the same; None: not at all
    """
    weights = identity_weights(len(table)) if weights is None else weights
    items = int(table.sum())
    observed, expected = kappa_agreement(table, weights)
    return exact(np.array([observed]), np.array([expected]), items, 2 * items)


def cohen_kappas(
    item: Column, rater: Column, label: Column, labels: int | None = None,
    weights: Floats | None = None,
) -> Kappas:  # fmt: skip
    """Kappa of each two raters over the items that both voted on, once each.

    item (V,), rater (V,), label (V,) are integers from 0. Raises `ValueError` where a rater voted
    twice on an item.
    """
    L = int(label.max(initial=-1)) + 1 if labels is None else labels  # noqa: N806
    weights = identity_weights(L) if weights is None else weights
    common = CommonItems.of(item, rater, int(rater.max(initial=-1)) + 1)
    pairs = common.pairs()
    items, values = [], []
    for _, _, first, second in common.votes(pairs):
        found = cohen_kappa(contingency(label[first], label[second], (L, L)), weights)
        items.append(found.items)
        values.append(np.nan if found.value is None else found.value)
    one, two = np.array(pairs, dtype=np.int32).reshape(-1, 2).T
    return Kappas(one, two, np.array(items, dtype=np.int32), np.array(values))


def contingency(one: Column, two: Column, shape: tuple[int, int]) -> Floats:
    """Counts of what was said together: `one` and `two` (n,) are rows and columns."""
    cell = one.astype(np.intp) * shape[1] + two
    return np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def kappa_agreement(table: Floats, weights: Floats) -> tuple[float, float]:
    """Observed and expected agreement; NaN of an empty table."""
    total = table.sum()
    if not total:
        return np.nan, np.nan
    share = table / total
    expected = share.sum(axis=1) @ weights @ share.sum(axis=0)
    return float((weights * share).sum()), float(expected)
