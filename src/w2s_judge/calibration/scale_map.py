"""Raters use a scale differently: what puts their votes on one, and when it does by default."""

from __future__ import annotations

from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np

from w2s_judge.calibration.levels import constant_raters
from w2s_judge.calibration.platt_map import PlattMap
from w2s_judge.calibration.quantile_map import QuantileMap
from w2s_judge.gold import Gold
from w2s_judge.sentences import listed
from w2s_judge.votes import VoteMatrix

# Gold items with votes, of two classes, from which on Platt maps are taken: on civilcomments_llm's
# graded votes they lose to the quantile map at 20 labels and win from 50 on.
LEAST_GOLD = 50
CONTINUOUS = 64  # more labels than this are a continuous scale: no mass is laid out over it


@runtime_checkable
class ScaleMap(Protocol):
    """Votes in, votes on one scale out: a new soft matrix; votes and gold stay as they are."""

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> VoteMatrix:
        """(V, L) mass over the same labels, or (V, C) over the truth classes."""


# What a method's field `scale` may be. "graded": ordered labels, more than two or more than the
# classes, are put on one scale, by `PlattMap` with gold and by `QuantileMap` without; other votes
# are taken as they are. None: never.
Scale: TypeAlias = ScaleMap | Literal["graded"] | None


def on_one_scale(
    votes: VoteMatrix, gold: Gold | None, scale: Scale
) -> tuple[VoteMatrix, tuple[str, ...]]:
    """The votes on one scale, and what the reader must know of it."""
    if scale is None or not votes.V:
        return votes, ()
    chosen = scale
    if chosen == "graded":
        more = votes.L > 2 or votes.L > votes.truth_with(gold).C
        if not (votes.ordered and more):
            return votes, ()
        if votes.L > CONTINUOUS:
            return votes, (
                f"the scale has {votes.L} levels, too many to map: the raters' scales are taken "
                "as they are (rater-scale fits them)",
            )
        chosen = PlattMap() if _enough(votes, gold) else QuantileMap()
    notes = [f"each rater's votes were put on one scale: {chosen!r}"]
    constant = np.flatnonzero(constant_raters(votes))
    if len(constant):
        names = listed([votes.raters[j] for j in constant])
        notes.append(f"always the same vote, so their scale cannot be told: {names}")
    return chosen(votes, gold), tuple(notes)


def _enough(votes: VoteMatrix, gold: Gold | None) -> bool:
    if gold is None:
        return False
    label = gold.label[votes.support[gold.item] > 0]
    return len(label) >= LEAST_GOLD and len(np.unique(label)) > 1
