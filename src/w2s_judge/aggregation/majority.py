"""The majority of hard votes: ties are ties, and a silent judge is no yes.

crowd-kit breaks ties by the order of the labels (its issue 108), and a vote share among those who
spoke is taken for a majority. Here two level classes are no label; and the strict form claims a
label only where more than half of the declared panel, the silent ones counted, voted for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from w2s_judge.aggregation.contract import Law, Method
from w2s_judge.aggregation.shares import class_of_label, class_sums, top_shares, with_prior
from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.class_mass import item_sums, onto_classes
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

HAIR = 1e-9  # more than half means by more than this
DENSE = 8  # pairs of item and rater a vote: up to here they are counted, beyond sorted


@dataclass(frozen=True, slots=True)
class Majority:
    """One vote, one class: a soft vote counts for its top class, split evenly where level.

    The posterior is the share of the votes (by their weight). `Consensus.decided` says where a
    label is claimed:

    strict : True: where more than half of all J raters of the matrix voted for one class, each
             with one voice however often it voted, whatever its votes weigh. A rater who never
             votes therefore raises the bar. False: where one class has more votes than any other.

    Gold items are decided, items without a vote are not.
    """

    strict: bool = True

    def __call__(self, votes: VoteMatrix, gold: Gold | None = None, /) -> Consensus:
        """(I, C) vote shares and (I,) `decided`.

        Raises `ConfigurationError` where the labels' classes are not known and have no order.
        """
        truth = votes.truth_with(gold)
        of_label, assumed = class_of_label(votes, truth)
        weight = np.ones(votes.V) if votes.weight is None else votes.weight
        total = _voices(votes, of_label, truth.C, weight)
        posterior, prior, source = with_prior(total, truth, gold)
        voted = votes.support > 0
        top = top_shares(total).max(axis=1)
        tied = voted & (top < 1)
        if self.strict:
            raters = _voices(votes, of_label, truth.C, 1 / _times(votes))
            decided = voted & (raters > votes.J / 2 + HAIR).any(axis=1)
        else:
            decided = voted & ~tied
        if gold is not None:
            decided[gold.item] = True
        return Consensus(
            posterior, truth.classes, votes.support, "majority", "none", prior, source,
            decided=decided, settings=repr(self),
            notes=(*self._notes(votes, decided, tied & ~decided), *assumed),
        )  # fmt: skip

    def _notes(self, votes: VoteMatrix, decided: Bools, tied: Bools) -> tuple[str, ...]:
        notes = []
        if tied.any():
            notes.append(
                f"{tied.sum()} of {votes.I} items are level between two or more classes: "
                "no label is claimed for them"
            )
        if self.strict:
            notes.append(
                f"{decided.sum()} of {votes.I} items have more than half of the declared panel of "
                f"{votes.J} raters behind one class (or gold), silent raters counted; no label is "
                "claimed for the others"
            )
        return tuple(notes)


def _voices(votes: VoteMatrix, of_label: Ints, C: int, weight: Floats) -> Floats:  # noqa: N803
    """(I, C) sums over an item's votes of weight, each vote on its top class."""
    if votes.label is not None:
        return class_sums(votes, of_label, C, weight)
    return item_sums(votes, top_shares(onto_classes(votes, of_label, C)) * weight[:, None])


def _times(votes: VoteMatrix) -> Ints:
    """(V,) how often the vote's rater voted on its item."""
    pair = votes.item.astype(np.int64) * votes.J + votes.rater
    if votes.I * votes.J <= DENSE * votes.V:
        return np.asarray(np.bincount(pair)[pair], dtype=np.int32)
    _, which, times = np.unique(pair, return_inverse=True, return_counts=True)
    return np.asarray(times[which], dtype=np.int32)


METHOD = Method(
    "majority",
    "majority of the declared panel; ties and silence claim no label",
    Majority,
    frozenset(Law) - {Law.CLIMBS, Law.MUTE},
)
