"""In which order judges are worth asking: information per unit of price, one after the other.

Information is the fall of the expected entropy of an item's posterior when a judge joins those
already chosen (`tried`). A copy of a chosen judge changes hardly a row, so that its fall is known
to be about 0: families need no rule of their own. Judges without a price come first; who is
doubted to add anything comes last, and is asked nothing outside the pilot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.cascade.tried import Tried
from w2s_judge.cascade.views import Views
from w2s_judge.gold import Gold

NOTHING = 2e-3  # nats; copies, simulated among 120 labels, showed up to .0012
LEAST = 1e-3  # nats that are never known of an item


@dataclass(frozen=True, eq=False, slots=True)
class Chain:
    """Judges in their order, and what is known after each.

    judges  : names, length K; the first U are believed to add something
    price   : (K,) of each, about one thing judged
    information : (K,) nats that each is expected to add to those before it, at least 0; of those
              who are doubted, what was last measured
    before  : expected entropy before any judge is asked, in nats
    rows    : (U, G, C) calibrated rows of the pilot after each, that did not see their label
    """

    judges: tuple[str, ...]
    price: Floats
    information: Floats
    before: float
    rows: Floats

    @property
    def entropy(self) -> Floats:
        """(U,) expected after each judge, in nats."""
        return np.maximum(self.before - np.cumsum(self.information[: len(self.rows)]), LEAST)

    @property
    def useful(self) -> int:
        """Judges up to the last that adds something; at least one."""
        adding = self.information[: len(self.rows)] >= NOTHING
        return int(np.flatnonzero(adding).max(initial=0)) + 1


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
    cost = np.array([price[name] for name in seen.judges], dtype=np.float64)
    tried = Tried(seen, gold, group, cost, seed)
    before = tried.mean
    information, rows = [], []
    while (left := _next(cost, tried.chosen, most)) and (k := tried.best(left)) is not None:
        information.append(tried.gain(k))
        rows.append(tried.take(k))
    rest = [k for k in range(len(cost)) if k not in tried.chosen]
    rest = sorted(rest, key=lambda k: -tried.gain(k) / cost[k])
    every = [*tried.chosen, *rest]
    information += [tried.gain(k) for k in rest]
    names = tuple(seen.judges[k] for k in every)
    return Chain(names, cost[every], np.array(information), before, np.stack(rows))


def _next(cost: Floats, chosen: Sequence[int], most: float) -> list[int]:
    """Judges who may be next: free ones as long as there are any, then one that is affordable."""
    left = [k for k in range(len(cost)) if k not in chosen]
    free = [k for k in left if cost[k] == 0]
    if free or (cost[list(chosen)] > 0).any():
        return free or left
    return [k for k in left if cost[k] <= most] or left
