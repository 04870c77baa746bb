"""The plain mean of the votes' mass: the linear opinion pool (Stone 1961) with equal weights."""

from __future__ import annotations

from dataclasses import dataclass

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import shares
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class Mean:
    """Each item's mass is the mean over its votes; a vote counts its weight."""

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) mean mass over the truth classes."""
        return shares(votes, gold, "mean", repr(self))


METHOD = Method(
    "mean", "mean of the votes' mass", Mean, frozenset(Law) - {Law.REVERSAL, Law.CLIMBS}
)
