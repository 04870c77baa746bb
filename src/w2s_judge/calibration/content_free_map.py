"""What a rater answers to anything, divided out: content-free correction and batch calibration.

Mass is divided by the mass that the rater gives a question without content (Zhao et al. 2021,
Calibrate Before Use) or by its mean mass over its votes (Zhou et al. 2023, Batch Calibration),
and renormalised. The second takes it that the labels are about equally frequent among what was
judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

FLOOR = 1e-6  # the least content-free mass that is divided by


@dataclass(frozen=True, eq=False, slots=True)
class ContentFreeMap:
    """Divide each rater's mass by its content-free mass; one-hot votes stay what they are.

    content_free : (J, L) mass of each rater on a question without content, rows in the order of
                   the votes' raters; None: its mean mass over its votes
    shrink       : pseudo-votes of even mass in that mean, so that few votes are corrected little

    Without content-free mass, a rater with a constant vote is left as it is.
    """

    content_free: Floats | None = None
    shrink: float = 10.0

    def __call__(
        self,
        votes: VoteMatrix,
        gold: Gold | None = None,  # noqa: ARG002 (every scale map takes gold)
        /,
    ) -> VoteMatrix:
        """Soft votes (V, L); gold is not used.

        Raises `ValueError` where content-free mass has another shape than (J, L).
        """
        free = self._mean(votes) if self.content_free is None else self.content_free
        if free.shape != (votes.J, votes.L):
            raise ValueError(
                f"content-free mass has shape ({votes.J}, {votes.L}), not {free.shape}"
            )
        mass = votes.soft() / np.maximum(free, FLOOR)[votes.rater]
        return replace(votes, label=None, mass=mass / mass.sum(axis=1, keepdims=True))

    def _mean(self, votes: VoteMatrix) -> Floats:
        weight = np.ones(votes.V) if votes.weight is None else votes.weight
        mass = votes.soft()
        total = np.full((votes.J, votes.L), self.shrink / votes.L)
        np.add.at(total, votes.rater, mass * weight[:, None])
        low, high = np.full_like(total, np.inf), np.full_like(total, -np.inf)
        np.minimum.at(low, votes.rater, mass)
        np.maximum.at(high, votes.rater, mass)
        total[(low >= high).all(axis=1)] = 1.0  # constant, or silent
        return np.asarray(total / total.sum(axis=1, keepdims=True))
