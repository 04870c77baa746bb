"""Tables of pairs of raters, for the test whether they err independently.

Where items share prompts, also how far the items of a prompt deviate together. With posterior P,
votes m and rows r of the confusion, an item's residual in a pair of raters is

    u_lm = sum_c P(c) (m_jl - r_jcl) (m_km - r_kcm)

Its sum over items is, at the maximum of the likelihood, what the pair's table has beyond the
expected one. The deviation of the table's cells themselves would not do: it goes with the class,
and prompts whose items are of one class would pass for raters who deviate together.

Letters: I items, J raters, L vote labels, C truth classes, n items of a prompt, K cells (rater,
label) of the raters who voted on it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from w2s_judge.aggregation.cells import Cells, in_order
from w2s_judge.aggregation.hashes import mixed
from w2s_judge.aggregation.patterns import Patterns
from w2s_judge.aggregation.row_sample import keys
from w2s_judge.arrays import Floats
from w2s_judge.calibration.independence import Clustering, PairTables
from w2s_judge.calibration.maps import kish
from w2s_judge.votes import VoteMatrix

PROMPTS = 1000  # that are looked at: the design effect of one pair is then known to 4 or 5 %
ITEMS, FEWEST = 100_000, 100  # so many items do, if they are of 100 prompts: of a pair to 14 %
BLOCK = 2_000_000  # numbers in a plain array of some of a prompt's items

Places = npt.NDArray[np.intp]


def pair_tables(votes: VoteMatrix, posterior: Floats) -> PairTables:
    """Tables of all pairs beside a posterior (I, C); weights of votes play no part."""
    J, L, C = votes.J, votes.L, posterior.shape[1]  # noqa: N806
    mass, items, classes = _rows(replace(votes, weight=None), posterior)
    weighed = mass.multiply(items[:, None]) if sparse.issparse(mass) else mass * items[:, None]
    together = mass.T @ weighed
    counts = np.asarray(mass.T @ classes).reshape(J, L, C)
    squares = (mass.multiply(weighed) if sparse.issparse(mass) else mass * weighed).sum(axis=0)
    return PairTables(
        np.asarray(together.toarray() if sparse.issparse(together) else together).reshape(
            J, L, J, L
        ),
        np.asarray(squares).reshape(J, L),
        counts,
        classes.sum(axis=0) / max(items.sum(), 1.0),
        _clustering(votes, posterior, counts),
    )


def _clustering(votes: VoteMatrix, posterior: Floats, counts: Floats) -> Clustering | None:
    """Of up to `PROMPTS` prompts; counts (J, L, C). None where no two items share a prompt."""
    drawn = _drawn(votes)
    if drawn is None:
        return None
    items, start = drawn
    J, L, _ = counts.shape  # noqa: N806
    confusion = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    confusion = np.moveaxis(confusion, 2, 0)
    table, root = _table(votes, items), np.sqrt(posterior[items])
    found = np.zeros((6, J * L, J * L))
    for first, last in pairwise(start):
        prompt = table[first:last]
        raters = np.unique(prompt.indices // L)
        cells = (raters[:, None] * L + np.arange(L)).ravel()
        u, n, squares = _of_prompt(prompt, root[first:last], confusion, raters)
        found[:, cells[:, None], cells] += np.stack([u * u, u * n, n * n, u, n, squares])
    mean = found[3] / np.maximum(found[4], 1.0)
    sums = np.maximum(found[0] - 2 * mean * found[1] + mean**2 * found[2], 0.0)
    squares = np.maximum(found[5] - mean**2 * found[4], 0.0)
    size = np.diff(start).astype(np.float64)
    shape = (J, L, J, L)
    return Clustering(sums.reshape(shape), squares.reshape(shape), kish(size))


def _of_prompt(
    prompt: Any, root: Floats, confusion: Floats, raters: Places
) -> tuple[Floats, Floats, Floats]:
    """(K, K) sums over a prompt's items of residuals, of 1 where both voted, of squared residuals.

    prompt (n, J*L) votes, root (n, C) square roots of the posterior, confusion (C, J, L).
    """
    C, J, L = confusion.shape  # noqa: N806
    K = len(raters) * L  # noqa: N806
    found = np.zeros((3, K, K))
    step = max(1, BLOCK // max(J * L, K * C * C))
    for first in range(0, len(root), step):
        mass = prompt[first : first + step].toarray().reshape(-1, J, L)[:, raters]
        votes = mass.sum(axis=2, keepdims=True)
        apart = (mass[:, None] - votes[:, None] * confusion[:, raters]).reshape(-1, C, K)
        apart *= root[first : first + step, :, None]
        both = (apart[:, :, None] * apart[:, None]).reshape(-1, K)
        apart = apart.reshape(-1, K)
        there = np.repeat(votes[:, :, 0] > 0, L, axis=1).astype(np.float64)
        found += np.stack([apart.T @ apart, there.T @ there, both.T @ both])
    return found[0], found[1], found[2]


def _drawn(votes: VoteMatrix) -> tuple[Places, Places] | None:
    """Items with votes, prompt after prompt, and where each prompt begins, with the end of all.

    Which prompts are drawn hangs on what their votes hold. None where no two items share one.
    """
    if (np.diff(votes.group) > 0).all():  # the usual case of items without prompts, at no cost
        return None
    items = np.flatnonzero(votes.support)
    items = items[np.argsort(votes.group[items], kind="stable")]
    another = np.diff(votes.group[items]) != 0
    start = np.flatnonzero(np.concatenate([[True], another, [True]]))
    if another.all():
        return None
    if len(start) > PROMPTS + 1 or (len(items) > ITEMS and len(start) > FEWEST + 1):
        key = mixed(np.add.reduceat(keys(votes)[items], start[:-1]))
        order = np.argsort(key, kind="stable")[:PROMPTS]
        enough = int(np.searchsorted(np.cumsum(np.diff(start)[order]), ITEMS)) + 1
        drawn = order[: max(enough, FEWEST)]
        items = np.concatenate([items[start[k] : start[k + 1]] for k in drawn])
        start = np.concatenate([[0], np.cumsum(np.diff(start)[drawn])])
    return items, start


def _table(votes: VoteMatrix, items: Places) -> Any:
    """The votes on some items, in their order, unweighted."""
    place = np.full(votes.I, -1, dtype=np.int32)
    place[items] = np.arange(len(items), dtype=np.int32)
    kept = replace(votes, weight=None).only(place[votes.item] >= 0)
    few = replace(
        kept, items=tuple(votes.items[i] for i in items), item=place[kept.item],
        group=votes.group[items], positions=None,
    )  # fmt: skip
    return Cells.of(few).rows


def _rows(votes: VoteMatrix, posterior: Floats) -> tuple[Any, Floats, Floats]:
    """Mass (n, J*L), items (n,) and summed posterior (n, C) of rows of votes.

    Identical rows of hard votes are one; silent items weigh nothing.
    """
    patterns = Patterns(votes.J, votes.L)
    code = patterns.codes(votes, None)
    if code is not None:
        rows, items, position = patterns.counted(code)
        block = patterns.block(rows, items)
        spoken = np.ones(len(rows)) if block.weight is None else block.weight
        classes = np.zeros((len(rows), posterior.shape[1]))
        for c, column in enumerate(posterior.T):
            classes[:, c] = np.bincount(position, weights=column, minlength=len(rows))
        classes[spoken <= 0] = 0.0
        return _plain(block.cells), spoken, classes
    heard = (votes.support > 0).astype(np.float64)
    if votes.mass is not None and in_order(votes):
        return votes.mass.reshape(votes.I, votes.J * votes.L), heard, posterior
    return Cells.of(votes).rows, heard, posterior * heard[:, None]


def _plain(cells: Any) -> Any:
    """The matrix behind the votes of a block of patterns."""
    if not isinstance(cells, Cells):
        raise TypeError("patterns are laid out as cells")
    return cells.rows
