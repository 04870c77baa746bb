"""The area under the ROC curve with draws of prompts, from counts of each class by score."""

from __future__ import annotations

from typing import Any

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample, ratio
from w2s_judge.audit.skill.rightness import Answers, narrowed
from w2s_judge.calibration.metrics import SAME, bin_of

BINS = 100  # of equal mass: with more distinct scores, those in one bin are taken for level


def area(resample: Resample, answers: Answers) -> Figure:
    """Weighted chance that an item of the second class ranks above one of the first; ties half.

    Of soft truth an item counts for each class by its share. None for other than two classes.
    """
    if answers.rank is None:
        return Figure(None, why=answers.why or "the area under the curve is for two classes")
    if not len(answers.item):
        return Figure(None, why="there is nothing to go on")
    narrow = narrowed(resample, answers.item)
    value, rank = np.unique(np.round(answers.rank, SAME), return_inverse=True)
    bin_ = rank.astype(np.int32)
    if len(value) > BINS:
        bin_ = bin_of(np.round(answers.rank, SAME), answers.weight, BINS, "mass")
    bins, n = int(bin_.max()) + 1, narrow.weights.shape[1]
    cell = narrow.block[answers.item].astype(np.int64) * bins + bin_
    low, high = (
        _drawn(narrow, cell, answers.weight * answers.truth[:, c], n * bins) for c in (0, 1)
    )
    below = np.cumsum(low, axis=1) - low / 2
    pairs = low.sum(axis=1) * high.sum(axis=1)
    why = "the labelled items are all of one class"
    return narrow.figure(ratio((high * below).sum(axis=1), pairs), answers.item, why=why)


def _drawn(resample: Resample, cell: np.ndarray[Any, Any], weight: Floats, cells: int) -> Floats:
    """(1 + B, bins) sums of weight by bin, of the data, then of each draw."""
    sums = np.bincount(cell, weights=weight, minlength=cells)
    of_block = sums.reshape(resample.weights.shape[1], -1)
    return np.concatenate([of_block.sum(axis=0)[None], resample.weights @ of_block])
