"""What several themes have to say, in the same words, so that a reader is told once.

Words in capitals are reasons, as a figure has them for having no value; what functions give are
notes: sentences of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

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


def mute(names: Sequence[str]) -> tuple[str, ...]:
    """A note on judges without a vote; () of none."""
    if not names:
        return ()
    has = "has no vote and is" if len(names) == 1 else "have no vote and are"
    return (f"{listed(names)} {has} left out.",)


def most_shared(pairs: int, most: int) -> tuple[str, ...]:
    """A note on pairs of judges that are not shown; () where all are."""
    if pairs <= most:
        return ()
    return (f"Of {pairs:,} pairs of judges, the {most} with most items in common are shown.",)
