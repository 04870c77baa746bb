"""What several themes have to say, in the same words, so that a reader is told once.

Words in capitals are reasons, as a figure has them for having no value; what functions give are
notes: sentences of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.audit.panel import CONSENSUS, MAJORITY
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

ALL_JUDGES, MAJORITY_SHARE = "all judges", "majority share"
OF_THE_PANEL = (MAJORITY, MAJORITY_SHARE, CONSENSUS, ALL_JUDGES)
"""What rows that are no judge's are called, in the same column as judges."""

RANKS = "its scores only rank and are no verdicts"
UNMAPPED = "it is not known which label means which class"
ALL_SEEN = "too little gold to hold any back: the consensus has seen all labels"
WHICH_LABEL = (
    "It is not known which label means which class, so that verdicts are not read as classes: "
    "name the labels' order, or the class of each label."
)


def rankers(votes: VoteMatrix) -> tuple[str, ...]:
    """Names of the raters with a vote whose mass ranks and is no probability."""
    if votes.uncalibrated is None:
        return ()
    there = np.bincount(votes.rater, minlength=votes.J) > 0
    return tuple(votes.raters[j] for j in np.flatnonzero(votes.uncalibrated & there).tolist())


def without_rankers(votes: VoteMatrix) -> VoteMatrix:
    """The votes of the others."""
    if votes.uncalibrated is None or not votes.uncalibrated.any():
        return votes
    return votes.only(~votes.uncalibrated[votes.rater])


def only_rank(names: Sequence[str]) -> tuple[str, ...]:
    """A note on `rankers`; () of none."""
    if not names:
        return ()
    return (
        f"The scores of {listed(names)} only rank: they are read for their order (area under the "
        "curve, Kendall's tau-b, near copies), and give no verdicts, no rates and no part in a "
        "majority.",
    )


def ranks_alone(names: Sequence[str]) -> tuple[str, ...]:
    """The note on such judges under rewrites, where scores are compared and nothing is cut."""
    if not names:
        return ()
    return (
        f"Under rewrites the scores of {listed(names)} are compared by rank alone: a shift is the "
        "share of a judge's own scores that the response passes.",
    )


def told_apart(judges: Sequence[str]) -> tuple[str, ...]:
    """What rows call the judges: their names, "judge majority" for one that is called "majority".

    No two come out the same, and none as a row of the panel's.
    """
    taken, called = {*OF_THE_PANEL, *judges}, []
    for name in judges:
        shown = name
        if name in OF_THE_PANEL:
            while shown in taken:
                shown = f"judge {shown}"
            taken.add(shown)
        called.append(shown)
    return tuple(called)


def mute(names: Sequence[str]) -> tuple[str, ...]:
    """A note on judges without a vote; () of none."""
    if not names:
        return ()
    has = "has no vote and is" if len(names) == 1 else "have no vote and are"
    return (f"{listed(names)} {has} left out.",)
