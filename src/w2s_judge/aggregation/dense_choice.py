"""What to make of a panel that judges most items: Dawid-Skene, or the vote shares.

Where judges err independently, Dawid-Skene finds out who errs how; where they err together it takes
the larger clique for the truth and is sure of it. Which of the two holds shows in the votes, up to
a point: a truth of C classes and independent errors leave traces that a test can refute. So
Dawid-Skene is believed where the test finds nothing against it, and where a minority of judges
votes clearly against the rest of the panel, which vote shares cannot mend. Near copies are merged
where the rest then passes the same test (`source_choice.py`). Else the vote shares stand, as the
answer that assumes least.

`ACCEPTED` (`calibration/independence.py`) was chosen on random panels of 5 and 8 judges from three
dense sets (two of language models, one of people), where the test's p at or above it went with
gains; independent panels of that size pass in about nine of ten simulations. Rows are not shrunk to
the pool, as they are on sparse panels: each judge has votes enough.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.gold_choice import NO_FAMILY
from w2s_judge.aggregation.held_out_votes import foretold
from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.pair_tables import pair_tables
from w2s_judge.aggregation.readings import Assumption
from w2s_judge.aggregation.shares import class_of_label
from w2s_judge.aggregation.source_choice import source_choice
from w2s_judge.calibration.class_mass import onto_classes
from w2s_judge.calibration.even_vote import with_even_vote
from w2s_judge.calibration.independence import (
    ACCEPTED,
    FEWEST,
    IndependenceTest,
    independence_test,
)
from w2s_judge.calibration.opposition import agreement_with_rest
from w2s_judge.calibration.tempering import held_out_dependence, tempered
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

NEGLIGIBLE = 0.03  # residual correlation that is believed to do no harm, however sure it is
OPPOSED = 0.05  # chance that any judge of a panel who does not oppose the rest is taken to
AGAINST = -0.1  # item-rest correlation from which on a judge opposes: less costs vote shares little

INDEPENDENT = (
    "a dense panel whose votes do not contradict independent errors (p = {p:.2f}): Dawid-Skene"
)
OPPOSING = (
    "a dense panel in which judges vote against the rest ({names}): Dawid-Skene, for vote shares "
    "would count them as the others"
)
DEPENDENT = (
    "a dense panel whose votes do not bear out that judges err independently ({evidence}): vote "
    "shares, the answer that assumes least"
)
UNTESTED = (
    "a dense panel too small, or of too few prompts, to test whether its judges err together: vote "
    "shares, the answer that assumes least"
)
UNVARIED = (
    "a dense panel in which fewer than {fewest} judges' votes vary, too few to test whether they "
    "err together: vote shares, the answer that assumes least"
)
LABELS_DECIDE = (
    "which judges are right, the votes alone do not tell: a Dawid-Skene fit would change the label "
    "of {changed} of {voted} items, rightly or wrongly. About 20 gold labels, some of them on "
    "these items, would decide: they give a judge's accuracy to within .11 (one standard error)"
)


def dense_choice(
    votes: VoteMatrix, gold: Gold | None, sources: Assumption = "clusters"
) -> tuple[str, Consensus, str]:
    """Why; Dawid-Skene, of judges or of sources, or vote shares; and why sources play no part.

    The last is "" where they do.
    """
    by_family = source_choice(votes, gold, sources) if sources == "families" else None
    if by_family is not None:
        return (*by_family, "")
    unused = NO_FAMILY if sources == "families" else ""
    fitted = DawidSkene()(votes, gold)
    test = independence_test(pair_tables(votes, fitted.posterior))
    if test is not None and (test.p >= ACCEPTED or test.size <= NEGLIGIBLE):
        return INDEPENDENT.format(p=test.p), _tempered(fitted, votes, gold), unused
    merged = source_choice(votes, gold, sources) if sources == "clusters" else None
    if merged is not None:
        return (*merged, "")
    against = _opposing(votes, gold)
    if against:
        return OPPOSING.format(names=listed(against)), _tempered(fitted, votes, gold), unused
    found = with_even_vote(Mean(scale=None)(votes, gold), votes, gold)
    decide = _decide(found, fitted)
    why = _untested(votes) if test is None else DEPENDENT.format(evidence=_evidence(test))
    return f"{why}. {decide[0].upper()}{decide[1:]}", found, unused


def _tempered(fitted: Consensus, votes: VoteMatrix, gold: Gold | None) -> Consensus:
    asked = held_out_dependence(foretold(votes, gold, DawidSkene()))
    return tempered(fitted, votes, gold, held_out=asked)


def _opposing(votes: VoteMatrix, gold: Gold | None) -> list[str]:
    """Names of the judges who vote against the rest; none where these are no minority.

    Every voting judge is asked, so that the level is shared among them (Bonferroni).
    """
    truth = votes.truth_with(gold)
    of_label, _ = class_of_label(votes, truth)
    correlation, z = agreement_with_rest(votes, onto_classes(votes, of_label, truth.C))
    voting = int(np.count_nonzero(np.bincount(votes.rater, minlength=votes.J)))
    found = np.flatnonzero((correlation < AGAINST) & (z < ndtri(OPPOSED / max(voting, 1))))
    return [votes.raters[j] for j in found] if 2 * len(found) < voting else []


def _untested(votes: VoteMatrix) -> str:
    """Why nothing could be tested: judges too few, or too few whose votes vary."""
    count = np.bincount(votes.rater, minlength=votes.J)
    soft = votes.soft()
    mass = np.column_stack(
        [np.bincount(votes.rater, weights=column, minlength=votes.J) for column in soft.T]
    )
    only = np.isclose(mass.max(axis=1), count)
    if np.count_nonzero(count) >= FEWEST > np.count_nonzero((count > 0) & ~only):
        return UNVARIED.format(fewest=FEWEST)
    return UNTESTED


def _evidence(test: IndependenceTest) -> str:
    return f"p = {test.p:.2g}, residual correlation {test.size:.2f}"


def _decide(shares: Consensus, fitted: Consensus) -> str:
    """What a few labels would decide."""
    top = shares.posterior.max(axis=1)
    follows = shares.posterior[np.arange(len(top)), fitted.posterior.argmax(axis=1)]
    voted = shares.support > 0
    changed = int(np.count_nonzero(voted & (follows < top - 1e-9)))
    return LABELS_DECIDE.format(changed=changed, voted=int(voted.sum()))
