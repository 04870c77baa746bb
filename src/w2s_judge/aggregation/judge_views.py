"""Votes as standardised numbers, laid out item by judge, whatever kind of labels they have.

Labels on one line: one view, the normal scores of the votes within each judge. Labels without an
order: a view a label, its mass less the judge's mean, so that the correlation of two judges is that
of all indicators together. Judges can be merged into one who votes the mean of its members.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.correlation import standardised
from w2s_judge.aggregation.order_averaging import opinions
from w2s_judge.arrays import Ints
from w2s_judge.errors import ConfigurationError
from w2s_judge.votes import VoteMatrix

SMALLEST = 1e-9  # squares below are rounding: such a judge never varies


@dataclass(frozen=True, eq=False, slots=True)
class JudgeViews:
    """Views (I, J) of judges that vary, in compressed rows.

    views    : 0 where there is no vote
    mask     : 1 where there is one
    units    : names, length J; a judge in both orders of a comparison is one
    of_rater : rater of the votes -> unit, -1 where it never votes or never varies
    """

    views: tuple[Any, ...]
    mask: Any
    units: tuple[str, ...]
    of_rater: Ints

    @classmethod
    def of(cls, votes: VoteMatrix) -> JudgeViews:
        """Lay out votes; gold plays no part."""
        try:
            graded = opinions(votes, votes.truth_with(None), "near copies", average_orders=True)
        except ConfigurationError:  # labels that stand on no line
            return _nominal(votes)
        z, varies = standardised(graded)
        kept = z.only(np.flatnonzero(varies).astype(np.int32))
        shape, where = (kept.I, len(kept.units)), (kept.item, kept.unit)
        view = sparse.csr_array((kept.value, where), shape=shape)
        mask = sparse.csr_array((np.ones(len(kept.item)), where), shape=shape)
        return cls((view,), mask, kept.units, kept.of_rater)

    def merged(self, clusters: tuple[tuple[int, ...], ...]) -> tuple[tuple[Any, ...], Any]:
        """Views and mask of judges who are each the mean of the members who voted."""
        member = np.concatenate([np.asarray(one, dtype=np.int64) for one in clusters])
        cluster = np.repeat(np.arange(len(clusters)), [len(one) for one in clusters])
        shape = (len(self.units), len(clusters))
        onto = sparse.csr_array((np.ones(len(member)), (member, cluster)), shape=shape)
        count = sparse.csr_array(self.mask @ onto)
        share = count.copy()
        share.data = 1 / share.data
        mask = count.copy()
        mask.data = np.ones_like(mask.data)
        views = tuple(sparse.csr_array((view @ onto).multiply(share)) for view in self.views)
        return views, mask


def _nominal(votes: VoteMatrix) -> JudgeViews:
    key = votes.item.astype(np.int64) * votes.J + votes.rater
    cell, place, times = np.unique(key, return_inverse=True, return_counts=True)
    item, rater = np.divmod(cell, votes.J)
    count = np.maximum(np.bincount(rater, minlength=votes.J), 1)
    values, squares = [], np.zeros(votes.J)
    for label in range(votes.L):
        mass = votes.label == label if votes.label is not None else votes.soft()[:, label]
        mean = np.bincount(place, weights=mass, minlength=len(cell)) / times
        usual = np.bincount(rater, weights=mean, minlength=votes.J) / count
        values.append(mean - usual[rater])
        squares += np.bincount(rater, weights=values[-1] ** 2, minlength=votes.J)
    varies = squares > SMALLEST
    of_rater = np.where(varies, np.cumsum(varies) - 1, -1).astype(np.int32)
    kept = varies[rater]
    shape, where = (votes.I, int(varies.sum())), (item[kept], of_rater[rater[kept]])
    mask = sparse.csr_array((np.ones(int(kept.sum())), where), shape=shape)
    views = tuple(sparse.csr_array((value[kept], where), shape=shape) for value in values)
    units = tuple(votes.raters[j] for j in np.flatnonzero(varies))
    return JudgeViews(views, mask, units, of_rater)
