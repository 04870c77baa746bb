"""The last word on every item: the posterior of the stage at which it stopped."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.selective import Selection
from w2s_judge.cascade.decide import walk
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "cascade"


@dataclass(frozen=True, eq=False, slots=True)
class Finished:
    """`consensus` of all items, and how each came to it.

    stage      : (I,) the last stage that an item has a vote of, from 0; -1 without any. Gold
                 items were asked at all
    price      : (I,) of what was asked about it by the plan; of gold items all judges
    selections : the tests of the stages, in order; none without `max_error`
    """

    consensus: Consensus
    stage: Ints
    price: Floats
    selections: tuple[Selection, ...]


def finish(learned: Learned, votes: VoteMatrix, gold: Gold, settings: Cascade) -> Consensus:
    """The consensus of `finished`."""
    return finished(learned, votes, gold, settings).consensus


def finished(learned: Learned, votes: VoteMatrix, gold: Gold, settings: Cascade) -> Finished:
    """From all votes there are; what the plan would not have asked for is not read.

    Items that were to go on and have no vote of the next stage keep what they have. With
    `max_error` nothing is claimed of them; without, every item has its likeliest class.
    """
    steps = list(walk(learned, votes, gold, settings, len(learned.stages)))
    last = steps[-1].consensus
    price = np.zeros(votes.I)
    posterior, support = steps[0].consensus.posterior.copy(), steps[0].consensus.support.copy()
    claimed = np.zeros(votes.I, dtype=np.bool_)
    for stage, one in zip(learned.stages, steps, strict=True):
        posterior[one.here] = one.consensus.posterior[one.here]
        support[one.here] = one.consensus.support[one.here]
        price[one.here] += stage.price
        claimed |= False if one.consensus.decided is None else one.consensus.decided
    posterior[gold.item] = np.eye(len(gold.classes))[gold.label]
    support[gold.item] = last.support[gold.item]
    price[gold.item] = learned.full_price
    reached = steps[-1].reached.copy()
    reached[gold.item] = len(steps) - 1
    told = (note for one in steps for note in one.notes)
    whole = replace(
        last,
        posterior=posterior,
        support=support,
        method=f"{NAME}:{last.method}",
        decided=None if settings.max_error is None else claimed,
        confusion=None, weight=None, score=None, fit=None,
        settings=repr(settings),
        notes=(*learned.why, *told, _paid(price, gold, learned), *last.notes),
    )  # fmt: skip
    tests = tuple(one.selection for one in steps if one.selection is not None)
    return Finished(whole, reached, price, tests)


def _paid(price: Floats, gold: Gold, learned: Learned) -> str:
    free = np.ones(len(price), dtype=np.bool_)
    free[gold.item] = False
    mean = float(price[free].mean()) if free.any() else 0.0
    return (
        f"mean price of one thing judged outside the pilot {mean:.4g}, of all judges "
        f"{learned.full_price:.4g}"
    )
