"""The latent item factor: two classes, and what an item does to all raters at once.

    logit P(V_ij = 1 | y, z) = b_j + a_j (2 y - 1) + lam_j z_i,   z ~ N(0, 1)

(Y. Qu, M. Tan and M. H. Kutner, Random effects models in latent class analysis for evaluating
accuracy of diagnostic tests, Biometrics 52 (1996) 797-810; form from memory), here by EM with a
sum over nodes in the place of the integral, for two labels or for ordered levels (cumulative logit:
P(vote >= l) = sigmoid(.. - t_jl)), with gold, soft votes and votes missing.

Left free, lam takes the truth and the class a style that few raters share: on graded scores by 24
language models the fit that starts from Dawid and Skene's ends at an accuracy of .57 (a coarse
integral hides this: with 15 Gauss-Hermite nodes EM stops on the way, at .74). So the effect is
split. Along the axis of the classes it has one size for all raters, lam_j = a_j sqrt(1 - m^2) / m
(some items are clearer than others): `class_axis`. Across it each rater has its own lam_j, if the
votes ask for it, and which axis is which is settled by a stated rule: `axis_rotation`. `distinct=1`
is the equation as it stands, with lam_j alone.

The posterior integrates the effect out, so that votes are not taken for independent and it is not
tempered once more: where it asks for no effect, it is as sure as Dawid and Skene's. Fewer than 6
raters do not tell a factor across, and two who copy each other pass for the axis. There a test of
the pairs (`pair_misfit`) asks whether one axis explains the votes. Where it does not, which raters
share what is not known, and without 10 gold labels an item's votes count for one: `modest`.

Of soft votes on more than 260,000 items a sample is fitted and all are scored (`row_sample`).

Letters: I items, J raters, L levels, M parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.axis_rotation import RATIO, read_plane
from w2s_judge.aggregation.class_axis import LEAST, AxisModel, Found, Nodes
from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.cumulative_logit import CumulativeLogit, even_thresholds
from w2s_judge.aggregation.em import Climb
from w2s_judge.aggregation.fitted import UNFINISHED, Problem
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.pair_misfit import PairMisfit, modest, pair_misfit
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.quadrature import in_parts
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.residual_factor import residual_loadings
from w2s_judge.aggregation.row_sample import sampled
from w2s_judge.aggregation.shares import clamped
from w2s_judge.aggregation.starts import start
from w2s_judge.aggregation.two_classes import two_classes
from w2s_judge.arrays import Floats
from w2s_judge.calibration.choose import too_little
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "item-factor"
RATERS, MEAN_VOTES, MEAN_RATERS = 6, 100, 6  # from which on a factor across is looked for
PLANE_TOL = 1e-6  # of its fits: which way the plane is turned hardly matters to the votes
START_STEPS, START_SLOPE = 30, 1.5
ACROSS = (
    "the votes ask for a factor across the classes; its axis is the one on which fewer raters load "
    "(simple structure), which is an assumption: 20 gold labels check it"
)
CLEAR = (
    "the raters share a factor beside the classes: which of the two is the truth is told by the "
    "items, that fall into two clusters along it, or by gold"
)
AMBIGUOUS = (
    "two factors fit the votes, and the leading one outweighs the other only {ratio:.1f} times: "
    "the votes do not tell which is the truth, and one number an item was fitted; gold would tell"
)
OVERLAP = (
    "the votes do not fall into two clusters: how far what the raters share is the truth was "
    "assumed (log odds move by 2 a standard deviation); 20 gold labels tell"
)


@dataclass(frozen=True, slots=True)
class ItemFactor:
    """Two classes that overlap along one axis, and a factor across it where the votes ask for it.

    Gold items have their class; soft votes are evidence, and weights multiply, as in `DawidSkene`.
    Without a prior or gold the classes have the vote shares, which are not fitted, as in `OneCoin`.

    factor     : True or False to have the factor across or not; None: where 6 raters or more have
                 100 votes each and items 6 votes on average or more, it pays for its J parameters
                 by BIC (Schwarz 1978), and its axis can be told
    distinct   : m in (0, 1), how far apart the classes are on their axis, fixed; 1: two points;
                 None: from the votes, .62 at least (see `class_axis`)
    slope_sd   : of the normal priors of a_j, about 1, and of lam_j, about 0
    smoothing  : pseudo-votes of each rater for each label, in each class
    along, across : nodes of the two integrals; on 24 judges' graded votes 31 and 11 gave what 61
                 and 31 gave, and 25 or fewer saw clusters that were the nodes' own
    accelerate, tol, max_iterations : as in `DawidSkene`, for each of the fits
    """

    factor: bool | None = None
    distinct: float | None = None
    slope_sd: float = 2.0
    smoothing: float = 0.01
    along: int = 41
    across: int = 15
    accelerate: bool = True
    tol: float = 1e-8
    max_iterations: int = 1000

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, 2) posterior, `score` (I,) = E[theta], `weight` (J,) = a_j, `confusion` (J, 2, L).

        Raises `ConfigurationError` for other than two classes, or labels that stand for none.
        """
        told, folded, notes = two_classes(readable(votes), gold, NAME)
        problem = Problem.of(told, gold)
        layout = lay_out(told, gold, 2)
        first, said = start(layout, problem)
        count = first.classes + PSEUDO
        prior, source = (count / count.sum(), VOTES) if problem.prior is None else problem.prior
        drawn = sampled(told, gold, layout)
        seen, of_seen = (told, layout) if drawn is None else (drawn.votes, drawn.layout(2))
        said = said if drawn is None else (*said, drawn.note)
        reading = self._reading(seen, of_seen, prior, first.counts.reshape(votes.J, told.L, 2))
        found, model = reading.found, reading.model
        if self.tol and not found.fit.converged:
            said = (*said, UNFINISHED.format(n=found.fit.iterations))
        if drawn is not None:
            model = replace(model, layout=in_parts(layout, len(model.votes.features)))
        classes, score, given = model.read(found)
        consensus = Consensus(
            clamped(classes, gold), problem.truth.classes, votes.support, NAME,
            "none" if gold is None or not gold.G else "model", prior, source,
            confusion=None if folded else given, weight=found.parameters[:, 0],
            score=score, fit=found.fit, settings=repr(self),
            notes=(*notes, *said, *reading.notes),
        )  # fmt: skip
        if gold is not None and too_little(gold.label, 2) is None:
            return consensus  # gold tells the axis, and how sure one may be
        misfit = reading.misfit(seen)
        return consensus if misfit is None else modest(consensus, gold, misfit)

    def _reading(
        self, votes: VoteMatrix, layout: Layout, prior: Floats, counts: Floats
    ) -> _Reading:
        """The axis alone, or with the factor across it; `counts` (J, L, 2) to begin with."""
        axis = self._model(votes, layout, prior, 1)
        at = float(np.arctanh(LEAST if self.distinct in (None, 1) else self.distinct))
        spread = np.einsum("jlc,ck->jlk", counts, axis.nodes.given(at))
        begin = np.column_stack([np.ones(votes.J), even_thresholds(votes.J, votes.L)])
        begin = axis.votes.improved(begin, spread, START_STEPS)
        alone = _Reading(axis, axis.climb(self._rule(self.tol), begin, at, m=self.distinct is None))
        voting = _voting(votes)
        heard = int(np.count_nonzero(votes.support))
        asked = voting >= RATERS and MEAN_VOTES * voting <= votes.V >= MEAN_RATERS * heard
        if self.factor is False or not (self.factor or asked):
            return alone.noted(self.distinct)
        across = self._across(votes, layout, prior, alone)
        paid = across.height - alone.height > voting * math.log(max(heard, 1)) / 2
        if self.factor or (paid and across.told):
            return across.noted(self.distinct)
        return (replace(alone, notes=across.notes) if paid else alone).noted(self.distinct)

    def _across(
        self, votes: VoteMatrix, layout: Layout, prior: Floats, alone: _Reading
    ) -> _Reading:
        """With the factor, from the axis alone and the leading residual."""
        plane = self._model(votes, layout, prior, self.across)
        table = alone.model.votes.table(alone.found.parameters)
        score = alone.model.read(alone.found)[1]
        loadings = residual_loadings(votes, table, alone.model.nodes.theta, score)
        begin = np.insert(alone.found.parameters, 1, START_SLOPE * loadings, axis=1)
        if self.distinct is not None:
            found = plane.climb(self._rule(self.tol), begin, alone.found.distinct, m=False)
            return _Reading(plane, found)
        read = read_plane(plane, self._rule(max(self.tol, PLANE_TOL)), begin)
        found = read.found.after(alone.found.fit.iterations)
        if read.clear:
            return _Reading(plane, found, (CLEAR,))
        if read.ratio >= RATIO:
            return _Reading(plane, found, (ACROSS,))
        return _Reading(plane, found, (AMBIGUOUS.format(ratio=read.ratio),), told=False)

    def _rule(self, tol: float) -> Climb:
        return Climb(tol, self.max_iterations, self.accelerate)

    def _model(self, votes: VoteMatrix, layout: Layout, prior: Floats, across: int) -> AxisModel:
        nodes = Nodes.of(self.along, across, prior, self.distinct == 1)
        features = nodes.features
        size = features.shape[1]
        each = nodes.given(float(np.arctanh(LEAST))).sum(axis=0)
        pseudo = self.smoothing * np.outer(each, nodes.z_weight).ravel()
        voting = np.bincount(votes.rater, minlength=votes.J) > 0
        raters = CumulativeLogit(
            features, pseudo, voting.astype(np.float64), np.array([1.0, 0.0])[:size],
            np.full(size, self.slope_sd),
        )  # fmt: skip
        return AxisModel(nodes, raters, in_parts(layout, len(features)))


@dataclass(frozen=True, eq=False, slots=True)
class _Reading:
    """A fit, what to say of it, and whether the votes or a stated rule told its axes."""

    model: AxisModel
    found: Found
    notes: tuple[str, ...] = ()
    told: bool = True

    @property
    def height(self) -> float:
        return self.model.height(self.found.parameters, self.found.distinct)

    def misfit(self, votes: VoteMatrix) -> PairMisfit | None:
        """Of one axis, to the votes of the fit, by raters too few for a factor across it."""
        if self.model.votes.features.shape[1] > 1 or _voting(votes) >= RATERS:
            return None
        return pair_misfit(votes, *self.model.seen(self.found))

    def noted(self, distinct: float | None) -> _Reading:
        """With a note where m is the least that it can be."""
        if distinct is not None or self.found.distinct > np.arctanh(LEAST) + 1e-3:
            return self
        return replace(self, notes=(*self.notes, OVERLAP))


def _voting(votes: VoteMatrix) -> int:
    """How many raters vote."""
    return int(np.count_nonzero(np.bincount(votes.rater, minlength=votes.J)))


METHOD = Method(
    NAME,
    "two classes and what an item does to all raters at once",
    ItemFactor,
    frozenset(Law),
    binary=True,
)
