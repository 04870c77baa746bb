"""Copeland's rule: how many others an object beats by majority, less how many beat it.

A. H. Copeland, A "reasonable" social welfare function, seminar notes, University of Michigan, 1951;
D. G. Saari and V. R. Merlin, The Copeland method I, Economic Theory 8 (1996). An object that beats
each other one (a Condorcet winner) comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.components import ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import unmet
from w2s_judge.ranking.pair_counts import NOTHING, pair_counts

NAME = "copeland"
FEWER = "they count as level, so that objects that met fewer others are nearer to 0"


@dataclass(frozen=True, slots=True)
class Copeland:
    """Pairs won by majority of the weighted mass, less pairs lost.

    Ties in a comparison count for neither side. A pair that is level (as much weight for one as for
    the other) and a pair that never met count 0 for both. Scores are whole numbers and sum to 0 in
    each connected part; by how much a pair was won does not count.
    """

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) pairs won less pairs lost; an object without a comparison has 0."""
        counts = pair_counts(comparisons, ordered=False)
        component = counts.connected()
        decided = np.abs(counts.net) > NOTHING * counts.total
        side = np.where(decided, np.sign(counts.net), 0.0)
        score = np.bincount(counts.first, side, counts.objects).astype(np.float64)
        score -= np.bincount(counts.second, side, counts.objects)
        return Ranking(
            score=score,
            rank=ranks(score, component),
            component=within_question(component, comparisons.question),
            method=NAME,
            settings=repr(self),
            notes=unconnected(comparisons, component) + unmet(counts, component, FEWER),
        )


RANKER = Card(
    NAME,
    "pairs won by majority less pairs lost; level and unmet pairs count for neither",
    Copeland,
    frozenset(RankLaw),
    bare=Copeland,
)
