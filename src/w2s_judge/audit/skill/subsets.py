"""Which panel of each size is most often right by majority, chosen on labelled items.

Up to 12 judges every subset is tried. Above, judges are dropped one at a time, each time the one
without whom the rest is most often right, starting from at most 40 with the best accuracy.

Letters: N judges, n labelled items, C truth classes, S subsets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints

EXACT = 12  # judges: 4,095 subsets
MOST = 40  # judges that are dropped one by one
SLACK = 0.01  # accuracy that a cheaper panel of the same size may lack
AT_ONCE = 8_000_000  # cells of shares held in memory
CELLS = 4e7  # cells of shares counted in all: of more items, so many are drawn
LEVEL = 1e-9  # classes whose mass differs by less are level

Subset = tuple[int, ...]
Chosen = Mapping[int, Subset]


@dataclass(frozen=True, eq=False, slots=True)
class Ballots:
    """What the choice is made from.

    mass   : (N, n, C) each judge's mass on each item, 0 where it is silent
    truth  : (n,) class of each item
    weight : (n,) how much it counts
    fold   : (n,) 0 .. F - 1
    cost   : (N,) of a judge, in any unit
    """

    mass: Floats
    truth: Ints
    weight: Floats
    fold: Ints
    cost: Floats

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max(initial=0)) + 1


def items_to_count(judges: int, classes: int) -> int:
    """How many labelled items a choice is made on at most."""
    tried = 2.0**judges if judges <= EXACT else 6.0 * MOST**2 / 2
    return max(200, int(CELLS / tried / classes))


def best_by_size(ballots: Ballots) -> tuple[Chosen, tuple[Chosen, ...]]:
    """The panel of each size chosen on all items, and those chosen without each fold.

    Of the panels of a size that are right within .01 of the best, it is the cheapest; of those as
    cheap, the most accurate. An item that no member voted on is a guess. Where judges are dropped
    one at a time, cost decides between equals alone.
    """
    if len(ballots.mass) <= EXACT:
        return _of_all(ballots)
    everywhere = np.ones(len(ballots.truth), dtype=np.bool_)
    without = (ballots.fold != f for f in range(ballots.folds))
    return _dropping(ballots, everywhere), tuple(_dropping(ballots, kept) for kept in without)


def _of_all(ballots: Ballots) -> tuple[Chosen, tuple[Chosen, ...]]:
    N = len(ballots.mass)  # noqa: N806
    member = (np.arange(1, 2**N)[:, None] >> np.arange(N) & 1).astype(np.float64)
    by_fold = _sums(ballots, member)
    counted = np.bincount(ballots.fold, weights=ballots.weight, minlength=ballots.folds)
    cost, size = member @ ballots.cost, member.sum(axis=1).astype(np.int64)

    def chosen(right: Floats) -> Chosen:
        return {s: _cheapest(right, cost, size == s, member) for s in range(1, N + 1)}

    total, weight = by_fold.sum(axis=1), counted.sum()
    rest = (
        chosen((total - by_fold[:, f]) / max(weight - counted[f], 1e-12))
        for f in range(ballots.folds)
    )
    return chosen(total / weight), tuple(rest)


def _cheapest(right: Floats, cost: Floats, among: np.ndarray, member: Floats) -> Subset:
    rows = np.flatnonzero(among)
    good = rows[right[rows] >= right[rows].max() - SLACK]
    best = good[np.lexsort((-np.round(right[good], 12), np.round(cost[good], 12)))[0]]
    return tuple(map(int, np.flatnonzero(member[best])))


def _sums(ballots: Ballots, member: Floats) -> Floats:
    """(S, F) sums of weight times right, by fold."""
    _, n, C = ballots.mass.shape  # noqa: N806
    found = np.zeros((len(member), ballots.folds))
    step = max(1, AT_ONCE // (len(member) * C))
    onto = np.zeros((n, ballots.folds))
    onto[np.arange(n), ballots.fold] = ballots.weight
    for start in range(0, n, step):
        rows = slice(start, start + step)
        sums = [member @ ballots.mass[:, rows, c] for c in range(C)]
        found += _credit(sums, ballots.truth[rows]) @ onto[rows]
    return found


def _credit(sums: list[Floats], truth: Ints) -> Floats:
    """(S, n) chance that the class with most mass is the true one; C sums (S, n)."""
    most = sums[0]
    for one in sums[1:]:
        most = np.maximum(most, one)
    level, right = np.zeros_like(most), np.zeros_like(most)
    for c, one in enumerate(sums):
        top = one >= most - LEVEL
        level += top
        right += top & (truth == c)
    return right / level


def _dropping(ballots: Ballots, kept: np.ndarray) -> Chosen:
    """Sizes up to 40, from the judges with the best accuracy where there are more."""
    mass, truth, weight = ballots.mass[:, kept], ballots.truth[kept], ballots.weight[kept]
    alone = _credit(list(np.moveaxis(mass, 2, 0)), truth) @ weight
    order = np.lexsort((ballots.cost, -np.round(alone, 9)))[:MOST]
    members = sorted(map(int, order))
    chosen = {len(members): tuple(members)}
    total = mass[members].sum(axis=0)
    while len(members) > 1:
        rest = total[None] - mass[members]
        right = np.round(_credit(list(np.moveaxis(rest, 2, 0)), truth) @ weight, 9)
        out = int(np.lexsort((-ballots.cost[members], -right))[0])
        total = rest[out]
        members.pop(out)
        chosen[len(members)] = tuple(members)
    return chosen
