"""Dawid-Skene: a confusion matrix a rater, by EM.

A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM
algorithm, Applied Statistics 28 (1979) 20-28: eq. 2.3 and 2.4 are the maximisation step, 2.5 the
expectation step, 3.1 the start. Here with Dirichlet priors on the rows and on the class
probabilities (so that the estimate is the posterior mode), gold, soft votes, and labels that need
not be the classes.

Letters: J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.em import TINY, Climb, Expected, expect
from w2s_judge.aggregation.fitted import UNFINISHED, Fitted, Problem, logarithm, table_of
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.starts import start
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

LEAST_VOTE = 1e-10  # a cell of exactly 0 would exclude its class for good, and nobody is so sure


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """Each rater has P(label | class), learned from the votes and from gold.

    Soft votes count as fractions of votes (the log-likelihood is the expected one under the mass);
    a vote's weight multiplies it. A rater who votes several times on an item counts as often, as
    the first observer in the paper. An item without a vote has the prior.

    smoothing      : pseudo-counts in each cell of a confusion matrix; 0 for maximum likelihood,
                     where labels that a rater used have at least 1e-10 of a vote in each class
    prior_count    : pseudo-counts of each class where the prior comes from the votes
    neighbours     : standard deviation, in levels, of the normal kernel by which a rater who means
                     one level votes for another: rows of confusion matrices are then smooth over
                     neighbouring levels. 0: none; for ordered labels only
    accelerate     : extrapolate (SQUAREM); the answer is the same, with fewer iterations
    tol            : relative change of the objective per vote that counts as none
    max_iterations : expectation steps; with `tol=0` and `accelerate=False` exactly so many, the
                     first on estimates from vote shares
    """

    smoothing: float = 0.01
    prior_count: float = PSEUDO
    neighbours: float = 0.0
    accelerate: bool = True
    tol: float = 1e-8
    max_iterations: int = 2000

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (J, C, L) confusion, and as weight (J,) each rater's accuracy."""
        problem = self.problem(readable(votes), gold)
        layout = lay_out(votes, gold, problem.truth.C)
        fitted = self.fit(layout, problem)
        return fitted.consensus(layout, table_of(fitted.confusion), fitted.notes)

    def problem(self, votes: VoteMatrix, gold: Gold | None) -> Problem:
        """The problem that the votes state."""
        if self.neighbours and not votes.ordered:
            raise ConfigurationError(
                "neighbours= smooths over neighbouring levels, and these labels have no order\n"
                "  leave it at 0, or name the labels in their order"
            )
        return Problem.of(votes, gold)

    def fit(self, layout: Layout, problem: Problem) -> Fitted:
        """The model of votes that are laid out, in memory or not."""
        first, notes = start(layout, problem)
        voted = first.counts.sum(axis=1).reshape(len(problem.raters), len(problem.labels), 1) > 0
        model = _Model(self, layout, problem, LEAST_VOTE * voted)
        notes = problem.notes + notes
        climb = Climb(self.tol, self.max_iterations, self.accelerate)
        pilot = None if layout.pilot is None else replace(model, layout=layout.pilot).step
        parameters, fit = climb(model.step, model.after(first, None), model.normalised, pilot)
        meant, log_prior = model.split(parameters)
        confusion = np.exp(model.voted(meant)).transpose(0, 2, 1)
        prior, source = (np.exp(log_prior), VOTES) if problem.prior is None else problem.prior
        if self.tol and not fit.converged:
            notes += (UNFINISHED.format(n=fit.iterations),)
        return Fitted(
            problem.raters, problem.labels, problem.truth.classes, confusion, prior, source,
            accuracy(confusion, prior, problem), "dawid-skene", repr(self), fit, notes,
        )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class _Model:
    """One step of EM. Parameters: logarithms of the (J, L, C) confusions, then of a free prior.

    least : (J, L, 1) counts that cells have at least under maximum likelihood
    """

    settings: DawidSkene
    layout: Layout
    problem: Problem
    least: Floats

    def split(self, parameters: Floats) -> tuple[Floats, Floats]:
        """(J, L, C) logarithms of the levels meant, and (C,) of the prior."""
        C = self.problem.truth.C  # noqa: N806
        shape = (len(self.problem.raters), len(self.problem.labels), C)
        if self.problem.prior is not None:
            return parameters.reshape(shape), logarithm(self.problem.prior[0])
        return parameters[:-C].reshape(shape), parameters[-C:]

    def voted(self, meant: Floats) -> Floats:
        """Log-probability of the labels voted, from that of the levels meant."""
        spread = self._kernel()
        return meant if spread is None else logarithm(spread.T @ np.exp(meant))

    def step(self, parameters: Floats) -> tuple[float, Floats]:
        """The objective, per vote: log-likelihood and log-prior, of which flat rows have 0."""
        meant, log_prior = self.split(parameters)
        expected = expect(self.layout, self.voted(meant).reshape(self.problem.table), log_prior)
        height = expected.log_likelihood
        height += self.settings.smoothing * float(meant.sum() + meant.size * np.log(meant.shape[1]))
        if self.problem.prior is None:
            height += self.settings.prior_count * float(np.sum(log_prior + np.log(len(log_prior))))
        return height / max(self.layout.votes, 1.0), self.after(expected, meant)

    def after(self, expected: Expected, meant: Floats | None) -> Floats:
        """The parameters that the expected counts lead to (eq. 2.3 and 2.4, with pseudo-counts)."""
        C = self.problem.truth.C  # noqa: N806
        counts = expected.counts.reshape(len(self.problem.raters), -1, C)
        spread = self._kernel()
        if spread is not None:
            flat = np.zeros(counts.shape) if meant is None else meant
            share = np.exp(flat)
            counts = share * (spread @ (counts / np.maximum(spread.T @ share, TINY)))
        smoothed = self.settings.smoothing > 0
        counts = counts + self.settings.smoothing if smoothed else np.maximum(counts, self.least)
        rows = _distributions(counts, axis=1)
        if self.problem.prior is not None:
            return logarithm(rows).ravel()
        prior = _distributions(expected.classes + self.settings.prior_count, axis=0)
        return np.concatenate([logarithm(rows).ravel(), logarithm(prior)])

    def normalised(self, parameters: Floats) -> Floats:
        """Logarithms of distributions, from logarithms that an extrapolation has moved."""
        meant, log_prior = self.split(parameters)
        meant = meant - meant.max(axis=1, keepdims=True)
        meant -= np.log(np.exp(meant).sum(axis=1, keepdims=True))
        whole = meant.ravel()
        if self.problem.prior is None:
            log_prior = log_prior - log_prior.max()
            whole = np.concatenate([whole, log_prior - np.log(np.exp(log_prior).sum())])
        return np.asarray(np.maximum(whole, np.log(TINY)))

    def _kernel(self) -> Floats | None:
        """(L, L) P(level voted | level meant); None where they are one."""
        if not self.settings.neighbours:
            return None
        level = np.arange(len(self.problem.labels))
        away = (level[:, None] - level) / self.settings.neighbours
        return _distributions(np.exp(-0.5 * away**2), axis=1)


def _distributions(counts: Floats, axis: int) -> Floats:
    """Counts to shares along an axis; equal shares where there are none."""
    total = counts.sum(axis=axis, keepdims=True)
    if total.all():
        return np.asarray(counts / total)
    flat = np.full(counts.shape, 1 / counts.shape[axis])
    return np.asarray(np.divide(counts, total, out=flat, where=total > 0))


def accuracy(confusion: Floats, prior: Floats, problem: Problem) -> Floats:
    """(J,) probability that a vote names the class; by the likeliest class where none is named."""
    joint = confusion * prior[:, None]
    if problem.truth.of_label is None:
        return np.asarray(joint.max(axis=1).sum(axis=1))
    named = np.asarray(problem.truth.of_label)
    return np.asarray(joint[:, named, np.arange(len(named))].sum(axis=1))


METHOD = Method(
    "dawid-skene",
    "a confusion matrix a rater, by EM with Dirichlet priors",
    DawidSkene,
    frozenset(Law) - {Law.REVERSAL},
    independent=True,
)
