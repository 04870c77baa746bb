"""Which items a stage has asked in full, and how many it still owes a question.

What is promised of a stage was tested on items that had every judge's answer. A ceiling, Ctrl-C, a
judge out of reach or a call that fails leaves items with some answers of a stage or none: their
posterior is of fewer votes than what was tested, so that no stage claims them from there on. Nor
are the others a fair sample of what came there: the most open are asked first, and whether a call
fails may depend on the item. So each stage owes what it or a stage before it did not ask in full,
the first, too, and what is owed tightens its test (`promise`). An abstention is an answer.

Not owed is what the first stage had not come to when asking stopped: it asks by lot, so that those
asked are a fair sample (`unasked`). That is no excuse for a question that was asked and failed.

The caller may know which stage asked an item in full (`asked`). Votes alone cannot tell who
abstained from who was not asked: then only items with a vote of every judge count as asked in full,
on the pilot and elsewhere, and of the others as many as the pilot's abstentions do not explain
count as owed; who has no vote of the first stage is taken as not asked yet, by lot.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.cascade.asked import heard, judge_of_rater, judges_of
from w2s_judge.cascade.learned import Learned
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Answers:
    """What is known of who was asked.

    asked   : (I,) the last stage that asked in full, from 0, -1 for none; None: read from the votes
    unasked : (I,) items that the first stage had not come to, by lot, when asking stopped. None:
              none where `asked` is known
    """

    learned: Learned
    votes: VoteMatrix
    asked: Ints | None = None
    unasked: Bools | None = None

    def whole(self, stage: int) -> Bools:
        """(I,) items that all stages up to and with this one asked in full."""
        if self.asked is None:
            return _voted(self.votes, self.learned.judges(stage))
        return np.asarray(self.asked >= stage)

    @property
    def by_lot(self) -> Bools:
        """(I,) items that are not owed a question, for a lot said that they come later."""
        if self.unasked is not None:
            return self.unasked
        if self.asked is None:
            return ~heard(self.votes, self.learned.stages[0].judges)
        return np.zeros(self.votes.I, dtype=np.bool_)

    def behind(self, stage: int, came: Bools) -> Bools:
        """(I,) which of the items that came to a stage it did not ask in full, and should have."""
        return came & ~self.whole(stage) & ~self.by_lot

    def owed(self, stage: int, came: Bools, tested: Bools) -> int:
        """How many items a stage was to ask, it or one before it, and did not ask in full.

        came, tested : (I,) items that came there or were left behind before, outside the pilot and
                       held back
        """
        whole, counts = self.whole(stage), ~self.by_lot
        came, told = came & counts, tested & counts
        share = float(whole[told].mean()) if self.asked is None and told.any() else 1.0
        done = np.count_nonzero(came & whole)
        return max(int(np.ceil(share * np.count_nonzero(came) - done - 1e-9)), 0)


def all_asked(learned: Learned, votes: VoteMatrix, *, max_error: float | None) -> Ints | None:
    """(I,) the last stage for all: with a promise, silence is taken for an abstention.

    None without one: what the plan would not ask is not to be read.
    """
    if max_error is None:
        return None
    return np.full(votes.I, len(learned.stages) - 1, dtype=np.int32)


def _voted(votes: VoteMatrix, judges: tuple[str, ...]) -> Bools:
    """(I,) whether each of these judges voted on the item."""
    number = {name: k for k, name in enumerate(judges)}
    place = np.array([number.get(name, -1) for name in judges_of(votes)], dtype=np.int64)
    judge = place[judge_of_rater(votes)[votes.rater]]
    said = np.zeros((votes.I, len(judges)), dtype=np.bool_)
    said[votes.item[judge >= 0], judge[judge >= 0]] = True
    return np.asarray(said.all(axis=1))
