"""What judges are expected to add, given what was measured of all candidates together.

The fall of the mean log-loss that a judge brings is measured on some 100 labels, with an error that
is seldom much smaller than the fall, and the largest of many such measurements may be luck alone.
So each is read in the light of all: a share of the judges adds nothing, what the others add has an
exponential distribution, and both the share and its mean are averaged over by what was measured
(spike and slab, Johnstone and Silverman 2004; the errors of judges are taken for independent). That
gives the probability that a judge adds anything. If it does, what it adds is known by its own
measurement alone, but for that no judge takes away: who need not listen loses nothing.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from w2s_judge.arrays import Floats

NONE = np.linspace(0.05, 0.95, 10)  # share of judges who add nothing
MEAN = np.geomspace(2e-3, 0.3, 8)  # nats that the others add on average
FINEST = 1e-6  # nats: no measurement is more exact


def adds(measured: Floats, error: Floats) -> Floats:
    """(n,) probability that a judge adds anything, from falls (n,) and standard errors (n,).

    Where an error is inf nothing was measured, and the judge is taken to be as the others are.
    """
    known = np.isfinite(error)[:, None]
    spread = np.where(known, np.maximum(error, FINEST)[:, None], 1.0)
    # Marginal likelihood of an exponential fall over that of none: rate error Phi(z) / phi(z).
    z = measured[:, None] / spread - spread / MEAN
    odds = np.where(known, np.log(spread / MEAN) + _log_hazard(z), 0.0)  # (n, M)
    some, none = np.log1p(-NONE)[:, None, None] + odds, np.log(NONE)[:, None, None]
    both = np.logaddexp(none, some)  # (N, n, M)
    weight = special.softmax(np.where(known, both, 0.0).sum(axis=1))
    found = np.einsum("am,anm->n", weight, np.exp(some - both))
    return np.asarray(np.clip(found, 0.0, 1.0))


def at_least_none(measured: Floats, error: Floats) -> Floats:
    """(n,) means of normals with these means and standard deviations, cut off below 0."""
    sure = ~((error > 0) & (error < np.inf))
    spread = np.where(sure, 1.0, error)
    # phi(z) / Phi(z), in logarithms: Phi is 0 to the machine where z is far below 0
    cut = measured + spread * np.exp(-_log_hazard(measured / spread))
    return np.asarray(np.maximum(np.where(sure, measured, cut), 0.0))


def _log_hazard(z: Floats) -> Floats:
    """Log of Phi(z) / phi(z)."""
    return np.asarray(special.log_ndtr(z) + z * z / 2 + np.log(2 * np.pi) / 2)
