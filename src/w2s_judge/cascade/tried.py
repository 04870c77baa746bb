"""What a judge adds to those already chosen, measured on the pilot and believed with care.

Of calibrated rows that did not see their label (`surrogate`) the mean entropy is their log-loss, so
that information is how far the log-loss falls when a judge joins. On some 100 labels that is not
known well: what is taken is its mean given what was measured and that nobody takes away (`gains`).
A judge of whom it is doubted that it adds anything, both alone and beside those chosen, is not
chosen.

To measure everybody beside every set would take the third power of the number of judges. After each
choice those are measured anew of whom a score test (Rao 1948) of what the rows leave unexplained
promises most per price, and whoever looks best by an earlier measurement, until the best is one
that was measured now.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.estimates import mean_and_error
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.metrics import losses
from w2s_judge.cascade.gains import adds, at_least_none
from w2s_judge.cascade.surrogate import unseen
from w2s_judge.cascade.views import Views
from w2s_judge.gold import Gold

FOLDS = 5
ANEW = 4  # measured anew after each choice, at least
DOUBT = 0.1  # who adds nothing with odds of nine to one is not chosen
PRECISION = 1.0  # of a coefficient, a priori, in the score test


class Tried:
    """What was measured of each of K judges when it was last tried.

    chosen      : judges by number, in their order
    fall, error : (K,) of the mean log-loss, beside those who were chosen at the time
    alone       : (K,) probability that the judge adds anything where it is the first
    rows        : by judge, (G, C) with it, of those measured beside all that are chosen
    """

    def __init__(self, seen: Views, gold: Gold, group: Ints, cost: Floats, seed: int) -> None:
        self.seen, self.gold, self.group, self.cost = seen, gold, group, cost
        self.fold = folds_of(gold.label, group, FOLDS, seed)
        self.last = unseen(np.zeros((gold.G, 0)), gold, self.fold)
        many = len(seen.judges)
        self.chosen: list[int] = []
        self.fall, self.error = np.zeros(many), np.zeros(many)
        self.rows: dict[int, Floats] = {}
        for k in range(many):
            self._measure(k)
        self.alone = adds(self.fall, self.error)

    @property
    def mean(self) -> float:
        """Mean log-loss of those chosen, in nats."""
        return float(np.average(losses(self.last, self.gold.label), weights=self.gold.weight))

    def gain(self, k: int) -> float:
        """What judge k is expected to add, in nats, if it adds anything."""
        return float(at_least_none(self.fall[[k]], self.error[[k]])[0])

    def best(self, left: Sequence[int]) -> int | None:
        """Of those left who adds most per price; None where it is doubted that anybody does.

        The first judge, and free ones, are beyond doubt.
        """
        for k in self._promising(left) if self.chosen else left:
            if k not in self.rows:
                self._measure(k)
        while True:
            sure = np.maximum(self.alone, adds(self.fall, self.error)) >= DOUBT
            may = [k for k in left if sure[k] or self.cost[k] == 0] or ([] if self.chosen else left)
            if not may:
                return None
            gain, cost = at_least_none(self.fall[may], self.error[may]), self.cost[may]
            k = may[int(np.argmax(gain if (cost == 0).all() else gain / cost))]
            if k in self.rows:
                return k
            self._measure(k)

    def take(self, k: int) -> Floats:
        """Choose judge k, who was measured: its rows."""
        self.last, self.rows = self.rows[k], {}
        self.chosen.append(k)
        return self.last

    def _measure(self, k: int) -> None:
        columns = self.seen.of(np.array([*self.chosen, k], dtype=np.int32))
        self.rows[k] = unseen(columns, self.gold, self.fold)
        label = self.gold.label
        fall = losses(self.last, label) - losses(self.rows[k], label)
        self.fall[k], self.error[k] = mean_and_error(fall, self.gold.weight, self.group)

    def _promising(self, left: Sequence[int]) -> list[int]:
        """The few whose columns go best with what is unexplained, per price."""
        weight = self.gold.weight[:, None]
        off = np.eye(self.last.shape[1])[self.gold.label] - self.last
        columns = self.seen.columns[list(left)]
        score = np.einsum("kgf,gc->kfc", columns, weight * off)
        known = np.einsum("kgf,gc->kfc", columns**2, weight * self.last * (1 - self.last))
        worth = (score**2 / (known + PRECISION)).sum(axis=(1, 2))
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(self.cost[left] > 0, worth / self.cost[left], np.inf)
        return [left[k] for k in np.argsort(-rate, kind="stable")[:ANEW]]
