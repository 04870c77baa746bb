"""Dawid-Skene with rows that lean on the pool of raters, for raters with few votes.

The model and its EM are those of Dawid and Skene (1979, eq. 2.3 to 2.5). A row of a confusion
matrix is shrunk to two estimates that a rater with few votes can afford: the pool's row, and a coin
of the rater's own, right with one probability in every class (the hierarchy of Raykar and others
2010, with counts of its own in place of a full Bayesian fit):

    row_jc  ~  n_jc + cell + pool * pool_c + coin * coin_jc
    pool_c  ~  sum_j n_jc + 1
    coin_jc =  a_j on the class itself, 1 - a_j spread over the others as the pool errs
    a_j     =  (right_j + coin * a) / (votes_j + coin),   a the share of all votes that are right

with n_jcl the expected votes of rater j for class l on items of class c. EM starts at vote shares.
After one step (`steps=1`) the answer is vote shares corrected once for who errs how; the more
steps, the more it trusts that raters err independently.

Letters: I items, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.dawid_skene import accuracy
from w2s_judge.aggregation.em import Expected, expect, posterior
from w2s_judge.aggregation.fitted import UNFINISHED, Problem, logarithm, table_of
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.aggregation.starts import start
from w2s_judge.arrays import Floats, Ints
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

Estimate = tuple[Floats, Floats]  # (J, C, C) rows and (C,) prior
MERGED = "several vote labels mean one class: votes are summed to classes before the fit"


@dataclass(frozen=True, slots=True)
class PooledDawidSkene:
    """Confusion matrices shrunk to the pool and to one accuracy a rater.

    Labels are read as classes: an ordered scale is first summed to class mass by its cuts. Soft
    votes count as fractions of votes, a vote's weight multiplies it. P(class) is given, else from
    gold, else learned within EM with `prior_count` pseudo-counts a class.

    steps          : maximisation steps from vote shares; None: until EM stands still
    cell           : pseudo-counts in each cell of a row
    pool, coin     : pseudo-counts of the pool's row, and of the rater's one-coin row
    prior_count    : pseudo-counts of each class where the prior comes from the votes
    tol            : relative change of the log-likelihood that counts as none
    max_iterations : maximisation steps where `steps` is None
    """

    steps: int | None = None
    cell: float = 0.01
    pool: float = 4.0
    coin: float = 4.0
    prior_count: float = PSEUDO
    tol: float = 1e-6
    max_iterations: int = 500

    def __post_init__(self) -> None:
        if self.steps is not None and self.steps < 1:
            raise ValueError("steps is at least 1; for none take the vote shares (method mean)")

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, as weight (J,) each rater's accuracy, (J, C, L) confusion.

        The confusion is None where several labels mean one class. Raises `ConfigurationError`
        where the labels' classes are not known and have no order.
        """
        truth = votes.truth_with(gold)
        of_label, assumed = class_of_label(votes, truth)
        problem = Problem.of(as_classes(readable(votes), truth, of_label), gold)
        layout = lay_out(as_classes(votes, truth, of_label), gold, truth.C)
        first, notes = start(layout, problem)
        (rows, prior), fit = self._climb(layout, problem, first)
        if fit is not None and not fit.converged:
            notes += (UNFINISHED.format(n=fit.iterations),)
        renamed = len(set(of_label.tolist())) == votes.L
        return Consensus(
            posterior(layout, table_of(rows), logarithm(prior)), truth.classes, votes.support,
            "pooled-dawid-skene", "none", prior,
            VOTES if problem.prior is None else problem.prior[1],
            confusion=rows[:, :, of_label] if renamed else None,
            weight=accuracy(rows, prior, problem), fit=fit, settings=repr(self),
            notes=(*notes, *assumed, *(() if renamed else (MERGED,))),
        )  # fmt: skip

    def _climb(
        self, layout: Layout, problem: Problem, first: Expected
    ) -> tuple[Estimate, Fit | None]:
        """The estimates after the last step, and how it ended (None where steps were set)."""
        limit = self.max_iterations if self.steps is None else self.steps
        estimate, before = self._estimate(first, problem), -np.inf
        for done in range(1, limit):
            expected = expect(layout, table_of(estimate[0]), logarithm(estimate[1]))
            height = expected.log_likelihood
            if self.steps is None and abs(height - before) <= self.tol * abs(height):
                return estimate, Fit(done, True, height / max(layout.votes, 1.0))
            estimate, before = self._estimate(expected, problem), height
        ended = None if self.steps is not None else Fit(limit, False)
        return estimate, ended

    def _estimate(self, expected: Expected, problem: Problem) -> Estimate:
        C = problem.truth.C  # noqa: N806
        counts = expected.counts.reshape(-1, C, C).transpose(0, 2, 1)
        rows = pooled_rows(counts, self.cell, self.pool, self.coin)
        if problem.prior is not None:
            return rows, problem.prior[0]
        prior = expected.classes + self.prior_count
        return rows, np.asarray(prior / prior.sum())


def pooled_rows(counts: Floats, cell: float, pool: float, coin: float) -> Floats:
    """(J, C, C) rows P(class voted | class), from expected counts in the same shape."""
    own = np.eye(counts.shape[1], dtype=np.bool_)
    total = counts.sum(axis=0)
    common = (total + 1) / (total + 1).sum(axis=1, keepdims=True)
    erring = np.where(own, 0.0, common)
    erring /= np.maximum(erring.sum(axis=1, keepdims=True), 1e-300)
    right, heard = np.einsum("jcc->j", counts), counts.sum(axis=(1, 2))
    typical = (right.sum() + 1) / (heard.sum() + len(own))
    share = (right + coin * typical) / np.maximum(heard + coin, 1e-300)
    one_coin = share[:, None, None] * own + (1 - share)[:, None, None] * erring
    rows = counts + cell + pool * common + coin * one_coin
    return np.asarray(rows / rows.sum(axis=2, keepdims=True))


def as_classes(votes: VoteMatrix, truth: Truth, of_label: Ints) -> VoteMatrix:
    """The same votes with the classes as labels; masses of labels of one class are summed."""
    C = truth.C  # noqa: N806
    known = Truth(truth.classes, tuple(range(C)), truth.prior)
    label = None if votes.label is None else of_label[votes.label]
    mass = None if votes.mass is None else votes.mass @ np.eye(C)[of_label]
    return replace(votes, labels=truth.classes, label=label, mass=mass, levels=None, truth=known)


METHOD = Method(
    "pooled-dawid-skene",
    "Dawid-Skene with confusion matrices shrunk to the pool of raters",
    PooledDawidSkene,
    frozenset(Law) - {Law.CLIMBS},
    independent=True,
)
