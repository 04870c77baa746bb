"""Each vote as mass over the truth classes, where it is known which label means which."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix


def known_classes(votes: VoteMatrix, truth: Truth) -> Ints | None:
    """(L,) class of each label; an ordered scale without a map is cut as evenly as it can be.

    None where the labels have neither a map to the classes nor an order.
    """
    if truth.of_label is not None:
        return np.asarray(truth.of_label, dtype=np.int32)
    if not votes.ordered or votes.L < truth.C:
        return None
    return (np.arange(votes.L) * truth.C // votes.L).astype(np.int32)


def onto_classes(votes: VoteMatrix, of_label: Ints, C: int) -> Floats:  # noqa: N803
    """(V, C) each vote's mass over the classes."""
    onto = np.eye(C)[of_label]
    return np.asarray(onto[votes.label] if votes.label is not None else votes.soft() @ onto)


def class_mass(votes: VoteMatrix, gold: Gold | None) -> Floats | None:
    """(V, C) as `onto_classes`; None where it is not known which label means which class."""
    truth = votes.truth_with(gold)
    of_label = known_classes(votes, truth)
    return None if of_label is None else onto_classes(votes, of_label, truth.C)


def item_sums(votes: VoteMatrix, rows: Floats) -> Floats:
    """(I, n) sums over an item's votes of rows (V, n)."""
    sums = [np.bincount(votes.item, weights=one, minlength=votes.I) for one in rows.T]
    return np.stack(sums, axis=1).astype(np.float64)  # of no votes at all, counts are integers


def class_shares(votes: VoteMatrix, mass: Floats) -> tuple[Floats, Floats]:
    """(I, C) each item's share of the votes, by weight, and (I,) the votes; silence has zeros."""
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    total = item_sums(votes, mass * weight[:, None])
    count = total.sum(axis=1)
    share = np.divide(total, count[:, None], out=np.zeros_like(total), where=count[:, None] > 0)
    return share, count
