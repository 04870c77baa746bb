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
