"""Ranks by the scores of single responses: within each item by utility, models by their mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.comparisons import Ranking
from w2s_judge.ranking.components import ranks
from w2s_judge.ranking.intervals import mean_by_name
from w2s_judge.sentences import listed
from w2s_judge.workflows.authors import Authors
from w2s_judge.workflows.boards import Board, board_of_run, no_interval

WITHIN = (
    "within an item the score is the utility, in [0, 1], that the consensus gives; one item has "
    "nothing to draw an interval from"
)
NO_MODELS = (
    "no response names its model, so that there is nothing to rank over the items: the input's "
    "column `model` (or `generator`) says who wrote each"
)


def boards_of_scores(
    rows: Iterable[Mapping[str, Any]], authors: Authors, method: str, draws: int, seed: int
) -> tuple[list[Board], list[str]]:
    """The boards of items and of the run, and what to say of them.

    `rows` are a consensus on single responses, in the input's order: `item`, `response`, `utility`,
    `calibration`. Raises `RunFolderError` for responses that the run does not have.
    """
    only_rank = 0
    table = []
    for row in rows:
        table.append((row["item"], row["response"], row["utility"]))
        only_rank += row["utility"] is not None and row["calibration"] == "uncalibrated"
    number = {name: k for k, name in enumerate(dict.fromkeys(name for name, _, _ in table))}
    group = np.array([number[name] for name, _, _ in table], dtype=np.int32)
    utility = np.array([np.nan if u is None else u for _, _, u in table], dtype=np.float64)
    board = _within_items(table, utility, group, method)
    notes = [WITHIN, *_said_of(~np.isnan(utility), only_rank)]
    written = [authors.of(item, place) for item, place, _ in table]
    over, more = _over_run(written, utility, group, method, draws, seed)
    return [board, *([over] if over else [])], notes + more


def _within_items(
    table: Sequence[tuple[str, int, float | None]], utility: Floats, group: Ints, method: str
) -> Board:
    known = ~np.isnan(utility)
    ranking = Ranking(
        score=utility,
        rank=ranks(np.nan_to_num(utility, nan=-np.inf if known.all() else -1.0), group),
        component=np.zeros(len(utility), dtype=np.int32),
        method=method,
    )
    items, responses = tuple(item for item, _, _ in table), tuple(str(k) for _, k, _ in table)
    return Board("item", items, responses, ranking, tuple(known.tolist()))


def _said_of(known: Bools, only_rank: int) -> Iterator[str]:
    """What to say of responses without a utility, and of utilities that are no expectations."""
    if not known.all():
        yield f"{int((~known).sum())} responses have no vote and no rank"
    if only_rank:
        ranked = int(known.sum())
        some = f"{only_rank:,} of {ranked:,} responses have" if only_rank < ranked else "all have"
        yield (
            f"{some} only votes that rank: their utilities put responses in order and are no "
            "expectations"
        )


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
    without = [one for one, end in zip(found, low.tolist(), strict=True) if end != end]
    notes += [no_interval(without)] if without else []
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
    return board_of_run(tuple(found), ranking), notes


def _shared(name: Ints, group: Ints, names: int) -> Ints:
    """(names,) the part of each model: models that answer a common prompt are in one."""
    _, prompt = np.unique(group, return_inverse=True)
    size = names + int(prompt.max()) + 1
    edges = coo_array((np.ones(len(name)), (name, names + prompt)), shape=(size, size))
    return np.asarray(connected_components(edges.tocsr(), directed=False)[1][:names], np.int32)
