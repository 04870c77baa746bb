"""Votes under a rubric that compares two responses, as comparisons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import FIRST, SECOND, TIE, Comparisons
from w2s_judge.ranking.responses import judges_of, responses
from w2s_judge.votes import VoteMatrix

EVEN = 0.5  # the utility of the first response that a tie has


def compared(votes: VoteMatrix, worth: Sequence[float]) -> Comparisons:
    """One comparison a vote: objects are the responses of a prompt, raters the judges.

    worth : (L,) utility in [0, 1] of the *first* response of the item under each label. Above .5
            the label says that the first is better, at .5 a tie, below .5 that the second is; how
            far off .5 it lies does not count ("slightly better", .75, is better).

    A response is named by its position (`responses.positions`), its question by the item. Both
    orders of a judge are one rater. Left is what was shown first: the item's second response in
    order "ba"; where a vote has no order, the item's first. Where no vote has one, the comparisons
    are not `ordered`. Raises `ValueError` where the votes are not about two responses each.
    """
    if len(worth) != votes.L:
        raise ValueError(f"worth has one utility a label: {votes.L}, not {len(worth)}")
    found = responses(votes, arity=2)
    judges, of_rater, unsure = judges_of(votes)
    utility = np.asarray(worth, dtype=np.float64)
    side = np.select([utility > EVEN, utility < EVEN], [FIRST, SECOND], TIE).astype(np.int32)
    # Hard votes are read by label, so that many labels cost no row of labels a vote.
    outcome = np.eye(3)[side][votes.label] if votes.label is not None else _summed(votes, side)
    orders = votes.order or (None,) * votes.J
    known = np.array([order is not None for order in orders], dtype=np.bool_)
    swapped = np.array([order == "ba" for order in orders], dtype=np.bool_)[votes.rater]
    pair = found.of_item[votes.item]
    return Comparisons(
        objects=found.objects,
        question=found.question,
        questions=found.questions,
        raters=judges,
        left=np.where(swapped, pair[:, 1], pair[:, 0]),
        right=np.where(swapped, pair[:, 0], pair[:, 1]),
        rater=of_rater[votes.rater],
        outcome=np.where(swapped[:, None], outcome[:, ::-1], outcome),
        group=found.prompt[votes.item],
        weight=votes.weight,
        ordered=bool(known[votes.rater].any()),
        uncalibrated=unsure,
    )


def _summed(votes: VoteMatrix, side: Ints) -> Floats:
    """(V, 3) the mass on each side, from the side of each label (L,)."""
    mass = votes.soft()
    return np.stack([mass[:, side == k].sum(axis=1) for k in range(3)], axis=1)
