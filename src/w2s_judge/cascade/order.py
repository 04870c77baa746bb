"""In which order judges are worth asking: information per unit of price, one after the other.

Information is the fall of the expected entropy of an item's posterior when a judge joins those
already chosen: of calibrated rows that did not see their label (`surrogate`) the expected entropy
is their log-loss. On some 100 labels that fall is not known well, and measured it may be below 0,
which no true one is (who need not listen loses nothing): what is taken is its mean given what was
measured, normal with the standard error over prompts, and that it is not below 0. A copy of a
chosen judge changes hardly a row, so that its fall is known to be about 0: families need no rule
of their own. Judges without a price come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.metrics import losses
from w2s_judge.cascade.surrogate import unseen
from w2s_judge.cascade.views import Views
from w2s_judge.gold import Gold

FOLDS = 5
NOTHING = 2e-3  # nats; copies, simulated among 120 labels, showed up to .0012
LEAST = 1e-3  # nats that are never known of an item


@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """Judges in their order, and what is known after each.

    judges  : names, length K
    price   : (K,) of each, about one thing judged
    information : (K,) nats that each is expected to add to those before it, at least 0
    before  : expected entropy before any judge is asked, in nats
    rows    : (K, G, C) calibrated rows of the pilot after each, that did not see their label
    """

    judges: tuple[str, ...]
    price: Floats
    information: Floats
    before: float
    rows: Floats

    @property
    def entropy(self) -> Floats:
        """(K,) expected after each judge, in nats."""
        return np.maximum(self.before - np.cumsum(self.information), LEAST)

    @property
    def useful(self) -> int:
        """Judges up to the last that adds something; at least one."""
        return int(np.flatnonzero(self.information >= NOTHING).max(initial=0)) + 1


def ordered(
    seen: Views,
    gold: Gold,
    group: Ints,
    price: Mapping[str, float],
    seed: int,
    most: float = np.inf,
) -> Chain:
    """The chain of all judges; group (G,) keeps items of one prompt in one fold.

    The first judge is asked about everything, and costs at most `most` where any does.
    """
    fold = folds_of(gold.label, group, FOLDS, seed)
    cost = np.array([price[name] for name in seen.judges], dtype=np.float64)
    chosen: list[int] = []
    now = losses(unseen(np.zeros((gold.G, 0)), gold, fold), gold.label)
    before = float(np.average(now, weights=gold.weight))
    information, rows = [], []
    while len(chosen) < len(cost):
        left = _next(cost, chosen, most)
        tried = [unseen(seen.of(np.array([*chosen, k], dtype=np.int32)), gold, fold) for k in left]
        after = [losses(one, gold.label) for one in tried]
        gain = np.array([expected_fall(now - one, gold.weight, group) for one in after])
        best = _best(gain, cost[left])
        chosen.append(left[best])
        now = after[best]
        information.append(float(gain[best]))
        rows.append(tried[best])
    names = tuple(seen.judges[k] for k in chosen)
    return Chain(names, cost[chosen], np.array(information), before, np.stack(rows))


def expected_fall(fall: Floats, weight: Floats, group: Ints) -> float:
    """Mean of a normal cut off below 0, whose mean and spread are those of `fall` (G,)."""
    mean, error = mean_and_error(fall, weight, group)
    if not 0 < error < np.inf:
        return max(mean, 0.0)
    z = mean / error
    # phi(z) / Phi(z), in logarithms: Phi is 0 to the machine where z is far below 0
    hazard = np.exp(-z * z / 2 - np.log(2 * np.pi) / 2 - special.log_ndtr(z))
    return float(max(mean + error * hazard, 0.0))


def mean_and_error(value: Floats, weight: Floats, group: Ints) -> tuple[float, float]:
    """Weighted mean and its standard error, linearised over groups."""
    mean = float(np.average(value, weights=weight))
    _, member = np.unique(group, return_inverse=True)
    off = np.bincount(member, weights=weight * (value - mean))
    many = len(off)
    if many < 2:
        return mean, np.inf
    return mean, float(np.sqrt(many / (many - 1) * (off**2).sum()) / weight.sum())


def _next(cost: Floats, chosen: Sequence[int], most: float) -> list[int]:
    """Judges who may be next: free ones as long as there are any, then one that is affordable."""
    left = [k for k in range(len(cost)) if k not in chosen]
    free = [k for k in left if cost[k] == 0]
    if free or (cost[chosen] > 0).any():
        return free or left
    return [k for k in left if cost[k] <= most] or left


def _best(gain: Floats, cost: Floats) -> int:
    """The most information per price; the most of it where all are free."""
    return int(np.argmax(gain if (cost == 0).all() else gain / cost))
