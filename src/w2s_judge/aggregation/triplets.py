"""Triplet moments: raters' rates in closed form from the covariances of three at a time.

D. Fu, M. Chen, F. Sala, S. Hooper, K. Fatahalian and C. Re, Fast and three-rooted: speeding up weak
supervision with triplet methods, ICML 2020 (FlyingSquid); for two unequal rates and unequal classes
F. Parisi, F. Strino, B. Nadler and Y. Kluger, PNAS 111 (2014) 1253, and A. Jaffe, B. Nadler and Y.
Kluger, AISTATS 2015 (forms from memory). `triplet_moments` has the formulas. The posterior is that
of raters who err independently (Dawid and Skene 1979, eq. 2.5).

Two classes only: of more, "class c or another" is no truth given which votes are independent, and
one against the rest would pool raters' different errors.

Letters: I items, J raters, L vote labels, G gold labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.dawid_skene import accuracy
from w2s_judge.aggregation.fitted import Fitted, Problem, table_of
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.signed_votes import Signed, on_two_classes, within_class
from w2s_judge.aggregation.triplet_moments import Strengths, imbalance, strengths
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "triplets"
NO_TRIPLET = (
    "{n} of {J} raters are in no triplet with {least:g} common items a pair: their rates come from "
    "their covariance with all others, or are the panel's"
)
CUT = "for {n} of {J} raters the covariances asked for a rate beyond 0 or 1, which was cut"
AGAINST = "{n} of {J} raters vote against the rest: their votes count the other way round"
FROM_MOMENTS = (
    "the prior comes from the third moments of the votes and from the vote shares, by precision"
)


@dataclass(frozen=True, slots=True)
class Triplets:
    """Each rater has P(label | class), from the means and covariances of the votes.

    Votes are -1 and 1, soft ones the difference of their masses; labels of more than two levels are
    cut by class. A soft vote is taken for a hard one of which the mass is known: covariances shrink
    by (variance of the votes) / (1 - mean^2) against those of hard votes, and are divided by it.
    Repeated votes enter the moments as their mean, weights multiply; in the posterior each vote
    counts, as in `DawidSkene`. Covariances are over the items that both judged.
    Most raters are taken to be more often right than wrong; the sign of the rest follows.

    least     : common items from which on the covariance of two raters is looked at
    pool      : pseudo-votes of each rater at the panel's strength and mean vote: for few votes
    smoothing : pseudo-votes of each label and class
    trust     : gold votes of each class that the estimate without gold counts for (fewer where the
                rater has fewer votes): no number of votes takes away the error of assuming that
                raters err independently. An assumption, fitted to nothing
    """

    least: float = 10.0
    pool: float = 10.0
    smoothing: float = 1.0
    trust: float = 20.0

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, 2) posterior, (J, 2, L) confusion, and as weight (J,) each rater's accuracy.

        Raises `ConfigurationError` for more than two classes, and where it is not known which label
        means which class.
        """
        reduced, of_label, assumed = on_two_classes(votes, gold, NAME)
        problem = Problem.of(reduced, gold)
        signed = Signed.of(reduced, gold)
        found = strengths(signed, self.least, self.pool)
        prior, source = problem.prior or (_estimated(signed, found), VOTES)
        rates, notes = self._rates(reduced, gold, found, prior)
        named = np.stack([1 - rates, rates], axis=2)  # (J, class, class named)
        if problem.prior is None:
            notes += (FROM_MOMENTS,)
        fitted = Fitted(
            votes.raters, votes.labels, problem.truth.classes,
            within_class(votes, of_label, named), prior, source, accuracy(named, prior, problem),
            NAME, repr(self), Fit(1, True),
        )  # fmt: skip
        return fitted.consensus(lay_out(reduced, gold, 2), table_of(named), (*assumed, *notes))

    def _rates(
        self, votes: VoteMatrix, gold: Gold | None, found: Strengths, prior: Floats
    ) -> tuple[Floats, tuple[str, ...]]:
        """(J, 2) P(a rater names the second class | class)."""
        kept = _reliability(votes, found)
        step = found.u / np.sqrt(prior[0] * prior[1]) / kept
        top = np.minimum((1 - found.mean) / prior[0], (1 + found.mean) / prior[1])
        low = -np.minimum((1 + found.mean) / prior[0], (1 - found.mean) / prior[1])
        cut = np.clip(step, low, top)
        given = found.mean[:, None] + cut[:, None] * np.array([-prior[1], prior[0]])
        rates = np.clip((1 + given) / 2, 0.0, 1.0)
        count = np.outer(found.votes, prior)
        rates = _shared(count * rates + self.smoothing, count + 2 * self.smoothing)
        if gold is not None and gold.G:
            seen, total = _gold_means(votes, gold)
            mean = found.mean[:, None]
            rate = np.clip((1 + mean + (seen - mean) / kept[:, None]) / 2, 0.0, 1.0)
            trust = np.minimum(count, self.trust) + 1e-9
            rates = (trust * rates + total * rate) / (trust + total)
        J, voted = votes.J, found.votes > 0  # noqa: N806
        told = (
            (np.count_nonzero(voted & ~found.triplet), NO_TRIPLET),
            (np.count_nonzero(voted & (np.abs(step - cut) > 1e-9)), CUT),
            (np.count_nonzero(voted & (found.u < 0)), AGAINST),
        )
        return rates, tuple(text.format(n=n, J=J, least=self.least) for n, text in told if n)


def _shared(count: Floats, total: Floats) -> Floats:
    """A quotient, a half of nothing."""
    return np.divide(count, total, out=np.full_like(count, 0.5), where=total > 0)


def _estimated(signed: Signed, found: Strengths) -> Floats:
    """(2,) P(class), from vote shares with pseudo-counts and third moments."""
    second = float(signed.items @ signed.shares(0.5))
    items = float(signed.items.sum())
    shares = (second + PSEUDO) / (items + 2 * PSEUDO)
    p = imbalance(signed, found, shares)
    return np.array([1 - p, p])


def _reliability(votes: VoteMatrix, found: Strengths) -> Floats:
    """(J,) variance of the votes in units of that of hard votes with the same mean, in (0, 1]."""
    if votes.label is not None:
        return np.ones(votes.J)
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    signed = votes.soft() @ np.array([-1.0, 1.0])
    mean = np.bincount(votes.rater, weight * signed, minlength=votes.J).astype(np.float64)
    mean = _shared(mean, found.votes)
    squares = np.bincount(votes.rater, weight * signed**2, minlength=votes.J).astype(np.float64)
    variance = np.asarray(_shared(squares, found.votes) - mean**2)
    return np.clip(_shared(variance, 1 - mean**2), 1e-6, 1.0)


def _gold_means(votes: VoteMatrix, gold: Gold) -> tuple[Floats, Floats]:
    """(J, 2) mean vote on gold items by class, and the weight (J, 2) of these votes."""
    of_item, weigh = np.full(votes.I, -1), np.zeros(votes.I)
    of_item[gold.item], weigh[gold.item] = gold.label, gold.weight
    on = np.flatnonzero(of_item[votes.item] >= 0)
    cell = votes.rater[on].astype(np.int64) * 2 + of_item[votes.item[on]]
    weight = weigh[votes.item[on]] * (1.0 if votes.weight is None else votes.weight[on])
    signed = votes.soft()[on] @ np.array([-1.0, 1.0])
    total, mean = (
        np.bincount(cell, one, minlength=2 * votes.J).reshape(votes.J, 2).astype(np.float64)
        for one in (weight, weight * signed)
    )
    return np.divide(mean, total, out=np.zeros_like(mean), where=total > 0), total


METHOD = Method(
    NAME,
    "rates in closed form from covariances of three raters",
    Triplets,
    frozenset(Law) - {Law.REVERSAL, Law.CLIMBS},
    independent=True,
    binary=True,
)
