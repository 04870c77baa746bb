"""How strongly each rater goes with the truth, from covariances of three raters at a time.

With y = -1 or 1 and b = E y, votes m_j in [-1, 1] that are independent given y have

    cov(m_j, m_k) = u_j u_k,   u_j = sqrt(1 - b^2) / 2 * (E[m_j | y = 1] - E[m_j | y = -1])

so that three raters give u_j^2 = C_jk C_jl / C_kl (Parisi, Strino, Nadler and Kluger, PNAS 111
(2014) 1253; with the mean square of y in place of 1 - b^2, FlyingSquid: Fu, Chen, Sala, Hooper,
Fatahalian and Re, ICML 2020). And the third central moments tell the imbalance (Jaffe, Nadler and
Kluger, AISTATS 2015; form from memory):

    E[(m_j - E m_j)(m_k - E m_k)(m_l - E m_l)] = -2 b / sqrt(1 - b^2) * u_j u_k u_l

Letters: J raters, n rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.correlation import plain_array
from w2s_judge.aggregation.signed_votes import Signed
from w2s_judge.arrays import Bools, Floats, Ints

MOST_RATERS = 300  # with triplets: all of 300 make 13 million of them
LEAST_SPREAD = 1e-9  # variance below which a rater never varies
ROUNDS = 100  # of the power iteration that finds signs
USUAL = 0.4  # strength of a rater who is right in 70 of 100 cases of balanced classes
USUAL_PAIRS = 10.0  # so many pairs of votes say `USUAL` before the votes are heard
IMBALANCE_SD = 0.5  # of what vote shares tell of -2b / sqrt(1 - b^2), a guess: .12 of P(class)


@dataclass(frozen=True, eq=False, slots=True)
class Strengths:
    """Of each rater.

    u       : (J,) signed strength
    triplet : (J,) True where triplets told it, False where it was told by what pairs with the rest
    mean    : (J,) mean vote, of raters with few votes near the panel's
    votes   : (J,) sum of the votes' weights
    centred : (n, J) votes less their mean, times their count
    """

    u: Floats
    triplet: Bools
    mean: Floats
    votes: Floats
    centred: Any


def strengths(signed: Signed, least: float, pool: float) -> Strengths:
    """From rows of signed votes.

    least : common items from which on the covariance of two raters is looked at
    pool  : pseudo-votes of each rater at the panel's own strength and mean
    """
    votes = _sums(signed.items, signed.count)
    total = _times(signed.value, signed.count)
    mean = np.divide(_sums(signed.items, total), votes, out=np.zeros_like(votes), where=votes > 0)
    centred = total - _scaled(signed.count, mean)
    J = len(votes)  # noqa: N806
    u, triplet, sign = np.zeros(J), np.zeros(J, dtype=np.bool_), np.ones(J)
    spread = np.divide(
        _sums(signed.items, _times(centred, centred)), votes, out=np.zeros(J), where=votes > 0
    )
    kept = _most_heard(signed, centred, votes, spread)
    if len(kept) >= 2:
        covariance, common = _pairs(signed, kept, least)
        sign[kept] = _signs(covariance)
        square = _by_triplets(covariance, common, spread[kept])
        triplet[kept] = ~np.isnan(square)
        u[kept] = np.sqrt(np.nan_to_num(square))
    usual = _pooled(signed, centred, sign)
    rest = _by_pairs(signed, centred, np.where(triplet, u, usual) * sign, usual)
    told = sign * (votes * u + pool * usual) / np.maximum(votes + pool, 1e-300)
    panel = float(votes @ mean) / max(float(votes.sum()), 1e-300)
    leaning = (votes * mean + pool * panel) / np.maximum(votes + pool, 1e-300)
    return Strengths(np.where(triplet, told, rest), triplet, leaning, votes, centred)


def _most_heard(signed: Signed, centred: Any, votes: Floats, spread: Floats) -> Ints:
    """Raters who vary, at most `MOST_RATERS`: those with most votes, then most in common."""
    varying = np.flatnonzero(spread > LEAST_SPREAD)
    if len(varying) > MOST_RATERS:
        together = _sums(signed.items, _each_times(centred, centred.sum(axis=1)))
        order = np.lexsort((-together[varying].round(9), -votes[varying]))
        varying = np.sort(varying[order[:MOST_RATERS]])
    return varying.astype(np.int32)


def _pairs(signed: Signed, kept: Ints, least: float) -> tuple[Floats, Floats]:
    """(K, K) covariances over common items, 0 where these are too few, and how many there are.

    The diagonal is 0.
    """
    value, count = signed.value[:, kept], signed.count[:, kept]
    total, mask = _times(value, count), _there(count)
    weighed, held, heard = (_each_times(one, signed.items) for one in (total, count, mask))
    common = plain_array(mask.T @ heard)
    np.fill_diagonal(common, 0.0)
    common[common < least] = 0.0
    weight = np.where(common > 0, plain_array(count.T @ held), np.inf)
    one = plain_array(total.T @ held) / weight  # of the first rater of the pair
    covariance = plain_array(total.T @ weighed) / weight - one * one.T
    return np.where(common > 0, covariance, 0.0), common


def _signs(covariance: Floats) -> Floats:
    """(K,) of the leading eigenvector that the vector of ones leads to; most strength is positive.

    A rater on whom the rest is silent passes for one of the many.
    """
    row = float(np.abs(covariance).sum(axis=1).max(initial=0.0))
    x = np.ones(len(covariance))
    if row <= LEAST_SPREAD:
        return x
    for _ in range(ROUNDS):
        x = covariance @ x + row * x  # shifted, so that the largest eigenvalue is the positive one
        size = float(np.linalg.norm(x))
        if size <= LEAST_SPREAD * row:  # the panel is as much for as against itself
            return np.ones(len(covariance))
        x /= size
    sign = np.where(x < -1e-9, -1.0, 1.0)
    return sign if x.sum() >= -1e-9 else -sign


def _by_triplets(covariance: Floats, common: Floats, spread: Floats) -> Floats:
    """(K,) u^2, the median over triplets; NaN where there is none.

    A denominator within its standard error (were the two raters independent) would make the
    quotient anything, and is passed over.
    """
    error = np.sqrt(np.outer(spread, spread) / np.maximum(common, 1.0))
    tells = (common > 0) & (np.abs(covariance) > error)
    inverse = np.divide(1.0, covariance, out=np.full_like(covariance, np.nan), where=tells)
    found = np.full(len(covariance), np.nan)
    for j in range(len(covariance)):
        partner = np.flatnonzero(common[j] > 0)
        one, two = np.triu_indices(len(partner), 1)
        one, two = partner[one], partner[two]
        square = np.abs(covariance[j, one] * covariance[j, two] * inverse[one, two])
        square = square[~np.isnan(square)]
        if len(square):
            found[j] = np.median(square)
    return found


def _pooled(signed: Signed, centred: Any, sign: Floats) -> float:
    """One strength for all: the root mean covariance of two votes on an item, signs minded."""
    turned = _scaled(centred, sign)
    together = _row_sums(turned) ** 2 - _row_sums(_times(turned, turned))
    pairs = _row_sums(signed.count) ** 2 - _row_sums(_times(signed.count, signed.count))
    square = float(signed.items @ together) + USUAL_PAIRS * USUAL**2
    size = float(signed.items @ pairs) + USUAL_PAIRS
    return float(np.sqrt(max(square, 0.0) / size))


def _by_pairs(signed: Signed, centred: Any, u: Floats, usual: float) -> Floats:
    """(J,) what the covariances with all others say, by least squares, `USUAL_PAIRS` as usual."""
    mine = _scaled(centred, u)
    weight = _scaled(signed.count, u * u)
    others = _sums(signed.items, _each_times(centred, _row_sums(mine)))
    others -= u * _sums(signed.items, _times(centred, centred))
    size = _sums(signed.items, _each_times(signed.count, _row_sums(weight)))
    size -= u * u * _sums(signed.items, _times(signed.count, signed.count))
    square = USUAL_PAIRS * usual**2
    return np.asarray((others + square * usual) / np.maximum(size + square, 1e-300))


def imbalance(signed: Signed, found: Strengths, shares: float) -> float:
    """P(second class) where neither prior nor gold tells it, in (.01, .99).

    The third moments' estimate with its standard error, and the vote shares' (`shares`) with
    `IMBALANCE_SD`, averaged by precision on the scale of -2b / sqrt(1 - b^2).
    """
    b = np.clip(2 * shares - 1, -0.98, 0.98)
    prior = -2 * b / np.sqrt(1 - b * b)
    weighed = _scaled(found.centred, found.u)
    third, size = _triples(weighed), _triples(_scaled(signed.count, found.u**2))
    whole = float(signed.items @ size)
    precision = estimate = 0.0
    if whole > LEAST_SPREAD:
        estimate = float(signed.items @ third) / whole
        error = np.sqrt(float(signed.items @ (third - estimate * size) ** 2)) / whole
        precision = 1 / max(error, 1e-6) ** 2 if np.count_nonzero(size) > 2 else 0.0
    alpha = (estimate * precision + prior / IMBALANCE_SD**2) / (precision + 1 / IMBALANCE_SD**2)
    return float(np.clip(0.5 - 0.5 * alpha / np.sqrt(4 + alpha * alpha), 0.01, 0.99))


def _triples(rows: Any) -> Floats:
    """(n,) sums over three different raters of the product of their entries (Newton)."""
    squares = _times(rows, rows)
    one, two, three = map(_row_sums, (rows, squares, _times(squares, rows)))
    return (one**3 - 3 * one * two + 2 * three) / 6


def _sums(items: Floats, matrix: Any) -> Floats:
    """(J,) sums over the items."""
    return np.asarray(matrix.T @ items, dtype=np.float64)


def _row_sums(matrix: Any) -> Floats:
    return np.asarray(matrix @ np.ones(matrix.shape[1]))


def _times(one: Any, two: Any) -> Any:
    return one.multiply(two).tocsr() if sparse.issparse(one) else one * two


def _scaled(matrix: Any, column: Floats) -> Any:
    """Each rater's entries times a number of its own."""
    return _times(matrix, column[None]) if sparse.issparse(matrix) else matrix * column


def _each_times(matrix: Any, row: Floats) -> Any:
    """Each row's entries times a number of its own."""
    return _times(matrix, row[:, None]) if sparse.issparse(matrix) else matrix * row[:, None]


def _there(count: Any) -> Any:
    """1 where there is a vote."""
    if sparse.issparse(count):
        return sparse.csr_array(
            (np.ones(len(count.data)), count.indices, count.indptr), count.shape
        )
    return (count > 0).astype(np.float64)
