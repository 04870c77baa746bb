"""A cascade that was stopped: what a stage asked in part is not claimed as if it were whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.calibration.selective import FEWEST
from w2s_judge.cascade import learn, promise
from w2s_judge.cascade.decide import decide, walk
from w2s_judge.cascade.finish import finished
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.stage import Stage
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

ITEMS, PILOT = 1200, 600
JUDGES = ("a", "b", "c", "d")
RIGHT = (0.82, 0.82, 0.82, 0.97)
PLAN = Learned(
    (Stage(("a", "b"), 2.0), Stage(("c", "d"), 31.0)), (None, None), (1.0, 1.0), False, JUDGES,
    (0.1,) * 4, 33.0, 33.0, 0.1, (), "",
)  # fmt: skip
PROMISE = Cascade(max_error=0.2, method=DawidSkene())


def world(seed=0):
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, ITEMS)
    said = [np.where(random.random(ITEMS) < one, label, 1 - label) for one in RIGHT]
    votes = VoteMatrix(
        tuple(f"i{i:03d}" for i in range(ITEMS)), JUDGES, ("0", "1"),
        np.tile(np.arange(ITEMS, dtype=np.int32), 4),
        np.repeat(np.arange(4, dtype=np.int32), ITEMS),
        np.arange(ITEMS, dtype=np.int32), (None,) * 4,
        label=np.concatenate(said).astype(np.int32), ordered=False,
    )  # fmt: skip
    pilot = np.arange(PILOT, dtype=np.int32)
    return votes, Gold(pilot, label[:PILOT].astype(np.int32), ("0", "1"))


def without(votes, judge, items):
    """The votes but this judge's on these items (I,)."""
    return votes.only(~((votes.rater == JUDGES.index(judge)) & items[votes.item]))


def outside():
    return np.arange(ITEMS) >= PILOT


def claims(done):
    assert done.consensus.decided is not None
    return done.consensus.decided & outside()


def later(done):
    """(I,) claimed at the second stage."""
    return claims(done) & (done.stage == 1)


@pytest.mark.parametrize("known", [True, False])
def test_what_is_claimed_of_a_stage_asked_in_part_keeps_the_promise(known):
    """Whichever items were asked: here the wrong ones first, half of what came there."""
    broken = 0
    for seed in range(150):
        random = np.random.default_rng(seed)
        sure = random.uniform(0.7, 1.0, 1200)
        wrong = random.random(1200) < 1 - sure
        posterior = np.stack([sure, 1 - sure], axis=1)
        test = Gold(np.arange(200, dtype=np.int32), wrong[:200].astype(np.int32), ("0", "1"))
        rest = np.arange(200, 1200)
        asked = np.zeros(1200, dtype=np.bool_)
        asked[rest[np.argsort(-wrong[rest].astype(float) * sure[rest])[:700]]] = True
        found = promise.tested(
            posterior, test, np.arange(1200), asked, max_error=0.1, confidence=0.9, stages=1,
            seed=0, owed=300 if known else 0,
        )  # fmt: skip
        claimed = asked & found.accepts(posterior)
        broken += bool(claimed.any()) and wrong[claimed].mean() > 0.1
    assert (broken / 150 <= 0.1 + 2 * np.sqrt(0.09 / 150)) == known


def test_a_judge_that_answered_on_the_pilot_alone_leaves_nothing_to_claim():
    votes, gold = world()
    whole = finished(PLAN, votes, gold, PROMISE)
    assert later(whole).sum() > 80
    done = finished(PLAN, without(votes, "d", outside()), gold, PROMISE)
    assert not later(done).any()
    np.testing.assert_array_equal(claims(done), claims(whole) & (whole.stage == 0))
    assert done.consensus.support[outside()].max() == 3  # judge c is read all the same


def test_items_that_lack_a_judge_of_the_stage_are_not_claimed_there():
    votes, gold = world()
    whole = finished(PLAN, votes, gold, PROMISE)
    few = np.isin(np.arange(ITEMS), np.flatnonzero(later(whole))[:4])
    done = finished(PLAN, without(votes, "d", few), gold, PROMISE)
    assert not claims(done)[few].any()
    assert later(done).sum() > 80  # four items that are owed cost little
    assert any("4 items not asked in full" in note for note in done.consensus.notes)


def test_a_stage_that_asked_the_most_open_alone_claims_nothing():
    votes, gold = world()
    first = next(walk(PLAN, votes, gold, PROMISE, 1))
    kept = np.zeros(ITEMS, dtype=np.bool_)
    kept[first.order[: len(first.order) * 3 // 10]] = True
    cut = without(without(votes, "c", outside() & ~kept), "d", outside() & ~kept)
    stage = np.where(kept, 1, 0).astype(np.int32)
    for asked in (None, stage):
        done = finished(PLAN, cut, gold, PROMISE, asked)
        assert not later(done).any()
        assert claims(done).any()
        assert any("not asked in full" in note for note in done.consensus.notes)


def test_an_abstention_is_no_missing_question():
    """Votes alone claim what has every vote; who knows what was asked claims the others, too."""
    votes, gold = world()
    silent = np.random.default_rng(0).random(ITEMS) < 0.15
    cut = without(votes, "c", silent)
    alone = finished(PLAN, cut, gold, PROMISE)
    assert not later(alone)[silent].any()
    assert later(alone).sum() > 40
    known = finished(PLAN, cut, gold, PROMISE, np.ones(ITEMS, dtype=np.int32))
    assert later(known)[silent].any()
    assert not any("not asked in full" in note for note in known.consensus.notes)


def test_a_first_stage_asked_in_part_was_asked_by_lot():
    votes, gold = world()
    half = outside() & (np.random.default_rng(1).random(ITEMS) < 0.5)
    cut = votes
    for name in JUDGES:
        cut = without(cut, name, half)
    done = finished(PLAN, cut, gold, PROMISE)
    assert not claims(done)[half].any()
    assert (claims(done) & (done.stage == 0)).any()
    assert later(done).any()
    assert not any("not asked in full" in note for note in done.consensus.notes)


def test_what_was_asked_is_read_though_the_item_would_now_stop_sooner():
    votes, gold = world()
    plan = replace(PLAN, thresholds=(0.9, 0.0))
    settings = Cascade(decided=0.9, method=DawidSkene())
    first = decide(plan, 0, votes, gold, outside(), settings)
    stops = outside() & ~first.open
    extra = np.isin(np.arange(ITEMS), np.flatnonzero(stops)[:30])
    asked = np.where(first.open | extra, 1, 0).astype(np.int32)
    done = finished(plan, votes, gold, settings, asked)
    np.testing.assert_array_equal(done.stage[outside()], asked[outside()])
    assert (done.consensus.support[extra] == 4).all()
    assert (done.price[extra] == 33).all()
    assert (finished(plan, votes, gold, settings).stage[extra] == 0).all()
    # what is promised of a stage is of those that came to it by its rule
    bound = finished(PLAN, votes, gold, PROMISE, np.ones(ITEMS, dtype=np.int32))
    plain = finished(PLAN, votes, gold, PROMISE)
    np.testing.assert_array_equal(bound.stage, plain.stage)
    np.testing.assert_array_equal(claims(bound), claims(plain))


def test_labels_to_test_on_are_counted_after_thinning():
    votes, gold = world()
    chosen = np.where(np.arange(PILOT) % 3, 1.0, 0.05)
    uneven = replace(gold, chosen=chosen)
    many, left = (learn.testable(one, votes.group, PROMISE) for one in (gold, uneven))
    assert many == PILOT // 2
    assert left < PILOT / 4
    assert learn.testable(gold, votes.group, Cascade()) == 0
    assert finished(PLAN, votes, uneven, PROMISE).selections[0].labels == left


def test_labels_that_thinning_takes_are_not_split_over_stages():
    votes, gold = world()
    price = dict(zip(JUDGES, (1.0, 1.0, 1.0, 30.0), strict=True))
    thin = replace(gold, chosen=np.where(np.arange(PILOT) % 10, 1.0, 0.05))
    assert learn.testable(thin, votes.group, PROMISE) < 2 * FEWEST
    assert len(PROMISE.learn(votes, gold, price).stages) > 1
    assert len(PROMISE.learn(votes, thin, price).stages) == 1
