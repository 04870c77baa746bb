"""Judges some of whom count as one: their correlations, in draws too, and the tree over them.

Letters: I items, G judges or clusters of judges.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from w2s_judge.aggregation.factor_analysis import factor_count
from w2s_judge.aggregation.judge_views import JudgeViews
from w2s_judge.aggregation.pair_sums import Pairs, correlations, pair_sums, squared
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.dependence import OVERLAP

BLOCKS = 512  # of prompts: a standard deviation from 512 blocks is known to about 3 %
FACTORS = 3  # at most, when it is counted how many there are


@dataclass(frozen=True, eq=False, slots=True)
class MergedJudges:
    """A panel whose clusters are judges: `judges` are tuples of units.

    R, drawn : (G, G) correlations and (draws, G, G) of draws, zeros on the diagonal
    shared   : (G, G) common items
    prompts  : how many prompts, or blocks of them, were drawn from
    """

    judges: tuple[tuple[int, ...], ...]
    R: Floats
    drawn: Floats
    shared: Floats
    prompts: int

    @classmethod
    def of(
        cls,
        views: JudgeViews,
        judges: tuple[tuple[int, ...], ...],
        group: Ints,
        *,
        draws: int,
        seed: int,
    ) -> MergedJudges:
        """Correlations of clusters of units; prompts, `group` (I,), are drawn with replacement."""
        merged, mask = views.merged(judges)
        pairs = Pairs.sharing(mask, OVERLAP)
        _, prompt = np.unique(group, return_inverse=True)
        rng = np.random.default_rng(seed)
        n = min(int(prompt.max()) + 1, BLOCKS)
        block = (rng.permutation(int(prompt.max()) + 1) % n)[prompt].astype(np.int32)
        sums = pair_sums(merged, mask, pairs, block, n)
        weights = rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)
        G = len(judges)  # noqa: N806
        shared = np.asarray((mask.T @ mask).toarray())
        return cls(
            judges,
            squared(correlations(sums.sum(axis=0)), pairs, G),
            squared(correlations(weights @ sums), pairs, G),
            shared,
            n,
        )

    @property
    def alone(self) -> int:
        """How many judges are no cluster."""
        return sum(len(one) == 1 for one in self.judges)

    def members(self, node: Bools) -> tuple[int, ...]:
        """The units of a node (G,), ascending."""
        return tuple(sorted(unit for k in np.flatnonzero(node) for unit in self.judges[k]))

    def nodes(self, widest: float) -> list[Bools]:
        """(G,) masks of the tree's nodes, of 2 to G - 2 judges, not too large a share of all."""
        G, size = len(self.judges), np.array([len(one) for one in self.judges])  # noqa: N806
        distance = np.maximum(1 - self.R, 0)
        np.fill_diagonal(distance, 0.0)
        masks = list(np.eye(G, dtype=bool))
        for one, two, *_ in linkage(squareform(distance, checks=False), "average"):
            masks.append(masks[int(one)] | masks[int(two)])
        most = widest * size.sum()
        return [
            mask for mask in masks[G:] if mask.sum() <= G - 2 and size[mask].sum() <= most + 1e-9
        ]

    def factors(self, seed: int) -> int:
        """How many common factors the panel has."""
        return factor_count(self.R + np.eye(len(self.judges)), self.shared, FACTORS, seed)


def joined(
    judges: tuple[tuple[int, ...], ...], members: tuple[int, ...]
) -> tuple[tuple[int, ...], ...]:
    """The judges with these units as one, at the end."""
    return (*(one for one in judges if not set(one) <= set(members)), members)
