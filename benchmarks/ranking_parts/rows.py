"""The rows of the tables: rankers under the names by which GED's tables call them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.contract import RANKERS
from w2s_judge.ranking.copeland import Copeland
from w2s_judge.ranking.ged import GED, ged_as_released
from w2s_judge.ranking.judge_weighted import JudgeWeighted
from w2s_judge.ranking.rank_ensembles import merged
from w2s_judge.ranking.rank_lists import rank_lists

Scorer: TypeAlias = Callable[[Comparisons], np.ndarray]
PLAIN, WEIGHTED = "bradley-terry", "judge-weighted-bradley-terry"
PAPER = "GED (paper)"
ORACLE = "judge-weighted, weights known"


def ranked(rank: Callable[[Comparisons], Ranking]) -> Scorer:
    """The scores of a ranker."""
    return lambda comparisons: rank(comparisons).score


def registered(name: str) -> Scorer:
    """A ranker of the registry at its defaults."""
    return lambda comparisons: RANKERS.get(name).make()(comparisons).score


def without_ensemble(comparisons: Comparisons) -> np.ndarray:
    """Each judge's graph denoised and read on its own; the judges' rankings are then merged.

    Ranks are merged by Borda within each question; no two objects are one there.
    """
    rankings = [GED()(comparisons.only(comparisons.rater == j)) for j in range(comparisons.J)]
    names = [str(k) for k in range(comparisons.N)]
    return merged(rank_lists(comparisons, rankings, names), "borda").score


ALONE: Mapping[str, Scorer] = {
    "single judge, wins counted": ranked(Copeland()),
    "single judge, descendants": ranked(GED(denoise="none")),
    "single judge, denoised": ranked(GED()),
}
TOGETHER: Mapping[str, Scorer] = {
    "GED without denoising": ranked(GED(denoise="none")),
    "GED without denoising, netted": ranked(GED(denoise="none", netted=True)),
    "GED without ensemble": without_ensemble,
    PAPER: ranked(GED()),
    "GED as released": ranked(ged_as_released()),
    "GED, exact": ranked(GED(solver="exact")),
    "GED read by order": ranked(GED(read="order")),
    "GED, exact, read by order": ranked(GED(solver="exact", read="order")),
    "GED read by borda": ranked(GED(read="borda")),
    "majority (copeland)": registered("copeland"),
    "borda": registered("borda"),
    "kemeny, exact": registered("kemeny"),
    "rank-centrality": registered("rank-centrality"),
    PLAIN: registered(PLAIN),
    WEIGHTED: ranked(JudgeWeighted()),
}


def oracle(known: Mapping[str, float]) -> Scorer:
    """Judge-weighted Bradley-Terry that is told what each judge counts."""
    return ranked(JudgeWeighted(discrimination=known))


def singles(comparisons: Comparisons, scorer: Scorer) -> Iterator[tuple[str, np.ndarray]]:
    """Each judge's name and (N,) scores, NaN for objects that it did not compare."""
    for j, name in enumerate(comparisons.raters):
        mine = comparisons.only(comparisons.rater == j)
        if not mine.M:
            continue
        score = np.full(comparisons.N, np.nan)
        seen = np.union1d(mine.left, mine.right)
        score[seen] = scorer(mine)[seen]
        yield name, score
