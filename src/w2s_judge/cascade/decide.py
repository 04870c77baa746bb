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
from w2s_judge.cascade.in_full import Answers, all_asked
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
    came      : (I,) items outside the pilot whose votes of this stage count: open before, or said
                to have been asked
    here      : (I,) those of them that have votes of this stage: their row of `consensus` is of it
    reached   : (I,) the last stage so far that asked about an item and got a vote, -1 without any
    testing   : (I,) held-back gold items that go on with the others; none without `max_error`
    behind    : (I,) items that this stage or one before it should have asked in full and did not;
                none without `max_error`
    selection : the test of this stage, where there is one
    """

    consensus: Consensus
    open: Bools
    order: Ints
    notes: tuple[str, ...]
    came: Bools
    here: Bools
    reached: Ints
    testing: Bools
    behind: Bools
    selection: Selection | None = None


@dataclass(frozen=True, eq=False, slots=True)
class _Before:
    """(I,) each: what a stage is decided from; the names are those of `Decision`."""

    open: Bools
    reached: Ints
    testing: Bools
    behind: Bools


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
    asked = all_asked(learned, votes, max_error=settings.max_error)
    before: Decision | _Before = _at_first(votes, gold, settings)
    if stage:
        *_, before = walk(learned, votes, gold, settings, stage, asked)
    now = _Before(open, before.reached, before.testing, before.behind)
    return _decided(stage, gold, now, settings, Answers(learned, votes, asked))


def walk(
    learned: Learned,
    votes: VoteMatrix,
    gold: Gold,
    settings: Cascade,
    stages: int,
    asked: Ints | None = None,
    unasked: Bools | None = None,
) -> Iterator[Decision]:
    """The decisions of the first so many stages, one after the other, from all votes there are.

    asked, unasked : (I,) see `finished`
    """
    before: Decision | _Before = _at_first(votes, gold, settings)
    answers = Answers(learned, votes, asked, unasked)
    for stage in range(stages):
        found = _decided(stage, gold, before, settings, answers)
        before = found
        yield found


def _at_first(votes: VoteMatrix, gold: Gold, settings: Cascade) -> _Before:
    """All but gold is open; the gold items that are held back are tested on."""
    going, none = np.ones(votes.I, dtype=np.bool_), np.zeros(votes.I, dtype=np.bool_)
    going[gold.item] = False
    held = none.copy()
    held[settings.split(votes, gold)[1].item] = True
    return _Before(going, np.full(votes.I, -1, dtype=np.int32), held, none)


def _decided(
    stage: int, gold: Gold, before: Decision | _Before, settings: Cascade, answers: Answers
) -> Decision:
    learned, votes = answers.learned, answers.votes
    going, testing, behind = before.open, before.testing, before.behind
    fit, test = settings.split(votes, gold)
    known = np.isin(np.arange(votes.I), gold.item)
    read = _read(going, known, stage, settings, answers.asked)
    here = (read | testing) & heard(votes, learned.stages[stage].judges)
    reached = np.where(here, stage, before.reached).astype(np.int32)
    stopped = reached.copy()
    stopped[gold.item] = stage  # the pilot has all votes
    batches = [one.judges for one in learned.stages[: stage + 1]]
    found = stage_posterior(settings.method, votes, fit, batches, stopped, settings.seed)
    sure, selection = _sure(found.posterior), None
    enough = sure >= settings.decided
    if settings.max_error is not None:
        whole = answers.whole(stage)
        lack = answers.owed(stage, (going | behind) & ~known, (testing | behind) & known)
        behind = behind | answers.behind(stage, going | testing)
        test = test.only((testing & here & whole)[test.item])
        selection = _test(learned, votes, found, test, here & going & whole, lack, settings)
        enough = selection.accepts(found.posterior) & whole
        sure = np.where(whole, sure, np.inf)  # nor claimed later: no room of a budget's is theirs
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
        on & going, order[going[order]], notes,
        read, here & ~known, reached, on & testing, behind, selection,
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
        most = go_on_at_most(learned, stage, len(on) - gold.G)
        order = np.asarray(order[np.cumsum(~known[order]) - ~known[order] < most])
    kept = np.zeros(len(on), dtype=np.bool_)
    kept[order] = True
    return kept, order.astype(np.int32)


def go_on_at_most(learned: Learned, stage: int, outside: int) -> int:
    """How many of all items outside the pilot a stage that is not the last lets go on."""
    if not learned.bounded:
        return outside
    return int(learned.reach[stage + 1] * outside + 1e-9)


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
        f"stage {stage + 1} of {many}: {int(here.sum())} items judged, "
        f"{int((on & here).sum())} of them go on ({', '.join(learned.stages[stage].judges)})"
    )
    if selection is None:
        return (told,)
    at = stage_confidence(settings.confidence, many)
    return told, f"stage {stage + 1}, tested at confidence {at:.4g}: {selection.reason}"
