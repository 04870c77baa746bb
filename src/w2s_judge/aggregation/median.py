"""The median of an item's levels: one stray judge moves it little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import class_of_label, with_prior
from w2s_judge.arrays import Floats
from w2s_judge.calibration.levels import score_of, spread
from w2s_judge.calibration.scale_map import Scale, on_one_scale
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

HAIR = 1e-12  # cumulative weights that differ by a smaller share are equal


@dataclass(frozen=True, slots=True)
class Median:
    """The weighted median of the expected levels of an item's votes.

    `Consensus.score` is the median. The posterior is where it lies on the scale: all mass on a
    label whose level it is, else split between the two neighbouring labels in proportion, and
    labels summed to classes. It is a place, not a frequency: an item with one clear median has all
    its mass on one class, however few voted. An item without a vote has the prior, and as score
    the middle of the scale.

    scale : as for the mean.
    """

    scale: Scale = "graded"

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (I,) score in the unit of the levels.

        Raises `ConfigurationError` where the labels have no order.
        """
        mapped, notes = on_one_scale(votes, gold, self.scale)
        truth = mapped.truth_with(gold)
        of_label, assumed = class_of_label(mapped, truth)
        voted = mapped.support > 0
        score = np.full(mapped.I, (mapped.scale[0] + mapped.scale[-1]) / 2)
        score[voted] = medians(mapped, score_of(mapped))[voted]
        total = np.zeros((mapped.I, truth.C))
        np.add.at(total.T, of_label, spread(score, mapped.scale).T)
        total[~voted] = 0.0
        posterior, prior, source = with_prior(total, truth, gold)
        return Consensus(
            posterior, truth.classes, mapped.support, "median", "none", prior, source,
            score=score, settings=repr(self), notes=(*notes, *assumed),
        )  # fmt: skip


def medians(votes: VoteMatrix, values: Floats) -> Floats:
    """(I,) weighted median of each item's values; the middle of two where half lies on each side.

    Items without a vote get 0.
    """
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    order = np.lexsort((values, votes.item))
    item, value = votes.item[order], values[order]
    total = np.bincount(item, weights=weight[order], minlength=votes.I)
    upto = np.cumsum(weight[order]) - (np.cumsum(total) - total)[item]
    half, hair = total[item] / 2, total[item] * HAIR * max(votes.V, 1)
    found = np.zeros(votes.I)
    for reached in (upto >= half - hair, upto > half + hair):
        first = np.flatnonzero(reached)
        at, which = np.unique(item[first], return_index=True)
        found[at] += value[first[which]] / 2
    return found


METHOD = Method(
    "median",
    "median of the votes' levels",
    Median,
    frozenset({Law.ITEMS, Law.RATERS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
    graded=True,
)
