"""Votes in blocks of rows, as EM reads them again and again.

Letters: I items, n rows of a block, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from w2s_judge.aggregation.cells import Cells, Table
from w2s_judge.aggregation.soft_cells import soft
from w2s_judge.arrays import Floats, Ints
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

BLOCK = 2**12  # rows at a time: what EM needs of them stays in the processor's cache
PILOT, MANY = 8, 64  # blocks in a sample, and blocks from which on there is one


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Some rows: their votes, items a row (n,) (None: one), gold class (n,) (-1: none; or None)."""

    cells: Table
    weight: Floats | None = None
    fixed: Ints | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """All rows.

    blocks      : gives the rows, block after block, the same each time
    votes       : sum of the votes' weights
    support     : (I,) number of votes on each item; None where the items are not all at hand
    row_of_item : (I,) row of each item; None: the rows are the items, in order
    pilot       : a sample of the blocks, where there are many in memory
    """

    blocks: Callable[[], Iterable[Block]]
    votes: float
    support: Ints | None = None
    row_of_item: npt.NDArray[Any] | None = None
    pilot: Layout | None = None


def item_blocks(votes: VoteMatrix, gold: Gold | None) -> Iterator[Block]:
    """Blocks of one row an item; an item without a vote weighs nothing."""
    cells: Table = Cells.of(votes) if votes.mass is None else soft(votes)
    heard = None
    if votes.V < votes.I * votes.J:
        heard = np.zeros(votes.I)
        heard[votes.item] = 1.0
    fixed = None
    if gold is not None and gold.G:
        fixed = np.full(votes.I, -1, dtype=np.int32)
        fixed[gold.item] = gold.label
    for start, part in zip(range(0, votes.I, BLOCK), cells.blocks(BLOCK), strict=True):
        mine = slice(start, start + BLOCK)
        yield Block(
            part,
            None if heard is None else heard[mine],
            None if fixed is None else fixed[mine],
        )


def in_memory(votes: VoteMatrix, gold: Gold | None, total: float) -> Layout:
    """A row an item; `total` is the sum of the votes' weights."""
    blocks = tuple(item_blocks(votes, gold))
    pilot = None
    if len(blocks) >= MANY:
        some = blocks[:: len(blocks) // PILOT]
        pilot = Layout(lambda: some, total * len(some) / len(blocks))
    return Layout(lambda: blocks, total, votes.support, None, pilot)
