"""Ranks by comparisons: within each item, and of models over all items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.ranking.contract import Card
from w2s_judge.ranking.intervals import with_intervals
from w2s_judge.ranking.rank_ensembles import How
from w2s_judge.workflows.boards import Board, board_of_run
from w2s_judge.workflows.merged_ranks import merged_board
from w2s_judge.workflows.rank_scores import NO_MODELS


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn, and how the rankings of items are merged where a method does so."""

    draws: int = 200
    seed: int = 0
    merge: How = "borda"


def boards_of_comparisons(
    comparisons: Comparisons, names: Sequence[str | None] | None, card: Card, settings: Draws
) -> tuple[list[Board], list[Ranking]]:
    """The boards, and the rankings whose parameters and notes the record tells.

    `names` (N,) says which model each object is, None where unknown; None for a file, where an
    object is its name. A file's one question is the run itself.
    """
    ranker = card.make()
    within = ranker(comparisons)
    if comparisons.Q == 1 and names is None:
        told = with_intervals(ranker, comparisons, within, draws=settings.draws, seed=settings.seed)
        return [Board("run", (None,) * comparisons.N, comparisons.objects, told)], [told]
    items = tuple(comparisons.questions[q] for q in comparisons.question.tolist())
    boards = [Board("item", items, comparisons.objects, within)]
    named = tuple(comparisons.objects) if names is None else tuple(names)
    over = _over_run(comparisons, named, within, card, settings)
    if over is None:
        why = NO_MODELS if names is not None else "no object recurs in another question"
        return boards, [replace(within, notes=(*within.notes, why))]
    return [*boards, over], [within, over.ranking]


def _over_run(
    comparisons: Comparisons,
    names: tuple[str | None, ...],
    within: Ranking,
    card: Card,
    settings: Draws,
) -> Board | None:
    """Models over all questions; None where no name is known, or none recurs in two questions."""
    known = np.array([bool(name) for name in names], dtype=np.bool_)
    seen = {(name, q) for name, q in zip(names, comparisons.question.tolist(), strict=True) if name}
    if len(seen) == len({name for name, _ in seen}):
        return None
    among, written = comparisons.of_objects(known), tuple(name for name in names if name)
    if card.merges == "ranks":
        mine = replace(
            within,
            score=within.score[known],
            rank=within.rank[known],
            component=within.component[known],
        )
        return merged_board(among, written, mine, settings.merge, settings.draws, settings.seed)
    pooled = among.pooled(written)
    ranker = card.make()
    told = with_intervals(ranker, pooled, ranker(pooled), draws=settings.draws, seed=settings.seed)
    return board_of_run(pooled.objects, told)
