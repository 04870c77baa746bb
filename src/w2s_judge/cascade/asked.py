"""Votes as they would be had only some judges been asked, or only some items been asked about.

A judge is `votes.judge` of its raters: one asked in both orders, or several times, is one judge.
Items and raters keep their numbers; those without votes are silent.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.votes import VoteMatrix


def judges_of(votes: VoteMatrix) -> tuple[str, ...]:
    """The judges' names, each once, in the order of their raters."""
    return tuple(dict.fromkeys(votes.raters if votes.judge is None else votes.judge))


def judge_of_rater(votes: VoteMatrix) -> Ints:
    """(J,) number of each rater's judge in `judges_of`."""
    number = {name: k for k, name in enumerate(judges_of(votes))}
    named = votes.raters if votes.judge is None else votes.judge
    return np.array([number[name] for name in named], dtype=np.int32)


def of_judges(votes: VoteMatrix, judges: Collection[str]) -> VoteMatrix:
    """The votes of these judges alone."""
    wanted = np.array([name in judges for name in judges_of(votes)], dtype=np.bool_)
    return votes.only(wanted[judge_of_rater(votes)[votes.rater]])


def about(votes: VoteMatrix, items: Bools) -> VoteMatrix:
    """The votes on these items (I,) alone."""
    return votes.only(items[votes.item])


def heard(votes: VoteMatrix, judges: Collection[str]) -> Bools:
    """(I,) whether any of these judges voted on the item."""
    return np.asarray(of_judges(votes, judges).support > 0)
