"""Borda's count on pairs: the share of an object's comparisons that it won.

J.-C. de Borda, Mémoire sur les élections au scrutin, 1781 (printed 1784); for pairs drawn at random
N. B. Shah and M. J. Wainwright, Simple, robust and optimal ranking from pairwise comparisons,
Journal of Machine Learning Research 18 (2018): counting wins finds the order by the mean
probability of beating another, without any model of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.components import ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import as_fractions, centred, unmet
from w2s_judge.ranking.pair_counts import pair_counts

NAME = "borda"
LUCK = "a share of wins does not say against whom; 'bradley-terry' takes the opponents into account"


@dataclass(frozen=True, slots=True)
class Borda:
    """Weighted share of wins, a tie half a win, less the mean share of the connected part.

        score_i = sum of (wins + ties / 2) / sum of weights - mean over the part

    Shares are in [0, 1], so that scores are between -1 and 1; 0 is average. Opponents are not
    taken into account: where not all pairs met equally often, beating weak ones pays as much as
    beating strong ones (a note says so where some never met), and a tie with an object of another
    share can move the two apart. Nor is it looked at who was shown first: ask both orders.
    """

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) centred shares of wins; an object without a comparison has 0."""
        counts = pair_counts(comparisons, ordered=False)
        component = counts.connected()
        ahead = np.bincount(counts.first, counts.net, counts.objects)
        ahead = ahead - np.bincount(counts.second, counts.net, counts.objects)
        met = np.bincount(counts.first, counts.total, counts.objects)
        met = met + np.bincount(counts.second, counts.total, counts.objects)
        share = np.divide(ahead, 2 * met, out=np.zeros(counts.objects), where=met > 0)
        score = centred(share, component)
        return Ranking(
            score=score,
            rank=ranks(score, component),
            component=within_question(component, comparisons.question),
            method=NAME,
            settings=repr(self),
            notes=unconnected(comparisons, component)
            + unmet(counts, component, LUCK)
            + as_fractions(comparisons),
        )


RANKER = Card(
    NAME,
    "share of comparisons won, a tie half a win; opponents are not taken into account",
    Borda,
    frozenset(RankLaw) - {RankLaw.TIE},
    bare=Borda,
)
