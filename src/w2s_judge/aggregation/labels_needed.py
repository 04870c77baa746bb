"""How many gold labels would decide between two readings of the same votes.

On the items that the two label differently, a label drawn as the one reading says changes the log
odds between them by KL(one, other) on average, and Wald's (1945) test ends after about (log odds
asked for) / KL labels. Which reading is right is not known: the larger of the two numbers is told.

Letters: I items, C truth classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats

ODDS = 20.0  # at which it counts as decided
CANNOT_TELL = (
    "votes alone cannot tell whether {one} or {other}. The first is taken here, by assumption; "
    "about {n} gold labels on the {items} items that the two readings label differently would "
    "decide (at odds of {odds:.0f} to 1)"
)
HARDLY = (
    "votes alone cannot tell whether {one} or {other}, but that hardly matters: of {all} items the "
    "two readings label {items} differently, too few or too unsurely for gold labels to decide"
)
FLOOR = 0.1  # share of the flat distribution in what a reading is taken to say


@dataclass(frozen=True, slots=True)
class Needed:
    """`labels`, on items that two readings label differently; there are `items` of these."""

    labels: int
    items: int

    def said(self, one: str, other: str, voted: int, odds: float = ODDS) -> str:
        """A sentence: what would decide between the two, or that it hardly matters.

        It hardly matters where more labels are needed than there are items; voted: items with votes
        """
        said = CANNOT_TELL if self.labels <= self.items else HARDLY
        return said.format(
            one=one, other=other, n=self.labels, items=self.items, odds=odds, all=voted
        )


def floored(posterior: Floats, floor: float = FLOOR) -> Floats:
    """(n, C) rows mixed with `floor` of the flat row.

    A reading that takes its errors for independent is far too sure. With .1 and two classes no
    label counts more than 20 : 1 (log .95 / .05) for or against it, however sure it was.
    """
    return np.asarray((1 - floor) * posterior + floor / posterior.shape[1])


def labels_needed(
    one: Floats, other: Floats, *, odds: float = ODDS, ahead: float = 1.0
) -> Needed | None:
    """Of two posteriors (I, C); None where they label all items alike.

    odds  : that the labels are to bring for the right one
    ahead : odds for `one` before a label is seen
    """
    differ = np.flatnonzero(one.argmax(axis=1) != other.argmax(axis=1))
    if not len(differ):
        return None
    p, q = floored(one[differ]), floored(other[differ])
    ratio = np.log(p / q)
    for_one, for_other = float((p * ratio).sum()), -float((q * ratio).sum())
    asked = (math.log(odds) - math.log(ahead)) / (for_one / len(differ))
    turned = (math.log(odds) + math.log(ahead)) / (for_other / len(differ))
    return Needed(max(1, math.ceil(max(asked, turned))), len(differ))
