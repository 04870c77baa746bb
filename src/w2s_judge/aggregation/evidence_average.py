"""Bayesian model averaging: beliefs weighed by the Laplace evidence of the gold labels.

Hoeting, Madigan, Raftery and Volinsky (1999), eq. 1, with MacKay's (1992) approximations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit, logsumexp, softmax

from w2s_judge.aggregation.bayes_logistic import BLOCK, Regressions, regressions
from w2s_judge.aggregation.beliefs import INTERCEPTS, STATED, Beliefs
from w2s_judge.arrays import Floats, Ints
from w2s_judge.gold import Gold

NEGLIGIBLE = 1e-9  # share of a regression that is left out of predictions
STEPS, STEP_SIZE = 60, 2.0  # Newton's, for an intercept


@dataclass(frozen=True, eq=False, slots=True)
class Features:
    """What regressions see of the items: `rows` (a slice or indices) -> (n, P).

    `column` of feature p -> its values over the items with a vote, and how many more are 0.
    """

    items: int
    rows: Callable[[slice | Ints], Floats]
    column: Callable[[int], tuple[Floats, int]]


@dataclass(frozen=True, eq=False, slots=True)
class Average:
    """The average of a set of regressions.

    p           : (I,) P(label = 1)
    coefficient : (P,) posterior mean, intercept apart
    weight      : (H,) posterior probability of each belief
    evidence    : log P(gold's labels | votes), over all beliefs by their prior weights
    """

    p: Floats
    coefficient: Floats
    weight: Floats
    evidence: float
    iterations: int
    converged: bool


def averaged(
    features: Features,
    gold: Gold,
    label: Floats,
    beliefs: Beliefs,
    prior: float | None,
    stated: bool,
) -> Average:
    """Fit every belief on gold's items to label (G,) in {0, 1}, and average the predictions.

    `prior` is P(label = 1) over all items, to which each belief's intercept is centred: its own
    mean prediction is then the prior. None: it is centred at 0. Unless the prior is `stated`, the
    intercept may also be far from its centre.
    """
    spread = STATED if stated else INTERCEPTS
    centre = np.zeros(len(beliefs.mean)) if prior is None else _centres(features, beliefs, prior)
    H = len(centre)  # noqa: N806
    mean = np.tile(np.column_stack([centre, beliefs.mean]), (len(spread), 1))
    sd = np.vstack([np.column_stack([np.full(H, one), beliefs.sd]) for one, _ in spread])
    weight = np.concatenate([beliefs.weight * share for _, share in spread])
    known = features.rows(gold.item)
    found = regressions(_with_one(known), label, mean, sd, sampling_weight(gold))
    with np.errstate(divide="ignore"):  # a belief of weight 0 stays at 0
        joint = np.log(weight) + found.evidence
    share = softmax(joint)
    return Average(
        _predicted(features, found, share),
        np.asarray(share @ found.coefficients[:, 1:]),
        share.reshape(len(spread), H).sum(axis=0),
        float(logsumexp(joint)),
        found.iterations,
        found.converged,
    )


def sampling_weight(gold: Gold) -> Floats:
    """(G,) inverse sampling probabilities, summing to Kish's (1965) effective number of labels."""
    weight = gold.weight
    return np.asarray(weight * weight.sum() / (weight**2).sum())


def _predicted(features: Features, found: Regressions, share: Floats) -> Floats:
    share = np.where(share < NEGLIGIBLE, 0.0, share)
    share = share / share.sum()
    p = np.zeros(features.items)
    for start in range(0, features.items, BLOCK):
        rows = features.rows(slice(start, start + BLOCK))
        p[start : start + BLOCK] = found.predict(_with_one(rows), share)
    return p


def _with_one(rows: Floats) -> Floats:
    return np.column_stack([np.ones(len(rows)), rows])


def _centres(features: Features, beliefs: Beliefs, prior: float) -> Floats:
    """(H,) intercepts at which the beliefs' mean predictions are the prior."""
    done: dict[tuple[int, float], float] = {}
    centre = np.full(len(beliefs.mean), float(logit(prior)))
    for h, mean in enumerate(beliefs.mean):
        for p in np.flatnonzero(mean):  # one at most: the factor or judge that is the truth
            key = (int(p), float(mean[p]))
            if key not in done:
                values, zeros = features.column(key[0])
                done[key] = _intercept(values * key[1], zeros, prior)
            centre[h] = done[key]
    return centre


def _intercept(eta: Floats, zeros: int, prior: float) -> float:
    """The b at which the mean of sigmoid(b + eta), with so many more eta at 0, is the prior."""
    b, n = float(logit(prior)), len(eta) + zeros
    for _ in range(STEPS if n else 0):
        p, at_zero = expit(b + eta), float(expit(b))
        off = (p.sum() + zeros * at_zero) / n - prior
        slope = ((p * (1 - p)).sum() + zeros * at_zero * (1 - at_zero)) / n
        step = float(np.clip(off / max(slope, 1e-12), -STEP_SIZE, STEP_SIZE))
        b -= step
        if abs(step) < 1e-10:
            break
    return b
