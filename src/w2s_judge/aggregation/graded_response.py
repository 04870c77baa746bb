"""The graded-response item model: raters are test questions, items are those who sit the test.

    P(vote of j on i >= c) = sigmoid(alpha_j (theta_i - b_jc)),  theta ~ N(0, 1)

(F. Samejima, Estimation of latent ability using a response pattern of graded scores, Psychometrika
Monograph 17, 1969; for language models as judges arXiv 2602.00521), by marginal maximum likelihood
(R. D. Bock and M. Aitkin, Psychometrika 46 (1981) 443-459; both forms from memory). With two labels
it is the two-parameter logistic model.

The score is E[theta | votes]. Classes are an ordered cut of tau = rho theta + sqrt(1 - rho^2) e
where the mean of P(class) is the prior, as in `rater_scale`: rho = 1 would be P(theta > cut), which
takes what the raters share for the truth, and on real votes is far too sure of itself.

Letters: I items, J raters, L levels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.cumulative_logit import CumulativeLogit, even_thresholds
from w2s_judge.aggregation.em import Climb
from w2s_judge.aggregation.fitted import UNFINISHED
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.ordered_cut import cuts, posterior_from, slope_from
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.quadrature import Components, even_nodes, in_parts
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.row_sample import sampled
from w2s_judge.aggregation.shares import clamped, shares
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import known_prior
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "graded-response"
REACH = 5.0  # of the nodes, in standard deviations of theta
NO_ORDER = (
    "the vote labels ({labels}) have no order, and {name} needs one\n"
    "  name them in ascending order, as with --levels {example}, or take dawid-skene"
)
ASSUMED = (
    "the items' hidden number is taken to correlate {validity:g} with the truth: an assumption, no "
    "gold was given"
)
AGAINST = "gold contradicts the votes: high levels go with the low classes"
BY_GOLD = "gold says how steeply classes follow the items' hidden number; the fit did not see it"


@dataclass(frozen=True, eq=False, slots=True)
class Response:
    """What was fitted.

    discrimination (J,) alpha above 0; difficulty (J, L-1) b, ascending; score (I,) E[theta | votes]
    and sd (I,) of theta given the votes. notes: what was fitted, if not all of them.
    """

    discrimination: Floats
    difficulty: Floats
    score: Floats
    sd: Floats
    fit: Fit
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GradedResponse:
    """Ordered levels by a discrimination and L - 1 difficulties a rater.

    Soft votes are evidence (`soft_cells`), weights multiply, repeated votes count each. Rows of
    identical votes are one row. Discriminations are above 0, as in the paper: a rater who votes
    against the others is left aside, not turned round.

    Gold takes no part in the fit of the raters: it gives the prior where none is stated, and the
    slope by which classes follow theta (which may be negative); gold items keep their label.
    Of soft votes on more than 260,000 items a sample is fitted and all are scored (`row_sample`).

    validity  : rho without gold, in (0, 1); with gold where the search for the slope begins
    log_mean, log_sd : of the normal prior of log alpha
    smoothing : pseudo-votes of each rater for each level, whatever theta: the prior of b
    nodes     : of the integral over theta
    accelerate, tol, max_iterations : as in `DawidSkene`
    """

    validity: float = 0.8
    log_mean: float = 0.0
    log_sd: float = 1.0
    smoothing: float = 0.01
    nodes: int = 41
    accelerate: bool = True
    tol: float = 1e-8
    max_iterations: int = 1000

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (I,) `score` = E[theta], (J,) `weight` = alpha.

        Raises `ConfigurationError` where the labels have no order.
        """
        found = self.response(votes)
        truth = votes.truth_with(gold)
        known, notes = known_prior(truth, gold), self._notes(found)
        if known is None:
            plain = shares(votes, gold, "", "")
            known, notes = (np.asarray(plain.prior), plain.prior_source), (*notes, *plain.notes)
        prior, source = known
        voted = votes.support > 0
        slope = self.validity / np.sqrt(1 - self.validity**2)
        told = None if gold is None else gold.only(voted[gold.item])
        if told is not None and told.G:
            slope = slope_from(found.score, found.sd, told, prior, slope)
            notes = (*notes, AGAINST if slope < 0 else BY_GOLD)
        else:
            notes = (*notes, ASSUMED.format(validity=self.validity))
        at = cuts(found.score[voted], found.sd[voted], prior, slope)
        posterior = np.repeat(prior[None], votes.I, axis=0)
        posterior[voted] = posterior_from(found.score[voted], found.sd[voted], at, slope)
        return Consensus(
            clamped(posterior, gold), truth.classes, votes.support, NAME,
            "none" if told is None or not told.G else "model", prior, source,
            weight=found.discrimination, score=found.score, fit=found.fit, settings=repr(self),
            notes=notes,
        )  # fmt: skip

    def response(self, votes: VoteMatrix) -> Response:
        """Raters and items; raises `ConfigurationError` where the labels have no order."""
        if not readable(votes).ordered:
            labels = ", ".join(votes.labels[:8])
            raise ConfigurationError(
                NO_ORDER.format(labels=labels, name=NAME, example=",".join(votes.labels[:8]))
            )
        at, weight = even_nodes(self.nodes, REACH)
        heard = np.bincount(votes.rater, minlength=votes.J).astype(np.float64)
        whole = lay_out(votes, None, 1)
        drawn = sampled(votes, None, whole)
        layout = in_parts(whole, self.nodes)
        model = _Model(
            CumulativeLogit(
                at[:, None], self.smoothing * weight, np.minimum(heard, 1.0),
                np.array([self.log_mean]), np.array([self.log_sd]), positive=True,
            ),
            Components(weight[None]),
        )  # fmt: skip
        begin = np.insert(even_thresholds(votes.J, votes.L), 0, self.log_mean, axis=1)
        climb = Climb(self.tol, self.max_iterations, self.accelerate)
        fitted = layout if drawn is None else in_parts(drawn.layout(1), self.nodes)
        parameters, fit = model.climb(climb, fitted, begin)
        table = model.votes.table(parameters).reshape(-1, self.nodes)
        moments = model.components.means(layout, table, np.column_stack([at, at**2]))
        variance = np.maximum(moments[:, 1] - moments[:, 0] ** 2, 0.0)
        slopes, thresholds = model.votes.split(parameters)
        return Response(
            slopes[:, 0], thresholds / slopes, moments[:, 0], np.sqrt(variance), fit,
            () if drawn is None else (drawn.note,),
        )  # fmt: skip

    def _notes(self, found: Response) -> tuple[str, ...]:
        unfinished = self.tol and not found.fit.converged
        return (
            *found.notes,
            *((UNFINISHED.format(n=found.fit.iterations),) if unfinished else ()),
        )


@dataclass(frozen=True, eq=False, slots=True)
class _Model:
    """EM for (J, 1 + L-1) parameters: log alpha, then thresholds alpha b."""

    votes: CumulativeLogit
    components: Components

    def climb(self, rule: Climb, layout: Layout, begin: Floats) -> tuple[Floats, Fit]:
        """Where the climb ended; the objective is the log posterior density per vote."""

        def step(layout: Layout, flat: Floats) -> tuple[float, Floats]:
            here = flat.reshape(begin.shape)
            table = self.votes.table(here)
            seen = self.components.expect(layout, table.reshape(-1, table.shape[2]))
            height = seen.log_likelihood + float(self.votes.log_prior(here, table).sum())
            better = self.votes.improved(here, seen.counts.reshape(table.shape))
            return height / max(layout.votes, 1.0), better.ravel()

        def tidy(flat: Floats) -> Floats:
            return self.votes.ordered(flat.reshape(begin.shape)).ravel()

        at = begin.ravel()
        if layout.pilot is not None:
            pilot = layout.pilot
            at, _ = rule(lambda flat: step(pilot, flat), at, tidy)
        end, fit = rule(lambda flat: step(layout, flat), at, tidy)
        return end.reshape(begin.shape), fit


METHOD = Method(
    NAME,
    "a discrimination and difficulties a rater (item response theory), for ordered levels",
    GradedResponse,
    frozenset(Law) - {Law.LABELS},
    graded=True,
    ranks="cut",
)
