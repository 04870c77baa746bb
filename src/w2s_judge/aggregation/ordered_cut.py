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
HALVINGS = 60
GRID = np.linspace(-4.0, 4.0, 161)  # slopes looked at
SLOPE_SD = 1.0  # of the slope's normal prior
LEAST = 1e-12


def cuts(mean: Floats, sd: Floats, prior: Floats, slope: float) -> Floats:
    """(C-1,) cuts t at which the mean of P(class) over the items is the prior."""
    below = np.cumsum(prior)[:-1]
    wide = np.sqrt(1 + slope**2)
    noise = np.sqrt(1 + (slope * sd) ** 2)
    reach = wide * 10 + np.abs(slope * mean).max(initial=0.0)
    low, high = np.full(len(below), -reach), np.full(len(below), reach)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        found = PSEUDO * ndtr(middle / wide)
        found += ndtr((middle - slope * mean[:, None]) / noise[:, None]).sum(axis=0)
        under = found < below * (len(mean) + PSEUDO)
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    return np.asarray((low + high) / 2)


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
    best, slope = -np.inf, start
    for one in GRID:
        at = cuts(mean, sd, prior, one)
        rows = posterior_from(mean[gold.item], sd[gold.item], at, one)
        told = float(gold.weight @ np.log(rows[np.arange(gold.G), gold.label]))
        fit = told - 0.5 * ((one - start) / SLOPE_SD) ** 2
        if fit > best + 1e-9:
            best, slope = fit, float(one)
    return slope


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
