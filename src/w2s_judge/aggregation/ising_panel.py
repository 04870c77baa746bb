"""The rows that an Ising model is fitted on: coupled raters, what the others say, and the start.

Letters: I items, J raters, n rows, A coupled raters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from w2s_judge.aggregation.correlation import plain_array
from w2s_judge.aggregation.couplings import Rows
from w2s_judge.aggregation.ising_evidence import independent_votes
from w2s_judge.aggregation.ising_sample import Sample
from w2s_judge.aggregation.signed_votes import Signed
from w2s_judge.arrays import Floats, Ints
from w2s_judge.consensus import Consensus
from w2s_judge.votes import VoteMatrix

FLAT = 1e-9  # variance of what never varies
CELLS = 50_000_000  # rows times coupled raters, at most: four gigabytes of plain arrays


@dataclass(frozen=True, eq=False, slots=True)
class Panel:
    """Rows of votes, where the fit starts, and what does not change.

    others : (n,) log-odds of the second class by raters who are not coupled
    first  : (n,) P(second class) at the start, gold at its class
    fixed  : (n,) gold class, -1 where there is none
    prior  : P(second class)
    plain  : (n,) Dawid-Skene's P(second class)
    alone  : numbers of the raters who voted and are not coupled
    """

    rows: Rows
    others: Floats
    first: Floats
    fixed: Ints
    prior: float
    plain: Floats
    alone: Ints

    @classmethod
    def of(
        cls, signed: Signed, votes: VoteMatrix, plain: Consensus, most: int, *, from_shares: bool
    ) -> Panel:
        """From signed votes and what Dawid-Skene (`plain`) makes of them."""
        if plain.confusion is None or plain.prior is None:
            raise TypeError("Dawid-Skene has a prior and confusions")
        prior = float(plain.prior[1])
        coupled, alone = _parted(signed, min(most, CELLS // max(len(signed.items), 1)))
        value = plain_array(signed.value[:, coupled]) * _scale(votes)[coupled]
        value = np.clip(value, -1, 1)
        count = plain_array(signed.count[:, coupled]) * np.abs(value)
        rows = Rows(value, count, signed.items)
        others = np.zeros(len(signed.items))
        if len(alone):
            means = plain.confusion[alone, :, 1] - plain.confusion[alone, :, 0]
            held, weigh = signed.value[:, alone], signed.count[:, alone]
            others = independent_votes(held, weigh, means[:, 1])
            others -= independent_votes(held, weigh, means[:, 0])
        second = plain.posterior[:, 1]
        if signed.row_of_item is not None:
            second = np.empty(len(signed.items))
            second[signed.row_of_item] = plain.posterior[:, 1]
        first = signed.shares(prior) if from_shares else second
        panel = cls(rows, others, first, signed.fixed, prior, second, alone)
        return replace(panel, first=panel.clamped(first))

    def sampled(self, sample: Sample) -> Panel:
        """Some of the rows, each for as many items as the sample says."""
        at = sample.at
        rows = Rows(self.rows.value[at], self.rows.count[at], sample.items)
        return replace(
            self,
            rows=rows,
            others=self.others[at],
            first=self.first[at],
            fixed=self.fixed[at],
            plain=self.plain[at],
        )

    def clamped(self, second: Floats) -> Floats:
        """(n,) with gold rows at their class."""
        return np.where(self.fixed >= 0, self.fixed, second)

    def agreement(self, second: Floats) -> float:
        """Correlation over items without gold with the start; 1 where the start never varies."""
        before, after, together = self._moments(self.first, second)
        return 1.0 if before < FLAT else together / float(np.sqrt(before * max(after, FLAT**2)))

    def spread(self, second: Floats) -> float:
        """Standard deviation over items without gold, in units of Dawid-Skene's."""
        before, after, _ = self._moments(self.plain, second)
        return 1.0 if before < FLAT else float(np.sqrt(after / before))

    def _moments(self, one: Floats, two: Floats) -> tuple[float, float, float]:
        """Variances, and the covariance, over items without gold."""
        held = self.rows.items * (self.fixed < 0)
        held = held / max(float(held.sum()), 1.0)
        one, two = one - held @ one, two - held @ two
        return float(held @ one**2), float(held @ two**2), float(held @ (one * two))

    def balance(self, second: Floats) -> float:
        """The smallest mean posterior of a class, in units of its prior."""
        total = float(self.rows.items.sum())
        if total <= 0:
            return 1.0
        mean = float(self.rows.items @ second) / total
        return min(mean / self.prior, (1 - mean) / (1 - self.prior))


def _parted(signed: Signed, most: int) -> tuple[Ints, Ints]:
    """Numbers of the raters with most votes, at most so many, and of the others who voted."""
    votes = np.asarray(signed.count.T @ signed.items)
    total = signed.value.multiply(signed.count) if sparse.issparse(signed.value) else None
    total = signed.value * signed.count if total is None else total
    together = np.asarray(total.T @ (signed.items * np.asarray(total.sum(axis=1))))
    voted = np.flatnonzero(votes > 0)
    order = voted[np.lexsort((-together[voted].round(9), -votes[voted]))]
    return np.sort(order[:most]).astype(np.int32), np.sort(order[most:]).astype(np.int32)


def _scale(votes: VoteMatrix) -> Floats:
    """(J,) by which soft votes are multiplied: their mean square is then 1, as of hard ones."""
    if votes.label is not None:
        return np.ones(votes.J)
    weight = np.ones(votes.V) if votes.weight is None else votes.weight
    square = (votes.soft() @ np.array([-1.0, 1.0])) ** 2
    total = np.bincount(votes.rater, weight, minlength=votes.J).astype(np.float64)
    mean = np.bincount(votes.rater, weight * square, minlength=votes.J) / np.maximum(total, 1e-300)
    return np.asarray(1 / np.sqrt(np.where(mean > 1e-12, mean, 1.0)))
