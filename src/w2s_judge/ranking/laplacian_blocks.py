"""Linear systems in weighted graph Laplacians whose connected parts are blocks of their own.

    (L(w) + ridge I) x = b,    L(w)_ij = -w_ij,  L(w)_ii = sum of w_ij over j

with symmetric weights on the cells of `PairCounts`. Parts of one small size are inverted in one
stack, so that a hundred thousand questions cost a few array operations; a part of up to `DENSE`
objects has a Cholesky factor; above that conjugate gradients, whose memory is that of the cells.
b must sum to 0 over each part, and so does x (which only without a ridge is a choice): a multiple
of the matrix of ones may then be added, and keeps small ridges from spoiling the inverse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import coo_array

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.pair_counts import PairCounts, Places

SMALL = 24  # objects of a part up to which stacks are inverted: beyond, factors are cheaper
DENSE = 2000  # objects of a part up to which it is factored in full
RESIDUAL = 1e-11  # relative, where conjugate gradients stop


@dataclass(frozen=True, eq=False, slots=True)
class Group:
    """B connected parts of n objects each.

    members : (B, n) their objects
    cells   : which cells are theirs, a slice where all are
    at      : (cells,) place of each in the lower triangles of a (B, n, n) stack
    """

    members: Places
    cells: Places | slice
    at: Places


@dataclass(frozen=True, eq=False, slots=True)
class Blocks:
    """The connected parts of `counts`, by their size; objects that nothing met are in none."""

    counts: PairCounts
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, counts: PairCounts, component: Ints) -> Blocks:
        """Group the parts; `component` (N,) numbers them."""
        sizes = np.bincount(component)
        order = np.argsort(component, kind="stable")
        starts = np.cumsum(sizes) - sizes
        place = np.empty(counts.objects, dtype=np.intp)
        place[order] = np.arange(counts.objects) - starts[component[order]]
        part = component[counts.first]
        size = sizes[part]
        groups = []
        for n in np.unique(sizes[sizes > 1]):
            parts = np.flatnonzero(sizes == n)
            mine = np.flatnonzero(size == n)
            cells: Places | slice = mine if len(mine) < len(part) else slice(None)
            one, two = place[counts.first[cells]], place[counts.second[cells]]
            block = np.searchsorted(parts, part[cells])
            at = (block * n + np.maximum(one, two)) * n + np.minimum(one, two)
            groups.append(Group(order[starts[parts][:, None] + np.arange(n)], cells, at))
        return cls(counts, tuple(groups))

    def factor(self, weight: Floats, ridge: float) -> Factored:
        """Prepare the systems for weights (K,) of the cells."""
        counts = self.counts
        diagonal = np.full(counts.objects, ridge)
        diagonal += np.bincount(counts.first, weight, counts.objects)
        diagonal += np.bincount(counts.second, weight, counts.objects)
        parts: list[Stack | Factors | Sparse] = []
        for group in self.groups:
            n = group.members.shape[1]
            if n > DENSE:
                own = counts.first[group.cells], counts.second[group.cells]
                parts += [
                    Sparse.of(members, own, weight[group.cells], diagonal)
                    for members in group.members
                ]
                continue
            stack = _stack(group, weight[group.cells], diagonal)
            lift = diagonal[group.members].mean(axis=1) / n
            parts.append((Stack if n <= SMALL else Factors).of(group.members, stack, lift))
        return Factored(tuple(parts))


@dataclass(frozen=True, eq=False, slots=True)
class Factored:
    """Systems ready to be solved, for any number of right-hand sides."""

    parts: tuple[Stack | Factors | Sparse, ...]

    def solve(self, right: Floats) -> Floats:
        """(N, R) from (N, R); 0 for objects that nothing met."""
        found = np.zeros_like(right)
        for part in self.parts:
            part.solve(right, found)
        return found


@dataclass(frozen=True, eq=False, slots=True)
class Stack:
    """Many small parts, inverted."""

    members: Places
    inverse: Floats

    @classmethod
    def of(cls, members: Places, stack: Floats, lift: Floats) -> Stack:
        """From the (B, n, n) lower triangles; `lift` (B,) is added to every entry."""
        whole = stack + stack.transpose(0, 2, 1)
        whole[:, np.arange(stack.shape[1]), np.arange(stack.shape[1])] /= 2
        whole += lift[:, None, None]
        return cls(members, np.asarray(np.linalg.inv(whole), dtype=np.float64))

    def solve(self, right: Floats, found: Floats) -> None:
        """Write the parts' rows of the solution."""
        found[self.members] = self.inverse @ right[self.members]


@dataclass(frozen=True, eq=False, slots=True)
class Factors:
    """Larger parts, each by its Cholesky factor."""

    members: Places
    factors: tuple[tuple[Floats, bool], ...]

    @classmethod
    def of(cls, members: Places, stack: Floats, lift: Floats) -> Factors:
        """From the (B, n, n) lower triangles, which the factors overwrite; `lift` as above."""
        stack += lift[:, None, None]
        # Transposed: the order of columns that LAPACK reads without a copy.
        return cls(
            members,
            tuple(cho_factor(one.T, overwrite_a=True, check_finite=False) for one in stack),
        )

    def solve(self, right: Floats, found: Floats) -> None:
        """Write the parts' rows of the solution."""
        for members, factor in zip(self.members, self.factors, strict=True):
            found[members] = cho_solve(factor, right[members], check_finite=False)


@dataclass(frozen=True, eq=False, slots=True)
class Sparse:
    """One large part, by conjugate gradients with the diagonal as preconditioner."""

    members: Places
    diagonal: Floats
    weight: coo_array

    @classmethod
    def of(
        cls, members: Places, cells: tuple[Places, Places], weight: Floats, diagonal: Floats
    ) -> Sparse:
        """From all cells of its group, of which those of other parts touch nothing here."""
        place = np.full(len(diagonal), -1, dtype=np.intp)
        place[members] = np.arange(len(members))
        one, two = place[cells[0]], place[cells[1]]
        own = one >= 0
        n = len(members)
        upper = coo_array((weight[own], (one[own], two[own])), shape=(n, n)).tocsr()
        return cls(members, diagonal[members], upper + upper.T)

    def solve(self, right: Floats, found: Floats) -> None:
        """Write the part's rows of the solution."""
        for column in range(right.shape[1]):
            found[self.members, column] = self._descend(right[self.members, column])

    def _descend(self, right: Floats) -> Floats:
        found, rest = np.zeros_like(right), right.copy()
        scaled = rest / self.diagonal
        way, size = scaled, float(rest @ scaled)
        enough = RESIDUAL**2 * size
        for _ in range(10 * len(right)):
            if size <= enough:
                break
            bent = self.diagonal * way - self.weight @ way
            length = size / float(way @ bent)
            found += length * way
            rest -= length * bent
            scaled = rest / self.diagonal
            before, size = size, float(rest @ scaled)
            way = scaled + (size / before) * way
        return np.asarray(found - found.mean())


def _stack(group: Group, weight: Floats, diagonal: Floats) -> Floats:
    """(B, n, n) lower triangles, 0 above."""
    parts, n = group.members.shape
    stack = np.asarray(np.bincount(group.at, weight, parts * n * n), dtype=np.float64)
    stack = stack.reshape(parts, n, n)
    np.negative(stack, out=stack)
    stack[:, np.arange(n), np.arange(n)] = diagonal[group.members]
    return stack
