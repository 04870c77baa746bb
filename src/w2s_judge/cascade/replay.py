"""What a policy would have cost and got right, on votes of a whole panel that are there already.

    cascade      the plan learned from the pilot
    full         every judge about every item
    judge:NAME   one judge
    first:K      the first K judges of the order by information per price, about every item
    cheapest:K   the K cheapest judges, about every item

All see the same gold, the pilot, and are calibrated on it in the same way; with `max_error` all fit
on the same half, test on the other and claim what passes, a policy of one stage at the whole
confidence. A cascade sees of the items outside the pilot only what it would have asked for. Every
judge was asked about every item: where it has no vote, it abstained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.metrics import credit, ece
from w2s_judge.cascade.asked import judges_of
from w2s_judge.cascade.finish import Finished, finished
from w2s_judge.cascade.in_full import all_asked
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.stage import Stage
from w2s_judge.errors import UsageError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

POLICIES = ("cascade", "full", "judge:NAME", "first:K", "cheapest:K")


@dataclass(frozen=True, eq=False, slots=True)
class Replayed:
    """What became of a policy, on the n items evaluated.

    policy   : its name
    judges   : those of the plan
    price    : mean of one thing judged, of the items evaluated
    with_pilot : mean of all items, the pilot's at the price of every judge
    accuracy : share of right top classes, ties credited in expectation; all items counted
    ece      : top-label, 15 bins of equal mass
    claimed  : share of items whose label is claimed
    error    : share of wrong labels among these; NaN where none is
    item     : (n,) indices
    right    : (n,) credit in [0, 1]
    prices   : (n,)
    asked    : (n,) how many judges were asked about the item
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
    asked: Ints
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
        plan = learned
    else:
        plan = _fixed(_asked(policy, kind, wanted, votes, price, learned), price)
    done = finished(plan, votes, to_learn, aim, all_asked(plan, votes, max_error=aim.max_error))
    full = float(sum(price[name] for name in judges_of(votes)))
    return _measured(policy, plan, done, to_learn, to_evaluate, full, learned)


def _fixed(asked: tuple[str, ...], price: Mapping[str, float]) -> Learned:
    """The plan of one stage that asks these judges about everything."""
    paid, none = float(sum(price[name] for name in asked)), (0.0,) * len(asked)
    return Learned(
        (Stage(asked, paid),), (None,), (1.0,), False, asked, none, paid, paid, 0.0, (), ""
    )


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
    plan: Learned,
    done: Finished,
    to_learn: Gold,
    to_evaluate: Gold,
    full: float,
    learned: Learned | None,
) -> Replayed:
    item, label, weight = to_evaluate.item, to_evaluate.label, to_evaluate.weight
    found, came = done.consensus, done.came[item]
    prices = plan.paid(came)
    many = np.cumsum([0, *(len(one.judges) for one in plan.stages)])
    rows = found.posterior[item]
    right = credit(rows, label)
    kept = np.ones(len(item), dtype=np.bool_) if found.decided is None else found.decided[item]
    mean = float(np.average(prices, weights=weight))
    share = to_learn.G / len(found.posterior)
    wrong = float(np.average(1 - right[kept], weights=weight[kept])) if kept.any() else float("nan")
    return Replayed(
        policy,
        plan.judges(len(plan.stages) - 1),
        mean,
        share * full + (1 - share) * mean,
        float(np.average(right, weights=weight)),
        ece(rows, label, weight),
        float(np.average(kept, weights=weight)),
        wrong,
        item,
        right,
        prices,
        many[came + 1].astype(np.int32),
        kept,
        rows,
        learned,
    )
