"""One ranking out of many: of models, say, out of the rankings of all questions.

borda             share of the others that a name stands above, mean over its lists: n - rank in
                  complete lists, in another unit
kemeny            the order that contradicts the fewest pairs
majority          pairs of names decided by the majority of lists; wins less losses
weighted-kemeny   as kemeny and majority, every list counting its source's theta: see `mallows`
weighted-majority

These are the rank ensembles of Z. Hu, J. Zhang, Z. Xiong, A. Ratner and R. Krishna (arXiv
2410.12869; "weight score" there is borda), for lists that need not have all names. Ties are half a
win for borda, and none for the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import Ranking
from w2s_judge.errors import UsageError
from w2s_judge.ranking.components import ranks
from w2s_judge.ranking.counted import centred
from w2s_judge.ranking.exact_order import EFFORT
from w2s_judge.ranking.feedback_arc_set import EXACT_SIZE, solved_order
from w2s_judge.ranking.mallows import spreads
from w2s_judge.ranking.rank_lists import RankLists
from w2s_judge.ranking.standing import behind
from w2s_judge.ranking.strong_parts import arcs, net

How: TypeAlias = Literal["borda", "kemeny", "weighted-kemeny", "majority", "weighted-majority"]


def merged(
    lists: RankLists,
    how: How = "borda",
    /,
    *,
    weight: Floats | None = None,
    trust: Floats | None = None,
    effort: float = EFFORT,
) -> Ranking:
    """Rank the names (K,) by their lists; `component` says which names lists connect.

    weight : (Q,) how often a question counts, 0 or above: a bootstrap's draw. None: once each
    trust  : (sources,) what each source's lists count for the weighted ways; None: `spreads`. A
             bootstrap hands over those of all questions, which are found once
    effort : bound on the work for an exact order, as `exact_order` counts it

    The score is centred on 0 in each component: a share for borda, the number of names that stand
    behind for kemeny, wins less losses for majority. A name without a list is its own component.
    Raises `UsageError` for a way that is none.
    """
    if how not in get_args(How):
        raise UsageError(
            f"no way {how!r} to merge rankings\n  there are: {', '.join(get_args(How))}"
        )
    counted = np.ones(len(lists.question)) if weight is None else weight[lists.question]
    if not how.startswith("weighted"):
        trust = None
    else:
        trust = spreads(lists) if trust is None else trust
        counted = counted * trust[lists.source]
    component = _component(lists, counted)
    wins = _wins(lists, counted)
    proven = True
    if how == "borda":
        score = _shares(lists, counted)
    elif how.endswith("majority"):
        lead = arcs(net(wins)).astype(np.float64)
        score = lead.sum(axis=1) - lead.sum(axis=0)
    else:
        order, proven = solved_order(wins, "exact", effort=effort)
        score = behind(np.argsort(order).astype(np.float64), component)
    score = centred(score, component)
    return Ranking(
        score, ranks(score, component), component, how, settings=f"merged(how={how!r})",
        notes=tuple(_notes(lists, component, trust, proven)),
    )  # fmt: skip


def _wins(lists: RankLists, counted: Floats) -> Floats:
    """(K, K) weight of the lists in which row stands above column."""
    n = len(lists.names)
    place = lists.above.astype(np.int64) * n + lists.below
    mass = np.where(lists.tied, 0.0, counted[lists.of_list])
    return np.bincount(place, mass, n * n).reshape(n, n).astype(np.float64, copy=False)


def _shares(lists: RankLists, counted: Floats) -> Floats:
    """(K,) share of the others that a name stands above, mean over its lists."""
    n = len(lists.names)
    each = (counted / (lists.size - 1))[lists.of_list]
    won = np.bincount(lists.above, np.where(lists.tied, each / 2, each), n)
    won = won + np.bincount(lists.below, np.where(lists.tied, each / 2, 0.0), n)
    met = np.bincount(lists.above, each, n) + np.bincount(lists.below, each, n)
    return np.asarray(np.divide(won, met, out=np.zeros(n), where=met > 0))


def _component(lists: RankLists, counted: Floats) -> Ints:
    """(K,) which names are connected by lists that count, numbered by their first name."""
    n = len(lists.names)
    if not n:
        return np.empty(0, dtype=np.int32)
    used = counted[lists.of_list] > 0
    ends = (lists.above[used], lists.below[used])
    graph = coo_array((np.ones(int(used.sum()), dtype=np.int8), ends), shape=(n, n)).tocsr()
    part = connected_components(graph, directed=False)[1]
    first, number = np.unique(part, return_index=True)[1], np.empty(part.max() + 1, dtype=np.int32)
    number[np.argsort(first)] = np.arange(len(first))
    return np.asarray(number[part])


def _notes(lists: RankLists, component: Ints, trust: Floats | None, proven: bool) -> Iterator[str]:
    if trust is not None and len(trust):
        what = "questions" if lists.by_question else "rankings"
        yield (
            f"{what} count by how near they are to what all have in common (Mallows theta "
            f"{trust.min():.3g} to {trust.max():.3g}): without gold, "
            "a common error counts as agreement"
        )
    if not proven:
        yield (
            f"more than {EXACT_SIZE} names go round in a cycle, or the rankings are near to "
            "chance: the order is a good one, and not proven to contradict the fewest pairs"
        )
    parts = int(component.max(initial=0)) + 1
    if parts > 1:
        yield (
            f"the rankings fall into {parts} parts that no question connects: ranks hold within a "
            "part"
        )
