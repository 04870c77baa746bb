"""How the errors of each two judges correlate, and what that makes of the number of judges.

The point values are those of `calibration.dependence`, which says what they are; here they get
intervals. A judge's error on an item is the mass that it put on other classes than the true one,
less its mean error within the class (centred) or over all items (uncentred). These means are held
where they are while prompts are drawn: what they do to a correlation is of second order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.copies import MOST
from w2s_judge.aggregation.pair_sums import LEAST, Pairs, correlations, pair_sums
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.shown_judges import both_among, shown_judges
from w2s_judge.calibration.dependence import (
    GOLD,
    OVERLAP,
    Dependence,
    dependence,
)
from w2s_judge.calibration.metrics import shared_top
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

MOST_PAIRS = MOST * (MOST - 1) // 2  # of so few judges that copies are looked for in their votes
MOST_SHOWN = 300  # pairs beyond which those of some judges are shown; see `shown_judges`


@dataclass(frozen=True, eq=False, slots=True)
class ErrorCorrelation:
    """Correlations of errors, in the data and in draws of prompts.

    overall   : the figures of the whole panel
    pairs     : P of the pairs that share at least 30 items on which the errors of both vary (all,
                but of very many judges)
    centred   : (1 + B, P), row 0 that of the data; NaN in a draw where errors do not vary
    uncentred : (1 + B, P)
    mask      : (I, J) sparse, 1 where an error is known
    wrong     : (I, J) sparse, 1 where a class that is not the true one has most mass
    shown     : (P,) the pairs to show: all, or those of some judges
    """

    overall: Dependence
    pairs: Pairs
    centred: Floats
    uncentred: Floats
    mask: Any
    wrong: Any
    shown: Bools

    @property
    def gold(self) -> bool:
        """Whether errors are those against gold."""
        return self.overall.truth == GOLD

    @property
    def items(self) -> Ints:
        """Items with an error of somebody."""
        return np.flatnonzero(np.diff(self.mask.indptr)).astype(np.int32)

    def erring(self, items: tuple[Ints, ...], group: Ints) -> Iterator[tuple[Bools, Bools, Ints]]:
        """Of each pair: where the one errs, where the other does, the prompts of its `items`."""
        columns = sparse.csc_array(self.wrong)
        for one, two, mine in zip(self.pairs.one, self.pairs.two, items, strict=True):
            errs = [columns[:, [int(j)]].toarray()[mine, 0] > 0 for j in (one, two)]
            yield errs[0], errs[1], group[mine]

    def mean(self, values: Floats, point: float) -> Floats:
        """(1 + B,) mean over all pairs; `point` is that of the data.

        Draws of the pairs that are here stand for those of all.
        """
        mean = _mean(values)
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
        mean = _mean(self.centred)
        drawn = np.where(np.isfinite(self.centred), self.centred, mean[:, None])
        matrix = np.full((len(judges), len(judges)), mean[0])
        matrix[one, two] = matrix[two, one] = drawn[0]
        np.fill_diagonal(matrix, 1.0)
        v = np.linalg.eigh(matrix)[1][:, -1]
        known = 2 * v[one] * v[two]
        unknown = float(v.sum() ** 2 - 1 - known.sum())
        largest = 1 + drawn @ known + unknown * mean
        return np.asarray(n / np.maximum(largest - largest[0] + n / value, 1.0))


def error_correlation(
    votes: VoteMatrix, mass: Floats, posterior: Floats, gold: Gold | None, resample: Resample
) -> ErrorCorrelation | None:
    """Measure it on votes with one rater a judge, and their mass over the classes (V, C).

    Against gold where two judges share 30 items of it, else against what the consensus `posterior`
    (I, C) holds likeliest. None where no two judges with errors that vary share so many items.
    """
    overall = dependence(votes, posterior, gold)
    if overall is None:
        return None
    truth, cast = shared_top(posterior), votes_of(votes)
    if overall.truth == GOLD and gold is not None:
        truth = np.zeros(posterior.shape)
        truth[gold.item, gold.label] = 1.0
        known = truth.sum(axis=1)[votes.item] > 0
        votes, mass = votes.only(known), mass[known]
    shape = (votes.I, votes.J)

    def laid(values: Floats) -> Any:
        return sparse.csr_array((values, (votes.item, votes.rater)), shape=shape)

    mask = laid(np.ones(votes.V))
    share = truth[votes.item]
    miss = 1 - mass
    views = [_centred(votes, miss[:, c], share[:, c]) for c in range(truth.shape[1])]
    if ((truth == 0) | (truth == 1)).all():  # one class of each item counts: one view holds all
        views = [np.sum(views, axis=0)]
    pairs, shown = _chosen(views, votes, mask, cast)
    if overall.raters > MOST:
        pairs, shown = _some(pairs, shown), shown[shown]
    centred = _drawn([laid(view) for view in views], mask, pairs, resample)
    plain = _centred(votes, (miss * share).sum(axis=1), np.ones(votes.V))
    uncentred = _drawn([laid(plain)], mask, pairs, resample)
    known = np.isfinite(centred[0]) & np.isfinite(uncentred[0])
    if not known.any():
        return None
    pairs, shown, centred = _some(pairs, known), shown[known], centred[:, known]
    uncentred = uncentred[:, known]
    wrong = laid(((mass * share).sum(axis=1) < mass.max(axis=1, initial=0.0) - LEAST) * 1.0)
    return ErrorCorrelation(overall, pairs, centred, uncentred, mask, wrong, shown)


def _chosen(views: list[Floats], votes: VoteMatrix, mask: Any, cast: Floats) -> tuple[Pairs, Bools]:
    """All pairs that share 30 items, and which of them to show."""
    pairs = Pairs.sharing(mask, OVERLAP)
    if len(pairs.one) <= MOST_SHOWN:
        return pairs, np.ones(len(pairs.one), dtype=np.bool_)
    squares = sum(np.bincount(votes.rater, weights=view**2, minlength=votes.J) for view in views)
    fit = np.isin(np.arange(votes.J), np.concatenate([pairs.one, pairs.two])) & (squares > LEAST)
    return pairs, both_among(shown_judges(mask, cast, fit), pairs.one, pairs.two)


def votes_of(votes: VoteMatrix) -> Floats:
    """(J,) how many votes each rater cast."""
    return np.bincount(votes.rater, minlength=votes.J).astype(np.float64)


def _some(pairs: Pairs, kept: Bools) -> Pairs:
    return Pairs(pairs.one[kept], pairs.two[kept], pairs.items[kept])


def _mean(values: Floats) -> Floats:
    """(1 + B,) mean over the pairs that are known in a draw; 0 where none is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.asarray(total / np.maximum(known.sum(axis=1), 1))


def _centred(votes: VoteMatrix, error: Floats, share: Floats) -> Floats:
    """(V,) error less the rater's mean, items weighed by `share`, times the root of it."""
    total = np.bincount(votes.rater, weights=share, minlength=votes.J)
    wrong = np.bincount(votes.rater, weights=share * error, minlength=votes.J)
    mean = wrong / np.maximum(total, 1e-12)
    return np.asarray((error - mean[votes.rater]) * np.sqrt(share))


def drawn_correlations(views: list[Any], mask: Any, pairs: Pairs, resample: Resample) -> Floats:
    """(1 + B, P) correlations of pairs in the data and in draws; see `pair_sums`."""
    return correlations(_sums(views, mask, pairs, resample))


def _drawn(views: list[Any], mask: Any, pairs: Pairs, resample: Resample) -> Floats:
    """The same, NaN where one of the two does not vary: that is no correlation of 0."""
    sums = _sums(views, mask, pairs, resample)
    found = correlations(sums)
    _, first, second = np.split(sums, 3, axis=-1)
    scale = np.sqrt(np.maximum(first, 0) * np.maximum(second, 0))
    return np.where(scale > LEAST, found, np.nan)


def _sums(views: list[Any], mask: Any, pairs: Pairs, resample: Resample) -> Floats:
    of_block = pair_sums(views, mask, pairs, resample.block, resample.weights.shape[1])
    return np.concatenate([of_block.sum(axis=0)[None], resample.weights @ of_block])
