"""How far raters err together, and how many independent votes theirs are worth.

Two measures. `residual_dependence` needs no truth: how much more the votes of an item deviate
together from the vote shares than independent votes would. `dependence` correlates error indicators
between raters, centred within truth class, so that a class that is hard for everybody does not pass
for collusion; with n raters and mean correlation phi

    effective votes    n / (1 + (n - 1) phi)    (Kish 1965, the design effect of a cluster)
    by the eigenvalue  n / lambda_max           of the raters' matrix of correlations

Letters: I items, J raters, C truth classes, V votes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from w2s_judge.arrays import Floats
from w2s_judge.calibration.class_mass import class_mass
from w2s_judge.calibration.metrics import shared_top
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

OVERLAP = 30  # items that two raters share before their errors are compared
MANY = 2000  # raters above which no eigenvalue is sought
GOLD, POSTERIOR = "gold", "posterior"


@dataclass(frozen=True, slots=True)
class Dependence:
    """What the errors of a panel have in common.

    raters          : raters in a pair that was compared; the others are left out
    pairs           : pairs that share `OVERLAP` items on which the errors of both vary, at least 1
    items           : items that such a pair shares, in the mean
    centred         : mean correlation of errors, centred within truth class
    uncentred       : mean plain correlation of errors: what hard classes cause is in it
    effective       : n / (1 + (n - 1) phi), phi the centred mean (for at least 0), n raters
    effective_eigen : n / largest eigenvalue; unknown pairs have the mean. None above `MANY` raters
    truth           : "gold", or "posterior": errors are then those against the class that the votes
                      themselves made the likeliest. An error that most share passes for right
                      there, the correlation comes out too low and the effective votes too many
                      (`optimistic`)
    """

    raters: int
    pairs: int
    items: float
    centred: float
    uncentred: float
    effective: float
    effective_eigen: float | None
    truth: str

    @property
    def optimistic(self) -> bool:
        """Whether the figures flatter the panel, for want of gold."""
        return self.truth == POSTERIOR

    def told(self) -> dict[str, Any]:
        """The figures by name, as a record keeps them."""
        eigen = self.effective_eigen
        return {
            "raters": self.raters,
            "pairs": self.pairs,
            "error_correlation": round(self.centred, 4),
            "error_correlation_uncentred": round(self.uncentred, 4),
            "value": round(self.effective, 2),
            "by_eigenvalue": None if eigen is None else round(eigen, 2),
            "errors_against": self.truth,
            "optimistic": self.optimistic,
        }

    def text(self) -> str:
        """The same in one sentence."""
        eigen = self.effective_eigen
        by_eigenvalue = "" if eigen is None else f", {eigen:.1f} by the largest eigenvalue"
        caution = (
            "; errors against the consensus, where an error that most share passes for right, so "
            "that this is optimistic"
            if self.optimistic
            else "; errors against gold"
        )
        return (
            f"{self.raters} raters are worth about {self.effective:.1f} independent ones"
            f"{by_eigenvalue} (mean correlation of errors within classes {self.centred:.2f}, "
            f"uncentred {self.uncentred:.2f}, {self.pairs} pairs with {OVERLAP} or more common "
            f"items{caution})"
        )


def residual_dependence(votes: VoteMatrix, mass: Floats, posterior: Floats) -> float:
    """Rho in [0, 1]: mean correlation of two votes on an item beyond what `posterior` explains.

    mass (V, C) is each vote's mass over the classes, posterior (I, C) the vote shares or what else
    stands for the truth. With c_v the posterior of the class voted for, m its mean over the rater's
    votes and r = c - m,

        rho = sum_i [(sum_v r)^2 - sum_v r^2] / sum_i [(sum_v s)^2 - sum_v s^2],  s^2 = m (1 - m)

    0 where no item has two votes. Weights of votes play no part.
    """
    agreed = np.einsum("vc,vc->v", mass, posterior[votes.item])
    count = np.maximum(np.bincount(votes.rater, minlength=votes.J), 1)
    mean = np.bincount(votes.rater, weights=agreed, minlength=votes.J) / count
    mean = np.clip(mean, 0.0, 1.0)
    spread = np.sqrt(mean * (1 - mean))[votes.rater]
    together = _cross(votes, agreed - mean[votes.rater])
    possible = _cross(votes, spread)
    return float(np.clip(together / possible, 0.0, 1.0)) if possible > 0 else 0.0


def _cross(votes: VoteMatrix, values: Floats) -> float:
    """Sum over items of (sum of values)^2 - sum of squares: twice the sum over pairs of votes."""
    sums = np.bincount(votes.item, weights=values, minlength=votes.I)
    return float(sums @ sums - values @ values)


def effective_votes(count: Floats, phi: float) -> Floats:
    """What n votes are worth: n / (1 + (n - 1) phi), phi in [0, 1]; all of them where n < 1."""
    extra = np.maximum(count - 1, 0.0)
    return np.asarray(count / (1 + extra * min(max(phi, 0.0), 1.0)))


def dependence(votes: VoteMatrix, posterior: Floats, gold: Gold | None = None) -> Dependence | None:
    """Correlations of errors over pairs of raters who share at least 30 items.

    The likeliest class of posterior (I, C) stands for the truth where gold has no such pair:
    its doubt, of which a tempered one has much, would be an error that all raters make on the same
    items. Several votes of a rater on an item enter as their mean. Errors that do not vary
    have no correlation: such pairs are left out. None where no pair is left, or where labels mean
    the classes in no known way.
    """
    mass = class_mass(votes, gold)
    if mass is None:
        return None
    if gold is not None and gold.G:
        known = np.zeros(votes.I, dtype=np.bool_)
        known[gold.item] = True
        truth = np.zeros(posterior.shape)
        truth[gold.item, gold.label] = 1.0
        kept = known[votes.item]
        found = _measured(votes.only(kept), mass[kept], truth, GOLD)
        if found is not None:
            return found
    return _measured(votes, mass, shared_top(posterior), POSTERIOR)


def unmeasured(votes: VoteMatrix, gold: Gold | None = None) -> str:
    """Which of its conditions `dependence` lacks, in words; to be asked where it gave None."""
    if votes.J < 2 or not votes.V:
        return "there are no two raters to compare"
    if class_mass(votes, gold) is None:
        return "which class a vote label means is not known, so that no vote is right or wrong"
    mask = _table(votes, np.ones(votes.V))
    if sparse.triu(mask.T @ mask, k=1).max() < OVERLAP:
        return f"no two raters share {OVERLAP} items"
    return f"no two raters who share {OVERLAP} items have errors that vary within a class"


def _measured(votes: VoteMatrix, mass: Floats, truth: Floats, source: str) -> Dependence | None:
    mask = _table(votes, np.ones(votes.V))
    shared = sparse.triu(mask.T @ mask, k=1).tocoo()
    enough = shared.data >= OVERLAP
    one, two, items = shared.row[enough], shared.col[enough], shared.data[enough]
    if not len(one):
        return None
    errors = [_table(votes, 1 - mass[:, c]) for c in range(truth.shape[1])]
    centred = _correlation(errors, mask, truth, one, two)
    plain = sum(error.multiply(truth[:, [c]]) for c, error in enumerate(errors))
    everything = np.ones((votes.I, 1))
    uncentred = _correlation([sparse.csr_array(plain)], mask, everything, one, two)
    known = np.isfinite(centred) & np.isfinite(uncentred)
    if not known.any():
        return None
    one, two, items = one[known], two[known], items[known]
    centred, uncentred = centred[known], uncentred[known]
    heard, place = np.unique(np.concatenate([one, two]), return_inverse=True)
    n, phi = len(heard), float(centred.mean())
    worth = float(effective_votes(np.array([float(n)]), phi)[0])
    eigen = None if n > MANY else n / _largest(n, place, centred)
    common, plainly = float(items.mean()), float(uncentred.mean())
    return Dependence(n, len(one), common, phi, plainly, worth, eigen, source)


def _largest(n: int, place: Any, known: Floats) -> float:
    """Largest eigenvalue of the (n, n) correlations; `place` has the pairs' rows, then columns."""
    matrix = np.full((n, n), float(known.mean()))
    first, second = np.split(place, 2)
    matrix[first, second] = matrix[second, first] = known
    np.fill_diagonal(matrix, 1.0)
    return float(np.linalg.eigvalsh(matrix)[-1])


def _table(votes: VoteMatrix, values: Floats) -> Any:
    """(I, J) in compressed rows: the mean of a rater's values on an item."""
    shape = (votes.I, votes.J)
    cell = votes.item.astype(np.int64) * votes.J + votes.rater
    found, place, count = np.unique(cell, return_inverse=True, return_counts=True)
    mean = np.bincount(place, weights=values, minlength=len(found)) / count
    return sparse.coo_array((mean, np.divmod(found, votes.J)), shape=shape).tocsr()


def _correlation(errors: list[Any], mask: Any, truth: Floats, one: Any, two: Any) -> Floats:
    """Correlation of pairs over the items they share, each class centred on its own mean error.

    NaN where the errors of one of the two do not vary.
    """
    covariance, first, second = np.zeros(len(one)), np.zeros(len(one)), np.zeros(len(one))
    for c, error in enumerate(errors):
        share = truth[:, [c]]
        weighed = mask.multiply(share)
        total = np.asarray(weighed.sum(axis=0)).ravel()
        mean = np.asarray(error.multiply(share).sum(axis=0)).ravel() / np.maximum(total, 1e-12)
        residual = sparse.csr_array(error - mask.multiply(mean[None, :]))
        part = sparse.csr_array(residual.multiply(np.sqrt(share)))
        squares = sparse.csr_array(part.multiply(part).T @ mask)
        covariance += np.asarray((part.T @ part).tocsr()[one, two]).ravel()
        first += np.asarray(squares[one, two]).ravel()
        second += np.asarray(squares[two, one]).ravel()
    scale = np.sqrt(first * second)
    least = 1e-9
    found = np.divide(covariance, scale, out=np.full(len(one), np.nan), where=scale > least)
    return np.asarray(np.clip(found, -1.0, 1.0))
