"""The promised error, split over the stages.

Each of S stages tests its thresholds at confidence 1 - (1 - confidence) / S on those held-back
labels that reach it (`calibration.selective`). With probability of at least `confidence` no stage
claims labels of which more than `max_error` are wrong, and then the same holds of all labels
claimed (union bound). Held-back items were in no fit; at every stage they are items like others.

Beside what `selective` needs this takes one thing: what is tested at a later stage was left open
by an earlier test of the same labels. That does no harm as long as an item whose label was wrong
at an earlier stage is not less often wrong at a later one than an item whose label was right:
labels that make an earlier walk end soon are then, if anything, too hard on the later one.

A stage that asked only some of the items that came to it may have asked any (`in_full`). Of the
items above a threshold, a asked and at most m not, at most a share e (a + m) / a of those asked is
wrong where at most e of all are: with items owed, e is `max_error` a / (a + m), a being what the
strictest threshold claims. That holds whichever items were asked, and nothing is claimed where too
many are owed for so small an error to be tested.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.selective import (
    FEWEST,
    Selection,
    first_test,
    threshold,
    uniform_sample,
)
from w2s_judge.gold import Gold


def stage_confidence(confidence: float, stages: int) -> float:
    """The confidence that each of so many stages is tested at."""
    return 1 - (1 - confidence) / stages


def tested(
    posterior: Floats,
    test: Gold,
    group: Ints,
    free: Bools,
    *,
    max_error: float,
    confidence: float,
    stages: int,
    seed: int,
    owed: int,
) -> Selection:
    """The threshold of one stage.

    posterior : (I, C) of the stage, fitted without the labels of `test`
    test      : the held-back labels that reach the stage
    group     : (I,) of all items
    free      : (I,) items that may be claimed: of the stage, asked in full, label not known
    owed      : items that came to the stage and were not asked in full
    """
    at, near = stage_confidence(confidence, stages), group[test.item]
    error = max_error
    if owed:
        labels = len(uniform_sample(test.G, test.chosen, near, seed))
        error *= _share_asked(first_test(max_error, at), labels, int(free.sum()), owed)
    found = threshold(
        posterior[test.item], test.label, error, at,
        among=posterior[free], chosen=test.chosen, group=near, seed=seed,
    )  # fmt: skip
    if not owed:
        return found
    told = f"; {owed} items not asked in full, so that errors are kept to {error:.4g} here"
    return replace(found, reason=found.reason + told)


def _share_asked(first: int, labels: int, free: int, owed: int) -> float:
    """What e is multiplied by; the strictest threshold claims at least a of `free` items.

    A smaller error takes a first test of as many labels or more, and a can only grow.
    """
    share = min(first, max(labels, FEWEST)) / max(labels, 1)
    claimed = max(int(np.ceil(min(share, 1.0) * free)), 1)
    return claimed / (claimed + owed)
