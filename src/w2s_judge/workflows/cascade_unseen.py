"""How a cascade does on its own pilot: where its items would stop, and how right they are then.

The plan is chosen on quick fits. Where an item stops is found here as for every other item: the
pilot is in the votes a second time, without its labels, and goes through the stages. The labelled
copies are what these fits learn from, so that they know the label of every item's twin: it may stop
a little sooner than an item whose like is not in the pilot. Leaving each out of its fit would have
the plan decide by fewer labels than it will have, and test a promise on too few. What is said of an
item is from fits and maps that did not see its label, of the stage at which its like stopped. Other
items without a label are in none of these fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.crossfit import FOLDS, with_gold
from w2s_judge.calibration.reference import HeldOut
from w2s_judge.cascade.asked import of_judges
from w2s_judge.cascade.finish import finished
from w2s_judge.cascade.in_full import all_asked
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.posterior import fitted
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.cascade_record import Planned
from w2s_judge.workflows.conclude import Aim, Rival, compared


@dataclass(frozen=True, eq=False, slots=True)
class Rerun:
    """The pilot's items as others: G labels.

    votes : on the pilot alone, items 0 .. G-1
    gold  : all labels, by these numbers
    stage : (G,) at which each would stop; -1 where no judge of the plan has a vote
    price : (G,) of what would be asked about it, answered or not
    """

    votes: VoteMatrix
    gold: Gold
    stage: Ints
    price: Floats


def rerun(learned: Learned, votes: VoteMatrix, gold: Gold, settings: Cascade) -> Rerun:
    """Follow a plan on the pilot as on items beside it, whose labels are not known."""
    number = np.full(votes.I, -1, dtype=np.int32)
    number[gold.item] = np.arange(gold.G)
    pilot = votes.only(number[votes.item] >= 0)
    here = replace(gold, item=np.arange(gold.G, dtype=np.int32))
    pilot = replace(
        pilot,
        items=tuple(votes.items[k] for k in gold.item),
        item=number[pilot.item],
        group=votes.group[gold.item],
        positions=None,
    )
    both = _twice(pilot)
    asked = all_asked(learned, both, max_error=settings.max_error)
    done = finished(learned, both, here, settings, asked)
    # Every judge was asked about the pilot: where it has no vote it abstained, and is paid for it.
    return Rerun(pilot, here, done.stage[gold.G :], learned.paid(done.came)[gold.G :])


def _twice(votes: VoteMatrix) -> VoteMatrix:
    """All items a second time, after the first."""

    def both(column: Floats | None) -> Floats | None:
        return None if column is None else np.concatenate([column, column])

    return replace(
        votes,
        items=(*votes.items, *(f"{name} again" for name in votes.items)),
        item=np.concatenate([votes.item, votes.item + votes.I]).astype(np.int32),
        rater=np.concatenate([votes.rater, votes.rater]),
        group=np.concatenate([votes.group, votes.group]),
        label=None if votes.label is None else np.concatenate([votes.label, votes.label]),
        mass=both(votes.mass),
        weight=both(votes.weight),
    )


def expected_price(learned: Learned, votes: VoteMatrix, gold: Gold, settings: Cascade) -> float:
    """Mean price of one thing judged, by the posteriors that decide; silence is paid for."""
    found = rerun(learned, votes, gold, settings)
    return float(np.average(found.price, weights=gold.weight))


def gap(planned: Planned) -> str | None:
    """What the plan was chosen by, beside what its decisions will go by; None where they agree."""
    quick, slow = f"{planned.learned.price:.3g}", f"{planned.price:.3g}"
    if quick == slow:
        return None
    return (
        f"that price is of the quick fits by which a plan is chosen; by the calibrated posterior "
        f"that decides, {slow} of {planned.learned.full_price:.3g} is to be expected"
    )


def rivals(
    learned: Learned, votes: VoteMatrix, gold: Gold, settings: Cascade, aim: Aim
) -> tuple[Rival, ...]:
    """The cascade on gold that no fit saw, beside the full panel, majority and the best judge.

    Labels that `max_error` holds back to test on are left out.
    """
    found = rerun(learned, votes, gold, settings)
    fit, _ = settings.split(found.votes, found.gold)
    stage = found.stage[fit.item]
    full = _unseen(found.votes, fit, settings)
    rows = full
    for number in range(len(learned.stages)):
        judges = learned.judges(number)
        mine = np.maximum(stage, 0) == number
        if mine.any() and set(judges) != set(learned.order):
            part = _unseen(of_judges(found.votes, judges), fit, settings)
            rows = np.where(mine[:, None], part, rows)
    return compared(rows, found.votes, fit, aim, (HeldOut(full, "full panel"),))


def _unseen(votes: VoteMatrix, gold: Gold, settings: Cascade) -> Floats:
    """(G, C) from what did not see the row's label."""
    method = fitted(settings.method)
    return with_gold(method, votes, gold, folds=FOLDS, seed=settings.seed).held_out
