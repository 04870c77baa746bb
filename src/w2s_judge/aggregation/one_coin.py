"""The one-coin model: an accuracy a rater, errors spread evenly over the other classes.

The one-parameter form of Dawid and Skene (1979), as in Y. Zhang, X. Chen, D. Zhou and M. I.
Jordan, Spectral methods meet EM, JMLR 17 (2016), section 2; with a Beta prior on the accuracies.
Without gold or a given prior the class probabilities are those of the vote shares, and stay there:
under so stiff a model of the raters a prior that is fitted along with them swallows classes (it ran
to .93 on the bluebird votes even with pseudo-counts, and to .99 on the TREC relevance votes).

Letters: J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import xlogy

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.em import Climb, Expected, expect
from w2s_judge.aggregation.fitted import UNFINISHED, Fitted, Problem, logarithm, table_of
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.aggregation.starts import start
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, slots=True)
class OneCoin:
    """Each rater is right with one probability, whatever the class.

    Vote labels are taken for the classes they stand for; where that is not known, an ordered scale
    is cut into equal ranges, and a note says so. Votes count as in `DawidSkene`.

    right, wrong   : pseudo-votes of each rater, Beta(1 + right, 1 + wrong) on its accuracy: raters
                     are taken to be right more often than not until their votes say otherwise
    prior_count    : pseudo-counts of each class where the prior comes from the vote shares
    accelerate, tol, max_iterations : as in `DawidSkene`
    """

    right: float = 2.0
    wrong: float = 1.0
    prior_count: float = PSEUDO
    accelerate: bool = True
    tol: float = 1e-8
    max_iterations: int = 2000

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (J, C, L) confusion, and as weight (J,) each rater's accuracy.

        Raises `ConfigurationError` where labels without an order are not the classes.
        """
        problem = self.problem(readable(votes), gold)
        layout = lay_out(votes, gold, problem.truth.C)
        fitted = self.fit(layout, problem)
        return fitted.consensus(layout, table_of(fitted.confusion), fitted.notes)

    def problem(self, votes: VoteMatrix, gold: Gold | None) -> Problem:
        """The problem that the votes state, with a class for each label."""
        stated = Problem.of(votes, gold)
        of_label, notes = class_of_label(votes, stated.truth)
        truth = replace(stated.truth, of_label=tuple(map(int, of_label)))
        return replace(stated, truth=truth, notes=notes)

    def fit(self, layout: Layout, problem: Problem) -> Fitted:
        """The model of votes that are laid out, in memory or not."""
        first, notes = start(layout, problem)
        if problem.prior is None:
            count = first.classes + self.prior_count
            prior, source = count / count.sum(), VOTES
        else:
            prior, source = problem.prior
        model = _Model.of(self, layout, problem, logarithm(prior))
        climb = Climb(self.tol, self.max_iterations, self.accelerate)
        pilot = None if layout.pilot is None else replace(model, layout=layout.pilot).step
        parameters, fit = climb(model.step, model.after(first), lambda moved: moved, pilot)
        accuracy = _logistic(parameters)
        notes = problem.notes + notes
        if self.tol and not fit.converged:
            notes += (UNFINISHED.format(n=fit.iterations),)
        return Fitted(
            problem.raters, problem.labels, problem.truth.classes,
            model.voted(accuracy).transpose(0, 2, 1), prior, source, accuracy,
            "one-coin", repr(self), fit, notes,
        )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class _Model:
    """One step of EM. Parameters: the (J,) log-odds of the accuracies.

    shape   : (J, L, C)
    given   : (2, L*C) P(label | class) of a rater who is always right, and of one who never is
    counted : (L*C, 2) 1 where a vote is right, and where it is wrong
    """

    settings: OneCoin
    layout: Layout
    shape: tuple[int, int, int]
    log_prior: Floats
    given: Floats
    counted: Floats

    @classmethod
    def of(cls, settings: OneCoin, layout: Layout, problem: Problem, log_prior: Floats) -> _Model:
        """The labels of one class share its probability equally.

        Where a class has no label, or all labels are its own, the accuracy says nothing.
        """
        named = np.eye(problem.truth.C)[list(problem.truth.of_label or ())]
        labels = named.sum(axis=0)
        right = named / np.maximum(labels, 1)
        others = np.count_nonzero(labels) - (labels > 0)
        wrong = (1 - named) / (named @ labels)[:, None] / np.maximum(others, 1)
        right = np.where(labels > 0, right, wrong)
        wrong = np.where(others > 0, wrong, right)
        counted = np.stack([named, (1 - named) * (labels > 0)]).reshape(2, -1).T
        shape, given = (len(problem.raters), *named.shape), np.stack([right, wrong]).reshape(2, -1)
        return cls(settings, layout, shape, log_prior, given, counted)

    def voted(self, accuracy: Floats) -> Floats:
        """(J, L, C) probability of a label given the class."""
        table = np.column_stack([accuracy, 1 - accuracy]) @ self.given
        return np.asarray(table.reshape(self.shape))

    def step(self, parameters: Floats) -> tuple[float, Floats]:
        """The objective, per vote: log-likelihood and log-prior, which is 0 where it is highest."""
        accuracy = _logistic(parameters)
        table = logarithm(self.voted(accuracy)).reshape(-1, self.shape[2])
        expected = expect(self.layout, table, self.log_prior)
        height = expected.log_likelihood
        right, wrong = self.settings.right, self.settings.wrong
        mode = right / (right + wrong) if right + wrong else 0.5
        height += float(np.sum(xlogy(right, accuracy) - xlogy(right, mode)))
        height += float(np.sum(xlogy(wrong, 1 - accuracy) - xlogy(wrong, 1 - mode)))
        return height / max(self.layout.votes, 1.0), self.after(expected)

    def after(self, expected: Expected) -> Floats:
        """The parameters that the expected counts lead to."""
        counts = expected.counts.reshape(-1, len(self.counted)) @ self.counted
        odds = logarithm(counts + np.array([self.settings.right, self.settings.wrong]))
        return np.asarray(odds[:, 0] - odds[:, 1])


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -700, 700))))


METHOD = Method(
    "one-coin",
    "an accuracy a rater, errors spread evenly, by EM",
    OneCoin,
    frozenset(Law) - {Law.REVERSAL},
    independent=True,
)
