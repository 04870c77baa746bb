"""Rankings of the same names in many questions, taken apart into pairs: what rank ensembles merge.

A name is what an object of one question has in common with objects of others: a model, say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.comparisons import Comparisons, Ranking


@dataclass(frozen=True, eq=False, slots=True)
class RankLists:
    """S lists, each an order of some of K names, as P pairs of names that stand in one list.

    names        : length K, in the order in which they first occur
    questions    : number of questions, Q
    sources      : number of sources: rankings, or questions where there is one ranking
    question     : (S,) which question a list is of
    source       : (S,) which source it has
    size         : (S,) how many objects it orders, at least 2
    of_list      : (P,) the list that a pair stands in
    above, below : (P,) indices into names, never the same
    tied         : (P,) True where the two share a rank
    by_question  : True where questions are the sources
    """

    names: tuple[str, ...]
    questions: int
    sources: int
    question: Ints
    source: Ints
    size: Ints
    of_list: Ints
    above: Ints
    below: Ints
    tied: Bools
    by_question: bool


def rank_lists(
    comparisons: Comparisons, rankings: Ranking | Sequence[Ranking], names: Sequence[str], /
) -> RankLists:
    """The lists of one ranking of all objects, or of several, such as one for every judge.

    names : (N,) what each object is

    Each connected part of a question is a list of its own, since its ranks hold nowhere else; an
    object without a comparison is in none, and a name that a question lacks is not in its list. Two
    objects of one name in a question both count; nothing is made of which of the two is better.
    Raises `ValueError` where there is not one name an object.
    """
    if len(names) != comparisons.N:
        raise ValueError(f"names has one entry an object: {comparisons.N}, not {len(names)}")
    several = [rankings] if isinstance(rankings, Ranking) else list(rankings)
    by_question = isinstance(rankings, Ranking)
    known = {name: k for k, name in enumerate(dict.fromkeys(names))}
    of_object = np.array([known[name] for name in names], dtype=np.int32)
    found = [_pairs(comparisons.question, ranking, of_object) for ranking in several]
    counts = [len(question) for question, *_ in found]
    starts = np.cumsum([0, *counts])
    question = _joined([part[0] for part in found])
    source = question if by_question else np.repeat(np.arange(len(found)), counts)
    return RankLists(
        names=tuple(known),
        questions=comparisons.Q,
        sources=comparisons.Q if by_question else len(found),
        question=question,
        source=source.astype(np.int32),
        size=_joined([part[1] for part in found]),
        of_list=_joined([part[2] + start for part, start in zip(found, starts, strict=False)]),
        above=_joined([part[3] for part in found]),
        below=_joined([part[4] for part in found]),
        tied=_joined([part[5] for part in found]).astype(np.bool_),
        by_question=by_question,
    )


def _joined(columns: list[Ints]) -> Ints:
    return np.concatenate([np.empty(0, dtype=np.int32), *columns]).astype(np.int32)


def _pairs(question: Ints, ranking: Ranking, name: Ints) -> tuple[Ints, ...]:
    """Question and size of each list; list, names above and below, and tie of each pair."""
    order = np.lexsort((ranking.rank, ranking.component, question))
    asked, part = question[order], ranking.component[order]
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (asked[1:] != asked[:-1]) | (part[1:] != part[:-1])
    starts = np.flatnonzero(new)
    size = np.diff(starts, append=len(order))
    starts, size = starts[size > 1], size[size > 1]
    columns: list[list[Ints]] = [[], [], [], []]
    for n in np.unique(size).tolist():
        mine = np.flatnonzero(size == n)
        first, second = np.triu_indices(n, 1)
        one = order[starts[mine][:, None] + first].ravel()
        two = order[starts[mine][:, None] + second].ravel()
        apart = name[one] != name[two]
        one, two = one[apart], two[apart]
        found = (
            np.repeat(mine, len(first))[apart],
            name[one],
            name[two],
            ranking.rank[one] == ranking.rank[two],
        )
        for column, values in zip(columns, found, strict=True):
            column.append(values.astype(np.int32))
    return (asked[starts], size.astype(np.int32), *(_joined(column) for column in columns))
