"""The plain mean of the votes' mass: the linear opinion pool (Stone 1961) with equal weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.votes import Consensus, VoteMatrix


@dataclass(frozen=True, slots=True)
class Mean:
    """Each item's mass is the mean over its votes; a vote counts as much as any other."""

    def __call__(self, votes: VoteMatrix, gold: None = None, /) -> Consensus:
        """(I, L) mean mass; an item without a vote has a row of zeros and support 0."""
        mass = votes.soft()
        support = np.bincount(votes.item, minlength=votes.I)
        total = np.stack(
            [
                np.bincount(votes.item, weights=mass[:, label], minlength=votes.I)
                for label in range(votes.L)
            ],
            axis=1,
        )
        posterior = total / np.maximum(support, 1)[:, None]
        return Consensus(posterior, support.astype(np.int32), "mean", "none")
