"""A judge's vote beside the mean of the other judges' votes on the same item.

Letters: V votes (one a judge and item), N judges, B draws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Floats
from w2s_judge.votes import VoteMatrix

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Against:
    """Votes on items on which another judge voted, too; (k,) each.

    vote   : index into the votes
    others : mean value of the other judges' votes on the item
    apart  : the vote's value minus that mean
    """

    vote: Places
    others: Floats
    apart: Floats


def against_others(votes: VoteMatrix, value: Floats) -> Against:
    """Set each vote's value (V,) beside those of the other raters on its item."""
    total = np.bincount(votes.item, weights=value, minlength=votes.I)
    count = np.bincount(votes.item, minlength=votes.I)
    vote = np.flatnonzero(count[votes.item] > 1)
    item = votes.item[vote]
    others = (total[item] - value[vote]) / (count[item] - 1)
    return Against(vote, others, value[vote] - others)


def vote_values(votes: VoteMatrix, worth: Floats) -> Floats:
    """(V,) the worth (L,) of the label voted for; of soft votes the expected worth."""
    return np.asarray(worth[votes.label] if votes.label is not None else votes.soft() @ worth)


def median_of_others(values: Floats) -> Floats:
    """(1 + B, N) the median of each row without the element itself, NaN left out.

    NaN where no other element of the row is known, or the element itself is not.
    """
    order = np.argsort(values, axis=1, kind="stable")  # NaN last
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(values.shape[1])[None], axis=1)
    ascending = np.take_along_axis(values, order, axis=1)
    others = np.isfinite(values).sum(axis=1, keepdims=True) - 1
    ends = []
    for middle in ((others - 1) // 2, others // 2):
        place = np.clip(middle + (rank <= middle), 0, max(values.shape[1] - 1, 0))
        ends.append(np.take_along_axis(ascending, place, axis=1))
    known = np.isfinite(values) & (others > 0)
    return np.where(known, (ends[0] + ends[1]) / 2, np.nan)
