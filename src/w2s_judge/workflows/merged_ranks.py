"""Models over many questions: the questions' rankings merged, with a bootstrap over questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.intervals import COVERAGE, FEWEST, LEAST
from w2s_judge.ranking.mallows import spreads
from w2s_judge.ranking.rank_ensembles import How, merged
from w2s_judge.ranking.rank_lists import RankLists, rank_lists
from w2s_judge.workflows.boards import Board


def merged_board(
    comparisons: Comparisons,
    names: Sequence[str | None],
    within: Ranking,
    how: How,
    draws: int,
    seed: int,
) -> Board:
    """The board of the run; objects whose name is None are in no list."""
    known = np.array([name is not None for name in names], dtype=np.bool_)
    apart = replace(within, component=np.where(known, within.component, _alone(within, known)))
    lists = rank_lists(comparisons, apart, tuple(name or "" for name in names))
    ranking = merged(lists, how)
    low, high = _intervals(lists, how, ranking, draws, seed)
    there = np.array([bool(name) for name in lists.names], dtype=np.bool_)
    objects = tuple(name for name in lists.names if name)
    told = replace(
        ranking,
        score=ranking.score[there],
        rank=ranking.rank[there],
        component=ranking.component[there],
        low=low[there],
        high=high[there],
        settings=f"{within.settings} {ranking.settings}",
        notes=(
            f"models: the rankings of the questions merged by {how}; intervals: {draws} bootstrap "
            f"draws of questions, seed {seed}",
            *ranking.notes,
        ),
    )
    return Board("run", (None,) * len(objects), objects, told)


def _alone(within: Ranking, known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> np.ndarray[
    tuple[int], np.dtype[np.int32]
]:  # fmt: skip
    """Components of their own for objects without a name, so that no list has them."""
    first = int(within.component.max(initial=0)) + 1
    return np.where(known, 0, first + np.arange(len(known))).astype(np.int32)


def _intervals(
    lists: RankLists, how: How, ranking: Ranking, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """(K,) low and high of the score; NaN for names in too few questions, or often unconnected."""
    size = len(lists.names)
    low, high = np.full((2, size), np.nan)
    asked = np.unique(lists.question)
    if len(asked) < FEWEST:
        return low, high
    trust = spreads(lists) if how.startswith("weighted") else None
    random = np.random.default_rng(seed)
    found = np.full((draws, size), np.nan)
    for row in found:
        drawn = asked[random.integers(len(asked), size=len(asked))]
        weight = np.bincount(drawn, minlength=lists.questions).astype(np.float64)
        one = merged(lists, how, weight=weight, trust=trust)
        same = _company(one) == _company(ranking)
        row[same] = one.score[same]
    enough = (~np.isnan(found)).mean(axis=0) >= LEAST
    if enough.any():
        edges = [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2]
        low[enough], high[enough] = np.nanquantile(found[:, enough], edges, axis=0)
    return low, high


def _company(ranking: Ranking) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """(K,) how many names each is connected with: fewer in a draw that tears its part."""
    return np.bincount(ranking.component)[ranking.component]
