"""Which votes a model of labels can read; the others are refused, and the message says why."""

from __future__ import annotations

import numpy as np

from w2s_judge.errors import ConfigurationError
from w2s_judge.votes import VoteMatrix

MANY_LABELS, VOTES_A_LABEL = 50, 10  # more labels than this, each used less often, are scores


def readable(votes: VoteMatrix) -> VoteMatrix:
    """The votes themselves.

    Raises `ValueError` for indices that name nothing and for mass or weights that are no numbers,
    `ConfigurationError` for scores that came as labels.
    """
    columns = (
        ("item", votes.item, votes.I),
        ("rater", votes.rater, votes.J),
        ("label", votes.label, votes.L),
    )
    for name, column, length in columns:
        if column is not None and len(column) and not 0 <= column.min() <= column.max() < length:
            raise ValueError(f"{name} has an index outside 0 .. {length - 1}")
    for name, values in (("mass", votes.mass), ("weight", votes.weight)):
        if values is None or not len(values):
            continue
        # A sum is NaN or infinite if one of its terms is, and needs no second array of that size.
        with np.errstate(invalid="ignore"):
            finite = bool(np.isfinite(values.sum()))
        if not finite or values.min() < 0:
            raise ValueError(f"{name} must be finite and not below 0; a missing vote is left out")
    if look_like_scores(votes):
        raise ConfigurationError(
            f"{votes.L} different labels in {votes.V} votes look like scores, and this method "
            "would take each for a label of its own\n"
            "  cut the scores into a few levels, or take a method for scores, such as mean"
        )
    return votes


def look_like_scores(votes: VoteMatrix) -> bool:
    """Whether there are so many labels that each would be a label of hardly any vote."""
    return votes.L > MANY_LABELS and votes.V < VOTES_A_LABEL * votes.L
