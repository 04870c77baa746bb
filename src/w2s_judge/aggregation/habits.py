"""Raters who know the truth or vote by habit: MACE's expectation step, and what follows from it.

Letters: J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, gammaln

from w2s_judge.aggregation.em import TINY, Expected, expect
from w2s_judge.aggregation.fitted import Problem, logarithm
from w2s_judge.aggregation.layout import Layout
from w2s_judge.arrays import Bools, Floats

LEAST, MOST = 1e-12, 1e12  # bounds of a count that an extrapolation gives


@dataclass(frozen=True, eq=False, slots=True)
class Habits:
    """What MACE says of raters.

    trust  : (J,) probability that a vote comes from knowing the truth
    labels : (J, L) probability of a label where it does not, rows sum to 1
    """

    trust: Floats
    labels: Floats


@dataclass(frozen=True, eq=False, slots=True)
class HabitModel:
    """One step of EM. Parameters: logarithms of the raters' (J, 2 + L) counts, then a prior's.

    A rater's line has the votes that it knew, those that it did not, and of the latter each
    label's, all with the prior's: Beta and Dirichlet parameters; EM takes their shares. A free
    prior is (C,) counts of items, of which the shares are taken.

    variational : variational Bayes; else EM
    known       : (C,) logarithms of P(class) where it is known, else None
    begin       : (2 + L,) what a rater's counts start at
    pseudo      : what the counts of a free prior start at
    right       : (L, C) P(label | class) of a rater who knows
    named       : (C,) False where no label means the class: then knowing it cannot show
    """

    variational: bool
    layout: Layout
    raters: int
    known: Floats | None
    begin: Floats
    pseudo: float
    right: Floats
    named: Bools

    @classmethod
    def of(
        cls, variational: bool, layout: Layout, problem: Problem, begin: Floats, pseudo: float
    ) -> HabitModel:
        """The labels of one class share it equally."""
        onto = np.eye(problem.truth.C)[list(problem.truth.of_label or ())]
        labels = onto.sum(axis=0)
        right = onto / np.maximum(labels, 1)
        known = None if problem.prior is None else logarithm(problem.prior[0])
        raters = len(problem.raters)
        return cls(variational, layout, raters, known, begin, pseudo, right, labels > 0)

    def first(self, shared: Expected) -> Floats:
        """Parameters after counts under the vote shares."""
        half, L = np.full(self.raters, 0.5), len(self.right)  # noqa: N806
        return self.after(shared, *self.parts(half, half, np.full((self.raters, L), 1 / L)))

    def begun(self, habits: Habits, shared: Expected) -> Floats:
        """Parameters after one expectation step with these habits; a free prior is the shares'."""
        knowing, spamming = self.parts(habits.trust, 1 - habits.trust, habits.labels)
        log_prior = self.log_prior(self.first(shared))
        table = logarithm(knowing + spamming).reshape(-1, len(self.named))
        return self.after(expect(self.layout, table, log_prior), knowing, spamming)

    def log_prior(self, parameters: Floats) -> Floats:
        """(C,) logarithms of P(class)."""
        if self.known is not None:
            return self.known
        counts = parameters[-len(self.named) :]
        return np.asarray(counts - np.logaddexp.reduce(counts))

    def counts(self, parameters: Floats) -> tuple[Floats, Floats]:
        """(J, 2) votes known and not, (J, L) labels by habit."""
        width = len(self.begin)
        lines = parameters[: self.raters * width].reshape(self.raters, width)
        counts = np.exp(lines)
        return counts[:, :2], counts[:, 2:]

    def means(self, parameters: Floats) -> Habits:
        """Posterior means."""
        known, labels = (one / one.sum(axis=1, keepdims=True) for one in self.counts(parameters))
        return Habits(known[:, 0], labels)

    def parts(self, knows: Floats, spams: Floats, labels: Floats) -> tuple[Floats, Floats]:
        """(J, L, C) P(label | class) as far as it is known, and by habit."""
        by_habit = np.where(self.named, spams[:, None], 1.0)
        return knows[:, None, None] * self.right, labels[:, :, None] * by_habit[:, None, :]

    def split(self, parameters: Floats) -> tuple[Floats, Floats]:
        """`parts` as the expectation step takes them."""
        known, labels = self.counts(parameters)
        if self.variational:
            known, labels = (np.exp(_expected_log(one)) for one in (known, labels))
        else:
            known, labels = (one / one.sum(axis=1, keepdims=True) for one in (known, labels))
        return self.parts(known[:, 0], known[:, 1], labels)

    def table(self, parameters: Floats) -> Floats:
        """(J*L, C) logarithms that votes are projected on."""
        knowing, spamming = self.split(parameters)
        return logarithm(knowing + spamming).reshape(-1, len(self.named))

    def step(self, parameters: Floats) -> tuple[float, Floats]:
        """The bound on the evidence, or log-likelihood and log-prior, per vote; then the step.

        A rater who is silent adds 0.
        """
        knowing, spamming = self.split(parameters)
        table = logarithm(knowing + spamming).reshape(-1, len(self.named))
        log_prior = self.log_prior(parameters)
        expected = expect(self.layout, table, log_prior)
        height = expected.log_likelihood
        for counts, begin in zip(
            self.counts(parameters), (self.begin[:2], self.begin[2:]), strict=True
        ):
            if self.variational:
                height -= _divergence(counts, begin)
            else:
                share = counts / counts.mean(axis=1, keepdims=True)
                height += float((logarithm(share) @ begin).sum())
        if self.known is None:
            height += self.pseudo * float((log_prior + np.log(len(log_prior))).sum())
        return height / max(self.layout.votes, 1.0), self.after(expected, knowing, spamming)

    def after(self, expected: Expected, knowing: Floats, spamming: Floats) -> Floats:
        """The parameters that the expected counts lead to."""
        votes = expected.counts.reshape(knowing.shape)
        known = votes * (knowing / np.maximum(knowing + spamming, TINY))
        by_habit = votes - known
        spent = by_habit @ self.named.astype(np.float64)
        columns = [known.sum(axis=(1, 2)), spent.sum(axis=1), *by_habit.sum(axis=2).T]
        whole = (np.stack(columns, axis=1) + self.begin).ravel()
        if self.known is None:
            whole = np.concatenate([whole, expected.classes + self.pseudo])
        return logarithm(whole)

    def bounded(self, moved: Floats) -> Floats:
        """Logarithms of counts, from what an extrapolation gave."""
        return np.clip(moved, np.log(LEAST), np.log(MOST))


def _expected_log(counts: Floats) -> Floats:
    """E log of each probability under Dirichlet distributions, one a line."""
    return np.asarray(digamma(counts) - digamma(counts.sum(axis=1, keepdims=True)))


def _divergence(counts: Floats, prior: Floats) -> float:
    """Kullback-Leibler divergence of the lines' Dirichlet(counts) from Dirichlet(prior)."""
    each = gammaln(counts.sum(axis=1)) - gammaln(prior.sum())
    each -= (gammaln(counts) - gammaln(prior)).sum(axis=1)
    each += ((counts - prior) * _expected_log(counts)).sum(axis=1)
    return float(each.sum())
