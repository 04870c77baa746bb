"""GED as the code that was released with its paper has it: `ged` says how the two differ."""

from __future__ import annotations

from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.ged import ged_as_released

RANKER = Card(
    "ged-as-released",
    "each judge's graph denoised, then summed: objects of a cycle in the sum are level",
    ged_as_released,
    frozenset(
        {
            RankLaw.RATERS,
            RankLaw.EXCHANGE,
            RankLaw.TIE,
            RankLaw.PERFECT,
            RankLaw.WEIGHT,
            RankLaw.QUESTIONS,
        }
    ),
    bare=ged_as_released,
    merges="ranks",
)
