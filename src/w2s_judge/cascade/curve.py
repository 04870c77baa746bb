"""Price against accuracy: policies replayed over draws of the pilot, and their means.

What a policy learns hangs on which items the pilot happens to hold. An item's credit is its
mean over the draws that left it out of the pilot; intervals are of these means, by a bootstrap over
prompts, as the draws share all their items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.estimates import Estimate, mean_difference
from w2s_judge.cascade.replay import Replayed
from w2s_judge.gold import Gold

MOST_TRIES = 1000


@dataclass(frozen=True, eq=False, slots=True)
class Point:
    """A policy over some draws of the pilot.

    budget     : mean price of one thing judged that was allowed; None: no limit
    price      : mean of one thing judged, outside the pilot, mean over draws
    with_pilot : mean of all items, the pilot's at the price of every judge
    accuracy   : share of right labels outside the pilots, ties credited in expectation
    ahead      : that minus the full panel's, of the same items and draws
    ece        : mean over draws
    claimed    : share of items whose label is claimed, mean over draws
    """

    policy: str
    budget: float | None
    price: float
    with_pilot: float
    accuracy: Estimate
    ahead: Estimate
    ece: float
    claimed: float


def point(
    done: Sequence[Replayed],
    full: Sequence[Replayed],
    group: Ints,
    seed: int,
    budget: float | None = None,
) -> Point:
    """One policy's draws beside the full panel's, pairwise; group (I,) is of all items."""
    item, right = over_draws(done, len(group))
    _, other = over_draws(full, len(group))
    at = group[item]
    level = mean_difference(right, None, at, seed)
    return Point(
        done[0].policy,
        budget,
        float(np.mean([one.price for one in done])),
        float(np.mean([one.with_pilot for one in done])),
        level,
        mean_difference(right - other, None, at, seed),
        float(np.mean([one.ece for one in done])),
        float(np.mean([one.claimed for one in done])),
    )


def over_draws(done: Sequence[Replayed], items: int) -> tuple[Ints, Floats]:
    """(n,) items evaluated in any draw, and their mean credit over these draws."""
    count, right = np.zeros(items), np.zeros(items)
    for one in done:
        count[one.item] += 1
        right[one.item] += one.right
    item = np.flatnonzero(count)
    return item.astype(np.int32), right[item] / count[item]


def pilots(gold: Gold, size: int, draws: int, seed: int) -> tuple[Ints, ...]:
    """Positions in gold of random pilots, sorted; one that lacks a class of gold is drawn anew."""
    classes = len(np.unique(gold.label))
    random = np.random.default_rng([seed, size])
    found: list[Ints] = []
    for _ in range(MOST_TRIES * draws if classes <= size < gold.G else 0):
        drawn = np.sort(random.choice(gold.G, size, replace=False)).astype(np.int32)
        if len(np.unique(gold.label[drawn])) == classes:
            found.append(drawn)
        if len(found) == draws:
            return tuple(found)
    raise ValueError(f"{draws} pilots of {size} labels with every class cannot be drawn from gold")
