"""Where the order of judges is cut into stages, and which items go on, at what they cost.

A policy is a set of cuts and one rate: an item goes on after a stage where the information that is
expected to come, per unit of price, is at least the rate, and its top class is not sure enough. Of
an item with entropy h the later stages are expected to take the share that they take of all
items' mean, so that the most undecided go on first. Policies are tried on the pilot's rows.

Without a budget the rate is 0 and the cheapest cuts are taken; with one, for each set of cuts the
least rate that the budget affords, and then the cuts that leave the least entropy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from w2s_judge.arrays import Bools, Floats
from w2s_judge.cascade.order import Chain
from w2s_judge.cascade.surrogate import entropies

MOST_ENDS = 12  # places where the order may be cut, so that five stages take seconds


@dataclass(frozen=True, eq=False, slots=True)
class Policy:
    """What a policy does to the pilot.

    ends    : judges asked after each stage
    reach   : share of items that reach each stage; the first is 1
    sure    : by stage, the top probability from which on its items stopped (of the pilot's)
    price   : mean of an item
    entropy : mean of an item where it stopped, in nats
    error   : mean of 1 - the top probability there
    """

    ends: tuple[int, ...]
    reach: tuple[float, ...]
    sure: tuple[float, ...]
    price: float
    entropy: float
    error: float


@dataclass(frozen=True, eq=False, slots=True)
class Pilot:
    """The chain's rows as a policy sees them; entropies are scaled to the mean that is expected.

    h, top : (K, G) entropy and top probability after each judge
    weight : (G,) shares that sum to 1
    price  : (K,) of asking the first 1 .. K judges
    """

    h: Floats
    top: Floats
    weight: Floats
    price: Floats

    @classmethod
    def of(cls, chain: Chain, weight: Floats) -> Pilot:
        """From the judges of the chain who are useful."""
        rows, share = chain.rows[: chain.useful], weight / weight.sum()
        h = np.stack([entropies(one) for one in rows])
        mean = np.maximum(h @ share, 1e-12)
        return cls(
            h * (chain.entropy[: chain.useful] / mean)[:, None],
            rows.max(axis=2),
            share,
            np.cumsum(chain.price[: chain.useful]),
        )


def best(
    pilot: Pilot, stages: int, sure: float, budget: float | None, fewest: float
) -> Policy | None:
    """The policy to follow with at most so many stages; None where the budget affords none.

    sure   : items with a top probability of at least this stop
    fewest : share of items that has to stop at each stage, where there is more than one
    """
    found = [
        policy
        for ends in _cuts(pilot.price, stages, fixed=budget is None)
        if (policy := _affordable(pilot, ends, sure, budget)) is not None
        and (len(ends) == 1 or min(-np.diff((*policy.reach, 0.0))) >= fewest)
    ]
    if not found:
        return None
    if budget is None:
        return min(found, key=lambda one: (round(one.price, 9), len(one.ends), one.entropy))
    return min(found, key=lambda one: (round(one.entropy, 9), one.price, len(one.ends)))


def _cuts(price: Floats, stages: int, *, fixed: bool) -> Iterator[tuple[int, ...]]:
    """Numbers of judges asked after each stage; `fixed`: all of them after the last."""
    most = len(price)
    free = int(np.count_nonzero(price == 0))
    first = max(free, 1)
    ends = np.arange(first, most + 1)
    if len(ends) > MOST_ENDS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, MOST_ENDS).round().astype(int))]
    for many in range(1, min(stages, len(ends)) + 1):
        for cut in combinations(map(int, ends), many):
            if not fixed or cut[-1] == most:
                yield cut


def _affordable(
    pilot: Pilot, ends: tuple[int, ...], sure: float, budget: float | None
) -> Policy | None:
    """The policy with these cuts at the least rate that the budget affords."""
    worth = _worth(pilot, ends)
    if budget is None:
        return _followed(pilot, ends, worth, sure, 0.0)
    rates = np.unique(np.append(worth[np.isfinite(worth)], 0.0))
    rates = np.append(rates, np.inf)
    low, high = 0, len(rates) - 1
    while low < high:
        middle = (low + high) // 2
        fits = _followed(pilot, ends, worth, sure, float(rates[middle])).price <= budget + 1e-9
        low, high = (low, middle) if fits else (middle + 1, high)
    found = _followed(pilot, ends, worth, sure, float(rates[low]))
    return found if found.price <= budget + 1e-9 else None


def _worth(pilot: Pilot, ends: tuple[int, ...]) -> Floats:
    """(S - 1, G) information per price that the stages to come promise after each stage."""
    at = np.array(ends) - 1
    mean, price = pilot.h[at] @ pilot.weight, pilot.price[at]
    worth = np.zeros((len(ends) - 1, pilot.h.shape[1]))
    for s in range(len(ends) - 1):
        fall = (mean[s] - mean[s + 1 :]) / max(mean[s], 1e-12)
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(fall > 0, fall / (price[s + 1 :] - price[s]), 0.0).max()
        worth[s] = pilot.h[at[s]] * rate
    return worth


def _followed(
    pilot: Pilot, ends: tuple[int, ...], worth: Floats, sure: float, rate: float
) -> Policy:
    """What the pilot's items cost, and how they end."""
    at = np.array(ends) - 1
    going: Bools = np.ones(pilot.h.shape[1], dtype=np.bool_)
    reach, level = [1.0], []
    price = float(pilot.price[at[0]])
    stop = np.zeros(len(going), dtype=np.int64)
    for s in range(1, len(ends)):
        on = going & (worth[s - 1] >= rate) & (pilot.top[at[s - 1]] < sure) & (worth[s - 1] > 0)
        stopped = pilot.top[at[s - 1]][going & ~on]
        level.append(float(stopped.min()) if len(stopped) else 1.0)
        going = on
        stop[going] = s
        reach.append(float(pilot.weight[going].sum()))
        price += reach[-1] * float(pilot.price[at[s]] - pilot.price[at[s - 1]])
    where = at[stop], np.arange(len(stop))
    return Policy(
        ends,
        tuple(reach),
        (*level, 0.0),
        price,
        float(pilot.weight @ pilot.h[where]),
        float(pilot.weight @ (1 - pilot.top[where])),
    )
