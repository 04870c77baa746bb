"""A feedback arc set of least weight, proven: the linear ordering problem as an integer programme.

    x_uv = 1 where u stands before v (u < v; x_vu = 1 - x_uv)
    0 <= x_uv + x_vw - x_uw <= 1 for u < v < w: no cycle of three, and therefore none at all

M. Grötschel, M. Jünger and G. Reinelt, A cutting plane algorithm for the linear ordering problem,
Operations Research 32 (1984): of the n³ rows few matter, so those that a solution violates are
added, round by round, first to the linear programme, whose solution is mostly whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, vstack

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.best_insertion import improved_order
from w2s_judge.ranking.kemeny_subsets import LARGEST, cheapest_orders
from w2s_judge.ranking.strong_parts import arcs, level, net, strong_parts

Bounded: TypeAlias = tuple[Floats, Floats]
"""Least and greatest x, (pairs,) each."""

EXACT_SIZE = 60  # up to .1 s where votes err evenly; .1 to 10 s where close objects are confused
EXACT_KICKS = 60  # of the search that starts it: a start that is the best settles the most pairs
AT_ONCE = 5  # rows of a round that a pair is in: more make the programme slow, fewer add rounds
BROKEN = 1e-6  # what HiGHS calls feasible and whole
SIGNS = np.array([1.0, 1.0, -1.0])


def exact_order(weight: Floats, /) -> Ints:
    """(n,) vertices, first to last, so that the least weight points backwards.

    weight : (n, n) what row is preferred to column by, 0 or above; the diagonal is ignored

    Strongly connected components are solved one by one, small ones by dynamic programming over
    their subsets (milliseconds), others by the programme: up to `EXACT_SIZE` vertices one takes
    seconds at most as a rule, above that it may take very long. Of several best orders it gives
    one, always the same. Raises `ArithmeticError` where the solver gives up, which no weights are
    known to bring about.
    """
    left = net(weight)
    found = [np.empty(0, dtype=np.int32)]
    for part in strong_parts(arcs(left)):
        inner = left[np.ix_(part, part)]
        if len(part) <= LARGEST:
            found.append(part[cheapest_orders(inner.T[None])[0]])
        else:
            found.append(part[_part(inner)])
    return np.concatenate(found)


@dataclass(frozen=True, eq=False, slots=True)
class _Triangles:
    """All u < v < w: (T, 3) columns of x_uv, x_vw and x_uw; `of_pair` (n, n) the column of a pair.

    The rows of the programme are 0 <= SIGNS . x <= 1, of which one side is used at a time.
    """

    columns: Ints
    of_pair: Ints

    @classmethod
    def among(cls, n: int) -> _Triangles:
        of_pair = np.zeros((n, n), dtype=np.int32)
        first, second = np.triu_indices(n, 1)
        of_pair[first, second] = np.arange(len(first))
        third = np.arange(n)[None] > second[:, None]  # (pairs, n): w behind v
        pair, last = np.nonzero(third)
        u, v = first[pair], second[pair]
        columns = np.stack([of_pair[u, v], of_pair[v, last], of_pair[u, last]], axis=1)
        return cls(columns, of_pair)

    def broken(self, x: Floats) -> Ints:
        """Rows that x violates, the worst first, no pair in more than `AT_ONCE` of them."""
        value = x[self.columns] @ SIGNS
        over = np.maximum(value - 1, -value)
        rows = np.flatnonzero(over > BROKEN)
        rows = rows[np.argsort(-over[rows], kind="stable")]
        used = np.zeros(len(x), dtype=np.int32)
        chosen = []
        for row, columns in zip(rows.tolist(), self.columns[rows], strict=True):
            if used[columns].max() < AT_ONCE:
                used[columns] += 1
                chosen.append(row)
        return np.array(chosen, dtype=np.int32)

    def matrix(self, x: Floats, rows: Ints) -> csr_array:
        """(rows, pairs) coefficients of the side of each row that x violates."""
        side = np.where(x[self.columns[rows]] @ SIGNS > 1, 1.0, -1.0)
        place = (np.repeat(np.arange(len(rows)), 3), self.columns[rows].ravel())
        return csr_array(((side[:, None] * SIGNS).ravel(), place), shape=(len(rows), len(x)))


def _part(weight: Floats) -> Ints:
    # Numbered as in a good order, x is 1 all over, and its cost bounds the best from above.
    start = improved_order(weight, kicks=EXACT_KICKS)
    skew = (weight - weight.T)[np.ix_(start, start)]
    gain = skew[np.triu_indices(len(skew), 1)]
    level_gain = level(gain)
    triangles = _Triangles.among(len(skew))
    rows = csr_array((0, len(gain)))
    bounds = np.zeros(len(gain)), np.ones(len(gain))
    whole = False
    while True:
        x, bounds = _whole(gain, rows, bounds) if whole else _relaxed(gain, rows, bounds)
        # Not better than the start even without all rows: nothing is.
        if gain @ x <= gain.sum() + level_gain:
            return start
        broken = triangles.broken(x)
        if len(broken):
            rows = vstack([rows, triangles.matrix(x, broken)], format="csr")
        elif np.abs(x - np.round(x)).max() <= BROKEN:
            return np.asarray(start[_sorted(x, len(skew))])
        else:
            whole = True


def _relaxed(gain: Floats, rows: csr_array, bounds: Bounded) -> tuple[Floats, Bounded]:
    """The solution of the linear programme, and the bounds with the pairs that it settles.

    A pair is settled where the other way round would cost more than the start does: where its
    reduced cost exceeds what is between start and programme.
    """
    lower, upper = bounds
    found = linprog(
        -gain, A_ub=rows, b_ub=_right_side(rows), bounds=np.stack(bounds, axis=1), method="highs"
    )
    _check(found.success, found.message)
    x = np.asarray(found.x)
    between = gain @ x - gain.sum() + level(gain)
    behind = (found.lower.marginals > between) & (lower == 0)
    before = (-found.upper.marginals > between) & (upper == 1)
    return x, (np.where(before, 1.0, lower), np.where(behind, 0.0, upper))


def _whole(gain: Floats, rows: csr_array, bounds: Bounded) -> tuple[Floats, Bounded]:
    """The solution in whole numbers, and the bounds as they are."""
    # The default gap of 1e-4 is relative to all weight, and would pass for less than the best.
    found = milp(
        -gain,
        integrality=np.ones(len(gain)),
        bounds=Bounds(*bounds),
        constraints=LinearConstraint(rows, -np.inf, _right_side(rows)),
        options={"mip_rel_gap": 0.0},
    )
    _check(found.success, found.message)
    return np.asarray(found.x), bounds


def _right_side(rows: csr_array) -> Floats:
    # x_uv + x_vw - x_uw <= 1, and its negative <= 0: the coefficients sum to the right side, or -1
    return np.maximum(np.asarray(rows.sum(axis=1), dtype=np.float64), 0.0)


def _check(success: bool, message: str) -> None:
    if not success:
        raise ArithmeticError(f"the programme of an order was not solved: {message}")


def _sorted(x: Floats, n: int) -> Ints:
    before = np.zeros((n, n))
    before[np.triu_indices(n, 1)] = np.round(x)
    before += np.tril(1 - before.T, -1)
    return np.argsort(before.sum(axis=0), kind="stable").astype(np.int32)
