"""The area under the ROC curve with draws of prompts, from counts of each class by score."""

from __future__ import annotations

import numpy as np

from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import NOTHING, Resample, ratio
from w2s_judge.audit.skill.rightness import Answers
from w2s_judge.audit.sums_by import sums_by
from w2s_judge.calibration.metrics import SAME, bin_of

BINS = 100  # of equal mass: with more distinct scores, those in one bin are taken for level


def area(resample: Resample, answers: Answers) -> Figure:
    """Weighted chance that an item of the second class ranks above one of the first; ties half.

    Of soft truth an item counts for each class by its share. None for other than two classes.
    """
    if answers.rank is None:
        return Figure(None, why=answers.why or "the area under the curve is for two classes")
    if not len(answers.item):
        return Figure(None, why=NOTHING)
    narrow = resample.narrowed(answers.item)
    value, rank = np.unique(np.round(answers.rank, SAME), return_inverse=True)
    bin_ = rank.astype(np.int32)
    if len(value) > BINS:
        bin_ = bin_of(np.round(answers.rank, SAME), answers.weight, BINS, "mass")
    bins = int(bin_.max()) + 1
    low, high = (
        sums_by(narrow, answers.item, bin_, bins, answers.weight * answers.truth[:, c])
        for c in (0, 1)
    )
    below = np.cumsum(low, axis=1) - low / 2
    pairs = low.sum(axis=1) * high.sum(axis=1)
    why = "the labelled items are all of one class"
    return narrow.figure(ratio((high * below).sum(axis=1), pairs), answers.item, why=why)
