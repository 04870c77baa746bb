"""Dawid-Skene: a confusion matrix a rater, by EM.

A. P. Dawid and A. M. Skene, Maximum likelihood estimation of observer error-rates using the EM
algorithm, Applied Statistics 28 (1979) 20-28: eq. 2.3 and 2.4 are the maximisation step, 2.5 the
expectation step, 3.1 the start. Here with Dirichlet priors on the rows and on the class
probabilities (so that the estimate is the posterior mode), gold, soft votes, and labels that need
not be the classes.

Letters: J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

import math
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

LOWEST = math.log(TINY)
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
        model = _Model.of(self, layout, problem, first)
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

    shape  : (J, L, C)
    known  : (C,) logarithms of the prior where it is known, else None
    pseudo : (P,) pseudo-counts of the parameters
    least  : (P,) counts that they have at least
    flat   : the log-prior of flat rows
    spread : (L, L) P(level voted | level meant); None where they are one
    """

    layout: Layout
    shape: tuple[int, int, int]
    known: Floats | None
    pseudo: Floats
    least: Floats
    flat: float
    spread: Floats | None

    @classmethod
    def of(cls, settings: DawidSkene, layout: Layout, problem: Problem, first: Expected) -> _Model:
        """What no step changes; `first` tells which labels a rater used."""
        J, L, C = len(problem.raters), len(problem.labels), problem.truth.C  # noqa: N806
        size, free = J * L * C, 0 if problem.prior is not None else C
        pseudo = np.full(size + free, settings.smoothing)
        pseudo[size:] = settings.prior_count
        least = np.full(size + free, TINY)
        if not settings.smoothing:
            voted = first.counts.sum(axis=1).reshape(J, L, 1) > 0
            silent = ~voted.any(axis=1, keepdims=True)  # their rows are flat
            least[:size] = np.broadcast_to(LEAST_VOTE * voted + silent, (J, L, C)).ravel()
        flat = -settings.smoothing * size * np.log(L) - settings.prior_count * free * np.log(C)
        known = None if problem.prior is None else logarithm(problem.prior[0])
        spread = _kernel(L, settings.neighbours) if settings.neighbours else None
        return cls(layout, (J, L, C), known, pseudo, least, float(flat), spread)

    def split(self, parameters: Floats) -> tuple[Floats, Floats]:
        """(J, L, C) logarithms of the levels meant, and (C,) of the prior."""
        if self.known is not None:
            return parameters.reshape(self.shape), self.known
        C = self.shape[2]  # noqa: N806
        return parameters[:-C].reshape(self.shape), parameters[-C:]

    def voted(self, meant: Floats) -> Floats:
        """Log-probability of the labels voted, from that of the levels meant."""
        return meant if self.spread is None else logarithm(self.spread.T @ np.exp(meant))

    def step(self, parameters: Floats) -> tuple[float, Floats]:
        """The objective, per vote: log-likelihood and log-prior, of which flat rows have 0."""
        meant, log_prior = self.split(parameters)
        table = self.voted(meant).reshape(-1, self.shape[2])
        expected = expect(self.layout, table, log_prior)
        height = expected.log_likelihood + float(self.pseudo.dot(parameters)) - self.flat
        return height / max(self.layout.votes, 1.0), self.after(expected, meant)

    def after(self, expected: Expected, meant: Floats | None) -> Floats:
        """The parameters that the expected counts lead to (eq. 2.3 and 2.4, with pseudo-counts)."""
        counts = expected.counts
        if self.spread is not None:
            counts = counts.reshape(self.shape)
            share = np.exp(np.zeros(self.shape) if meant is None else meant)
            counts = share * (self.spread @ (counts / np.maximum(self.spread.T @ share, TINY)))
        whole = counts.ravel()
        if self.known is None:
            whole = np.concatenate([whole, expected.classes])
        whole = whole + self.pseudo
        np.maximum(whole, self.least, out=whole)
        rows, prior = self.split(whole)
        rows /= np.add.reduce(rows, axis=1, keepdims=True)
        if self.known is None:
            prior /= np.add.reduce(prior)
        return logarithm(whole)

    def normalised(self, parameters: Floats) -> Floats:
        """Logarithms of distributions, from logarithms that an extrapolation has moved."""
        whole = parameters.copy()
        meant, log_prior = self.split(whole)
        meant -= np.logaddexp.reduce(meant, axis=1, keepdims=True)
        if self.known is None:
            log_prior -= np.logaddexp.reduce(log_prior)
        return np.maximum(whole, LOWEST, out=whole)


def _kernel(labels: int, width: float) -> Floats:
    """(L, L) normal kernel of a width in levels, rows sum to 1."""
    level = np.arange(labels)
    share = np.exp(-0.5 * ((level[:, None] - level) / width) ** 2)
    return np.asarray(share / share.sum(axis=1, keepdims=True))


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
