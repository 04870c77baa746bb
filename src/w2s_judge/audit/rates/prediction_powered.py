"""A rate over all items from a few gold labels, with a judge's word on all items to steady it.

    rate = gold's mean of y  +  lambda (mean of f over all items - gold's mean of f)

y is the truth, f any number the judge gives an item: prediction-powered inference (Angelopoulos et
al. 2023, Science 382, 669) with the lambda of PPI++ (Angelopoulos, Duchi and Zrnic 2023,
arXiv:2311.01453, section 6) that makes the variance least, within [0, 1]. A worthless judge has
lambda 0 and costs nothing: what is left is the mean of gold. Gold's means are weighted by the
inverse of the probability of being labelled (Hajek 1971), so that the rate is that of all items
however gold was sought out; gold items are among "all items", as in the regression estimator of
survey sampling (Särndal, Swensson and Wretman 1992, section 6.4). Variance and lambda are
linearised and clustered by prompt.

The interval is Wilson's (1927) at an effective number of labels: that of gold alone (Korn and
Graubard 1998) divided by what is left of the variance once f is used, V(lambda) / V(0). A judge
without an error in few labels would leave nothing: to both variances half a label of each kind of
error (f = 1 and y = 0; f = 0 and y = 1) is added. The half was chosen from 0, .5 and 1 on
simulated judges of sensitivity .6 to .99, rates .02 to .5 and 50 to 1,000 labels: without it the
coverage of a judge right in 99 % falls to .85 with 100 labels; with it none was below .938 (rate
.02, 50 labels).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from w2s_judge.arrays import Bools, Floats
from w2s_judge.audit.prompt_sums import Corrected, PromptSums

LEVEL = 0.95
PSEUDO = 0.5  # labels of each kind of error
ALL, GUESS, LABELS, TRUE, GUESSED, COUNT = range(6)  # columns


def prediction_powered_rows(guess: Floats, truth: Floats, weight: Floats) -> Floats:
    """(I, 6) columns whose sums `prediction_powered` takes, a row an item.

    guess  : (I,) f in [0, 1]; where the judge is silent any number that does not depend on y
    truth  : (I,) y: 1 where gold says so, else 0; not read where the weight is 0
    weight : (I,) of the gold label, 0 where there is none
    """
    one, gold = np.ones(len(guess)), (weight > 0).astype(np.float64)
    return np.stack([one, guess, weight, weight * truth, weight * guess, gold], axis=1)


def silent_as_mean(guess: Floats, heard: Bools) -> Floats:
    """(I,) the guesses, and their mean for items that the judge has no vote on (0 if it has none).

    Any guess keeps the estimate valid; the mean of the others says nothing of these items.
    """
    return np.where(heard, guess, guess[heard].mean() if heard.any() else 0.0)


def prediction_powered(sums: PromptSums) -> tuple[Corrected, Floats]:
    """Rates from sums of `prediction_powered_rows`, and lambda (...,); NaN without a gold label.

    low and high are NaN where gold lies in fewer than two prompts.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        total = sums.total
        mean = total[..., GUESS] / total[..., ALL]
        true, guessed = (
            total[..., TRUE] / total[..., LABELS],
            total[..., GUESSED] / total[..., LABELS],
        )
        parts = sums.of(_influence(sums, mean, true, guessed))
        alone, cross, steady = parts[..., 0, 0], parts[..., 0, 1], parts[..., 1, 1]
        tuned = np.where(steady > 0, np.clip(-cross / steady, 0.0, 1.0), 0.0)
        value = true + tuned * (mean - guessed)
        variance = alone + 2 * tuned * cross + tuned**2 * steady
        size = total[..., LABELS] ** 2 / sums.second[..., LABELS, LABELS]  # Kish's, of prompts
        left = (variance + _pseudo(true, guessed, tuned, size)) / (
            alone + _pseudo(true, guessed, np.zeros_like(tuned), size)
        )
        worth = _effective(true, alone, size, sums.labelled, total[..., COUNT])
        low, high = _wilson(value, worth / left)
    known = sums.labelled > 1
    low, high = np.where(known, low, np.nan), np.where(known, high, np.nan)
    return Corrected(np.asarray(value), low, high), np.where(np.isfinite(true), tuned, np.nan)


def _influence(sums: PromptSums, mean: Floats, true: Floats, guessed: Floats) -> Floats:
    """(..., 2, 6) coefficients of gold's mean of y, and of what lambda multiplies."""
    coef = np.zeros((*sums.total.shape[:-1], 2, 6))
    labels, every = sums.total[..., LABELS], sums.total[..., ALL]
    coef[..., 0, LABELS], coef[..., 0, TRUE] = -true / labels, 1 / labels
    coef[..., 1, ALL], coef[..., 1, GUESS] = -mean / every, 1 / every
    coef[..., 1, LABELS], coef[..., 1, GUESSED] = guessed / labels, -1 / labels
    return coef


def _pseudo(true: Floats, guessed: Floats, tuned: Floats, size: Floats) -> Floats:
    """What half a label of each kind of error adds to the variance."""
    missed = (1 - true) + tuned * guessed
    invented = true + tuned * (1 - guessed)
    return np.asarray(PSEUDO * (missed**2 + invented**2) / size**2)


def _effective(
    true: Floats, alone: Floats, size: Floats, labelled: Floats, count: Floats
) -> Floats:
    """(...,) labels that gold alone is worth, cut by (z / t)^2 for its few prompts.

    For at most as many as there are: a variance from few prompts can be small by chance.
    """
    spread = true * (1 - true)
    known = (spread > 0) & (alone > 0)
    variance = np.where(known, alone, 1.0) * labelled / (labelled - 1)
    worth = np.minimum(np.where(known, spread / variance, size), count)
    t = special.stdtrit(np.maximum(labelled - 1, 1), (1 + LEVEL) / 2)
    return np.asarray(worth * (special.ndtri((1 + LEVEL) / 2) / t) ** 2)


def _wilson(value: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Both ends of Wilson's score interval, around the value put into [0, 1]."""
    p, z = np.clip(value, 0.0, 1.0), special.ndtri((1 + LEVEL) / 2)
    middle = (p + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z / (1 + z**2 / size) * np.sqrt(p * (1 - p) / size + (z / (2 * size)) ** 2)
    low, high = np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
    return np.minimum(low, p), np.maximum(high, p)
