"""The promised error, split over the stages.

Each of S stages tests its thresholds at confidence 1 - (1 - confidence) / S on those held-back
labels that reach it (`calibration.selective`). With probability of at least `confidence` no stage
claims labels of which more than `max_error` are wrong, and then the same holds of all labels
claimed (union bound). Held-back items were in no fit; at every stage they are items like others.

Beside what `selective` needs this takes one thing: what is tested at a later stage was left open
by an earlier test of the same labels. That does no harm as long as an item whose label was wrong
at an earlier stage is not less often wrong at a later one than an item whose label was right:
labels that make an earlier walk end soon are then, if anything, too hard on the later one.
"""

from __future__ import annotations

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.selective import Selection, threshold
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
) -> Selection:
    """The threshold of one stage.

    posterior : (I, C) of the stage, fitted without the labels of `test`
    test      : the held-back labels that reach the stage
    group     : (I,) of all items
    free      : (I,) items of the stage whose label is not known
    """
    return threshold(
        posterior[test.item], test.label, max_error, stage_confidence(confidence, stages),
        among=posterior[free], chosen=test.chosen, group=group[test.item], seed=seed,
    )  # fmt: skip
