"""The plain mean of the votes' mass: the linear opinion pool (Stone 1961) with equal weights."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import shares
from w2s_judge.calibration.scale_map import Scale, on_one_scale
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class Mean:
    """Each item's mass is the mean over its votes; a vote counts its weight.

    scale : what puts the raters on one scale first. "graded" does so for ordered labels, more
            than two or more than the classes (see `calibration.scale_map`); None never.
    """

    scale: Scale = "graded"

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) mean mass over the truth classes."""
        mapped, notes = on_one_scale(votes, gold, self.scale)
        return shares(mapped, gold, "mean", repr(self), notes=notes)


METHOD = Method("mean", "mean of the votes' mass", Mean, frozenset(Law) - {Law.CLIMBS})
