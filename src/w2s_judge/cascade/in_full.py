"""Which items a stage has asked in full, and how many it still owes a question.

What is promised of a stage was tested on pilot items, which had every judge's answer. A ceiling,
Ctrl-C or a judge out of reach leaves items with some answers of a stage or none: their posterior is
of fewer votes than what was tested, and as the most open are asked first, those asked are no fair
sample of those that came there. A judge's abstention is an answer, and the pilot has its share.

The caller may know which stage asked an item in full (`asked`). Votes alone cannot tell who
abstained from who was not asked: then only items with a vote of every judge count as asked in full,
on the pilot and elsewhere, and of the others as many as the pilot's abstentions do not explain
count as owed. At the first stage none is: items are asked by lot there.
"""

from __future__ import annotations

import numpy as np

from w2s_judge.arrays import Bools, Ints
from w2s_judge.cascade.asked import judge_of_rater, judges_of
from w2s_judge.cascade.learned import Learned
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def in_full(
    learned: Learned, votes: VoteMatrix, gold: Gold, stage: int, asked: Ints | None
) -> Bools:
    """(I,) items that all stages up to and with this one asked in full; all of them before 0.

    asked : (I,) the last stage that asked in full, from 0, -1 for none; the pilot always was. None:
            read from the votes
    """
    if asked is None:
        return _voted(votes, learned.judges(stage) if stage >= 0 else ())
    whole = np.asarray(asked >= stage)
    whole[gold.item] = True
    return whole


def owed(
    learned: Learned,
    votes: VoteMatrix,
    gold: Gold,
    stage: int,
    asked: Ints | None,
    going: Bools,
    testing: Bools,
) -> int:
    """How many items a stage after the first was to ask, and did not ask in full.

    going, testing : (I,) items that came there, outside the pilot and held back
    """
    if stage == 0:
        return 0
    before, whole = (in_full(learned, votes, gold, s, asked) for s in (stage - 1, stage))
    came = int(np.count_nonzero(going & before))
    done = int(np.count_nonzero(going & whole))
    told = testing & before
    share = float(whole[told].mean()) if asked is None and told.any() else 1.0
    return max(int(np.ceil(share * came - done - 1e-9)), 0)


def _voted(votes: VoteMatrix, judges: tuple[str, ...]) -> Bools:
    """(I,) whether each of these judges voted on the item."""
    number = {name: k for k, name in enumerate(judges)}
    place = np.array([number.get(name, -1) for name in judges_of(votes)], dtype=np.int64)
    judge = place[judge_of_rater(votes)[votes.rater]]
    said = np.zeros((votes.I, len(judges)), dtype=np.bool_)
    said[votes.item[judge >= 0], judge[judge >= 0]] = True
    return np.asarray(said.all(axis=1))
