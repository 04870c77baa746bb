"""Models with a hidden number an item: integrals over it are sums over nodes.

A component is a node of the hidden number or numbers. Given the component votes are independent, so
that the E-step is that of Dawid and Skene with components in the place of classes (Bock and Aitkin
1981, eq. 13 to 15, form from memory). What a truth class says of its items is how it weighs the
components; without gold an item has the classes' mixture of these weights.

Nodes are evenly spaced, not Gauss and Hermite's: a panel of 24 graded judges fixes an item's number
to within .15, less than the .8 between 15 of theirs, and the sum then favours parameters that put
items on nodes. On such votes the objective was .01 a vote off with 15 of theirs, .0004 with 61,
and .000004 with 41 that are evenly spaced.

Letters: I items, n rows of a block, J raters, L vote labels, C truth classes, K components.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.cells import Cells, Table
from w2s_judge.aggregation.em import TINY
from w2s_judge.aggregation.layout import Block, Layout
from w2s_judge.aggregation.soft_cells import DenseSoft
from w2s_judge.arrays import Floats

HELD = 2**17  # numbers in a block's rows of components: what stays in the processor's cache
LEAST_ROWS = 16


def even_nodes(count: int, reach: float) -> tuple[Floats, Floats]:
    """(count,) nodes from -reach to reach, and weights that are a standard normal's, sum 1."""
    at = np.linspace(-reach, reach, count) if count > 1 else np.zeros(1)
    at = (at - at[::-1]) / 2  # symmetric to the last bit: no side is favoured
    weight = np.exp(-0.5 * at**2)
    return at, weight / weight.sum()


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """What an E-step saw: counts (J*L, K) of votes, components (C + 1, K) of items by gold class.

    The last row of components has the items without gold.
    """

    counts: Floats
    components: Floats
    log_likelihood: float


@dataclass(frozen=True, eq=False, slots=True)
class Components:
    """weight (C, K): P(class, component), all sum to 1; one row where there are no classes."""

    weight: Floats

    def joint(self, block: Block, likelihood: Floats) -> tuple[Floats, Floats, Floats]:
        """(n, K) P(votes, component) in units of a row's largest, rows' sums, log units (n,).

        A row with gold has the weights of its class.
        """
        score = likelihood + _log(self.weight.sum(axis=0))
        if block.fixed is not None:
            known = np.flatnonzero(block.fixed >= 0)
            score[known] = likelihood[known] + _log(self.weight)[block.fixed[known]]
        top = np.maximum.reduce(score, axis=1)
        score -= top[:, None]
        np.exp(score, out=score)
        return score, score.dot(np.ones(score.shape[1])), top

    def expect(self, layout: Layout, table: Floats) -> Seen:
        """One expectation step: `table` (J*L, K) has log P(vote label | component)."""
        counts = np.zeros(table.shape)
        components = np.zeros((len(self.weight) + 1, table.shape[1]))
        classes = np.append(np.arange(len(self.weight)), -1)[:, None]
        log_likelihood = 0.0
        for block in layout.blocks():
            likelihood, passed = block.cells.likelihood(table)
            rows, total, top = self.joint(block, likelihood)
            weight = np.ones(len(rows)) if block.weight is None else block.weight
            rows *= (weight / total)[:, None]
            fixed = np.full(len(rows), -1) if block.fixed is None else block.fixed
            components += np.asarray(fixed == classes, dtype=np.float64).dot(rows)
            counts += block.cells.expected(rows, table, passed)
            log_likelihood += float(weight.dot(np.log(total) + top))
        return Seen(counts, components, log_likelihood)

    def log_likelihood(self, layout: Layout, table: Floats) -> float:
        """Of all votes (and gold classes)."""
        whole = 0.0
        for block in layout.blocks():
            rows, total, top = self.joint(block, block.cells.likelihood(table)[0])
            weight = np.ones(len(rows)) if block.weight is None else block.weight
            whole += float(weight.dot(np.log(total) + top))
        return whole

    def means(self, layout: Layout, table: Floats, values: Floats) -> Floats:
        """(I, M) posterior means of what components are worth, `values` (K, M)."""
        parts = []
        for block in layout.blocks():
            rows, total, _ = self.joint(block, block.cells.likelihood(table)[0])
            parts.append(rows.dot(values) / total[:, None])
        of_row = parts[0] if len(parts) == 1 else np.concatenate(parts)
        return of_row if layout.row_of_item is None else of_row[layout.row_of_item]

    @property
    def class_given(self) -> Floats:
        """(K, C) P(class | component)."""
        return np.asarray((self.weight / np.maximum(self.weight.sum(axis=0), TINY)).T)


def _log(weight: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(weight, TINY)))


def in_parts(layout: Layout, components: int) -> Layout:
    """The same rows in blocks so small that a number a component is bounded memory."""
    pilot = None if layout.pilot is None else in_parts(layout.pilot, components)
    blocks = tuple(part for block in layout.blocks() for part in _parts(block, components))
    return replace(layout, blocks=lambda: blocks, pilot=pilot)


def _parts(block: Block, components: int) -> Iterator[Block]:
    if isinstance(block.cells, Cells) and isinstance(block.cells.rows, np.ndarray):
        yield block  # a small plain matrix
        return
    width = components * (block.cells.rows.shape[1] if isinstance(block.cells, DenseSoft) else 1)
    size = max(LEAST_ROWS, HELD // width)
    for number, cells in enumerate(block.cells.blocks(size)):
        mine = slice(number * size, (number + 1) * size)
        yield Block(
            _by_label(cells),
            None if block.weight is None else block.weight[mine],
            None if block.fixed is None else block.fixed[mine],
        )


def _by_label(cells: Table) -> Table:
    """Soft votes with the rows innermost in memory: products over many components want it so."""
    if not isinstance(cells, DenseSoft):
        return cells
    rows = np.ascontiguousarray(cells.rows.transpose(1, 2, 0)).transpose(2, 0, 1)
    return DenseSoft(rows, cells.silent)
