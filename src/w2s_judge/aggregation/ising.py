"""An Ising model of the votes in each class: raters' votes pull on one another.

K. Balasubramanian, A. Podkopaev and S. P. Kasiviswanathan, arXiv 2601.22336:
P(votes x | y) is proportional to exp(h_y x + x' W_y x / 2), fitted by a generalised EM of which the
maximisation step is a ridge logistic regression of each rater's vote on the others', class by
class (`couplings`), and the expectation step a posterior from them (`ising_evidence` says which,
and why not the paper's pseudo-likelihood). Two classes; more would take a Potts model.

Nothing in the votes says that the class, rather than a coupling, is what most raters share: with a
weak ridge the classes may come to stand for something else. So the ridge is strong (`ising_ridge`),
the fit is compared with where it started, and where it has left that, the ridge is raised; in the
end the answer of Dawid-Skene is kept. Three tight copies among five raters still pass for the
truth, as they do with Dawid-Skene. More than pairs hangs together in real votes: the posterior is
over-confident there (less so than that of independent votes), and is tempered as theirs is.

Letters: I items, J raters, L vote labels, n rows, A coupled raters.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import expit

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.couplings import Couplings, Maximisation
from w2s_judge.aggregation.dawid_skene import DawidSkene, accuracy
from w2s_judge.aggregation.fitted import UNFINISHED, Problem
from w2s_judge.aggregation.ising_evidence import energy, pseudo_likelihood
from w2s_judge.aggregation.ising_panel import Panel
from w2s_judge.aggregation.ising_ridge import chosen_ridge
from w2s_judge.aggregation.ising_sample import sampled
from w2s_judge.aggregation.signed_votes import Signed, on_two_classes, within_class
from w2s_judge.arrays import Floats
from w2s_judge.consensus import Consensus, Fit
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NAME = "ising"
RENEWED = (
    0,
    1,
    2,
    4,
    8,
    16,
    32,
    64,
    128,
    256,
)  # iterations at which the curvature is computed anew
FIRST_STEPS, STEPS = 20, 5  # of the regressions in the first iteration, and in each later one
RAISE, RAISES = 4.0, 5  # factor of the ridge after a collapse, and how often
LEAST_SHARE = 0.25  # of its prior that a class keeps, and of Dawid-Skene's spread the posterior
FITTED = "couplings of {A} raters, ridge {ridge:g} {how}; agreement with the start {agreement:.2f}"
RAISED = f"({{first}} {{how}}, times {RAISE:g} after each collapse)"
COLLAPSED = (
    "with ridge {ridges} the classes left the votes' own (agreement with the start under "
    "{least:g}, a class under a quarter of its prior, or hardly a difference between the classes)"
)
KEPT = "Dawid-Skene's answer was kept: no ridge that was tried held the classes"
SOME = "{n} of {J} raters, those with fewest votes, are taken to vote independently of the others"

SAMPLED = (
    "the couplings were fitted on {k} of {n} different rows of votes, drawn by how many items have "
    "them; the posterior is of all items"
)


@dataclass(frozen=True, slots=True)
class Ising:
    """Votes depend on the class and on one another, pair by pair, in each class in its own way.

    Labels of more than two levels are cut by class. A soft vote is one for the class it leans to;
    it counts, and pulls on the others, by the difference of its masses in units of the rater's root
    mean square, 1 at most. Repeated votes enter as their mean, weights as weights of the rater's
    own vote. Silence counts as a vote at the mean of the class.
    Gold items have their class. The prior, where neither given nor from gold, is Dawid-Skene's.

    shared     : the same couplings in both classes
    evidence   : "energy", the model's own posterior; "pseudo-likelihood", the paper's
    ridge      : penalty on the square of a coupling (of log-odds, for a vote of 1), in votes; None:
                 chosen by held-out pseudo-likelihood
    start      : "shares" of the votes, or "dawid-skene", which holds on to tight copies: with two
                 pairs of near copies of 8 raters it ends at .76, from the shares at .90
    agreement  : correlation with the start, of the posteriors, under which a fit has collapsed
    most       : raters that are coupled, those with most votes; the others vote independently
    most_rows  : different rows that the couplings are fitted on, a sample where there are more
    tol        : mean absolute change of the posterior by an iteration that counts as none
    """

    shared: bool = False
    evidence: Literal["energy", "pseudo-likelihood"] = "energy"
    ridge: float | None = None
    start: Literal["shares", "dawid-skene"] = "shares"
    agreement: float = 0.5
    most: int = 64
    most_rows: int = 65536
    tol: float = 1e-4
    max_iterations: int = 500

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, 2) posterior, (J, 2, L) confusion, and as weight (J,) each rater's accuracy.

        Raises `ConfigurationError` for more than two classes, and where it is not known which label
        means which class.
        """
        reduced, of_label, assumed = on_two_classes(votes, gold, NAME)
        plain = DawidSkene()(reduced, gold)
        signed = Signed.of(reduced, gold)
        panel = Panel.of(signed, reduced, plain, self.most, from_shares=self.start == "shares")
        sample = sampled(signed, self.most_rows)
        second, fit, notes = self._held(panel, panel if sample is None else panel.sampled(sample))
        if sample is not None and len(sample.at) < sample.of:
            notes += (SAMPLED.format(k=len(sample.at), n=sample.of),)
        if second is None:
            posterior, notes = plain.posterior, (*plain.notes, *notes)
        else:
            posterior = signed.by_item(np.column_stack([1 - second, second]))
        named = plain.confusion if second is None else signed.rates(second)
        if named is None or plain.prior is None:
            raise TypeError("Dawid-Skene has a prior and confusions")
        if len(panel.alone):
            notes += (SOME.format(n=len(panel.alone), J=votes.J),)
        problem = Problem.of(reduced, gold)
        return replace(
            plain,
            posterior=posterior,
            method=NAME,
            confusion=within_class(votes, of_label, named),
            weight=accuracy(named, plain.prior, problem),
            fit=fit,
            settings=repr(self),
            notes=(*assumed, *notes),
        )

    def _held(self, panel: Panel, some: Panel) -> tuple[Floats | None, Fit, tuple[str, ...]]:
        """(n,) P(second class), None where every fit collapsed; the last fit, and notes.

        `some` has the rows that couplings are fitted on.
        """
        begun = Couplings.none(some.rows, some.first)
        ridge, how = self.ridge, "as given"
        if ridge is None:
            ridge = chosen_ridge(some.rows, begun, some.first)
            how = "by held-out pseudo-likelihood"
        tried: list[str] = []
        fit = Fit(0, True)
        while len(tried) <= RAISES:
            couplings, fit = self._fitted(some, begun, ridge)
            second = panel.clamped(expit(self._logit(panel, couplings)))
            agreement = panel.agreement(second)
            kept = min(panel.balance(second), panel.spread(second))
            if agreement >= self.agreement and kept >= LEAST_SHARE:
                A = panel.rows.value.shape[1]  # noqa: N806
                how = RAISED.format(first=tried[0], how=how) if tried else how
                told = FITTED.format(A=A, ridge=ridge, how=how, agreement=agreement)
                return second, fit, (*self._collapsed(tried), told, *_unfinished(fit))
            tried.append(f"{ridge:g}")
            ridge *= RAISE
        return None, fit, (*self._collapsed(tried), KEPT)

    def _collapsed(self, tried: list[str]) -> tuple[str, ...]:
        if not tried:
            return ()
        return (COLLAPSED.format(ridges=", ".join(tried), least=self.agreement),)

    def _fitted(self, panel: Panel, begun: Couplings, ridge: float) -> tuple[Couplings, Fit]:
        """EM from the start, with one ridge."""
        rows, second, couplings = panel.rows, panel.first, begun
        heard = rows.items / max(float(rows.items.sum()), 1.0)
        best: Maximisation | None = None
        for number in range(self.max_iterations):
            if best is None or number in RENEWED:
                best = Maximisation.of(rows, begun, second, ridge, shared=self.shared)
            steps = STEPS if number else FIRST_STEPS
            weights = best.after(couplings.weights, second, steps)
            couplings = Couplings(weights, begun.means)
            after = panel.clamped(expit(self._logit(panel, couplings)))
            change = float(heard @ np.abs(after - second))
            second = after
            if change <= self.tol:
                return couplings, Fit(number + 1, True)
        return couplings, Fit(self.max_iterations, False)

    def _logit(self, panel: Panel, couplings: Couplings) -> Floats:
        score = energy if self.evidence == "energy" else pseudo_likelihood
        return score(panel.rows, couplings, panel.others, panel.prior)


def _unfinished(fit: Fit) -> tuple[str, ...]:
    return () if fit.converged else (UNFINISHED.format(n=fit.iterations),)


METHOD = Method(
    NAME,
    "raters' votes pull on one another, class by class, by ridge regressions",
    Ising,
    frozenset(Law) - {Law.REVERSAL, Law.CLIMBS},
    independent=True,
    binary=True,
)
