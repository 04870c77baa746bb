"""GLAD: raters of different ability, items of different ease.

J. Whitehill, P. Ruvolo, T. Wu, J. Bergsma and J. Movellan, Whose vote should count more: optimal
integration of labels from labelers of unknown expertise, NIPS 22 (2009) 2035-2043: a vote is right
with probability 1 / (1 + exp(-a e)), a the rater's ability and e > 0 the item's ease (the inverse
of its difficulty), errors spread evenly over the other classes; a and log e have normal priors of
mean 1 and standard deviation 1, as there.

The paper climbs by EM, each M-step a search over all abilities and eases. EM stands still where the
log-likelihood, the true class summed out, and log-prior have slope 0, and this is climbed here
itself: given the abilities each item's ease is found in one dimension (`item_ease`), so that
abilities alone remain, for a quasi-Newton method (L-BFGS: Byrd, Lu, Nocedal and Zhu 1995). Items
with the same votes have the same ease and are one row.

The class probabilities stay where the vote shares put them, as in the one-coin model: fitted along
with the raters they swallow classes (.85 on the bluebird votes, where .56 is right, and .98 on the
product votes instead of .88, with pseudo-counts).

Letters: I items, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from w2s_judge.aggregation.ballots import Evidence, Part, parts
from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.fitted import UNFINISHED, Problem, logarithm
from w2s_judge.aggregation.item_ease import Normal, climb, look
from w2s_judge.aggregation.layout import Layout
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.aggregation.starts import start
from w2s_judge.arrays import Floats
from w2s_judge.calibration.prior import PSEUDO, VOTES
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

LEVEL = 1e-6  # slope per vote, in the scaled abilities, that counts as none


@dataclass(frozen=True, slots=True)
class Glad:
    """Each rater has an ability, each item an ease; their product is the log-odds to be right.

    Vote labels are taken for the classes they stand for, as in `OneCoin`. A soft vote's mass says
    how probable each label is; a vote's weight multiplies its log-likelihood.

    ability, ability_sd : normal prior of the abilities: right more often than wrong
    ease, ease_sd       : normal prior of the logarithms of the eases
    prior_count         : pseudo-counts of each class where the prior comes from the vote shares
    tol                 : change of the objective per vote in one iteration that counts as none
    max_iterations      : steps of the quasi-Newton method
    """

    ability: float = 1.0
    ability_sd: float = 1.0
    ease: float = 1.0
    ease_sd: float = 1.0
    prior_count: float = PSEUDO
    tol: float = 1e-12
    max_iterations: int = 500

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) posterior, (J, C, L) confusion, and as weight (J,) each rater's ability.

        The confusion is that of a rater's mean probability to be right on the items it judged.
        Raises `ConfigurationError` where labels without an order are not the classes.
        """
        return self.estimates(votes, gold).consensus

    def estimates(self, votes: VoteMatrix, gold: Gold | None = None) -> Eased:
        """The consensus together with the items' ease."""
        stated = Problem.of(readable(votes), gold)
        of_label, notes = class_of_label(votes, stated.truth)
        truth = replace(stated.truth, of_label=tuple(map(int, of_label)))
        layout = lay_out(votes, gold, truth.C)
        shared, more = start(layout, replace(stated, truth=truth))
        prior, source = stated.prior or (shared.classes + self.prior_count, VOTES)
        prior = prior / prior.sum()
        evidence = Evidence.of(truth.of_label or (), truth.C)
        search = _Search.of(self, layout, evidence, votes.J, logarithm(prior))
        ability, fit = search.climbed()
        accuracy, rows, b = search.outcome(ability)
        notes += more
        if not fit.converged:
            notes += (UNFINISHED.format(n=fit.iterations),)
        if layout.row_of_item is not None:
            rows, b = rows[layout.row_of_item], b[layout.row_of_item]
        given = np.stack([evidence.right.T, evidence.wrong.T])
        consensus = Consensus(
            rows, truth.classes, votes.support, "glad", "none", prior, source,
            confusion=np.tensordot(np.column_stack([accuracy, 1 - accuracy]), given, axes=1),
            weight=ability, fit=fit, settings=repr(self), notes=notes,
        )  # fmt: skip
        return Eased(consensus, np.exp(b))


@dataclass(frozen=True, eq=False, slots=True)
class Eased:
    """A consensus and (I,) the items' ease, above 0; of an item without votes the prior's."""

    consensus: Consensus
    ease: Floats


@dataclass(frozen=True, eq=False, slots=True)
class _Search:
    """The objective as a function of the abilities alone. `b` (of each part, (n,)) is kept."""

    settings: Glad
    parts: list[Part]
    b: list[Floats]
    log_prior: Floats
    raters: int
    votes: float
    ability: Normal
    ease: Normal

    @classmethod
    def of(
        cls,
        settings: Glad,
        layout: Layout,
        evidence: Evidence,
        raters: int,
        log_prior: Floats,
    ) -> _Search:
        """Before the first step, all eases at their prior's mean."""
        found = parts(layout, evidence)
        b = [np.full(len(part.items), settings.ease) for part in found]
        return cls(
            settings, found, b, log_prior, raters, max(layout.votes, 1.0),
            Normal(settings.ability, settings.ability_sd), Normal(settings.ease, settings.ease_sd),
        )  # fmt: skip

    def climbed(self) -> tuple[Floats, Fit]:
        """(J,) abilities at the top.

        They are scaled by the curvature at the start, so that raters with many votes and with few
        are alike to the quasi-Newton method.
        """
        first = np.full(self.raters, self.settings.ability)
        scale = np.sqrt(self.curvature(first) / self.votes)

        def falling(scaled: Floats) -> tuple[float, Floats]:
            height, slope = self.height(scaled / scale)
            return -height, -slope / scale

        most = self.settings.max_iterations
        found = minimize(
            falling, first * scale, jac=True, method="L-BFGS-B",
            options={"ftol": self.settings.tol, "gtol": 0.0, "maxiter": most, "maxfun": 20 * most},
        )  # fmt: skip
        # Where rounding leaves no room to climb the search ends in a status of its own.
        level = float(np.abs(found.jac).max(initial=0.0)) < LEVEL
        done = found.nit < most and (found.status == 0 or level)
        return found.x / scale, Fit(int(found.nit), done, -float(found.fun))

    def height(self, ability: Floats) -> tuple[float, Floats]:
        """Per vote: the objective with each ease at its best, and (J,) its slope."""
        height = float(self.ability.height(ability).sum())
        slope = self.ability.slope(ability)
        for k, part in enumerate(self.parts):
            ballots = part.ballots()
            mine = ability[ballots.rater]
            self.b[k], at = climb(ballots, part, mine, self.b[k], self.log_prior, self.ease)
            height += float(part.items @ at.height)
            push = (ballots.by_vote(at.posterior) * at.push).sum(axis=0)
            push *= ballots.by_vote(part.items * np.exp(self.b[k]))
            slope += ballots.by_rater(push, self.raters)
        return height / self.votes, slope / self.votes

    def curvature(self, ability: Floats) -> Floats:
        """(J,) what the votes say of each rater's ability, were the truth known, and the prior."""
        total = np.full(self.raters, 1 / self.ability.sd**2)
        for b, part in zip(self.b, self.parts, strict=True):
            ballots = part.ballots()
            right = expit(ability[ballots.rater] * ballots.by_vote(np.exp(b)))
            each = right * (1 - right) * ballots.by_vote(part.items * np.exp(b) ** 2)
            total += ballots.by_rater(each, self.raters)
        return total

    def outcome(self, ability: Floats) -> tuple[Floats, Floats, Floats]:
        """(J,) mean probability to be right, (n, C) posterior and (n,) log ease of all rows."""
        self.height(ability)  # the last that was tried need not be the best
        typical = expit(ability * np.exp(self.ease.mean))
        right, count, rows = np.zeros(self.raters), np.zeros(self.raters), []
        for b, part in zip(self.b, self.parts, strict=True):
            ballots = part.ballots()
            at = look(ballots, part, ability[ballots.rater], b, self.log_prior, self.ease)
            rows.append(at.posterior.T)
            items = ballots.by_vote(part.items)
            right += ballots.by_rater(at.right * items, self.raters)
            count += ballots.by_rater(items, self.raters)
        mean = np.divide(right, count, out=typical, where=count > 0)
        posterior = np.concatenate(rows) if rows else np.zeros((0, len(self.log_prior)))
        return mean, np.ascontiguousarray(posterior), np.concatenate([np.zeros(0), *self.b])


METHOD = Method(
    "glad",
    "abilities of raters, ease of items, by their posterior mode",
    Glad,
    frozenset(Law) - {Law.REVERSAL},
    independent=True,
)
