"""Do two raters' votes go together as a fitted hidden number says? A limited-information test.

What the observed correlation of two raters' levels has beyond the modelled one (bivariate
residuals: Maydeu-Olivares and Joe 2005), on Fisher's scale, over the pairs of raters:

    X = sum_jk N_jk (atanh r_jk - atanh modelled_jk)^2,   chi-square, pairs less parameters

As in `calibration/independence.py` that is an approximation on the safe side: the fit bends to the
pairs. Its parameters are one slope a rater and one of the hidden number's shape, so that four
raters or more can contradict it.

Where items share prompts X is divided by the mean design effect, as there. An item's residuals are
its products of two standardised levels less their means, less what other slopes of the raters would
make of them (least squares with the weights of X): those the fit follows, and with them a prompt
whose items are all alike.

Letters: I items, J raters, L levels, K components, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import chdtrc

from w2s_judge.aggregation.dense_choice import NEGLIGIBLE
from w2s_judge.aggregation.shares import clamped
from w2s_judge.arrays import Floats
from w2s_judge.calibration.dependence import OVERLAP
from w2s_judge.calibration.independence import clustered
from w2s_judge.calibration.maps import kish
from w2s_judge.calibration.tempering import base_of, powered
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

REFUTED = 0.01  # p below which the model does not explain the pairs: falsely once in a hundred
LEAST = 1e-9
TWO_PROMPTS = 2  # of equal size: a single one says nothing of how prompts differ
Places = npt.NDArray[np.intp]
FARTHEST = 0.999  # correlation: beyond it Fisher's scale has no end
MODEST = (
    "pairs of raters go together as one axis does not explain (p = {p:.1g}, residual correlation "
    "{size:.2f}), and they are too few to tell another: an item's votes count for one, which is an "
    "assumption; 20 gold labels tell, or --method hypotheses compares who may be a copy of whom"
)


@dataclass(frozen=True, slots=True)
class PairMisfit:
    """p: of a misfit at least so large where the model holds; size: root mean square residual."""

    p: float
    size: float


def pair_misfit(votes: VoteMatrix, counts: Floats, weight: Floats) -> PairMisfit | None:
    """Of a fit with mass `counts` (J, L, K) on levels at components with shares `weight` (K,).

    None where nothing can be tested: no more pairs with 30 items in common than parameters, or all
    items of one prompt.
    """
    level = np.arange(votes.L, dtype=np.float64)
    given = np.einsum("jlk,l->jk", counts, level) / np.maximum(counts.sum(axis=1), LEAST)
    mean = given @ weight
    modelled = (given * weight) @ given.T - np.outer(mean, mean)
    heard, values = _tables(votes, level)
    common = _dense(heard.T @ heard)
    one, two = np.nonzero(np.triu(common >= OVERLAP, k=1))
    freedom = len(one) - len(np.union1d(one, two)) - 1
    if freedom <= 0:
        return None
    first, second = _dense(values.T @ heard), _dense(values.multiply(values).T @ heard)
    with np.errstate(invalid="ignore", divide="ignore"):
        mine, square = first / common, second / common
        covariance = _dense(values.T @ values) / common - mine * mine.T
        variance = square - mine**2
    spread = np.sqrt(np.maximum(variance * variance.T, LEAST**2)[one, two])
    seen = np.clip(covariance[one, two] / spread, -FARTHEST, FARTHEST)
    meant = np.clip(modelled[one, two] / spread, -FARTHEST, FARTHEST)
    misfit = float(common[one, two] @ (np.arctanh(seen) - np.arctanh(meant)) ** 2)
    size = float(np.sqrt(np.mean((seen - meant) ** 2)))
    prompt = _prompts(votes)
    if prompt is None:
        return PairMisfit(float(chdtrc(freedom, misfit)), size)
    there = np.bincount(prompt[votes.support > 0]).astype(np.float64)
    prompts = kish(there)
    if prompts < TWO_PROMPTS:
        return None
    of_root = np.sqrt(common[one, two]) / (1 - meant**2)  # a pair's part of the misfit, not squared
    product = _products(heard, values, (one, two)) * (of_root / common[one, two] / spread)
    left = product - product @ _followed(meant, one, two, of_root)
    of_prompt = sum(float((np.bincount(prompt, weights=pair) ** 2).sum()) for pair in left.T)
    p = clustered(misfit, freedom, of_prompt, float((left * left).sum()), prompts)
    return PairMisfit(p, size)


def _prompts(votes: VoteMatrix) -> Places | None:
    """(I,) number of each item's prompt; None where no two items share one."""
    if (np.diff(votes.group) > 0).all():
        return None
    found, place = np.unique(votes.group, return_inverse=True)
    return None if len(found) == votes.I else place


def _products(heard: Any, values: Any, pairs: tuple[Places, Places]) -> Floats:
    """(I, P) product of two levels less each one's mean in the pair, less the mean of products."""
    voted, level = _dense(heard) > 0, _dense(values)
    found = np.zeros((len(level), len(pairs[0])))
    for k, (j, m) in enumerate(zip(*pairs, strict=True)):
        both = voted[:, j] & voted[:, m]
        first, second = level[both, j], level[both, m]
        product = (first - first.mean()) * (second - second.mean())
        found[both, k] = product - product.mean()
    return found


def _followed(meant: Floats, one: Places, two: Places, of_root: Floats) -> Floats:
    """(P, P) projection on what other slopes make of the pairs, in units of the misfit's root.

    A pair's correlation goes with the product of its raters' slopes: each is in proportion to both.
    """
    raters, place = np.unique(np.concatenate([one, two]), return_inverse=True)
    slope = np.zeros((len(one), len(raters)))
    pair = np.tile(np.arange(len(one)), 2)
    slope[pair, place] = np.tile(meant * of_root, 2)  # of the logarithm of a slope
    return np.asarray(slope @ np.linalg.pinv(slope))


def modest(consensus: Consensus, gold: Gold | None, misfit: PairMisfit) -> Consensus:
    """As sure as if the votes of an item were one, where the pairs refute it; gold stays."""
    if misfit.p >= REFUTED or misfit.size <= NEGLIGIBLE:
        return consensus
    ratio = 1 / np.maximum(consensus.support, 1)
    rows = clamped(powered(consensus.posterior, base_of(consensus), ratio), gold)
    notes = (*consensus.notes, MODEST.format(p=misfit.p, size=misfit.size))
    return replace(consensus, posterior=rows, calibration="tempered", notes=notes)


def _tables(votes: VoteMatrix, level: Floats) -> tuple[Any, Any]:
    """(I, J) in compressed rows: 1 where a rater judged, and the mean of the levels it voted."""
    voted = level[votes.label] if votes.label is not None else votes.soft() @ level
    cell = votes.item.astype(np.int64) * votes.J + votes.rater
    found, place, count = np.unique(cell, return_inverse=True, return_counts=True)
    mean = np.bincount(place, weights=voted, minlength=len(found)) / count
    at, shape = np.divmod(found, votes.J), (votes.I, votes.J)
    heard = sparse.coo_array((np.ones(len(found)), at), shape=shape).tocsr()
    return heard, sparse.coo_array((mean, at), shape=shape).tocsr()


def _dense(matrix: Any) -> Floats:
    return np.asarray(matrix.todense(), dtype=np.float64)
