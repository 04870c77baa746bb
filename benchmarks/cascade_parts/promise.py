"""The promise of a cascade in a simulation: how often more is wrong than was promised.

Each replication draws items, three judges' soft votes and the pilot anew; the chance that a label
is wrong is known for every item, so that what is compared with `max_error` is the expected share of
errors among the labels claimed, not one draw of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from w2s_judge.aggregation.mean import Mean
from w2s_judge.cascade.finish import finished
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.stage import Stage
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

MAX_ERROR, CONFIDENCE = 0.1, 0.9
PRICE = {"a": 1.0, "b": 3.0, "c": 9.0}
SKILL = np.array([0.8, 1.1, 1.6])  # how far a judge's score stands from 0, in its own noise
EASE = np.array([0.25, 1.0, 2.0])  # of an item, equally likely: a third is hard for all judges
FIXED = Learned(
    tuple(Stage((name,), price) for name, price in PRICE.items()), (None,) * 3, (1.0,) * 3, False,
    tuple(PRICE), (0.1,) * 3, 13.0, 13.0, 0.1, (), "fixed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of some replications.

    violated : share in which more than `MAX_ERROR` of the labels claimed are wrong
    claimed  : mean share of items whose label is claimed
    price    : mean price of an item, as a share of every judge's
    later    : mean share of the claims that were made after the first stage
    """

    replications: int
    violated: float
    claimed: float
    price: float
    later: float

    @property
    def bound(self) -> float:
        """What `violated` is to be at most: the promise, and two standard errors."""
        share = 1 - CONFIDENCE
        return float(share + 2 * np.sqrt(share * (1 - share) / self.replications))


def world(items: int, pilot: int, seed: int) -> tuple[VoteMatrix, Gold, np.ndarray]:
    """Votes, the pilot's gold, and (I, 3) P(class 1) given the first one, two, three judges."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, items)
    ease = EASE[random.integers(0, len(EASE), items)]
    side = (2 * label - 1) * ease
    score = side[:, None] * SKILL + random.normal(size=(items, len(SKILL)))
    # log P(scores | class 1) - log P(scores | class 0), the ease not known
    plus, minus = (
        np.cumsum(-((score[:, :, None] - sign * SKILL[:, None] * EASE) ** 2) / 2, axis=1)
        for sign in (1, -1)
    )
    odds = np.logaddexp.reduce(plus, axis=2) - np.logaddexp.reduce(minus, axis=2)
    p = expit(2 * SKILL * score)
    votes = VoteMatrix(
        tuple(f"i{i:05d}" for i in range(items)), tuple(PRICE), ("0", "1"),
        np.tile(np.arange(items, dtype=np.int32), 3),
        np.repeat(np.arange(3, dtype=np.int32), items),
        np.arange(items, dtype=np.int32), (None,) * 3,
        mass=np.stack([1 - p.T.ravel(), p.T.ravel()], axis=1), ordered=False,
        truth=Truth(("0", "1"), (0, 1), (0.5, 0.5)),
    )  # fmt: skip
    known = np.arange(pilot, dtype=np.int32)
    return votes, Gold(known, label[:pilot].astype(np.int32), ("0", "1")), expit(odds)


def kept(replications: int, *, items: int = 800, pilot: int = 300, learn: bool = False) -> Kept:
    """Replications of one cascade; `learn`: the plan is learned anew in each."""
    settings = Cascade(max_error=MAX_ERROR, confidence=CONFIDENCE, method=Mean(scale=None))
    found = np.zeros((replications, 4))
    for seed in range(replications):
        votes, gold, chance = world(items, pilot, seed)
        plan = settings.learn(votes, gold, PRICE) if learn else FIXED
        done = finished(plan, votes, gold, settings)
        decided = done.consensus.decided
        assert decided is not None
        claimed = np.flatnonzero(decided[pilot:]) + pilot
        wrong = _wrong(done.consensus.posterior, done.stage, plan, chance)[claimed]
        found[seed] = (
            wrong.mean() > MAX_ERROR if len(claimed) else 0.0,
            len(claimed) / (items - pilot),
            done.price[pilot:].mean() / sum(PRICE.values()),
            (done.stage[claimed] > 0).mean() if len(claimed) else 0.0,
        )
    return Kept(replications, *map(float, found.mean(axis=0)))


def _wrong(
    posterior: np.ndarray, stage: np.ndarray, plan: Learned, chance: np.ndarray
) -> np.ndarray:
    """(I,) chance that the likeliest class is wrong, given all that was asked of the item.

    `chance` is of judges in the order of PRICE; a plan in another order is read at the last judge
    of its set, which is what all three know where it asks them all.
    """
    names = list(PRICE)
    deepest = np.array([
        max(names.index(name) for name in plan.judges(s)) for s in range(len(plan.stages))
    ])  # fmt: skip
    p = chance[np.arange(len(stage)), deepest[np.maximum(stage, 0)]]
    return np.where(posterior.argmax(axis=1) == 1, 1 - p, p)


def promise_lines(replications: int) -> tuple[list[str], bool]:
    """What the simulation came to, in lines, and whether the promise is kept."""
    lines = [
        f"## The promise: at most {MAX_ERROR:.0%} of the labels claimed wrong, confidence "
        f"{CONFIDENCE:.0%}, {replications} replications",
        "",
    ]
    held = True
    for name, learn in (("three stages, fixed", False), ("learned anew each time", True)):
        one = kept(replications, learn=learn)
        fine = one.violated <= one.bound
        held &= fine
        lines.append(
            f"- {name}: violated in {one.violated:.3f} (at most {one.bound:.3f}): "
            f"{'yes' if fine else 'NO'}; claimed {one.claimed:.3f} of the items, "
            f"{one.later:.2f} of the claims after the first stage, at {one.price:.2f} of the price"
        )
    return lines, held
