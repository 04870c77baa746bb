"""Where EM starts, and what gold says about the votes before it does.

Letters: n rows of a block, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from w2s_judge.aggregation.em import Expected, collect, responsibilities
from w2s_judge.aggregation.fitted import Problem
from w2s_judge.aggregation.layout import Block, Layout
from w2s_judge.arrays import Floats
from w2s_judge.errors import ConfigurationError

ENOUGH = 5  # gold votes of a rater from which on its agreement is looked at
BLUR = 0.1  # half a width, in shares of all items, by which an item's rank is blurred

BY_RANK = (
    "the map from labels to classes was learned from a start that takes higher levels for later "
    "classes: nothing but their order says which class is which"
)
CONTRADICTS = (
    "gold contradicts the votes: {worse} of {judged} raters agree with it less often than by "
    "chance; the estimate keeps the votes' orientation, gold items alone keep their label"
)
TURNED = (
    "gold turns the scale: by gold, higher levels go with earlier classes for {worse} of {judged} "
    "raters, and the estimate follows gold"
)


def start(layout: Layout, problem: Problem) -> tuple[Expected, tuple[str, ...]]:
    """Counts to begin with, and notes.

    Labels that are classes: vote shares (Dawid and Skene 1979, eq. 3.1), gold items at their label.
    Labels whose map is to be learned: the confusions that gold shows, where it has every class,
    else ranks of the mean level. Raises `ConfigurationError` where there is neither.
    """
    known = gold_counts(layout, problem)
    seen = known.sum(axis=(0, 1)) > 0
    if problem.truth.of_label is not None:
        first = collect(layout, problem.table, vote_shares(problem, problem.truth.of_label))
        return first, _contradiction(known, problem)
    if seen.all():
        smoothed = known + 1.0 + known.sum(axis=0) / max(1.0, known.sum()) * len(problem.labels)
        table = np.log(smoothed / smoothed.sum(axis=1, keepdims=True)).reshape(problem.table)
        flat = np.full(problem.truth.C, -np.log(problem.truth.C))
        from_gold = collect(layout, problem.table, lambda b: responsibilities(b, table, flat))
        return from_gold, _turned(known, problem)
    if not problem.ordered:
        raise ConfigurationError(
            "the vote labels are not the truth classes, they have no order, and gold does not show "
            f"every class ({', '.join(problem.truth.classes[:8])})\n"
            "  label an item of each class, or say which vote label means which class"
        )
    return collect(layout, problem.table, rank_classes(layout, problem)), (BY_RANK,)


def gold_counts(layout: Layout, problem: Problem) -> Floats:
    """(J, L, C) votes on gold items by the items' class."""
    C = problem.truth.C  # noqa: N806

    def of_gold(block: Block) -> Floats:
        fixed = np.full(1, -1) if block.fixed is None else block.fixed
        return np.asarray(fixed[:, None] == np.arange(C), dtype=np.float64)

    shape = (len(problem.raters), len(problem.labels), C)
    total = np.zeros(shape)
    for block in layout.blocks():
        if block.fixed is not None and block.fixed.max(initial=-1) >= 0:
            only = Layout(lambda here=block: (here,), 0.0)  # type: ignore[misc]
            total += collect(only, problem.table, of_gold).counts.reshape(shape)
    return total


def vote_shares(problem: Problem, of_label: tuple[int, ...]) -> Callable[[Block], Floats]:
    """Gives (n, C): the share of a row's votes for each class."""
    C = problem.truth.C  # noqa: N806
    onto = np.tile(np.eye(C)[list(of_label)], (len(problem.raters), 1))

    def shares(block: Block) -> Floats:
        sums = block.cells.project(onto)
        total = sums.dot(np.ones((C, 1)))
        share = np.divide(sums, total, out=np.full_like(sums, 1 / C), where=total > 0)
        return clamped_rows(share, block)

    return shares


def clamped_rows(rows: Floats, block: Block) -> Floats:
    """(n, C) with gold rows at their class."""
    if block.fixed is not None:
        known = np.flatnonzero(block.fixed >= 0)
        rows[known] = np.eye(rows.shape[1])[block.fixed[known]]
    return rows


def rank_classes(layout: Layout, problem: Problem) -> Callable[[Block], Floats]:
    """Gives (n, C): items ranked by mean level, and the ranks cut at the prior's quantiles.

    An item holds the stretch of ranks that its ties hold, widened by `BLUR` on both sides; its
    share of a class is the part of the stretch that lies between the class's quantiles.
    """
    C = problem.truth.C  # noqa: N806
    prior = np.full(C, 1 / C) if problem.prior is None else problem.prior[0]
    edges = np.concatenate([[0.0], np.cumsum(prior)])
    edges[-1] = 1.0
    means, weights = zip(*(_mean_level(b, problem) for b in layout.blocks()), strict=True)
    level, place = np.unique(np.concatenate(means).round(9), return_inverse=True)
    held = np.bincount(place, weights=np.concatenate(weights), minlength=len(level))
    part = held / (held.sum() or 1.0)  # nothing where nobody voted
    upper = np.cumsum(part)
    low = np.maximum(upper - part - BLUR, 0.0)
    high = np.minimum(upper + BLUR, 1.0)

    def classes(block: Block) -> Floats:
        mean = _mean_level(block, problem)[0].round(9)
        at = np.searchsorted(level, mean)
        bottom = np.maximum(low[at, None], edges[:-1])
        ceiling = np.minimum(high[at, None], edges[1:])
        share = np.maximum(ceiling - bottom, 0.0)
        return clamped_rows(share / share.sum(axis=1, keepdims=True), block)

    return classes


def _mean_level(block: Block, problem: Problem) -> tuple[Floats, Floats]:
    """(n,) mean level of a row's votes (of silence the middle) and (n,) what the row weighs."""
    scale = np.column_stack([problem.scale, np.ones(len(problem.labels))])
    sums = block.cells.project(np.tile(scale, (len(problem.raters), 1)))
    middle = np.full(len(sums), (problem.scale[0] + problem.scale[-1]) / 2)
    mean = np.divide(sums[:, 0], sums[:, 1], out=middle, where=sums[:, 1] > 0)
    weight = np.ones(len(sums)) if block.weight is None else block.weight
    return mean, weight


def _contradiction(known: Floats, problem: Problem) -> tuple[str, ...]:
    of_label = problem.truth.of_label
    if of_label is None or np.count_nonzero(known.sum(axis=(0, 1))) < 2:
        return ()
    votes_by_class = np.einsum("jlc,ld->jdc", known, np.eye(problem.truth.C)[list(of_label)])
    total = votes_by_class.sum(axis=(1, 2))
    agree = np.einsum("jcc->j", votes_by_class)
    chance = np.einsum("jc,jc->j", votes_by_class.sum(axis=1), votes_by_class.sum(axis=2))
    judged = total >= ENOUGH
    worse = int(np.count_nonzero(judged & (agree * total < chance)))
    if 2 * worse <= np.count_nonzero(judged):
        return ()
    return (CONTRADICTS.format(worse=worse, judged=np.count_nonzero(judged)),)


def _turned(known: Floats, problem: Problem) -> tuple[str, ...]:
    if not problem.ordered:
        return ()
    total = known.sum(axis=(1, 2))
    place = np.arange(problem.truth.C)
    level, rank = known.sum(axis=2) @ problem.scale, known.sum(axis=1) @ place
    together = np.einsum("jlc,l,c->j", known, problem.scale, place)
    judged = total >= ENOUGH
    worse = int(np.count_nonzero(judged & (together * total < level * rank)))
    if 2 * worse <= np.count_nonzero(judged):
        return ()
    return (TURNED.format(worse=worse, judged=np.count_nonzero(judged)),)
