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
from w2s_judge.cascade.replay import replay
from w2s_judge.cascade.stage import Stage
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix
from w2s_judge.workflows.cascade_unseen import expected_price, rerun

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
    stage = np.where(kept | ~outside(), 1, 0).astype(np.int32)
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
    known = np.where(half, -1, 1).astype(np.int32)
    for asked, unasked in ((None, None), (known, half)):
        done = finished(PLAN, cut, gold, PROMISE, asked, unasked)
        assert not claims(done)[half].any()
        assert (claims(done) & (done.stage == 0)).any()
        assert later(done).any()
        assert not any("not asked in full" in note for note in done.consensus.notes)


def test_what_was_not_asked_takes_no_room_of_a_budget():
    votes, gold = world()
    half = outside() & (np.random.default_rng(1).random(ITEMS) < 0.5)
    known = np.where(half, -1, 1).astype(np.int32)
    bounded = replace(PLAN, reach=(1.0, 0.05), bounded=True)
    cut = votes.only(~half[votes.item])
    done = finished(bounded, cut, gold, PROMISE, known, half)
    assert (done.came[outside()] == 1).sum() == (done.stage[outside()] == 1).sum() == 30


def test_a_call_of_the_first_stage_that_failed_is_owed_to_the_end():
    """Whether it fails may hang on the item: here it is those that the judge would get right."""
    votes, gold = world()
    whole = finished(PLAN, votes, gold, PROMISE)
    failed = outside() & (np.random.default_rng(1).random(ITEMS) < 0.6)
    cut = without(votes, "a", failed)
    known = np.where(failed, -1, 1).astype(np.int32)
    many = int(failed.sum())
    for asked in (None, known):
        done = finished(PLAN, cut, gold, PROMISE, asked)
        assert not claims(done)[failed].any()
        assert claims(done).sum() < claims(whole).sum() / 4
        told = [note for note in done.consensus.notes if "not asked in full" in note]
        assert len(told) == 2
        assert all(f"{many} items" in note for note in told)
    few = np.isin(np.arange(ITEMS), np.flatnonzero(claims(whole))[:3])
    known = np.where(few, -1, 1).astype(np.int32)
    done = finished(PLAN, without(votes, "a", few), gold, PROMISE, known)
    assert not claims(done)[few].any()
    assert claims(done).sum() > claims(whole).sum() / 2  # three that are owed cost little


def test_a_label_that_lacks_a_vote_is_not_tested_on():
    votes, gold = world()
    known = np.where(np.arange(ITEMS) % 3, 1, -1).astype(np.int32)
    one, other = (
        finished(PLAN, votes, gold, PROMISE, asked, ~outside()).selections[0].labels
        for asked in (np.ones(ITEMS, dtype=np.int32), known)
    )
    _, test = PROMISE.split(votes, gold)
    assert one == test.G
    assert other == (known[test.item] == 1).sum()


THREE = Learned(
    (Stage(("a", "b"), 2.0), Stage(("c",), 3.0), Stage(("d",), 10.0)), (None,) * 3,
    (1.0, 0.8, 0.6), False, JUDGES, (0.1,) * 4, 15.0, 5.0, 0.0, (), "",
)  # fmt: skip


def three_stages(seed, items=3000, pilot=800):
    """Where the cheap judges differ the dear ones err, and mostly together."""
    random = np.random.default_rng(seed)
    label = random.integers(0, 2, items)
    right = random.random((items, 4)) < 0.8
    hard = right[:, 0] != right[:, 1]
    right[:, 2] = random.random(items) < np.where(hard, 0.85, 0.97)
    alone = random.random(items) < np.where(hard, 0.85, 0.97)
    right[:, 3] = np.where(hard & (random.random(items) < 0.95), right[:, 2], alone)
    said = np.where(right, label[:, None], 1 - label[:, None])
    votes = VoteMatrix(
        tuple(f"i{i:04d}" for i in range(items)), JUDGES, ("0", "1"),
        np.repeat(np.arange(items, dtype=np.int32), 4),
        np.tile(np.arange(4, dtype=np.int32), items),
        np.arange(items, dtype=np.int32), (None,) * 4,
        label=said.ravel().astype(np.int32), ordered=False,
    )  # fmt: skip
    gold = Gold(np.arange(pilot, dtype=np.int32), label[:pilot].astype(np.int32), ("0", "1"))
    return votes, gold, hard, label


@pytest.mark.parametrize("known", [True, False])
def test_what_a_middle_stage_left_behind_is_owed_by_the_last(known):
    """It asked the most open alone: the last stage saw no fair sample either."""
    settings = Cascade(max_error=0.05, method=DawidSkene())
    for seed in range(3):
        votes, gold, hard, label = three_stages(seed)
        on = hard | (np.arange(votes.I) < gold.G)
        cut = votes.only(on[votes.item] | (votes.rater < 2))
        asked = np.where(on, 2, 0).astype(np.int32) if known else None
        done = finished(THREE, cut, gold, settings, asked)
        assert done.consensus.decided is not None
        claimed = done.consensus.decided & (np.arange(votes.I) >= gold.G)
        wrong = done.consensus.posterior.argmax(axis=1) != label
        assert not claimed.any() or wrong[claimed].mean() <= 0.05
        *_, note = (note for note in done.consensus.notes if "not asked in full" in note)
        assert note.startswith("stage 3")


def test_three_stages_that_asked_in_full_owe_nothing():
    votes, gold, _, _ = three_stages(1)
    settings = Cascade(max_error=0.05, method=DawidSkene())
    for asked in (None, np.full(votes.I, 2, dtype=np.int32)):
        done = finished(THREE, votes, gold, settings, asked)
        assert done.consensus.decided is not None
        assert done.consensus.decided[gold.G :].sum() > 1000
        assert not any("not asked in full" in note for note in done.consensus.notes)


def test_silence_is_paid_for_and_what_was_not_asked_is_not():
    votes, gold = world()
    random = np.random.default_rng(2)
    silent, mute = random.random((2, ITEMS)) < 0.3
    cut = votes
    for name in ("a", "b"):
        cut = without(cut, name, silent)
    for name in ("c", "d"):
        cut = without(cut, name, mute)
    plan, settings = replace(PLAN, thresholds=(0.9, 0.0)), Cascade(decided=0.9, method=DawidSkene())
    open_ = next(walk(plan, cut, gold, settings, 1)).open
    assert (open_ & mute).sum() > 20
    whole = finished(plan, cut, gold, settings, np.where(open_, 1, 0).astype(np.int32))
    np.testing.assert_array_equal(whole.price[outside()], np.where(open_, 33, 2)[outside()])
    late = np.flatnonzero(open_)[::2]  # asking stopped before these
    ended = np.where(open_ & ~np.isin(np.arange(ITEMS), late), 1, 0).astype(np.int32)
    for name in ("c", "d"):
        cut = without(cut, name, np.isin(np.arange(ITEMS), late))
    part = finished(plan, cut, gold, settings, ended)
    np.testing.assert_array_equal(part.price[outside()], np.where(ended, 33, 2)[outside()])
    alone = finished(plan, cut, gold, settings)  # only who voted is known
    np.testing.assert_array_equal(
        alone.price[outside()],
        np.select([alone.stage == 1, alone.stage == 0], [33.0, 2.0])[outside()],
    )
    assert any("taken as not asked" in note for note in alone.consensus.notes)
    assert not any("taken as not asked" in note for note in part.consensus.notes)


@pytest.mark.parametrize("settings", [Cascade(decided=0.9, method=DawidSkene()), PROMISE])
def test_a_price_to_be_expected_is_what_a_replay_pays(settings):
    """Judges of both stages abstain, and are paid all the same."""
    votes, gold = world()
    random = np.random.default_rng(2)
    cut = votes
    for names in (("a", "b"), ("c", "d")):
        silent = random.random(ITEMS) < 0.3
        for name in names:
            cut = without(cut, name, silent)
    plan = replace(PLAN, thresholds=(0.9, 0.0))
    rest = Gold(np.flatnonzero(outside()).astype(np.int32), np.zeros(ITEMS - PILOT, np.int32),
                gold.classes)  # fmt: skip
    paid = replay("cascade", cut, gold, rest, dict.fromkeys(JUDGES, 1.0), settings, plan)
    found = rerun(plan, cut, gold, settings)
    assert set(found.price) == {2.0, 33.0}
    assert found.price.mean() == pytest.approx(paid.price, rel=0.15)
    assert expected_price(plan, cut, gold, settings) == pytest.approx(found.price.mean())


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
