"""Do the votes contradict that raters err independently? A limited-information test of fit.

Under Dawid and Skene's model the table of two raters' votes is sum_c P(c) row_jc row_kc'. What the
observed tables have beyond it are bivariate residuals (Maydeu-Olivares and Joe 2005; Vermunt and
Magidson's BVR). For a pair with N common items, in units of the votes' standard deviations,

    X_jk = N ((L-1)/L)^2 sum_lm (observed - expected)^2 / (var_jl var_km) / (1 - modelled^2)^2

with covariances, observed over the common items, in place of the tables' cells, so that for two
labels X is N times the squared difference of two correlations, on Fisher's scale. The sum over
pairs is taken for chi-square with pairs (L-1)^2 - J (C-1) (L-1) degrees of freedom.
That is an approximation, and on the safe side for a verdict of dependence: the fit bends to the
pairs, so that most independent panels have p above one half.

Items that answer one prompt are no independent draws: a judge's liking of the prompt is in all of
them. Where they share prompts X is divided by the mean design effect of the residuals, the first
correction of J. N. K. Rao and A. J. Scott (On chi-squared tests for multiway contingency tables
with cell proportions estimated from survey data, Annals of Statistics 12 (1984) 46-60), and as that
is itself known from so many prompts only, X over its degrees of freedom is taken for F.

Letters: I items, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc, fdtrc

from w2s_judge.arrays import Bools, Floats
from w2s_judge.calibration.dependence import OVERLAP

FEWEST = 4  # raters: three independent views identify the model, a fourth can contradict it
LEAST_SPREAD = 1e-9  # a label that a rater always or never votes for has no variance
ACCEPTED = 0.3  # p from which on independent errors are believed
STRONGEST = 0.9  # squared correlation above which Fisher's scale is not followed
FEWEST_PROMPTS = 10  # of equal size: fewer tell little of how prompts differ, as for near copies


@dataclass(frozen=True, eq=False, slots=True)
class Clustering:
    """How the items of a prompt go together in the residuals of pairs of raters.

    An item's residual is what its two votes have in common beyond its class, less the pair's mean.

    sums    : (J, L, J, L) sums over prompts of the square of a prompt's sum of residuals
    squares : (J, L, J, L) sums over items of squared residuals
    prompts : prompts of equal size that would tell as much, at least 1
    """

    sums: Floats
    squares: Floats
    prompts: float


@dataclass(frozen=True, eq=False, slots=True)
class PairTables:
    """What the test reads of the votes and of a converged fit.

    together : (J, L, J, L) sums over items of one rater's mass on a label times another's
    squares  : (J, L) sums over items of squared mass
    counts   : (J, L, C) sums over items of mass times the posterior of the class
    prior    : (C,) mean posterior of the items with votes
    clustering : None where every item has a prompt of its own
    """

    together: Floats
    squares: Floats
    counts: Floats
    prior: Floats
    clustering: Clustering | None = None


@dataclass(frozen=True, slots=True)
class IndependenceTest:
    """What the test says.

    p       : P(a misfit at least so large | errors are independent), about
    size    : root mean square of the pairs' residual correlations
    freedom : degrees of freedom, above 0
    """

    p: float
    size: float
    freedom: int


def independence_test(tables: PairTables) -> IndependenceTest | None:
    """Test a fit on the pairs of raters with at least 30 items in common.

    Raters whose votes do not vary agree and differ with nobody: they are left out. None where there
    is nothing to test: fewer than four raters who vary, too few items in common, or prompts.
    """
    L, C = tables.counts.shape[1:]  # noqa: N806
    common = tables.together.sum(axis=(1, 3))
    varies = _varies(tables)
    one, two = np.nonzero(np.triu((common >= OVERLAP) & varies & varies[:, None], k=1))
    raters = len(np.union1d(one, two))
    freedom = len(one) * (L - 1) ** 2 - raters * (C - 1) * (L - 1)
    if freedom <= 0 or raters < FEWEST:
        return None
    rows = tables.counts / np.maximum(tables.counts.sum(axis=1, keepdims=True), 1e-12)
    mean = rows @ tables.prior
    heard = np.maximum(tables.counts.sum(axis=(1, 2)), 1e-12)[:, None]
    spread = np.maximum(tables.squares / heard - mean**2, LEAST_SPREAD)
    scale = ((L - 1) / L) ** 2 / (spread[one][:, :, None] * spread[two][:, None, :]) / (L - 1)
    joint = np.einsum("c,nlc,nmc->nlm", tables.prior, rows[one], rows[two])
    modelled = joint - mean[one][:, :, None] * mean[two][:, None, :]
    seen = tables.together[one, :, two, :] / common[one, two][:, None, None]
    observed = seen - seen.sum(axis=2, keepdims=True) * seen.sum(axis=1, keepdims=True)
    residual = ((observed - modelled) ** 2 * scale).sum(axis=(1, 2))
    strength = np.minimum((modelled**2 * scale).sum(axis=(1, 2)), STRONGEST)
    misfit = float((common[one, two] / (1 - strength) ** 2) @ residual) * (L - 1)
    size = float(np.sqrt(residual.mean()))
    of = tables.clustering
    if of is None:
        return IndependenceTest(float(chdtrc(freedom, misfit)), size, freedom)
    if of.prompts < FEWEST_PROMPTS:
        return None
    weight = scale / (common[one, two] * (1 - strength) ** 2)[:, None, None]
    together = float((of.sums[one, :, two, :] * weight).sum())
    single = float((of.squares[one, :, two, :] * weight).sum())
    return IndependenceTest(clustered(misfit, freedom, together, single, of.prompts), size, freedom)


def clustered(misfit: float, freedom: int, sums: float, squares: float, prompts: float) -> float:
    """P(a misfit at least so large) where items share prompts, of which there are 2 or more.

    sums    : of squares of the prompts' sums of residuals, weighted as they count in the misfit
    squares : of the squares of the items' residuals, weighted so

    Their ratio is the design effect. One below 1, which is mostly chance, is taken for 1.
    """
    if squares <= 0:  # nobody ever deviates from what the class says
        return float(chdtrc(freedom, misfit))
    effect = max(1.0, sums / squares * prompts / (prompts - 1))  # their mean was taken off
    return float(fdtrc(freedom, freedom * (prompts - 1), misfit / (freedom * effect)))


def _varies(tables: PairTables) -> Bools:
    """(J,) whether a rater gives more than one vote."""
    mass = tables.counts.sum(axis=2)
    heard = np.maximum(mass.sum(axis=1, keepdims=True), 1e-12)
    spread = tables.squares / heard - (mass / heard) ** 2
    return np.asarray(spread.max(axis=1) > LEAST_SPREAD)
