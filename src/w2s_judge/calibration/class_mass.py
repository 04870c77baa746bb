"""Each vote as mass over the truth classes, where it is known which label means which."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def class_mass(votes: VoteMatrix, gold: Gold | None) -> Floats | None:
    """(V, C); a scale without a map is cut into equal ranges, one a class.

    None where the labels have neither a map to the classes nor an order.
    """
    truth = votes.truth_with(gold)
    of_label = truth.of_label
    if of_label is None:
        if not votes.ordered or votes.L < truth.C:
            return None
        of_label = tuple(level * truth.C // votes.L for level in range(votes.L))
    onto = np.eye(truth.C)[list(of_label)]
    return np.asarray(onto[votes.label] if votes.label is not None else votes.soft() @ onto)


def class_shares(votes: VoteMatrix, mass: Floats) -> tuple[Floats, Floats]:
    """(I, C) each item's share of the votes, by weight, and (I,) the votes; silence has zeros."""
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    columns = [np.bincount(votes.item, weights=one * weight, minlength=votes.I) for one in mass.T]
    total = np.stack(columns, axis=1)
    count = total.sum(axis=1)
    share = np.divide(total, count[:, None], out=np.zeros_like(total), where=count[:, None] > 0)
    return share, count
