"""How many gold labels would decide between two readings of the same votes.

On the items that the two label differently, a label drawn as the one reading says changes the log
odds between them by m = KL(one, other) on average, with a standard deviation s. After n labels they
are about normal, and in nine draws of ten at least n m - z s sqrt(n), z the normal quantile: n is
told for which that is what was asked for. (The mean of Wald's (1945) sequential test, asked / m,
brings the odds in half of the draws.) Which reading is right is not known: the larger n is told.

Letters: I items, C truth classes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from w2s_judge.arrays import Floats

ODDS = 20.0  # at which it counts as decided
SHARE = 0.9  # of the draws of so many labels that bring these odds
CANNOT_TELL = (
    "votes alone cannot tell whether {one} or {other}. The first is taken here, by assumption; "
    "about {n} gold labels on the {items} items that the two readings label differently would "
    "decide (at odds of {odds:.0f} to 1, in nine draws of ten)"
)
UNDECIDED = (
    "votes alone cannot tell whether {one} or {other}. The first is taken here, by assumption; of "
    "{all} items the two readings label {items} differently, too few or too unsurely for gold "
    "labels on these alone to decide"
)
HARDLY = (
    "votes alone cannot tell whether {one} or {other}, but that hardly matters: of {all} items the "
    "two readings label {items} differently"
)
MATTERS = 0.01  # share of the items that two readings label differently
FLOOR = 0.1  # share of the flat distribution in what a reading is taken to say


@dataclass(frozen=True, slots=True)
class Needed:
    """`labels`, on items that two readings label differently; there are `items` of these."""

    labels: int
    items: int

    def said(self, one: str, other: str, voted: int, odds: float = ODDS) -> str:
        """A sentence: what would decide between the two, or that it hardly matters.

        voted: items with votes. Where more labels are needed than there are such items, these
        cannot decide; it hardly matters where they are few besides.
        """
        few = HARDLY if self.items < MATTERS * voted else UNDECIDED
        said = CANNOT_TELL if self.labels <= self.items else few
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
    kept = _enough(p, q, math.log(odds) - math.log(ahead))
    turned = _enough(q, p, math.log(odds) + math.log(ahead))
    return Needed(max(1, math.ceil(max(kept, turned))), len(differ))


def _enough(right: Floats, wrong: Floats, asked: float) -> float:
    """Labels, drawn as `right` (n, C) says, that bring log odds of `asked` in `SHARE` of draws."""
    if asked <= 0:
        return 0.0
    ratio = np.log(right / wrong)
    mean = float((right * ratio).sum()) / len(right)
    square = float((right * ratio**2).sum()) / len(right)
    scatter = float(ndtri(SHARE)) * math.sqrt(max(square - mean**2, 0.0))
    return ((scatter + math.sqrt(scatter**2 + 4 * mean * asked)) / (2 * mean)) ** 2
