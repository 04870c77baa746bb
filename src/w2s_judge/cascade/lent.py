"""Votes lent to items that stopped, so that what judges share is learned from items of all kinds.

Only undecided items have votes of later judges. Methods that learn from the votes themselves (which
judges go together, who errs how) would learn it of these alone, where early judges disagree by
selection: in simulated panels that cost up to four points of accuracy. Which items went on depends
on earlier votes alone, so that later votes are missing at random given these (Rubin 1976): an item
that stopped is lent the later votes of the item of which most alike ones are expected (a hot deck),
out of those that have them all: the pilot's, which are of all kinds, and those that went on. What
is lent shapes the fit; the rows of items that stopped are not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from w2s_judge.arrays import Floats, Ints
from w2s_judge.cascade.asked import judge_of_rater, judges_of, of_judges
from w2s_judge.cascade.views import views
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

MOST_LENDERS, BLOCK = 1000, 4096
NEAREST = 5  # lenders of whom one lends, by lot: what is usual (van Buuren 2018, 3.4.2)
RIDGE = 10.0  # of the regression that says who is like whom, in items


def lent(
    votes: VoteMatrix,
    gold: Gold,
    stages: Sequence[Sequence[str]],
    stopped: Ints,
    seed: int,
) -> VoteMatrix:
    """Votes of the stages so far, those of items that stopped completed.

    stages  : names of the judges that each stage so far added
    stopped : (I,) stage after which an item stopped, the last or more of those that did not
    """
    last, asked = len(stages) - 1, asked_at(votes, stages)
    parts = [votes.only(asked <= np.minimum(last, stopped[votes.item]))]
    complete = np.flatnonzero(stopped >= last).astype(np.int32)
    random = np.random.default_rng([seed, last])
    lenders = _lenders(complete, gold, random)
    for s in range(last):
        takers = np.flatnonzero(stopped == s).astype(np.int32)
        if not len(takers) or not len(lenders):
            continue
        early = [name for batch in stages[: s + 1] for name in batch]
        late = votes.only((asked > s) & (asked <= last))
        like = _nearest(of_judges(votes, early), late, gold, takers, lenders, random)
        parts.append(_copied(late, takers, like))
    return parts[0] if len(parts) == 1 else _joined(parts)


def asked_at(votes: VoteMatrix, stages: Sequence[Sequence[str]]) -> Ints:
    """(V,) the stage that asked for each vote; one more than the last for later judges'."""
    stage_of = {name: s for s, batch in enumerate(stages) for name in batch}
    of_judge = [stage_of.get(name, len(stages)) for name in judges_of(votes)]
    return np.array(of_judge, dtype=np.int32)[judge_of_rater(votes)[votes.rater]]


def _lenders(complete: Ints, gold: Gold, random: np.random.Generator) -> Ints:
    """Gold items, and others by lot up to `MOST_LENDERS`."""
    others = random.permutation(np.setdiff1d(complete, gold.item))
    held = np.intersect1d(complete, gold.item)
    room = max(MOST_LENDERS - len(held), 0)
    return np.asarray(np.concatenate([held, others[:room]]), dtype=np.int32)


def _nearest(
    early: VoteMatrix,
    late: VoteMatrix,
    gold: Gold,
    takers: Ints,
    lenders: Ints,
    random: np.random.Generator,
) -> Ints:
    """(n,) a lender of whom later votes like the taker's are expected, by lot among the nearest.

    Each taker draws for itself: were all that voted alike lent the votes of one item, its errors
    would be taken for what judges share.

    Expected of earlier votes by a ridge regression over the lenders, which holds for the takers,
    too (predictive mean matching, Little 1988).
    """
    lenders = lenders[random.permutation(len(lenders))]
    known = _opinions(early, gold, np.concatenate([takers, lenders]))
    mine, theirs = known[: len(takers)], known[len(takers) :]
    said = _opinions(late, gold, lenders)
    inner = theirs.T @ theirs + RIDGE * np.eye(theirs.shape[1])
    onto = np.linalg.solve(inner, theirs.T @ said)
    mine, theirs = mine @ onto, theirs @ onto
    found = [
        _one_of_the_nearest(mine[start : start + BLOCK], theirs, random)
        for start in range(0, len(takers), BLOCK)
    ]
    return np.asarray(lenders[np.concatenate(found)])


def _one_of_the_nearest(mine: Floats, theirs: Floats, random: np.random.Generator) -> Ints:
    """(n,) for each row of mine (n, P) one of the `NEAREST` rows of theirs, and those level."""
    away = np.round((theirs**2).sum(axis=1) - 2 * mine @ theirs.T, 9)
    last = min(NEAREST, len(theirs)) - 1
    near = away <= np.partition(away, last, axis=1)[:, last, None]
    many = near.cumsum(axis=1)
    lot = np.floor(random.random(len(mine)) * many[:, -1])
    return np.asarray((many > lot[:, None]).argmax(axis=1), dtype=np.int32)


def _opinions(votes: VoteMatrix, gold: Gold, items: Ints) -> Floats:
    """(n, P) views of all judges who vote."""
    seen = views(votes, Gold(items, np.zeros(len(items), dtype=np.int32), gold.classes))
    return seen.of(np.flatnonzero(seen.spoke.any(axis=1)).astype(np.int32))


def _copied(votes: VoteMatrix, takers: Ints, like: Ints) -> VoteMatrix:
    """The votes on `like`, as votes on `takers`."""
    order = np.argsort(votes.item, kind="stable")
    first = np.searchsorted(votes.item[order], np.arange(votes.I + 1))
    many = first[like + 1] - first[like]
    start = np.repeat(first[like], many)
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    taken = votes.only(order[start + within])
    return replace(taken, item=np.repeat(takers, many).astype(np.int32))


def _column(parts: Sequence[NDArray[Any] | None]) -> NDArray[Any] | None:
    given = [one for one in parts if one is not None]
    return np.concatenate(given) if given else None


def _joined(parts: Sequence[VoteMatrix]) -> VoteMatrix:
    first = parts[0]
    return replace(
        first,
        item=np.concatenate([one.item for one in parts]),
        rater=np.concatenate([one.rater for one in parts]),
        label=_column([one.label for one in parts]),
        mass=_column([one.mass for one in parts]),
        weight=_column([one.weight for one in parts]),
    )
