"""On how much the judges all agree, and how often they are wrong all the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Ints
from w2s_judge.audit.part import Figure
from w2s_judge.audit.resample import Resample
from w2s_judge.audit.top_label import NONE
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

NO_GOLD = "no item on which all agree has a gold label"


@dataclass(frozen=True, slots=True)
class Unanimous:
    """Shares.

    agreed : of the items with at least two verdicts, those where all verdicts are the same
    wrong  : of those with a gold label, weighted by its sampling, those where that verdict is wrong
    """

    agreed: Figure
    wrong: Figure


def unanimous(votes: VoteMatrix, verdict: Ints, gold: Gold | None, resample: Resample) -> Unanimous:
    """Votes with one rater a judge; verdict (V,), -1 where a vote has none: it does not count.

    gold : of the classes that verdicts are of; None where there is none, or no such classes
    """
    said = verdict != NONE
    item, verdict = votes.item[said], verdict[said].astype(np.int64)
    count = np.bincount(item, minlength=votes.I)
    total = np.bincount(item, weights=verdict, minlength=votes.I)
    squares = np.bincount(item, weights=verdict**2, minlength=votes.I)
    same = (count >= 2) & (squares * count == total**2)
    heard = np.flatnonzero(count >= 2).astype(np.int32)
    agreed = resample.share(heard, same[heard].astype(np.float64))
    if gold is None:
        return Unanimous(agreed, Figure(None, why="there is no gold"))
    known = same[gold.item]
    if not known.any():
        return Unanimous(agreed, Figure(None, why=NO_GOLD))
    where = gold.item[known]
    wrong = (total[where] / count[where] != gold.label[known]).astype(np.float64)
    return Unanimous(agreed, resample.share(where, wrong, gold.weight[known]))
