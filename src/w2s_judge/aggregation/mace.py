"""MACE: a vote is the truth, or drawn from the rater's own habit.

D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy, Learning whom to trust with MACE, NAACL-HLT
(2013) 1120-1130: fitted by variational Bayes, or by EM with smoothing. A rater knows with
probability t and then votes the truth; else the label comes from its habit h:
P(label | class) = t [label means class] + (1 - t) h(label). In the expectation step of variational
Bayes t, 1 - t and h are exp(E log) under their Beta and Dirichlet posteriors: they sum to less
than 1.

The class probabilities are fitted along with the raters, as in Dawid-Skene: habits take up what a
one-coin model would put down to a class, and on six sets of crowd votes none ran away (the paper
has them even, which a prior that is given can say). Where a class has no label they stay where the
vote shares put them.

Letters: J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.em import TINY, Climb, posterior
from w2s_judge.aggregation.fitted import UNFINISHED, Problem
from w2s_judge.aggregation.habits import HabitModel, Habits
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.aggregation.starts import start
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class Mace:
    """Each rater knows the truth with one probability, and else votes by habit.

    Vote labels are taken for the classes they stand for; the labels of one class share it equally;
    where the map is not known, an ordered scale is cut into equal ranges, and a note says so. Soft
    votes say how probable each label is; votes count as in `DawidSkene`.

    variational    : variational Bayes; else EM
    knows, spams   : Beta prior of a rater's trust (variational); .5 and .5 lean to all or nothing
    habit          : Dirichlet prior of each label in a habit (variational); 10 keeps habits near
                     even until many votes say otherwise, so that knowing is not taken for habit
    smoothing      : pseudo-counts of EM, shared by the L labels: each probability has smoothing / L
    prior_count    : pseudo-counts of each class where the prior comes from the votes
    accelerate, tol, max_iterations : as in `DawidSkene`
    """

    variational: bool = True
    knows: float = 0.5
    spams: float = 0.5
    habit: float = 10.0
    smoothing: float = 0.01
    prior_count: float = PSEUDO
    accelerate: bool = True
    tol: float = 1e-8
    max_iterations: int = 2000

    def __post_init__(self) -> None:
        if self.variational and min(self.knows, self.spams, self.habit) <= 0:
            raise ConfigurationError(
                "knows=, spams= and habit= are a Beta and a Dirichlet prior, and must be above 0"
            )

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (J, C, L) confusion, and as weight (J,) each rater's trust.

        Confusion and trust are posterior means. Raises `ConfigurationError` where labels without
        an order are not the classes.
        """
        return self.estimates(votes, gold).consensus

    def estimates(
        self, votes: VoteMatrix, gold: Gold | None = None, first: Habits | None = None
    ) -> Trusted:
        """The consensus together with the raters' habits.

        It starts from vote shares, from raters who know every second time and whose habits are
        even; or from the habits `first`.
        """
        stated = Problem.of(readable(votes), gold)
        of_label, notes = class_of_label(votes, stated.truth)
        truth = replace(stated.truth, of_label=tuple(map(int, of_label)))
        problem = replace(stated, truth=truth)
        layout = lay_out(votes, gold, truth.C)
        shared, more = start(layout, problem)
        if stated.prior is None and len(set(of_label.tolist())) < truth.C:
            count = shared.classes + self.prior_count  # habits would explain all by such a class
            problem = replace(problem, prior=(count / count.sum(), VOTES))
        begin = self._counts(votes.L)
        model = HabitModel.of(self.variational, layout, problem, begin, self.prior_count)
        begun = model.first(shared) if first is None else model.begun(first, shared)
        climb = Climb(self.tol, self.max_iterations, self.accelerate)
        pilot = None if layout.pilot is None else replace(model, layout=layout.pilot).step
        parameters, fit = climb(model.step, begun, model.bounded, pilot)
        notes += more
        if self.tol and not fit.converged:
            notes += (UNFINISHED.format(n=fit.iterations),)
        means = model.means(parameters)
        knowing, spamming = model.parts(means.trust, 1 - means.trust, means.labels)
        log_prior = model.log_prior(parameters)
        prior, source = problem.prior or (np.exp(log_prior), VOTES)
        consensus = Consensus(
            posterior(layout, model.table(parameters), log_prior), truth.classes,
            votes.support, "mace", "none", prior, source,
            confusion=(knowing + spamming).transpose(0, 2, 1), weight=means.trust,
            fit=fit, settings=repr(self), notes=notes,
        )  # fmt: skip
        return Trusted(consensus, means)

    def _counts(self, labels: int) -> Floats:
        """(2 + L,) what a rater's counts start at."""
        if self.variational:
            return np.array([self.knows, self.spams] + [self.habit] * labels)
        return np.full(2 + labels, max(self.smoothing / labels, TINY))


@dataclass(frozen=True, eq=False, slots=True)
class Trusted:
    """A consensus, and what MACE says of the raters."""

    consensus: Consensus
    habits: Habits


METHOD = Method(
    "mace",
    "a vote is the truth or the rater's habit, by variational Bayes",
    Mace,
    frozenset(Law) - {Law.REVERSAL},
    independent=True,
)
