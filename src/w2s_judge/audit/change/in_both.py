"""What two sets of votes under one rubric have in common: items by name, judgements by judge.

Letters: I items and N judges of the new votes, m of what is in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from w2s_judge.arrays import Floats, Ints
from w2s_judge.audit.panel import Panel
from w2s_judge.votes import VoteMatrix

ABSENT = -1


@dataclass(frozen=True, eq=False, slots=True)
class InBoth:
    """What the old votes' items and judges are in the new ones.

    item  : (items of the old votes,) index into the new items, -1 where there is none
    judge : (judges of the old votes,) index into the new judges, -1 where there is none
    """

    item: Ints
    judge: Ints

    @classmethod
    def of(cls, new: Panel, old: Panel) -> InBoth:
        """Match items by name and positions (by name alone where one lacks them)."""
        number = {name: j for j, name in enumerate(new.judges)}
        judge = [number.get(name, ABSENT) for name in old.judges]
        return cls(_items(new.votes, old.votes), np.array(judge, dtype=np.int32))


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """Judgements in both runs.

    item, judge : (m,) indices into the new items and judges
    new, old    : (m,) where they are among the rows of either run
    """

    item: Ints
    judge: Ints
    new: Ints
    old: Ints

    @classmethod
    def of(cls, found: InBoth, new: tuple[Ints, Ints], old: tuple[Ints, Ints]) -> Judged:
        """Match rows of (item, judge), each pair at most once in a run."""
        size = 1 + int(max(new[1].max(initial=0), found.judge.max(initial=0)))
        item, judge = found.item[old[0]], found.judge[old[1]]
        known = np.flatnonzero((item >= 0) & (judge >= 0))
        theirs = item[known].astype(np.int64) * size + judge[known]
        mine = new[0].astype(np.int64) * size + new[1]
        key, at_new, at_old = np.intersect1d(mine, theirs, assume_unique=True, return_indices=True)
        same_item, same_judge = np.divmod(key, size)
        return cls(
            same_item.astype(np.int32), same_judge.astype(np.int32),
            at_new.astype(np.int32), known[at_old].astype(np.int32),
        )  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Silence:
    """Of each item and judge that was asked: (k,) the share of answers that were no vote."""

    item: Ints
    judge: Ints
    share: Floats

    @classmethod
    def of(cls, panel: Panel) -> Silence | None:
        """From the votes and the ledger; None where no abstention was kept (a file of votes)."""
        votes, ledger = panel.votes, panel.ledger
        if not len(ledger.item) and not ledger.calls:
            return None
        judges, of_rater = max(len(panel.judges), 1), panel.judge_of_rater
        item = np.concatenate([votes.item, ledger.item]).astype(np.int64)
        rater = np.concatenate([votes.rater, ledger.rater])
        silent = (np.arange(len(item)) >= votes.V).astype(np.float64)
        key, place, many = np.unique(
            item * judges + of_rater[rater], return_inverse=True, return_counts=True
        )
        share = np.bincount(place, weights=silent, minlength=len(key)) / many
        asked, judge = np.divmod(key, judges)
        return cls(asked.astype(np.int32), judge.astype(np.int32), np.asarray(share))


def _items(new: VoteMatrix, old: VoteMatrix) -> Ints:
    placed = new.positions is not None and old.positions is not None
    number: dict[tuple[str, tuple[int, ...]], int] = {}
    for k, key in enumerate(_names(new, placed)):
        number.setdefault(key, k)
    # A name that stands for several items of the old votes is taken once.
    found = [number.pop(key, ABSENT) for key in _names(old, placed)]
    return np.array(found, dtype=np.int32)


def _names(votes: VoteMatrix, placed: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    if not placed or votes.positions is None:
        return ((name, ()) for name in votes.items)
    places = votes.positions.tolist()
    return ((name, tuple(place)) for name, place in zip(votes.items, places, strict=True))
