"""How the errors of each two judges correlate, and what that makes of the number of judges.

The point values are those of `calibration.dependence`, which says what they are; here they get
intervals. A judge's error on an item is the mass that it put on other classes than the true one,
less its mean error within the class (centred) or over all items (uncentred). These means are held
where they are while prompts are drawn: what they do to a correlation is of second order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.copies import MOST
from w2s_judge.aggregation.pair_sums import Pairs, correlations, pair_sums
from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.resample import Resample
from w2s_judge.calibration.dependence import (
    GOLD,
    OVERLAP,
    POSTERIOR,
    Dependence,
    dependence,
)
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

MOST_PAIRS = MOST * (MOST - 1) // 2  # of so few judges that copies are looked for in their votes
SPARSE_PAIRS = 300  # of more judges: those who share most items


@dataclass(frozen=True, eq=False, slots=True)
class ErrorCorrelation:
    """Correlations of errors, in the data and in draws of prompts.

    overall   : the figures of the whole panel
    pairs     : P of the pairs that share at least 30 items (all, but of very many judges)
    centred   : (1 + B, P), row 0 that of the data
    uncentred : (1 + B, P)
    mask      : (I, J) sparse, 1 where an error is known
    """

    overall: Dependence
    pairs: Pairs
    centred: Floats
    uncentred: Floats
    mask: Any

    @property
    def gold(self) -> bool:
        """Whether errors are those against gold."""
        return self.overall.truth == GOLD

    @property
    def items(self) -> Ints:
        """Items with an error of somebody."""
        return np.flatnonzero(np.diff(self.mask.indptr)).astype(np.int32)

    def mean(self, values: Floats, point: float) -> Floats:
        """(1 + B,) mean over all pairs; `point` is that of the data.

        Draws of the pairs that are here stand for those of all.
        """
        mean = values.mean(axis=1)
        return np.asarray(mean - mean[0] + point)

    def effective(self) -> Floats:
        """(1 + B,) n / (1 + (n - 1) phi), phi the centred mean, for at least 0."""
        n, phi = self.overall.raters, self.mean(self.centred, self.overall.centred)
        return np.asarray(n / (1 + (n - 1) * np.clip(phi, 0.0, 1.0)))

    def effective_eigen(self) -> Floats | None:
        """(1 + B,) n / largest eigenvalue; None where not all pairs are here.

        In draws the eigenvalue moves to first order: v' R v with the v of the data. An eigenvalue
        of each draw would carry the noise of the draw and come out too large.
        """
        n, value = self.overall.raters, self.overall.effective_eigen
        if value is None or self.overall.pairs > len(self.pairs.one):
            return None
        judges, place = np.unique(
            np.concatenate([self.pairs.one, self.pairs.two]), return_inverse=True
        )
        one, two = np.split(place, 2)
        matrix = np.full((len(judges), len(judges)), float(self.centred[0].mean()))
        matrix[one, two] = matrix[two, one] = self.centred[0]
        np.fill_diagonal(matrix, 1.0)
        v = np.linalg.eigh(matrix)[1][:, -1]
        known = 2 * v[one] * v[two]
        unknown = float(v.sum() ** 2 - 1 - known.sum())
        largest = 1 + self.centred @ known + unknown * self.centred.mean(axis=1)
        return np.asarray(n / np.maximum(largest - largest[0] + n / value, 1.0))


def error_correlation(
    votes: VoteMatrix, mass: Floats, posterior: Floats, gold: Gold | None, resample: Resample
) -> ErrorCorrelation | None:
    """Measure it on votes with one rater a judge, and their mass over the classes (V, C).

    Against gold where two judges share 30 items of it, else against the consensus `posterior`
    (I, C). None where no two judges share so many items.
    """
    overall = dependence(votes, posterior, gold)
    if overall is None:
        return None
    truth = posterior
    if overall.truth == GOLD and gold is not None:
        truth = np.zeros(posterior.shape)
        truth[gold.item, gold.label] = 1.0
        known = truth.sum(axis=1)[votes.item] > 0
        votes, mass = votes.only(known), mass[known]
    shape = (votes.I, votes.J)

    def laid(values: Floats) -> Any:
        return sparse.csr_array((values, (votes.item, votes.rater)), shape=shape)

    mask = laid(np.ones(votes.V))
    pairs = Pairs.sharing(mask, OVERLAP)
    pairs = pairs.most_shared(MOST_PAIRS if overall.raters <= MOST else SPARSE_PAIRS)
    share = truth[votes.item]
    miss = 1 - mass
    views = [_centred(votes, miss[:, c], share[:, c]) for c in range(truth.shape[1])]
    if overall.truth != POSTERIOR:  # of each item one class alone counts: one view holds them all
        views = [np.sum(views, axis=0)]
    plain = _centred(votes, (miss * share).sum(axis=1), np.ones(votes.V))
    return ErrorCorrelation(
        overall,
        pairs,
        drawn_correlations([laid(view) for view in views], mask, pairs, resample),
        drawn_correlations([laid(plain)], mask, pairs, resample),
        mask,
    )


def _centred(votes: VoteMatrix, error: Floats, share: Floats) -> Floats:
    """(V,) error less the rater's mean, items weighed by `share`, times the root of it."""
    total = np.bincount(votes.rater, weights=share, minlength=votes.J)
    wrong = np.bincount(votes.rater, weights=share * error, minlength=votes.J)
    mean = wrong / np.maximum(total, 1e-12)
    return np.asarray((error - mean[votes.rater]) * np.sqrt(share))


def drawn_correlations(views: list[Any], mask: Any, pairs: Pairs, resample: Resample) -> Floats:
    """(1 + B, P) correlations of pairs in the data and in draws; see `pair_sums`."""
    of_block = pair_sums(views, mask, pairs, resample.block, resample.weights.shape[1])
    sums = np.concatenate([of_block.sum(axis=0)[None], resample.weights @ of_block])
    return correlations(sums)
