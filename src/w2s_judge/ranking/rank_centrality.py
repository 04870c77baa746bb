"""Rank centrality: where a walk that prefers winners spends its time.

S. Negahban, S. Oh and D. Shah, Rank centrality: ranking from pairwise comparisons, Operations
Research 65 (2017) 266-287. From an object the walk goes to one that it met, in proportion to the
share of their comparisons that the *other* one won (eq. 1); the time spent at an object is its
strength in the limit of many comparisons under Bradley-Terry, and its logarithm is the score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.consensus import Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.components import ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import as_fractions, centred
from w2s_judge.ranking.pair_counts import PairCounts, pair_counts
from w2s_judge.ranking.stationary import log_stationary

NAME = "rank-centrality"
PRIOR = 1.0
UNFINISHED = "the walk had not settled after {n} steps: do not rely on the scores, or allow more"


@dataclass(frozen=True, slots=True)
class RankCentrality:
    """Logarithm of the stationary distribution, centred on 0 in each connected part.

    A tie is half a win for each. Every pair that met counts alike, however often it met.

    prior : even comparisons added to each pair that met, so that each was lost and won by some of
            it and the walk returns from everywhere: share = (wins + prior / 2) / (total + prior).
            The default, 1, is Jeffreys' prior Beta(1/2, 1/2) on the share. 0: none, as published;
            the comparisons must then connect all objects of a part in both directions.
    tol   : relative change of a share of time in a step that counts as none, and
    max_iterations : steps at most, for parts above 2,000 objects; smaller ones are solved exactly
    """

    prior: float = PRIOR
    tol: float = 1e-9
    max_iterations: int = 3000

    def __post_init__(self) -> None:
        if not 0 <= self.prior < np.inf:
            raise ValueError("prior is a number of comparisons, 0 or above")

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) centred log-shares of time; an object without a comparison has 0.

        Raises `ConfigurationError` where there is no prior and the walk cannot return.
        """
        counts = pair_counts(comparisons, ordered=False)
        component = counts.connected()
        if not self.prior:
            _returning(counts, component)
        share, fit = log_stationary(
            component,
            tail=np.concatenate([counts.second, counts.first]),
            head=np.concatenate([counts.first, counts.second]),
            rate=self._shares(counts),
            tol=self.tol,
            max_iterations=self.max_iterations,
        )
        score = centred(share, component)
        return Ranking(
            score=score,
            rank=ranks(score, component),
            component=within_question(component, comparisons.question),
            method=NAME,
            fit=fit,
            settings=repr(self),
            notes=unconnected(comparisons, component) + as_fractions(comparisons) + _ended(fit),
        )

    def _shares(self, counts: PairCounts) -> Floats:
        """(2 K,) share of wins of each pair's first, then of its second."""
        total = counts.total + self.prior
        shares = np.concatenate([total + counts.net, total - counts.net]) / np.tile(2 * total, 2)
        if not self.prior:
            shares[~np.concatenate([counts.won(), counts.lost()])] = 0.0
        return shares


def _returning(counts: PairCounts, component: Ints) -> None:
    mutual = counts.mutual()
    if len(np.unique(mutual)) > len(np.unique(component)):
        raise ConfigurationError(
            "the walk never returns: some objects never lost to or tied with the others, or never "
            "beat or tied with them\n  keep the prior, or have more comparisons made"
        )


def _ended(fit: Fit) -> tuple[str, ...]:
    return () if fit.converged else (UNFINISHED.format(n=fit.iterations),)


RANKER = Card(
    NAME,
    "log of the time that a walk towards winners spends at each object",
    RankCentrality,
    frozenset(RankLaw) - {RankLaw.REVERSAL, RankLaw.TIE},
    bare=lambda: RankCentrality(prior=0.0),
)
