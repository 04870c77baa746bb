"""Folds of labelled items: a group stays together, classes are spread, the seed decides the rest.

The groups are dealt out in random order, large ones first, each to the fold where it adds least to
the sum over classes of (items of the class in the fold)^2 / items of the class: the fold that has
fewest of its classes.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Ints


def folds_of(label: Ints, group: Ints, folds: int, seed: int) -> Ints:
    """(n,) fold of each item from label (n,) and group (n,); at most one fold a group.

    With fewer groups than folds each group is a fold: leave one out.
    """
    if folds < 2:
        raise ValueError("there are at least 2 folds")
    if not len(label):
        return np.zeros(0, dtype=np.int32)
    _, member = np.unique(group, return_inverse=True)
    groups = int(member.max()) + 1
    cells = member * (int(label.max()) + 1) + label
    counts = np.bincount(cells, minlength=groups * (int(label.max()) + 1)).reshape(groups, -1)
    total = np.maximum(counts.sum(axis=0), 1)
    order = np.random.default_rng(seed).permutation(groups)
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    have = np.zeros((min(folds, groups), counts.shape[1]))
    fold = np.zeros(groups, dtype=np.int32)
    for g in order:
        added = ((2 * have * counts[g] + counts[g] ** 2) / total).sum(axis=1)
        best = np.lexsort((have.sum(axis=1), np.round(added, 9)))[0]
        fold[g] = best
        have[best] += counts[g]
    return np.asarray(fold[member], dtype=np.int32)
