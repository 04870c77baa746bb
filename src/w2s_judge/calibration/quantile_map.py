"""Each rater's votes onto the pooled scale, by their rank: a scale map without gold.

A vote's place among its rater's votes (its mid-rank) is looked up in the distribution of all
votes: the mid-quantile function (Parzen 2004, Quantile probability and statistical data modeling),
which is continuous where levels are few. A rater whose votes are spread as the pool's is left
where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.calibration.levels import constant_raters, mid_ranks, score_of, spread
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class QuantileMap:
    """Map expected levels onto the pool's; each level's mass goes to the two neighbouring labels.

    shrink : a rater's own map counts n / (n + shrink), its level as it stands the rest, n its
             votes: the ranks of a few votes say little of a scale. At the default a rater of ten
             votes is moved half the way.

    A rater with a constant vote is left as it is: its ranks say nothing.
    """

    shrink: float = 10.0

    def __call__(
        self,
        votes: VoteMatrix,
        gold: Gold | None = None,  # noqa: ARG002 (every scale map takes gold)
        /,
    ) -> VoteMatrix:
        """Soft votes (V, L) on one scale; gold is not used.

        Raises `ConfigurationError` where the labels have no order.
        """
        moved = self.scores(votes)
        if votes.mass is None:
            return replace(votes, label=None, mass=spread(moved, votes.scale))
        # A soft vote moves as a whole: drawn together on its mean, it would be surer than it was.
        shift, levels = moved - score_of(votes), votes.scale
        mass = np.zeros(votes.mass.shape)
        for level, share in zip(levels, votes.mass.T, strict=True):
            place = np.clip(level + shift, levels[0], levels[-1])
            mass += share[:, None] * spread(place, levels)
        return replace(votes, mass=mass)

    def scores(self, votes: VoteMatrix) -> Floats:
        """(V,) the mapped expected levels, in the unit of the levels."""
        score = score_of(votes)
        weight = np.ones(votes.V) if votes.weight is None else votes.weight
        own = mid_ranks(score, weight, votes.rater)
        pool = mid_ranks(score, weight, np.zeros(votes.V, dtype=np.int32))
        values, first = np.unique(score, return_index=True)
        if len(values) < 2:
            return score
        mapped = np.interp(own, pool[first], values)
        count = np.bincount(votes.rater, minlength=votes.J)[votes.rater]
        moved = (count * mapped + self.shrink * score) / (count + self.shrink)
        return np.where(constant_raters(votes)[votes.rater], score, moved)
