"""A rate read by a judge, corrected for the judge's errors as gold labels show them.

    rate = (said + specificity - 1) / (sensitivity + specificity - 1)

(Rogan and Gladen 1978, equation 1). `said` is the share that the judge calls so among the items it
has a verdict on, and the rate is theirs. All three are estimated, and all three vary: the variance
is linearised and clustered by prompt, so that gold of unequal weights, gold among the judged items
and prompts with several items are accounted for.

The interval is Fieller's (1954): all rates r at which said - r sensitivity - (1 - r)(1 -
specificity) is no further from 0 than t standard errors. It needs no normal ratio, it is skewed as
the ratio is, and it is bounded just where sensitivity + specificity - 1 differs from 0 at the same
level: where it does not, nothing can be said. To each of the three shares one success and one
failure are added first, as Lang and Reiczigel (2014, section 2.3) add them to sensitivity and
specificity, so that a judge without an error in few labels is not taken for perfect; each weighs
what one label's prompt weighs on average. The value itself is without them.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from w2s_judge.arrays import Bools, Floats
from w2s_judge.audit.prompt_sums import Corrected, PromptSums

LEVEL = 0.95
SHARES = ((0, 1), (2, 3), (4, 5))  # columns: all and hits, of said, sensitivity, 1 - specificity


def rogan_gladen_rows(said: Floats, heard: Bools, truth: Floats, weight: Floats) -> Floats:
    """(I, 6) columns whose sums `rogan_gladen` takes, a row an item.

    said   : (I,) 1 where the judge calls it so, else 0; not read where not heard
    heard  : (I,) whether the judge has a verdict
    truth  : (I,) 1 where gold says so, else 0; not read where the weight is 0
    weight : (I,) of the gold label, 0 where there is none
    """
    one = heard.astype(np.float64)
    hit = np.where(heard, said, 0.0)
    true, false = one * weight * truth, one * weight * (1 - truth)
    return np.stack([one, hit, true, true * hit, false, false * hit], axis=1)


def rogan_gladen(sums: PromptSums) -> Corrected:
    """Corrected rates from sums of `rogan_gladen_rows`; `sums.labelled` counts heard gold only.

    NaN where gold lacks items of either kind, lies in fewer than two prompts, or where the
    interval of sensitivity + specificity - 1 is not wholly above 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        said, sensitivity, fall_out = (
            sums.total[..., hit] / sums.total[..., every] for every, hit in SHARES
        )
        value = (said - fall_out) / (sensitivity - fall_out)
        share, covariance = _adjusted(sums)
        low, high, clear = _fieller(share, covariance, sums.labelled)
    known = clear & np.isfinite(value) & (sensitivity > fall_out)
    inside = np.clip(value, 0.0, 1.0)
    return Corrected(
        np.where(known, value, np.nan),
        np.where(known, np.minimum(np.clip(low, 0.0, 1.0), inside), np.nan),
        np.where(known, np.maximum(np.clip(high, 0.0, 1.0), inside), np.nan),
    )


def _adjusted(sums: PromptSums) -> tuple[Floats, Floats]:
    """(..., 3) shares with a success and a failure more, and their covariance (..., 3, 3)."""
    coef = np.zeros((*sums.total.shape[:-1], 3, sums.total.shape[-1]))
    share = np.zeros((*sums.total.shape[:-1], 3))
    added = np.zeros_like(share)
    for k, (every, hit) in enumerate(SHARES):
        one = sums.second[..., every, every] / sums.total[..., every]  # mean weight, by weight
        total = sums.total[..., every] + 2 * one
        share[..., k] = (sums.total[..., hit] + one) / total
        coef[..., k, every], coef[..., k, hit] = -share[..., k] / total, 1 / total
        added[..., k] = (one / total) ** 2 * (share[..., k] ** 2 + (1 - share[..., k]) ** 2)
    few = (sums.labelled / (sums.labelled - 1))[..., None, None]
    return share, np.asarray(few * sums.of(coef) + added[..., None] * np.eye(3))


def _fieller(share: Floats, covariance: Floats, labelled: Floats) -> tuple[Floats, Floats, Bools]:
    """Both ends, and whether there are any, of (said - fall_out) / (sensitivity - fall_out)."""
    over = np.array([[1.0, 0.0, -1.0], [0.0, 1.0, -1.0]])
    above, below = np.moveaxis(share @ over.T, -1, 0)
    both = over @ covariance @ over.T
    t = special.stdtrit(np.maximum(labelled - 1, 1), (1 + LEVEL) / 2) ** 2
    square = below**2 - t * both[..., 1, 1]
    linear = above * below - t * both[..., 0, 1]
    constant = above**2 - t * both[..., 0, 0]
    root = np.sqrt(np.maximum(linear**2 - square * constant, 0.0))
    clear = (square > 0) & (below > 0) & (labelled > 1)
    return (linear - root) / square, (linear + root) / square, np.asarray(clear)
