"""Why a pair or a response is not written: one number each, and the words for it."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int8]
"""Values of `Reason`, one a pair or a response."""


class Reason(IntEnum):
    """The first that holds counts, in this order; `KEPT` is none."""

    KEPT = 0
    VETOED = 1
    UNCLEARED = 2
    UNASKED = 3
    ALONE = 4
    SAME_TEXT = 5
    GOLD_TIE = 6
    NEVER_COMPARED = 7
    NO_VOTE = 8
    RANKS_ONLY = 9
    ONE_ORDER = 10
    LEVEL = 11
    EVEN = 12
    TIED = 13
    AGAINST = 14
    UNPROMISED = 15
    BELOW = 16
    BETWEEN = 17
    UNDRAWN = 18

    @property
    def text(self) -> str:
        """What a reader of `dropped.jsonl` is told."""
        return TEXTS[self]


TEXTS: dict[Reason, str] = {
    Reason.KEPT: "kept",
    Reason.VETOED: "vetoed",
    Reason.UNCLEARED: "not cleared: no probability under the rubric that vetoes",
    Reason.UNASKED: "not judged under this rubric",
    Reason.ALONE: "fewer than two responses to this prompt are left to pair",
    Reason.SAME_TEXT: "same text",
    Reason.GOLD_TIE: "tie by gold",
    Reason.NEVER_COMPARED: "never compared",
    Reason.NO_VOTE: "no vote",
    Reason.RANKS_ONLY: "votes only rank",
    Reason.ONE_ORDER: "one order only",
    Reason.LEVEL: "tie: utilities are level",
    Reason.EVEN: "tie: p is .5",
    Reason.TIED: "tie: mass on a tie above max-tie",
    Reason.AGAINST: "votes and ranking disagree: p is below .5",
    Reason.UNPROMISED: "no bar keeps max-error",
    Reason.BELOW: "below min-p",
    Reason.BETWEEN: "neither clearly desirable nor clearly undesirable",
    Reason.UNDRAWN: "not drawn (--resample draw)",
}
