"""From a score that the raters share to classes: an ordered probit whose cuts keep the prior.

tau = rho theta + sqrt(1 - rho^2) epsilon is cut into C ordered classes. With the slope
beta = rho / sqrt(1 - rho^2) and theta ~ N(m, v), in units in which epsilon has variance 1,

    P(class <= c) = Phi((t_c - beta m) / sqrt(1 + beta^2 v)).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from w2s_judge.arrays import Floats, Ints
from w2s_judge.gold import Gold

PSEUDO = 5.0  # items drawn from the model itself, so that few items do not set the cuts alone
HALVINGS = 60  # at most: Newton's steps, and halvings where these lead out of the bracket
EXACT = 1e-14
GRID = np.linspace(-4.0, 4.0, 161)  # slopes looked at
COARSE = 8  # .4: the slope's prior has sd 1, and so has its posterior at most
SLOPE_SD = 1.0  # of the slope's normal prior
LEAST = 1e-12


def cuts(mean: Floats, sd: Floats, prior: Floats, slope: float) -> Floats:
    """(C-1,) cuts t at which the mean of P(class) over the items is the prior."""
    below = np.cumsum(prior)[:-1]
    wide = np.sqrt(1 + slope**2)
    noise = np.sqrt(1 + (slope * sd) ** 2)
    reach = wide * 10 + np.abs(slope * mean).max(initial=0.0)
    low, high = np.full(len(below), -reach), np.full(len(below), reach)
    aim, middle = below * (len(mean) + PSEUDO), wide * ndtri(np.clip(below, LEAST, 1 - LEAST))
    for _ in range(HALVINGS):
        z = (middle - slope * mean[:, None]) / noise[:, None]
        over = PSEUDO * ndtr(middle / wide) + ndtr(z).sum(axis=0) - aim
        low, high = np.where(over < 0, middle, low), np.where(over < 0, high, middle)
        density = (np.exp(-0.5 * z**2) / noise[:, None]).sum(axis=0)
        density += PSEUDO * np.exp(-0.5 * (middle / wide) ** 2) / wide
        newton = middle - over * np.sqrt(2 * np.pi) / np.maximum(density, LEAST)
        inside = (newton > low) & (newton < high)
        after = np.where(inside, newton, (low + high) / 2)
        still = np.abs(after - middle).max(initial=0.0) <= EXACT * reach
        middle = after
        if still:
            break
    return np.asarray(middle)


def posterior_from(mean: Floats, sd: Floats, at: Floats, slope: float) -> Floats:
    """(I, C) class probabilities of items whose theta has this mean and sd."""
    noise = np.sqrt(1 + (slope * sd) ** 2)
    upto = ndtr((at - slope * mean[:, None]) / noise[:, None])
    edge = np.ones((len(mean), 1))
    rows = np.diff(np.concatenate([0 * edge, upto, edge], axis=1), axis=1)
    rows = np.maximum(rows, LEAST)
    return np.asarray(rows / rows.sum(axis=1, keepdims=True))


def slope_from(mean: Floats, sd: Floats, gold: Gold, prior: Floats, start: float) -> float:
    """The slope's posterior mode on gold, with a normal prior about `start`; may be negative."""
    fits: dict[int, float] = {}

    def fit(k: int) -> float:
        if k not in fits:
            at = cuts(mean, sd, prior, GRID[k])
            rows = posterior_from(mean[gold.item], sd[gold.item], at, GRID[k])
            told = float(gold.weight @ np.log(rows[np.arange(gold.G), gold.label]))
            fits[k] = told - 0.5 * ((GRID[k] - start) / SLOPE_SD) ** 2
        return round(fits[k], 9)

    best = 0
    for step in (COARSE, 1):  # all slopes at wide steps, then those between its neighbours
        near = range(len(GRID)) if step > 1 else range(best - COARSE, best + COARSE + 1)
        best = max((k for k in near if k % step == 0 and 0 <= k < len(GRID)), key=fit)
    return float(GRID[best])


def anchors(prior: Floats, label: Ints, validity: float) -> tuple[Floats, Floats]:
    """(G,) mean and variance of theta given the class, tau standard normal and cut at the prior."""
    edge = ndtri(np.clip(np.concatenate([[0.0], np.cumsum(prior)]), 0.0, 1.0))
    edge[-1] = np.inf
    density = np.exp(-0.5 * np.minimum(np.abs(edge), 40.0) ** 2) / np.sqrt(2 * np.pi)
    slopes = np.where(np.isfinite(edge), edge, 0.0) * density
    centre = -np.diff(density) / prior
    variance = 1 - np.diff(slopes) / prior - centre**2
    rho = validity
    return rho * centre[label], 1 - rho**2 + rho**2 * np.clip(variance, 0.0, 1.0)[label]
