"""Which items are decided after a stage, and which of the others go on.

The same votes, gold and settings give the same decision. Held-back gold is treated as any other
item, so that what is tested at the next stage got there as others did.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from w2s_judge.arrays import Bools, Floats, Ints
from w2s_judge.calibration.metrics import top
from w2s_judge.calibration.selective import Selection
from w2s_judge.cascade.asked import heard
from w2s_judge.cascade.in_full import in_full, owed
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.posterior import stage_posterior
from w2s_judge.cascade.promise import stage_confidence, tested
from w2s_judge.consensus import Consensus
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


@dataclass(frozen=True, eq=False, slots=True)
class Decision:
    """What is known after a stage.

    consensus : of the stage, calibrated; `decided` is False where no label is claimed here
    open      : (I,) goes on to the next stage; never a gold item
    order     : items that are open, the most undecided first (the next stage costs the same for
                each, so that these have most information per price)
    notes     : what a reader must know
    here      : (I,) items whose row of `consensus` is of this stage: open before, with votes, or
                said to have been asked
    reached   : (I,) the last stage so far that asked about an item and got a vote, -1 without any
    testing   : (I,) held-back gold items that go on with the others; none without `max_error`
    selection : the test of this stage, where there is one
    """

    consensus: Consensus
    open: Bools
    order: Ints
    notes: tuple[str, ...]
    here: Bools
    reached: Ints
    testing: Bools
    selection: Selection | None = None


def decide(
    learned: Learned,
    stage: int,
    votes: VoteMatrix,
    gold: Gold,
    open: Bools,  # noqa: A002 (the field's name)
    settings: Cascade,
) -> Decision:
    """After `stage`, counted from 0, has been asked about the items that were `open` (I,).

    votes may hold those of later judges: they are not read. Items that are open and have no vote
    of a judge of this stage (not asked, or silent) stay open; before stage 0 all but gold's are.
    What was asked is taken as asked in full: what is claimed in the end is for `finished` to say.
    """
    asked = None
    if settings.max_error is not None:
        asked = np.full(votes.I, len(learned.stages) - 1, dtype=np.int32)
    testing, reached = _held(votes, gold, settings), _nowhere(votes)
    if stage:
        *_, before = walk(learned, votes, gold, settings, stage, asked)
        testing, reached = before.testing, before.reached
    return _decided(learned, stage, votes, gold, open, testing, reached, settings, asked)


def walk(
    learned: Learned,
    votes: VoteMatrix,
    gold: Gold,
    settings: Cascade,
    stages: int,
    asked: Ints | None = None,
) -> Iterator[Decision]:
    """The decisions of the first so many stages, one after the other, from all votes there are.

    asked : (I,) see `finished`
    """
    going = np.ones(votes.I, dtype=np.bool_)
    going[gold.item] = False
    testing, reached = _held(votes, gold, settings), _nowhere(votes)
    for stage in range(stages):
        found = _decided(learned, stage, votes, gold, going, testing, reached, settings, asked)
        going, testing, reached = found.open, found.testing, found.reached
        yield found


def _nowhere(votes: VoteMatrix) -> Ints:
    return np.full(votes.I, -1, dtype=np.int32)


def _held(votes: VoteMatrix, gold: Gold, settings: Cascade) -> Bools:
    """(I,) gold items that are tested on."""
    held = np.zeros(votes.I, dtype=np.bool_)
    held[settings.split(votes, gold)[1].item] = True
    return held


def _decided(
    learned: Learned,
    stage: int,
    votes: VoteMatrix,
    gold: Gold,
    going: Bools,
    testing: Bools,
    reached: Ints,
    settings: Cascade,
    asked: Ints | None,
) -> Decision:
    fit, test = settings.split(votes, gold)
    known = np.isin(np.arange(votes.I), gold.item)
    read = _read(going, known, stage, settings, asked)
    here = (read | testing) & heard(votes, learned.stages[stage].judges)
    reached = np.where(here, stage, reached).astype(np.int32)
    stopped = reached.copy()
    stopped[gold.item] = stage  # the pilot has all votes
    batches = [one.judges for one in learned.stages[: stage + 1]]
    found = stage_posterior(settings.method, votes, fit, batches, stopped, settings.seed)
    sure, selection = _sure(found.posterior), None
    enough = sure >= settings.decided
    if settings.max_error is not None:
        whole = in_full(learned, votes, gold, stage, asked)
        lack = owed(learned, votes, gold, stage, asked, going, testing)
        test = test.only((testing & here & whole)[test.item])
        selection = _test(learned, votes, found, test, here & going & whole, lack, settings)
        enough = selection.accepts(found.posterior) & whole
    # Who was not asked, or got no answer, is not known better than before: such items come last.
    sure = np.where(here | (reached < 0), sure, np.inf)
    on, order = _going_on(
        learned, stage, sure, (going | testing) & ~(here & enough), gold, settings
    )
    claimed = here & (~on if selection is None else enough)
    claimed |= known
    notes = _notes(learned, stage, here & ~known, on & going, selection, settings)
    return Decision(
        replace(found, decided=claimed),
        on & going, order[going[order]], notes, here & ~known, reached, on & testing, selection,
    )  # fmt: skip


def _test(
    learned: Learned,
    votes: VoteMatrix,
    found: Consensus,
    test: Gold,
    free: Bools,
    lack: int,
    settings: Cascade,
) -> Selection:
    """The test of a stage; see `tested`."""
    if settings.max_error is None:
        raise ValueError("only what is promised is tested")
    return tested(
        found.posterior, test, votes.group, free,
        max_error=settings.max_error, confidence=settings.confidence,
        stages=len(learned.stages), seed=settings.seed, owed=lack,
    )  # fmt: skip


def _read(going: Bools, known: Bools, stage: int, settings: Cascade, asked: Ints | None) -> Bools:
    """(I,) items outside the pilot whose votes of this stage count.

    What a run asked about an item that would now stop sooner is read, too; not with `max_error`,
    where what is claimed of a stage is to have come to it as the items did that it was tested on.
    """
    if asked is None or settings.max_error is not None:
        return going
    return np.asarray(going | (~known & (asked >= stage)))


def _going_on(
    learned: Learned, stage: int, sure: Floats, on: Bools, gold: Gold, settings: Cascade
) -> tuple[Bools, Ints]:
    """(I,) who of those that would go on do, and their numbers, the least sure first.

    A budget lets a share of all items outside the pilot go on; held-back items go on as others do,
    and take no part of that share.
    """
    if stage + 1 == len(learned.stages):
        return np.zeros(len(on), dtype=np.bool_), np.zeros(0, dtype=np.int32)
    lot = np.random.default_rng([settings.seed, stage]).permutation(len(on))
    order = np.flatnonzero(on).astype(np.int32)
    order = np.asarray(order[np.lexsort((lot[order], sure[order]))], dtype=np.int32)
    if learned.bounded:
        known = np.zeros(len(on), dtype=np.bool_)
        known[gold.item] = True
        most = int(learned.reach[stage + 1] * (len(on) - gold.G) + 1e-9)
        order = np.asarray(order[np.cumsum(~known[order]) - ~known[order] < most])
    kept = np.zeros(len(on), dtype=np.bool_)
    kept[order] = True
    return kept, order.astype(np.int32)


def _sure(posterior: Floats) -> Floats:
    """(I,) probability of the top class; 0 where classes are level on top."""
    confidence, level = top(posterior)
    return np.where(level.sum(axis=1) == 1, confidence, 0.0)


def _notes(
    learned: Learned,
    stage: int,
    here: Bools,
    on: Bools,
    selection: Selection | None,
    settings: Cascade,
) -> tuple[str, ...]:
    many = len(learned.stages)
    told = (
        f"stage {stage + 1} of {many}: {int(here.sum())} items judged, {int(on.sum())} go on "
        f"({', '.join(learned.stages[stage].judges)})"
    )
    if selection is None:
        return (told,)
    at = stage_confidence(settings.confidence, many)
    return told, f"stage {stage + 1}, tested at confidence {at:.4g}: {selection.reason}"
