"""What each vote label says of the judged response, or of the first of two, in [0, 1]."""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Floats
from w2s_judge.audit.panel import Panel
from w2s_judge.votes import VoteMatrix

BOTH = ("ab", "ba")


def compares(panel: Panel) -> bool:
    """Whether a vote is about two responses: by the rubric, or as it was asked in both orders."""
    return panel.arity == 2 or (
        panel.votes.order is not None and set(BOTH) <= set(panel.votes.order)
    )


def label_worth(panel: Panel) -> tuple[Floats | None, str]:
    """(L,) utilities of the labels, and what was assumed of them or why there are none.

    Two labels of a comparison without a utility are read as names of the responses: the first label
    says that the first response is the better.
    """
    if panel.utility is not None:
        return np.asarray(panel.utility, dtype=np.float64), ""
    labels = panel.votes.labels
    if compares(panel) and len(labels) == 2:
        return np.array([1.0, 0.0]), (
            f"the label {labels[0]} was taken to say that the first response is the better, and "
            f"{labels[1]} the second: the votes do not say which means which"
        )
    return None, "the labels have neither an order nor a worth"


def vote_values(votes: VoteMatrix, worth: Floats) -> Floats:
    """(V,) the worth (L,) of the label voted for; of soft votes the expected worth."""
    return np.asarray(worth[votes.label] if votes.label is not None else votes.soft() @ worth)
