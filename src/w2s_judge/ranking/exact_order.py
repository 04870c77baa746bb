"""A feedback arc set of least weight, proven: the linear ordering problem by branch and cut.

The linear programme of `order_programme` is mostly whole, or nearly as good as the order that a
search has found. What is left is decided by cases: a pair one way round or the other, again and
again, until no case holds a better order. Pairs that can stand only one way in a better order are
settled by their reduced costs; where all weights are multiples of one unit, better means better by
one unit, which settles far more.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.ranking.best_insertion import improved_order, settled
from w2s_judge.ranking.kemeny_subsets import LARGEST, cheapest_orders
from w2s_judge.ranking.order_programme import Box, Meter, Programme, Relaxed, Spent
from w2s_judge.ranking.strong_parts import arcs, level, net, strong_parts

EXACT_SIZE = 60  # under .1 s where votes err evenly; .1 to 3 s where close ones are confused
EFFORT = 200.0  # as `Meter` counts it: 5 to 20 s, after which votes near to chance are given up
EXACT_KICKS = 60  # of the search that starts it: a start that is the best settles the most pairs
RESTARTS = 20  # of that search where no proof was found: half a second at 60 vertices
STALLED = 0.9  # a round of rows that leaves more of the gap than this is followed by cases
FINEST = 1e-3  # unit of the weights, relative to the heaviest, below which they have none
SURE = 1e-3  # of a unit: HiGHS is wrong by far less
SMALLEST = 1e-6  # gain relative to the heaviest weight that counts where they have no unit


def exact_order(weight: Floats, /, *, effort: float = EFFORT) -> Ints:
    """(n,) vertices, first to last, so that the least weight points backwards.

    weight : (n, n) what row is preferred to column by, 0 or above; the diagonal is ignored
    effort : bound on the work, as for `proven_order`

    Takes any number of vertices, and memory as the cube of those in a strongly connected component.
    Of several best orders it gives one, always the same. Raises `ArithmeticError` where the work
    ends before the proof.
    """
    order, proven = proven_order(weight, effort=effort, most=len(weight))
    if not proven:
        raise ArithmeticError(f"no order was proven to be the best within an effort of {effort:g}")
    return order


def proven_order(
    weight: Floats, /, *, effort: float = EFFORT, most: int = EXACT_SIZE
) -> tuple[Ints, bool]:
    """(n,) vertices, first to last, with little weight backwards, and whether it is the least.

    weight : (n, n) what row is preferred to column by, 0 or above; the diagonal is ignored
    effort : bound on the work of all components together, in millions of simplex pivots times pairs
             of vertices: 200 is 5 to 20 s
    most   : vertices of a strongly connected component up to which a proof is tried

    Strongly connected components are solved one by one, the smallest first: small ones by dynamic
    programming over their subsets (milliseconds), others by branch and cut. Where that ends without
    a proof, a component has the best order that was found, as good as `improved_order` or better.
    Weights without a common unit are proven to a millionth of the heaviest. The result depends on
    the weights alone (and the version of the solver), and never on the time it takes.
    """
    left = net(weight)
    meter = Meter(effort)
    parts = strong_parts(arcs(left))
    found, every = [np.empty(0, dtype=np.int32)] * (len(parts) + 1), True
    for k in sorted(range(len(parts)), key=lambda k: len(parts[k])):
        part = parts[k]
        inner = left[np.ix_(part, part)]
        if len(part) <= LARGEST:
            order, proven = cheapest_orders(inner.T[None])[0], True
        elif len(part) <= most:
            order, proven = _Search(inner, meter).solved()
        else:
            order, proven = improved_order(inner), False
        found[k], every = part[order], every and proven
    return np.concatenate(found), every


class _Search:
    """Branch and cut for one strongly connected component."""

    def __init__(self, weight: Floats, meter: Meter) -> None:
        # Numbered as in a good order: its x is 1 all over.
        self._start = improved_order(weight, kicks=EXACT_KICKS)
        self._skew = (weight - weight.T)[np.ix_(self._start, self._start)]
        self._n = len(weight)
        first, second = np.triu_indices(self._n, 1)
        self._gain = self._skew[first, second]
        self._reach = np.sqrt(second - first)
        self._best, self._value = np.arange(self._n, dtype=np.int32), float(self._gain.sum())
        self._step = _step(self._gain)
        self._programme = Programme(self._gain, self._n, meter)

    def solved(self) -> tuple[Ints, bool]:
        """(n,) the best order that was found, and whether it is the best of all."""
        cases = [(Box.whole(len(self._gain)), np.inf)]
        proven = True
        try:
            while cases:
                box, bound = cases.pop()
                if bound - self._value >= self._step:
                    cases.extend(self._cases(box))
        except Spent:
            proven = False
            self._search_on()
        return np.asarray(self._start[self._best]), proven

    def _cases(self, box: Box) -> list[tuple[Box, float]]:
        """Two cases of one, with bounds on their values, the likelier last; none if it is done."""
        last = np.inf
        while (closed := box.closed(self._n)) is not None:
            found = self._programme.relaxed(closed)
            if found is None:
                break
            self._look_near(found.x)
            gap = found.value - self._value
            if gap < self._step:
                break
            box = found.settled(closed, gap - self._step)
            cut = self._programme.cut(found.x)
            if not len(found.split) and not cut:
                break  # whole and without a cycle: an order, which was looked at
            if len(found.split) and (not cut or gap > STALLED * last):
                return self._halves(box, found)
            last = gap
        return []

    def _halves(self, box: Box, found: Relaxed) -> list[tuple[Box, float]]:
        # Near to even, and far apart: what stands between two settled ones is mostly settled, too.
        split = found.split
        even = 0.5 - np.abs(found.x[split] - 0.5)
        pair = int(split[(even * self._reach[split]).argmax()])
        likely = float(found.x[pair] >= 0.5)
        return [(box.at(pair, x), found.value) for x in (1 - likely, likely)]

    def _look_near(self, x: Floats) -> None:
        """Take the order nearest to x, made better by moves, if it is better."""
        before = np.zeros((self._n, self._n))
        before[np.triu_indices(self._n, 1)] = x
        before += np.tril(1 - before.T, -1)
        order = np.argsort(before.sum(axis=0), kind="stable").astype(np.int32)
        self._take(settled(self._skew, order, level(self._gain)))

    def _search_on(self) -> None:
        weight = np.maximum(self._skew, 0.0)
        for seed in range(1, RESTARTS + 1):
            self._take(improved_order(weight, kicks=EXACT_KICKS, seed=seed))

    def _take(self, order: Ints) -> None:
        # A pair the other way round counts 0 in the programme, and less than 0 in this sum.
        forth = float(np.triu(self._skew[np.ix_(order, order)], 1).sum())
        value = (forth + float(self._gain.sum())) / 2
        if value > self._value + level(self._gain):
            self._best, self._value = order, value


def _step(gain: Floats) -> float:
    """What an order must be better by, safely below what the next better one is better by."""
    unit = _unit(gain)
    return unit * (1 - SURE) if unit else SMALLEST * float(np.abs(gain).max())


def _unit(gain: Floats) -> float:
    """Greatest number that all are multiples of, by Euclid's algorithm; 0 where there is none."""
    tiny, least = level(gain), FINEST * float(np.abs(gain).max())
    rest = np.abs(gain)
    while True:
        rest = rest[rest > tiny]
        unit = float(rest.min())
        if unit < least:
            return 0.0
        over = rest % unit
        over = np.minimum(over, unit - over)
        if over.max() <= tiny:
            return unit
        rest = np.append(over, unit)
