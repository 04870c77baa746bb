"""The last word on every item: the posterior of the stage at which it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.selective import Selection
from w2s_judge.cascade.decide import Decision, walk
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "cascade"
SILENT = "; where a stage has no vote it is taken as not asked, and as not paid for"


@dataclass(frozen=True, eq=False, slots=True)
class Finished:
    """`consensus` of all items, and how each came to it.

    stage      : (I,) the last stage that an item has a vote of, from 0; -1 without any. Gold
                 items were asked at all
    came       : (I,) the last stage that was to ask about it, from 0, answered or not
    price      : (I,) of what was asked about it by the plan, an abstention paid like a vote; of
                 gold items all judges. Where it is not known who was asked, an item that has no
                 vote of a stage nor of a later one is taken as not asked there
    selections : the tests of the stages, in order; none without `max_error`
    """

    consensus: Consensus
    stage: Ints
    came: Ints
    price: Floats
    selections: tuple[Selection, ...]


def finished(
    learned: Learned,
    votes: VoteMatrix,
    gold: Gold,
    settings: Cascade,
    asked: Ints | None = None,
    unasked: Bools | None = None,
) -> Finished:
    """From all votes there are; what the plan would not have asked for is not read.

    asked   : (I,) the last stage, from 0, known to have asked about an item in full, gold items,
              too; -1 for none. None: only who voted is known (see `in_full`)
    unasked : (I,) items that the first stage, which asks by lot, had not come to when asking
              stopped; they owe nothing. None: none of those of which `asked` says -1

    Items that were to go on and have no vote of the next stage keep what they have. Without
    `max_error` items `asked` more than they would be now are read with that, and all are claimed;
    with it a stage claims what it asked in full, and less the more it owes.
    """
    steps = list(walk(learned, votes, gold, settings, len(learned.stages), asked, unasked))
    last, price, claimed = steps[-1].consensus, np.zeros(votes.I), np.zeros(votes.I, dtype=np.bool_)
    posterior, support = steps[0].consensus.posterior.copy(), steps[0].consensus.support.copy()
    reached = steps[-1].reached.copy()
    known = reached if asked is None else np.maximum(asked, reached)
    for number, (stage, one) in enumerate(zip(learned.stages, steps, strict=True)):
        posterior[one.here] = one.consensus.posterior[one.here]
        support[one.here] = one.consensus.support[one.here]
        price[one.came & (known >= number)] += stage.price
        claimed |= False if one.consensus.decided is None else one.consensus.decided
    posterior[gold.item] = np.eye(len(gold.classes))[gold.label]
    support[gold.item] = last.support[gold.item]
    price[gold.item] = learned.full_price
    silent = asked is None and bool((steps[-1].came & (reached < len(steps) - 1)).any())
    reached[gold.item] = len(steps) - 1
    came = np.zeros_like(reached)
    for one in steps[:-1]:
        came += one.open
    came[gold.item] = len(steps) - 1
    whole = replace(
        last,
        posterior=posterior, support=support,
        method=f"{NAME}:{last.method}",
        decided=None if settings.max_error is None else claimed,
        confusion=None, weight=None, score=None, fit=None,
        settings=repr(settings),
        notes=(*learned.why, *_told(steps), _paid(price, gold, learned, silent), *last.notes),
    )  # fmt: skip
    tests = [one.selection for one in steps if one.selection is not None]
    return Finished(whole, reached, came, price, tuple(tests))


def _told(steps: Sequence[Decision]) -> list[str]:
    return [note for one in steps for note in one.notes]


def _paid(price: Floats, gold: Gold, learned: Learned, silent: bool) -> str:
    free = np.ones(len(price), dtype=np.bool_)
    free[gold.item] = False
    mean = float(price[free].mean()) if free.any() else 0.0
    return (
        f"mean price of one thing judged outside the pilot {mean:.4g}, of all judges "
        f"{learned.full_price:.4g}{SILENT if silent else ''}"
    )
