"""The calibrated consensus of a stage: of what has been asked so far.

Votes of later judges are left out, those on gold items too, so that gold is as other items are.
What later judges say of an item does not depend on whether it was asked of them, given earlier
votes; the fit is of all items, those that stopped with votes lent to them (`lent`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.aggregation.auto import Auto
from w2s_judge.aggregation.contract import METHODS, Aggregator
from w2s_judge.arrays import Ints
from w2s_judge.calibration.crossfit import calibrated
from w2s_judge.cascade.lent import lent
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

FOLDS = 5


def stage_posterior(
    method: Aggregator | str,
    votes: VoteMatrix,
    gold: Gold,
    stages: Sequence[Sequence[str]],
    stopped: Ints,
    seed: int,
) -> Consensus:
    """After the last of these stages; see `lent`. Rows of items that stopped are of no meaning."""
    seen = lent(votes, gold, stages, stopped, seed)
    asked = np.bincount(seen.rater, minlength=seen.J) > 0
    # Later judges are no silent raters of this panel: a method would say that they never vote.
    seen = seen.of_raters(asked) if asked.any() else seen
    return calibrated(fitted(method), seen, gold, folds=FOLDS, seed=seed)


def fitted(method: Aggregator | str) -> Aggregator:
    """The method, by name where one is given, so that it goes one way in fits with less gold."""
    made = METHODS.get(method).make() if isinstance(method, str) else method
    return made.across_folds(FOLDS) if isinstance(made, Auto) else made
