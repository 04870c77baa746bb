"""How many of the pairs that are written are wrong, as an estimate.

Wrong is a pair whose rejected response is the better one, or as good.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.estimates import estimated_share
from w2s_judge.preferences.pair_mass import BETTER, TIE, share
from w2s_judge.preferences.screening import DIGITS, SAME, Bars

CHECKED = "gold pairs above the bars, by a p that saw nothing of their prompts"
UNCHECKED = "by the judges' own account, a tie counted as wrong"


@dataclass(frozen=True, slots=True)
class Noise:
    """The share of wrong pairs.

    share     : estimate, in [0, 1]; `tied` is the part of it that are ties
    low, high : 95 % interval, clustered by prompt; None where nothing was checked
    pairs     : what it is taken over: gold pairs, or all pairs written where nothing was checked
    prompts   : of the gold pairs; 0 where nothing was checked
    source    : how it was found, and why no better, in plain words
    level     : gold pairs above the bars that gold, coarser than the votes, calls a tie: these are
                not counted
    """

    share: float
    tied: float
    low: float | None
    high: float | None
    pairs: int
    prompts: int
    source: str
    level: int = 0


def checked_noise(
    held_out: Floats,
    outcome: Ints,
    prompt: Ints,
    bars: Bars,
    weight: Floats | None = None,
    *,
    ties_tell: bool = True,
) -> Noise | None:
    """From gold pairs that lack nothing: mass (n, 3), outcome (n,), prompt (n,) as in `learn`.

    held_out : mapped without the pair's prompt; the pairs above the bars are counted
    weight   : (n,) inverse of the probability by which both responses came to be labelled
    None where no gold pair is above the bars. A bar that was chosen on the same gold (`promise`)
    makes the estimate a little too low: the promise's own bound holds all the same.
    """
    above = np.round(held_out[:, TIE], DIGITS) <= bars.max_tie
    p = np.round(share(held_out), DIGITS)
    above &= (p > 0.5 + SAME) & (p >= (np.inf if bars.min_p is None else bars.min_p))
    level = 0 if ties_tell else int((above & (outcome == TIE)).sum())
    if not ties_tell:
        above &= outcome != TIE
    if not above.any():
        return None
    weight = np.ones(len(outcome)) if weight is None else weight
    of = weight[above]
    wrong = (outcome[above] != BETTER).astype(np.float64)
    found = estimated_share(wrong, of, prompt[above])
    tied = float(np.average(outcome[above] == TIE, weights=of))
    return Noise(found.value, tied, found.low, found.high, found.n, found.groups, CHECKED, level)


def unchecked_noise(total: Floats, pairs: int, why: str) -> Noise:
    """From the sum (3,) of the masses of all `pairs` written; `why` nothing could be checked.

    Raises `ValueError` where no pair was written.
    """
    if pairs < 1:
        raise ValueError("no pair was written: there is no share of them")
    mean = total / pairs
    return Noise(
        float(1 - mean[BETTER]), float(mean[TIE]), None, None, pairs, 0, f"{UNCHECKED}: {why}"
    )
