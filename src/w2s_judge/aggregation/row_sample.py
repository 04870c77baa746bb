"""A sample of the items to fit on, where rows of votes are many and hardly any two are alike.

A model of a few dozen numbers is known from some ten thousand items as well as anyone needs; the
items that were left out are then scored by it. Which items are drawn depends on what their votes
hold and not on their place: items are put in the order of a hash of their votes (and of the names
of who cast them), and drawn from it at even steps, so that rows that occur often are drawn often.
Gold items are all drawn.

Letters: I items, J raters, V votes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.aggregation.hashes import Hashes, hashed, mixed
from w2s_judge.aggregation.layout import BLOCK, PILOT, Layout
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

ROWS = PILOT * BLOCK  # as many as the pilot that a climb over all rows would begin with
FEWEST = 1000  # votes of each rater in the sample: shares are known to .016 then
FITTED_ON = (
    "fitted on {n} of {I} items, drawn evenly by a hash of their votes (gold items are all in), "
    "and scored on all"
)


@dataclass(frozen=True, eq=False, slots=True)
class Sample:
    """Votes and gold of the items drawn, and a note that says so."""

    votes: VoteMatrix
    gold: Gold | None
    note: str

    def layout(self, C: int) -> Layout:  # noqa: N803
        """For so many truth classes."""
        return lay_out(self.votes, self.gold, C)


def sampled(votes: VoteMatrix, gold: Gold | None, layout: Layout) -> Sample | None:
    """None where rows are few enough, or a rater has too few votes for a share of them to do."""
    if layout.pilot is None or layout.row_of_item is not None:
        return None
    heard = np.bincount(votes.rater, minlength=votes.J)
    if heard[heard > 0].min(initial=votes.I) * ROWS < FEWEST * votes.I:
        return None
    drawn = np.zeros(votes.I, dtype=np.bool_)
    if gold is not None:
        drawn[gold.item] = True
    others = np.flatnonzero(~drawn & (votes.support > 0))
    if len(others) <= ROWS:
        return None
    order = others[np.argsort(keys(votes)[others], kind="stable")]
    drawn[order[np.arange(ROWS) * len(order) // ROWS]] = True
    place = np.cumsum(drawn, dtype=np.int32) - 1
    kept = votes.only(drawn[votes.item])
    few = replace(
        kept, items=tuple(votes.items[i] for i in np.flatnonzero(drawn)),
        item=place[kept.item].astype(np.int32), group=votes.group[drawn], positions=None,
    )  # fmt: skip
    of_gold = None if gold is None else replace(gold, item=place[gold.item].astype(np.int32))
    return Sample(few, of_gold, FITTED_ON.format(n=few.I, I=votes.I))


def keys(votes: VoteMatrix) -> Hashes:
    """(I,) the same for items with the same votes by the same raters, in whatever order."""
    each = mixed(hashed(votes.raters))[votes.rater]
    if votes.label is not None:
        each = mixed(each + votes.label.astype(np.uint64))
    elif votes.mass is not None:
        for k in range(votes.L):
            each = mixed(each + np.ascontiguousarray(votes.mass[:, k], np.float64).view(np.uint64))
    if votes.weight is not None:
        each = mixed(each + np.ascontiguousarray(votes.weight, np.float64).view(np.uint64))
    order = np.argsort(votes.item, kind="stable")
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(each[order], dtype=np.uint64)])
    end = np.cumsum(votes.support, dtype=np.int64)
    return np.asarray(total[end] - total[end - votes.support])
