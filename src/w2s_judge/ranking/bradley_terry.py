"""Bradley-Terry strengths, with Davidson's ties and an order effect, over all questions at once.

R. A. Bradley and M. E. Terry, Rank analysis of incomplete block designs I, Biometrika 39 (1952)
324-345; ties and the order effect as in `davidson`. L. R. Ford, Solution of a ranking problem from
binary comparisons, American Mathematical Monthly 64 (1957) 28-33: the likelihood has a maximum if
and only if, however the objects are parted in two, one of each part beat one of the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.comparisons import Comparisons, Ranking
from w2s_judge.consensus import Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.components import ranks, unconnected, within_question
from w2s_judge.ranking.contract import Card, RankLaw
from w2s_judge.ranking.counted import as_fractions, centred
from w2s_judge.ranking.davidson import Davidson, Strengths
from w2s_judge.ranking.laplacian_blocks import Blocks
from w2s_judge.ranking.newton import climb
from w2s_judge.ranking.pair_counts import NOTHING, PairCounts, pair_counts
from w2s_judge.sentences import listed

NAME = "bradley-terry"
RUNAWAY = 15.0  # log-units (odds of three million) beyond which a shared term has no finite maximum
ZERO = 1e-12  # log-strengths that are rounding
PRIOR = 0.25
REMEDY = "keep the prior, or have more comparisons made"
ONE_ORDER = (
    "no pair was seen in both orders, so that what being shown first is worth cannot be told from "
    "strength: no position term"
)
UNFINISHED = "the fit had not converged after {n} iterations: do not rely on it, or allow more"


@dataclass(frozen=True, slots=True)
class BradleyTerry:
    """Log-strengths that make the outcomes likely; nu and the position term are shared by all.

    Soft outcomes enter as fractions of records. A comparison's rater is not looked at.

    prior    : how many comparisons that ended even the prior is worth, of any two objects: a normal
               distribution of variance 2 / prior on each log-strength about the mean of its
               connected part (an even comparison tells 1/4 of the difference of two, as does the
               prior then), and of variance 4 / prior on the position term. The default, a quarter
               of one comparison, is a standard deviation of 2.8 (odds of 17 : 1 against the
               average): it weighs less than the first record does and still keeps those who never
               lost at a finite strength. 0 or None: maximum likelihood.
    ties     : "davidson": a tie is an outcome of its own, nu says how likely; "half": half a win
               for each
    nu       : Davidson's tie parameter, above 0, where it is not to be estimated
    position : estimate what being shown first is worth, where something was
    tol      : largest change of a log-strength in a Newton step that counts as none
    max_iterations : Newton steps at most
    """

    prior: float | None = PRIOR
    ties: Literal["davidson", "half"] = "davidson"
    nu: float | None = None
    position: bool = True
    tol: float = 1e-8
    max_iterations: int = 100

    def __post_init__(self) -> None:
        if self.prior is not None and not 0 <= self.prior < np.inf:
            raise ValueError("prior is a number of comparisons, 0 or above")
        if self.ties not in ("davidson", "half"):
            raise ValueError("ties is 'davidson' or 'half'")
        if self.nu is not None and (self.ties == "half" or not 0 < self.nu < np.inf):
            raise ValueError("nu is a number above 0, and goes with ties='davidson'")

    def __call__(self, comparisons: Comparisons, /) -> Ranking:
        """(N,) log-strengths, centred on 0 in each connected part.

        Raises `ConfigurationError` where there is no prior and the likelihood has no maximum.
        """
        return self.fit(comparisons)

    def fit(self, comparisons: Comparisons, start: Ranking | None = None) -> Ranking:
        """The same, from the ranking of another fit of these objects: fewer steps, same maximum."""
        counts = pair_counts(comparisons, ordered=self.position and comparisons.ordered)
        component = counts.connected()
        blocks = Blocks.of(counts, component)
        notes = unconnected(comparisons, component) + self._bounds(comparisons, counts, component)
        decided = counts.mass - counts.ties > NOTHING * counts.mass
        position = counts.both_orders and decided
        found, fit = Strengths(np.zeros(counts.objects), 0.0, 0.0), Fit(0, True)
        nu = self._held(counts)
        if decided:
            precision = (self.prior or 0.0) / 2
            model = Davidson(counts, blocks, position, nu, precision, precision / 2)
            first = _first_guess(model) if start is None else _of_ranking(model, start)
            first = replace(first, strength=centred(first.strength, component))
            found, fit = self._climb(model, first)
            if counts.ordered and not position:
                notes += (ONE_ORDER,)
        elif comparisons.M:
            notes += ("every comparison is a tie: all scores are 0",)
        score = centred(found.strength, component)
        return Ranking(
            score=score,
            rank=ranks(score, component),
            component=within_question(component, comparisons.question),
            method=NAME,
            position=found.position if position else None,
            tie=self._tie(nu, found) if decided else self.nu,
            fit=fit,
            settings=repr(self),
            notes=notes + _trust(comparisons, fit),
        )

    def _held(self, counts: PairCounts) -> float | None:
        if self.nu is not None:
            return self.nu
        return 0.0 if self.ties == "half" or counts.ties <= NOTHING * counts.mass else None

    def _tie(self, nu: float | None, found: Strengths) -> float | None:
        if self.ties == "half":
            return None
        return nu if nu is not None else float(np.exp(found.log_nu))

    def _climb(self, model: Davidson, first: Strengths) -> tuple[Strengths, Fit]:
        """The maximum; raises where there is none."""
        try:
            found, fit = climb(model, first, self.tol, self.max_iterations)
        except np.linalg.LinAlgError:
            found, fit = Strengths(first.strength, np.inf, 0.0), Fit(0, False)
        if not self.prior and max(abs(found.position), found.log_nu) > RUNAWAY:
            raise ConfigurationError(
                "the likelihood has no maximum: some strengths and the position term or the tie "
                f"parameter grow together without bound\n  {REMEDY}, or switch the term off"
            )
        return found, fit

    def _bounds(
        self, comparisons: Comparisons, counts: PairCounts, component: Ints
    ) -> tuple[str, ...]:
        """Say where the likelihood alone has no maximum; raise where there is no prior."""
        mutual, seen = np.unique(counts.mutual(), return_index=True)
        if len(mutual) == component.max(initial=-1) + 1:
            return ()
        torn = np.bincount(component[seen]) > 1
        questions = np.unique(comparisons.question[torn[component]])
        where = ""
        if comparisons.Q > 1:
            names = listed([comparisons.questions[q] for q in questions])
            where = f" in {len(questions)} of {comparisons.Q} questions"
            where += f" ({names})" if not self.prior else ""
        if not self.prior:
            raise ConfigurationError(
                f"the likelihood has no maximum: some objects never lost to or tied with the "
                f"others{where}, and their strengths grow without bound\n  {REMEDY}"
            )
        return (
            f"some objects never lost to or tied with the others{where}: how far these are apart "
            "is as the prior has it",
        )


def _first_guess(model: Davidson) -> Strengths:
    """Log-odds of each object's smoothed share of wins, and nu as if all were alike."""
    counts = model.counts
    won = np.bincount(counts.first, counts.total + counts.net, counts.objects)
    won += np.bincount(counts.second, counts.total - counts.net, counts.objects)
    lost = np.bincount(counts.first, counts.total - counts.net, counts.objects)
    lost += np.bincount(counts.second, counts.total + counts.net, counts.objects)
    log_nu = 0.0
    if model.nu is None:
        log_nu = float(np.log(2 * counts.ties / (counts.mass - counts.ties)))
    return Strengths(np.log((won + 1) / (lost + 1)), 0.0, log_nu)


def _of_ranking(model: Davidson, start: Ranking) -> Strengths:
    if len(start.score) != model.counts.objects:
        raise ValueError("the start ranks other objects")
    guess = _first_guess(model)
    log_nu = float(np.log(start.tie)) if model.nu is None and start.tie else guess.log_nu
    return Strengths(start.score, (start.position or 0.0) if model.position else 0.0, log_nu)


def _trust(comparisons: Comparisons, fit: Fit) -> tuple[str, ...]:
    notes = as_fractions(comparisons)
    return notes if fit.converged else (*notes, UNFINISHED.format(n=fit.iterations))


RANKER = Card(
    NAME,
    "log-strengths with Davidson's ties and a position term, by Newton's method",
    BradleyTerry,
    frozenset(RankLaw) - {RankLaw.QUESTIONS},
    bare=lambda: BradleyTerry(prior=None),
)
