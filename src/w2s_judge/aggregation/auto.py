"""The default: a small rule, stated below, that picks a method by what the votes are like.

It asks how much gold there is, how graded the votes are and how many of the (item, rater) pairs are
judged; without gold it also asks whether the votes themselves contradict that raters err
independently. With gold two families of models are averaged by how well they foretell it; else
nothing is tried out on gold: cross-fitted calibration is the caller's.

Letters: I items, J raters, L vote labels, C truth classes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import numpy as np
import numpy.typing as npt

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.dense_choice import dense_choice
from w2s_judge.aggregation.gold_choice import BY_GOLD, OTHERWISE, UNMAPPED, gold_choice
from w2s_judge.aggregation.hypotheses import Hypotheses
from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.aggregation.readable import readable
from w2s_judge.aggregation.readings import Assumption
from w2s_judge.aggregation.rotated_factors import RotatedFactors
from w2s_judge.aggregation.sparse_choice import sparse_choice
from w2s_judge.calibration.tempering import tempered
from w2s_judge.consensus import Consensus
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

FACTOR_RATERS = 3  # raters from which on a common factor is identified
BINARY = 2
Choice = tuple[str, Consensus, str]  # why, what it gave, why sources as asked play no part

NO_VOTES = "no votes: every item has the prior"
RANKS_ALONE = (
    "every judge's votes rank and are no probabilities, and there is neither a prior nor gold that "
    "says where to cut: ranks are averaged, no label is claimed"
)
RANKS_OF_FEW = (
    "every judge's votes rank and are no probabilities, and fewer than three judges, or more than "
    "two classes, are too little for a common factor: ranks are averaged, no label is claimed"
)
RANKS_WITH_PRIOR = (
    "every judge's votes rank and are no probabilities: what they share is cut where the prior says"
)
GRADED = (
    "graded votes on two classes by {J} judges who judge most items: the leading rotated factor of "
    "their scores, for levels carry more than labels cut from them"
)
LEARNED = "vote labels without a map to the classes: a method that learns it from gold"
LONE = (
    "one judge: nothing can be learned about a lone judge without gold; the posterior is half its "
    "vote and half the prior, which is an assumption. A second judge, or 20 gold labels (they give "
    "its accuracy to within .11, one standard error), would tell more"
)
FEW = (
    "{n} items with votes, fewer than {few}: too few to learn from who errs how; the votes' mean "
    "as it is"
)
RANKING_LEFT_OUT = (
    "{n} of {J} judges give ranks, no probabilities, and were left out for want of gold: {names}"
)
UNUSED = "sources={sources!r} was asked for and plays no part here: {why}"
FACTORS = "factors of graded votes are not sources"
RANKS_HAVE_NONE = "votes that only rank are not counted by source"
SPARSE = "a sparse panel's raters are pooled, and who repeats whom is not looked for"


@dataclass(frozen=True, slots=True)
class Auto:
    """The first line that fits is taken; the first of the consensus' notes says which, and why.

    1. no votes                                                      mean (the prior)
    2. `enough_gold` labels, every class among them, two classes, and
       a dense panel or raters whose votes only rank                 hypotheses; where two labels
       are voted `gold_choice`: averaged with one-source by what gold says of the two, unless the
       votes refute that sources err independently
    3. only raters whose votes rank: no prior and no gold            mean-normal-score
                                     3 raters or more, and either    rotated-factors
    4. graded (more than two ordered labels, two classes), dense,
       3 raters and `few` items or more                              rotated-factors
    5. labels with neither order nor map to the classes              dawid-skene, which learns it
    6. one rater                                                     half its vote, half the prior
    7. fewer than `few` items with votes                             mean
    8. dense                     `dense_choice`: dawid-skene where the votes do not contradict
                                 independent errors; one-source where they do not beside near
                                 copies; dawid-skene where a few judges oppose the rest; else mean,
                                 and how many labels would decide
    9. else                      `sparse_choice`: pooled-dawid-skene to convergence where that
                                 leaves less dependence between votes than one step does, else one

    Dense: at least the share `dense` of the (item, rater) pairs is judged, of items with votes and
    raters who vote. From line 5 on, raters whose votes only rank are left out while there are
    others, and methods that take votes for independent are tempered. In lines 5 to 9 gold items are
    anchors: with much gold on a sparse panel the caller fits a calibration across folds.

    enough_gold : gold labels from which on the panel is read by gold
    dense       : share of judged pairs in (0, 1]
    few         : items with votes below which nothing is learned from the votes
    sources     : who counts as one source, an assumption: "clusters" of near copies, "families",
                  or nobody ("apart"); a note tells where one that was asked for plays no part
    """

    enough_gold: int = 10
    dense: float = 0.5
    few: int = 30
    sources: Assumption = "clusters"

    def __post_init__(self) -> None:
        if self.sources not in get_args(Assumption):
            raise ConfigurationError(
                f"sources={self.sources!r} is not known\n  take one of "
                f"{', '.join(get_args(Assumption))}"
            )

    def across_folds(self, folds: int) -> Auto:
        """The same for fits without one fold or two of gold: they go the way of all gold."""
        return replace(self, enough_gold=self.enough_gold * (folds - 2) // folds)

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """What the method gave; `method` is "auto:" and its name, the first note says why.

        Raises what that method raises.
        """
        why, found, unused = self._choice(readable(votes), gold)
        asked = unused and self.sources != "clusters"
        more = (UNUSED.format(sources=self.sources, why=unused),) if asked else ()
        notes = (why, *more, *found.notes)
        return replace(found, method=f"auto:{found.method}", notes=notes)

    def _choice(self, votes: VoteMatrix, gold: Gold | None) -> Choice:
        truth = votes.truth_with(gold)
        raters = _voting(votes)
        if not len(raters):
            return NO_VOTES, Mean()(votes, gold), "there are no votes"
        ranking = np.zeros(votes.J, np.bool_) if votes.uncalibrated is None else votes.uncalibrated
        dense = self._is_dense(votes)
        told = gold is not None and self._told(votes, gold)
        ranks = bool(ranking[raters].any())
        if told and gold is not None and dense and votes.L == BINARY and not ranks:
            return gold_choice(votes, gold, self.sources)
        if told and gold is not None and (dense or ranks):
            return BY_GOLD.format(G=gold.G), Hypotheses()(votes, gold), OTHERWISE
        if ranking[raters].all():
            return (*_ranked(votes, gold, truth, len(raters)), RANKS_HAVE_NONE)
        graded = votes.ordered and votes.L > truth.C == BINARY
        if graded and dense and len(raters) >= FACTOR_RATERS and not self._is_small(votes):
            return GRADED.format(J=len(raters)), RotatedFactors()(votes, gold), FACTORS
        if not ranks:
            return self._by_labels(votes, gold, truth)
        why, found, unused = self._by_labels(votes.only(~ranking[votes.rater]), gold, truth)
        return why, replace(found, notes=(ranking_left_out(votes), *found.notes)), unused

    def _by_labels(self, votes: VoteMatrix, gold: Gold | None, truth: Truth) -> Choice:
        """Lines 5 to 9, for votes that are probabilities."""
        if truth.of_label is None and not votes.ordered:
            return LEARNED, tempered(DawidSkene()(votes, gold), votes, gold), UNMAPPED
        if len(_voting(votes)) == 1:
            return LONE, _lone(votes, gold), "there is one judge"
        if self._is_small(votes):
            why = FEW.format(n=np.count_nonzero(votes.support), few=self.few)
            return why, Mean(scale=None)(votes, gold), "the items are too few to learn from"
        if self._is_dense(votes):
            return dense_choice(votes, gold, self.sources)
        return (*sparse_choice(votes, gold), SPARSE)

    def _is_small(self, votes: VoteMatrix) -> bool:
        return int(np.count_nonzero(votes.support)) < self.few

    def _told(self, votes: VoteMatrix, gold: Gold) -> bool:
        """Whether gold is enough to read the panel by."""
        enough = self.enough_gold <= gold.G and len(np.unique(gold.label)) == BINARY
        return enough and _on_a_line(votes, votes.truth_with(gold))

    def _is_dense(self, votes: VoteMatrix) -> bool:
        """Whether raters who vote judge most of the items that have votes."""
        items = np.flatnonzero(votes.support)
        raters = _voting(votes)
        size = len(items) * len(raters)
        if self.dense * size > votes.V:  # repeated votes can only make this worse
            return False
        place = np.zeros(votes.I, dtype=np.int64)
        place[items] = np.arange(len(items))
        number = np.zeros(votes.J, dtype=np.int64)
        number[raters] = np.arange(len(raters))
        cell = place[votes.item] * len(raters) + number[votes.rater]
        judged = np.zeros(size, dtype=np.bool_)
        judged[cell] = True
        return int(np.count_nonzero(judged)) >= self.dense * size


def _voting(votes: VoteMatrix) -> npt.NDArray[np.intp]:
    """Raters who vote, ascending."""
    return np.flatnonzero(np.bincount(votes.rater, minlength=votes.J))


def _on_a_line(votes: VoteMatrix, truth: Truth) -> bool:
    """Whether votes are numbers that ascend from one class to the other."""
    known = votes.ordered or truth.of_label is not None or votes.L == BINARY
    return truth.C == BINARY and known


def _ranked(
    votes: VoteMatrix, gold: Gold | None, truth: Truth, raters: int
) -> tuple[str, Consensus]:
    """Line 3: raters whose votes only rank."""
    where_to_cut = truth.prior is not None or (gold is not None and gold.G > 0)
    if where_to_cut and raters >= FACTOR_RATERS and _on_a_line(votes, truth):
        return RANKS_WITH_PRIOR, RotatedFactors()(votes, gold)
    return RANKS_OF_FEW if where_to_cut else RANKS_ALONE, NormalScores()(votes, gold)


def _lone(votes: VoteMatrix, gold: Gold | None) -> Consensus:
    """Half the vote, half the prior."""
    found = Mean(scale=None)(votes, gold)
    if found.prior is None:  # the mean always states one; said for the type checker
        raise ValueError("a mean without a prior")
    voted = votes.support > 0
    if gold is not None:
        voted[gold.item] = False
    posterior = found.posterior.copy()
    posterior[voted] = (posterior[voted] + found.prior) / 2
    return replace(found, posterior=posterior, calibration="tempered")


def ranking_left_out(votes: VoteMatrix) -> str:
    """A sentence on the raters whose votes only rank, where these were left out."""
    voting = _voting(votes)
    names = [
        votes.raters[j] for j in voting if votes.uncalibrated is not None and votes.uncalibrated[j]
    ]
    return RANKING_LEFT_OUT.format(n=len(names), J=len(voting), names=listed(names))


METHOD = Method(
    "auto",
    "the default: a stated rule picks the method by gold, grades and density",
    Auto,
    frozenset({Law.ITEMS, Law.RATERS, Law.REVERSAL, Law.SILENCE, Law.GOLD, Law.MUTE}),
    ranks="known",
)
