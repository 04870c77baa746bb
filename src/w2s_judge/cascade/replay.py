"""What a policy would have cost and got right, on votes of a whole panel that are there already.

    cascade      the plan learned from the pilot
    full         every judge about every item
    judge:NAME   one judge
    first:K      the first K judges of the order by information per price, about every item
    cheapest:K   the K cheapest judges, about every item

All see the same gold, the pilot, and are calibrated on it in the same way. A cascade sees of the
items outside the pilot only what it would have asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.metrics import credit, ece
from w2s_judge.cascade.asked import judges_of
from w2s_judge.cascade.finish import finished
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.posterior import stage_posterior
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

POLICIES = ("cascade", "full", "judge:NAME", "first:K", "cheapest:K")


@dataclass(frozen=True, eq=False, slots=True)
class Replayed:
    """What became of a policy, on the n items evaluated.

    policy   : its name
    judges   : those asked about any item outside the pilot
    price    : mean of one thing judged, of the items evaluated
    with_pilot : mean of all items, the pilot's at the price of every judge
    accuracy : share of right top classes, ties credited in expectation; all items counted
    ece      : top-label, 15 bins of equal mass
    claimed  : share of items whose label is claimed
    error    : share of wrong labels among these; NaN where none is
    item     : (n,) indices
    right    : (n,) credit in [0, 1]
    prices   : (n,)
    kept     : (n,) whether the label is claimed
    posterior: (n, C)
    learned  : the plan, of policies that have one
    """

    policy: str
    judges: tuple[str, ...]
    price: float
    with_pilot: float
    accuracy: float
    ece: float
    claimed: float
    error: float
    item: Ints
    right: Floats
    prices: Floats
    kept: Bools
    posterior: Floats
    learned: Learned | None = None


def replay(
    policy: str,
    votes: VoteMatrix,
    to_learn: Gold,
    to_evaluate: Gold,
    price: Mapping[str, float],
    settings: Cascade | None = None,
    learned: Learned | None = None,
) -> Replayed:
    """Follow a policy on recorded votes; `learned` saves learning the same plan again.

    Raises `UsageError` for an unknown policy or judge, `ConfigurationError` as `Cascade.learn`.
    """
    aim = Cascade() if settings is None else settings
    if not to_evaluate.G or np.intersect1d(to_learn.item, to_evaluate.item).size:
        raise ValueError("items to evaluate are labelled and none of those learned from")
    kind, _, wanted = policy.partition(":")
    if learned is None and kind in ("cascade", "first"):
        learned = aim.learn(votes, to_learn, price)
    if policy == "cascade" and learned is not None:
        done = finished(learned, votes, to_learn, aim)
        asked = learned.judges(len(learned.stages) - 1)
        found, prices = done.consensus, done.price[to_evaluate.item]
    else:
        asked = _asked(policy, kind, wanted, votes, price, learned)
        none = np.zeros(votes.I, dtype=np.int32)
        found = stage_posterior(aim.method, votes, to_learn, (asked,), none, aim.seed)
        prices = np.full(to_evaluate.G, float(sum(price[name] for name in asked)))
    claimed = np.ones(votes.I, dtype=np.bool_) if found.decided is None else found.decided
    return _measured(
        policy, asked, found.posterior, claimed, prices, to_learn, to_evaluate,
        float(sum(price[name] for name in judges_of(votes))), votes.I, learned,
    )  # fmt: skip


def _asked(
    policy: str,
    kind: str,
    wanted: str,
    votes: VoteMatrix,
    price: Mapping[str, float],
    learned: Learned | None,
) -> tuple[str, ...]:
    """The judges that a policy asks about every item."""
    judges = judges_of(votes)
    if policy == "full":
        return judges
    if kind == "judge":
        if wanted not in judges:
            raise UsageError(
                f"no judge {wanted!r} in these votes\n  there are: {', '.join(judges)}"
            )
        return (wanted,)
    if kind in ("first", "cheapest") and wanted.isdecimal() and 1 <= int(wanted) <= len(judges):
        cheap = sorted(judges, key=lambda name: price[name])
        order = cheap if kind == "cheapest" or learned is None else learned.order
        return tuple(order[: int(wanted)])
    raise UsageError(
        f"no policy {policy!r}\n  there are: {', '.join(POLICIES)}, K from 1 to {len(judges)}"
    )


def _measured(
    policy: str,
    asked: tuple[str, ...],
    posterior: Floats,
    claimed: Bools,
    prices: Floats,
    to_learn: Gold,
    to_evaluate: Gold,
    full: float,
    items: int,
    learned: Learned | None,
) -> Replayed:
    rows, label = posterior[to_evaluate.item], to_evaluate.label
    right, kept = credit(rows, label), claimed[to_evaluate.item]
    weight = to_evaluate.weight
    mean = float(np.average(prices, weights=weight))
    share = to_learn.G / items
    wrong = float(np.average(1 - right[kept], weights=weight[kept])) if kept.any() else float("nan")
    return Replayed(
        policy,
        asked,
        mean,
        share * full + (1 - share) * mean,
        float(np.average(right, weights=weight)),
        ece(rows, label, weight),
        float(np.average(kept, weights=weight)),
        wrong,
        to_evaluate.item,
        right,
        prices,
        kept,
        rows,
        learned,
    )
