"""Ranks by the scores of single responses: within each item by utility, models by their mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from w2s_judge.arrays import Floats, Ints
from w2s_judge.comparisons import Ranking
from w2s_judge.ranking.components import ranks
from w2s_judge.ranking.intervals import mean_by_name
from w2s_judge.sentences import listed
from w2s_judge.workflows.boards import Board

Models = Mapping[str, tuple[str | None, ...]]
NO_MODELS = (
    "no response names its model, so that there is nothing to rank over the items: the input's "
    "column `model` (or `generator`) says who wrote each"
)


def boards_of_scores(
    rows: Iterable[Mapping[str, Any]], models: Models, method: str, draws: int, seed: int
) -> tuple[list[Board], list[str]]:
    """The boards of items and of the run, and what to say of them.

    `rows` are a consensus on single responses, in the input's order: `item`, `response`, `utility`.
    """
    table = [(row["item"], row["response"], row["utility"]) for row in rows]
    number = {name: k for k, name in enumerate(dict.fromkeys(name for name, _, _ in table))}
    group = np.array([number[name] for name, _, _ in table], dtype=np.int32)
    utility = np.array([np.nan if u is None else u for _, _, u in table], dtype=np.float64)
    names = tuple(name for name, _, _ in table)
    known = ~np.isnan(utility)
    ranking = Ranking(
        score=utility,
        rank=ranks(np.nan_to_num(utility, nan=-np.inf if known.all() else -1.0), group),
        component=np.zeros(len(utility), dtype=np.int32),
        method=method,
    )
    responses = tuple(str(place) for _, place, _ in table)
    boards = [Board("item", names, responses, ranking, tuple(known.tolist()))]
    notes = ["within an item the score is the expected utility, in [0, 1], of the consensus; one "
             "item has nothing to draw an interval from"]  # fmt: skip
    if not known.all():
        notes.append(f"{int((~known).sum())} responses have no vote and no rank")
    written = [models.get(item, ())[place] for item, place, _ in table]
    board, more = _over_run(written, utility, group, method, draws, seed)
    return boards + ([board] if board else []), notes + more


def _over_run(
    written: Sequence[str | None], utility: Floats, group: Ints, method: str, draws: int, seed: int
) -> tuple[Board | None, list[str]]:
    """Models by their mean utility; those that share no prompt, even by way of others, apart."""
    kept = np.array([name is not None for name in written], dtype=np.bool_) & ~np.isnan(utility)
    if not kept.any():
        return None, [NO_MODELS]
    found = dict.fromkeys(written[k] or "" for k in np.flatnonzero(kept).tolist())
    number = {name: k for k, name in enumerate(found)}
    name = np.array(
        [number[written[k] or ""] for k in np.flatnonzero(kept).tolist()], dtype=np.int32
    )
    mean, low, high = mean_by_name(utility[kept], name, group[kept], draws, seed)
    component = _shared(name, group[kept], len(found))
    rank = ranks(mean, component)
    ranking = Ranking(mean, rank, component, method, low, high)
    notes = [f"models: mean utility with a 95 % bootstrap interval over prompts, {draws} draws"]
    prompts = np.unique(np.stack([name, group[kept]]), axis=1)[0]
    answered = np.bincount(prompts)
    if (answered != answered[0]).any():
        uneven = ", ".join(f"{one} {n}" for one, n in zip(found, answered.tolist(), strict=True))
        notes.append(
            f"the models answered different prompts ({listed(uneven.split(', '), 8)}): their means "
            "also differ by how hard these are"
        )
    if component.any():
        notes.append("models of different components share no prompt: do not compare their means")
    return Board("run", (None,) * len(found), tuple(found), ranking), notes


def _shared(name: Ints, group: Ints, names: int) -> Ints:
    """(names,) the part of each model: models that answer a common prompt are in one."""
    _, prompt = np.unique(group, return_inverse=True)
    size = names + int(prompt.max()) + 1
    edges = coo_array((np.ones(len(name)), (name, names + prompt)), shape=(size, size))
    return np.asarray(connected_components(edges.tocsr(), directed=False)[1][:names], np.int32)
