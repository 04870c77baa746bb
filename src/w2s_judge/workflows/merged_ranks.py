"""Models over many questions: the questions' rankings merged, with a bootstrap over questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.mallows import spreads
from w2s_judge.ranking.percentiles import FEWEST, percentile_intervals
from w2s_judge.ranking.rank_ensembles import How, merged
from w2s_judge.ranking.rank_lists import RankLists, rank_lists
from w2s_judge.workflows.boards import Board, board_of_run, no_interval

A_DRAW = 2.0  # effort for an exact order in one draw: near-chance draws are many and alike


def merged_board(
    comparisons: Comparisons,
    names: Sequence[str],
    within: Ranking,
    how: How,
    draws: int,
    seed: int,
) -> Board:
    """The board of the run: names (N,) say which model each object is."""
    lists = rank_lists(comparisons, within, names)
    ranking = merged(lists, how)
    low, high = _intervals(lists, how, ranking, draws, seed)
    without = [name for name, end in zip(lists.names, low.tolist(), strict=True) if end != end]
    few = (no_interval(without),) if without else ()
    told = replace(
        ranking,
        low=low,
        high=high,
        settings=f"{within.settings} {ranking.settings}",
        notes=(
            f"models: the rankings of the questions merged by {how}; intervals: {draws} bootstrap "
            f"draws of questions, seed {seed}",
            *few,
            *ranking.notes,
        ),
    )
    return board_of_run(lists.names, told)


def _intervals(
    lists: RankLists, how: How, ranking: Ranking, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """(K,) low and high of the score; NaN for names in too few questions, or often unconnected."""
    asked = np.unique(lists.question)
    groups = _questions_of(lists)
    if not (groups >= FEWEST).any():
        none = np.full(len(lists.names), np.nan)
        return none, none
    trust = spreads(lists) if how.startswith("weighted") else None
    random = np.random.default_rng(seed)
    found = np.full((draws, len(lists.names)), np.nan)
    for row in found:
        drawn = asked[random.integers(len(asked), size=len(asked))]
        weight = np.bincount(drawn, minlength=lists.questions).astype(np.float64)
        one = merged(lists, how, weight=weight, trust=trust, effort=A_DRAW)
        same = _same_company(one.component, ranking.component)
        row[same] = one.score[same]
    low, high = percentile_intervals(found, groups)
    enough = groups >= FEWEST
    return np.where(enough, low, np.nan), np.where(enough, high, np.nan)


def _questions_of(lists: RankLists) -> npt.NDArray[np.int64]:
    """(K,) in how many questions a name is ranked beside another."""
    names = np.r_[lists.above, lists.below].astype(np.int64)
    question = np.tile(lists.question[lists.of_list], 2)
    once = np.unique(names * max(lists.questions, 1) + question)
    return np.bincount(once // max(lists.questions, 1), minlength=len(lists.names))


def _same_company(one: Ints, other: Ints) -> Bools:
    """(K,) whether a name is connected with the same names in both; a draw may tear its part."""
    _, joint = np.unique(one.astype(np.int64) * (len(one) + 1) + other, return_inverse=True)
    both = np.bincount(joint)[joint]
    return np.asarray((both == np.bincount(one)[one]) & (both == np.bincount(other)[other]))
