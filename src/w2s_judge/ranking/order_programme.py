"""The linear programme of an order, whose rows are added as solutions violate them.

    x_uv = 1 where u stands before v (u < v; x_vu = 1 - x_uv)
    0 <= x_uv + x_vw - x_uw <= 1 for u < v < w: no cycle of three, and therefore none at all

M. Grötschel, M. Jünger and G. Reinelt, A cutting plane algorithm for the linear ordering problem,
Operations Research 32 (1984): of the n³ rows few matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.ranking.strong_parts import reached

AT_ONCE = 5  # rows of a round that a pair is in: more make the programme slow, fewer add rounds
BROKEN = 1e-6  # what HiGHS calls feasible and whole
SET_UP = 100  # pivots that a programme is charged beside its own: what setting it up takes
MILLION = 1e6
SIGNS = np.array([1.0, 1.0, -1.0])
OPTIMAL, INFEASIBLE = 0, 2  # linprog's status


class Spent(ArithmeticError):
    """The effort is used up, or the solver gave up: what is left stays undecided."""


@dataclass(slots=True)
class Meter:
    """Effort that is left: millions of simplex pivots times pairs that are free in them.

    A pivot takes about as long as there are pairs; one of them takes some 50 to 200 ns. So this
    bounds the time without a clock, and the same call always ends at the same place.
    """

    left: float

    def pivots(self, pairs: int) -> int:
        """How many a programme of so many pairs may take."""
        return max(1, int(MILLION * self.left / pairs))

    def take(self, pivots: int, pairs: int) -> None:
        self.left -= (pivots + SET_UP) * pairs / MILLION
        if self.left <= 0:
            raise Spent("all effort is used")


@dataclass(frozen=True, eq=False, slots=True)
class Box:
    """Least and greatest x, (pairs,) each, 0 or 1: pairs that are settled have both the same."""

    lower: Floats
    upper: Floats

    @classmethod
    def whole(cls, pairs: int) -> Box:
        return cls(np.zeros(pairs), np.ones(pairs))

    @property
    def free(self) -> Bools:
        return np.asarray(self.lower < self.upper)

    def settled(self, behind: Bools, before: Bools) -> Box:
        """With some of the free pairs settled."""
        return Box(np.where(before, 1.0, self.lower), np.where(behind, 0.0, self.upper))

    def at(self, pair: int, x: float) -> Box:
        """With one pair settled."""
        here = np.arange(len(self.lower)) == pair
        return self.settled(here & (x == 0), here & (x == 1))

    def closed(self, n: int) -> Box | None:
        """With what follows: u before v before w is u before w. None: they go round in a cycle."""
        pairs = np.triu_indices(n, 1)
        before = np.zeros((n, n), dtype=np.bool_)
        before[pairs] = self.lower == 1
        before.T[pairs] = self.upper == 0
        before = reached(before)
        if before.diagonal().any():
            return None
        return self.settled(before.T[pairs], before[pairs])


@dataclass(frozen=True, eq=False, slots=True)
class Relaxed:
    """x (pairs,), its value, and what each free pair would take from it on the other side."""

    x: Floats
    value: float
    price_behind: Floats
    price_before: Floats

    @property
    def split(self) -> Ints:
        """Pairs whose x is neither 0 nor 1."""
        return np.flatnonzero(np.abs(self.x - np.round(self.x)) > BROKEN).astype(np.int32)

    def settled(self, box: Box, between: float) -> Box:
        """The box without what cannot come within `between` of this value."""
        free = box.free
        behind, before = self.price_behind > between, self.price_before > between
        return box.settled(free & behind, free & before)


class Programme:
    """Most gain . x, and the rows of it that were broken so far.

    gain : (pairs,) what u before v is better by than v before u, u < v ascending
    """

    def __init__(self, gain: Floats, n: int, meter: Meter) -> None:
        self._gain, self._meter = gain, meter
        self._columns = _triangles(n)
        self._rows, self._right = csr_array((0, len(gain))), np.empty(0)

    def relaxed(self, box: Box) -> Relaxed | None:
        """The best x in the box; None where there is none. Raises `Spent`."""
        free = np.flatnonzero(box.free)
        rows, right = self._rows[:, free], self._right - self._rows @ (box.lower * (1 - box.free))
        # Settled pairs leave many rows that nothing breaks.
        kept = np.flatnonzero(rows.maximum(0).sum(axis=1) > right + BROKEN)
        x, price = box.lower.copy(), np.zeros((2, len(box.lower)))
        if not len(free):
            return None if len(kept) else Relaxed(x, float(self._gain @ x), price[0], price[1])
        found = linprog(
            -self._gain[free], A_ub=rows[kept], b_ub=right[kept], bounds=(0, 1), method="highs-ds",
            options={"maxiter": self._meter.pivots(len(free))},
        )  # fmt: skip
        self._meter.take(int(found.nit), len(free))
        if found.status == INFEASIBLE:
            return None
        if found.status != OPTIMAL:
            raise Spent(found.message)
        x[free] = found.x
        price[0, free], price[1, free] = found.lower.marginals, -found.upper.marginals
        return Relaxed(x, float(self._gain @ x), price[0], price[1])

    def cut(self, x: Floats) -> bool:
        """Add rows that x breaks, the worst first; whether there are any."""
        value = x[self._columns] @ SIGNS
        over = np.maximum(value - 1, -value)
        broken = np.flatnonzero(over > BROKEN)
        broken = broken[np.argsort(-over[broken], kind="stable")]
        used, chosen = np.zeros(len(x), dtype=np.int32), []
        for row, columns in zip(broken.tolist(), self._columns[broken], strict=True):
            if used[columns].max() < AT_ONCE:
                used[columns] += 1
                chosen.append(row)
        if chosen:
            above = value[chosen] > 1
            side = np.where(above, 1.0, -1.0)[:, None] * SIGNS
            place = np.repeat(np.arange(len(chosen)), 3), self._columns[chosen].ravel()
            added = csr_array((side.ravel(), place), shape=(len(chosen), len(x)))
            self._rows = vstack([self._rows, added], format="csr")
            self._right = np.concatenate([self._right, above.astype(np.float64)])
        return bool(chosen)


def _triangles(n: int) -> Ints:
    """(T, 3) columns of x_uv, x_vw and x_uw for all u < v < w."""
    of_pair = np.zeros((n, n), dtype=np.int32)
    first, second = np.triu_indices(n, 1)
    of_pair[first, second] = np.arange(len(first))
    pair, last = np.nonzero(np.arange(n)[None] > second[:, None])
    u, v = first[pair], second[pair]
    return np.stack([of_pair[u, v], of_pair[v, last], of_pair[u, last]], axis=1)
