"""The trimmed mean: the extreme votes of an item are left out on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import class_of_label, with_prior
from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import onto_classes
from w2s_judge.calibration.levels import score_of
from w2s_judge.calibration.scale_map import Scale, on_one_scale
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

DIGITS = 12  # masses and levels that agree to so many decimals are equal


@dataclass(frozen=True, slots=True)
class TrimmedMean:
    """The mean mass of an item's votes without the lowest and the highest, class by class.

    Of an item's n votes the int(cut * n) lowest and as many highest masses on a class are left
    out, as `scipy.stats.trim_mean` does; the rest are averaged by the votes' weight, and the
    classes renormalised. Where nothing is left on any class the item has its plain mean.
    `Consensus.score` is the trimmed mean of the levels where the labels are ordered; for an item
    without a vote it is the middle of the scale.

    cut   : share left out at each end, at least 0 and below 1/2; .1 needs ten votes to act
    scale : as for the mean
    """

    cut: float = 0.1
    scale: Scale = "graded"

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) trimmed mean mass, (I,) score.

        Raises `ConfigurationError` where cut is not in [0, 1/2), or where the labels' classes are
        not known and have no order.
        """
        if not 0 <= self.cut < 0.5:
            raise ConfigurationError(f"cut is a share in [0, 1/2), not {self.cut}")
        mapped, notes = on_one_scale(votes, gold, self.scale)
        truth = mapped.truth_with(gold)
        of_label, assumed = class_of_label(mapped, truth)
        mass = onto_classes(mapped, of_label, truth.C)
        total = np.stack([trimmed(mapped, one, self.cut) for one in mass.T], axis=1)
        nothing = total.sum(axis=1) <= 0
        if nothing.any():
            total[nothing] = np.stack([trimmed(mapped, one, 0.0) for one in mass.T], axis=1)[
                nothing
            ]
        posterior, prior, source = with_prior(total, truth, gold)
        score = None
        if mapped.ordered:
            score = trimmed(mapped, score_of(mapped), self.cut)
            score[mapped.support == 0] = (mapped.scale[0] + mapped.scale[-1]) / 2
        return Consensus(
            posterior, truth.classes, mapped.support, "trimmed-mean", "none", prior, source,
            score=score, settings=repr(self), notes=(*notes, *assumed),
        )  # fmt: skip


def trimmed(votes: VoteMatrix, values: Floats, cut: float) -> Floats:
    """(I,) trimmed mean of each item's values (V,); 0 for an item without a vote.

    Equal values share what is left out of them, so that the order of the votes plays no part
    where their weights differ.
    """
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    values = np.round(values, DIGITS)
    order = np.lexsort((values, votes.item))
    item, value = votes.item[order], values[order]
    count = np.bincount(item, minlength=votes.I)
    place = np.arange(votes.V) - (np.cumsum(count) - count)[item]
    out = (cut * count).astype(np.int64)[item]
    kept = (place >= out) & (place < count[item] - out)
    opens = np.ones(votes.V, dtype=np.bool_)
    opens[1:] = (value[1:] != value[:-1]) | (item[1:] != item[:-1])
    block = np.cumsum(opens) - 1
    share = np.bincount(block, weights=kept) / np.maximum(np.bincount(block), 1)
    counted = weight[order] * share[block]
    sums = np.bincount(item, weights=counted * value, minlength=votes.I)
    among = np.bincount(item, weights=counted, minlength=votes.I)
    return np.divide(sums, among, out=np.zeros(votes.I), where=among > 0)


METHOD = Method(
    "trimmed-mean",
    "mean of the votes' mass without the extremes",
    TrimmedMean,
    frozenset(Law) - {Law.CLIMBS},
)
