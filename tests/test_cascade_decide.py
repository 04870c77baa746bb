"""Decisions after a stage and the last word: by votes and pilot alone, and asked once at most."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.cascade.asked import about, heard, of_judges
from w2s_judge.cascade.decide import decide, walk
from w2s_judge.cascade.finish import finished
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.learned import Learned
from w2s_judge.cascade.lent import lent
from w2s_judge.cascade.stage import Stage
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix

ITEMS, PILOT = 300, 80
CHEAP = DawidSkene()  # milliseconds a fit
PRICE = {"a": 1.0, "b": 1.0, "c": 6.0}


def world(classes=2, seed=0):
    """Judges a and b, right in .7, and the dear c, right in .92."""
    random = np.random.default_rng(seed)
    label = random.integers(0, classes, ITEMS).astype(np.int32)
    said = []
    for share in (0.7, 0.7, 0.92):
        other = (label + random.integers(1, classes, ITEMS)) % classes
        said.append(np.where(random.random(ITEMS) < share, label, other))
    names = tuple(map(str, range(classes)))
    votes = VoteMatrix(
        tuple(f"i{i:03d}" for i in range(ITEMS)), tuple(PRICE), names,
        np.tile(np.arange(ITEMS, dtype=np.int32), 3),
        np.repeat(np.arange(3, dtype=np.int32), ITEMS),
        np.arange(ITEMS, dtype=np.int32), (None,) * 3,
        label=np.concatenate(said).astype(np.int32), ordered=False,
    )  # fmt: skip
    pilot = np.arange(PILOT, dtype=np.int32)
    return votes, Gold(pilot, label[:PILOT], names), label


def plan(*batches, thresholds, reach=None, bounded=False):
    stages = tuple(Stage(tuple(one), sum(PRICE[name] for name in one)) for one in batches)
    order = tuple(name for one in batches for name in one)
    shares = (1.0,) * len(stages) if reach is None else reach
    return Learned(
        stages, thresholds, shares, bounded, order, (0.1,) * len(order), 8.0, 8.0, 0.1, (), ""
    )  # fmt: skip


TWO = plan("ab", "c", thresholds=(0.8, 0.0))


def outside(votes):
    return np.arange(votes.I) >= PILOT


@pytest.mark.parametrize("classes", [2, 3])
def test_those_who_are_sure_stop_and_the_others_go_on(classes):
    votes, gold, label = world(classes)
    settings = Cascade(decided=0.8, method=CHEAP)
    first = decide(TWO, 0, votes, gold, outside(votes), settings)
    top = first.consensus.posterior.max(axis=1)
    np.testing.assert_array_equal(first.open[PILOT:], top[PILOT:] < 0.8)
    assert first.open.any()
    assert not first.open[:PILOT].any()
    assert (np.diff(top[first.order]) >= 0).all()
    assert sorted(first.order) == list(np.flatnonzero(first.open))
    assert first.consensus.decided is not None
    np.testing.assert_array_equal(first.consensus.decided[PILOT:], ~first.open[PILOT:])
    last = decide(TWO, 1, votes, gold, first.open, settings)
    assert not last.open.any()
    done = finished(TWO, votes, gold, settings).consensus
    assert (done.posterior.argmax(axis=1) == label)[PILOT:].mean() > 0.8
    np.testing.assert_array_equal(done.posterior[gold.item], np.eye(classes)[gold.label])


def test_a_stage_reads_neither_later_judges_nor_items_that_stopped():
    votes, gold, _ = world()
    settings = Cascade(decided=0.8)
    first = decide(TWO, 0, votes, gold, outside(votes), settings)
    blind = decide(TWO, 0, of_judges(votes, "ab"), gold, outside(votes), settings)
    np.testing.assert_array_equal(first.consensus.posterior, blind.consensus.posterior)
    asked = votes.only((votes.rater < 2) | first.open[votes.item] | (votes.item < PILOT))
    whole, honest = finished(TWO, votes, gold, settings), finished(TWO, asked, gold, settings)
    np.testing.assert_array_equal(whole.consensus.posterior, honest.consensus.posterior)
    np.testing.assert_array_equal(whole.stage, honest.stage)
    assert whole.consensus.notes == honest.consensus.notes


def test_prices_are_of_what_was_asked():
    votes, gold, _ = world()
    done = finished(TWO, votes, gold, Cascade(decided=0.8, method=CHEAP))
    price = np.where(done.stage == 0, 2.0, 8.0)
    np.testing.assert_array_equal(done.price[PILOT:], price[PILOT:])
    np.testing.assert_array_equal(done.price[:PILOT], TWO.full_price)
    assert any("mean price" in note for note in done.consensus.notes)
    assert done.consensus.decided is None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_a_budget_lets_so_many_go_on_and_no_more(share):
    votes, gold, _ = world()
    learned = plan("ab", "c", thresholds=(0.7, 0.0), reach=(1.0, share), bounded=True)
    settings = Cascade(budget=2 + 6 * share, method=CHEAP)
    first = decide(learned, 0, votes, gold, outside(votes), settings)
    assert first.open.sum() == int(share * (ITEMS - PILOT) + 1e-9)
    done = finished(learned, votes, gold, settings)
    assert done.price[PILOT:].mean() <= 2 + 6 * share + 1e-9
    if share:
        top = first.consensus.posterior.max(axis=1)
        stopped = outside(votes) & ~first.open
        assert top[first.open].max() <= top[stopped].min()


def test_a_budget_that_ends_early_leaves_the_first_of_the_order_asked():
    """What was asked ends as the plan says; the others keep what they had."""
    votes, gold, _ = world()
    settings = Cascade(decided=0.8, method=CHEAP)
    first = decide(TWO, 0, votes, gold, outside(votes), settings)
    some = np.zeros(ITEMS, dtype=np.bool_)
    some[first.order[:20]] = True
    asked = votes.only((votes.rater < 2) | some[votes.item] | (votes.item < PILOT))
    done = finished(TWO, asked, gold, settings)
    assert (done.stage[PILOT:] == 1).sum() == 20
    assert done.price[PILOT:].sum() == pytest.approx(2 * (ITEMS - PILOT) + 6 * 20)
    kept = outside(votes) & ~some
    np.testing.assert_array_equal(done.consensus.posterior[kept], first.consensus.posterior[kept])


def test_three_stages_go_their_way_step_by_step_as_at_once():
    votes, gold, _ = world()
    learned = plan("a", "b", "c", thresholds=(0.85, 0.85, 0.0))
    settings = Cascade(decided=0.85, method=CHEAP)
    going = outside(votes)
    steps = []
    for stage in range(3):
        steps.append(decide(learned, stage, votes, gold, going, settings))
        assert not (steps[-1].open & ~going).any()
        going = steps[-1].open
    for one, other in zip(steps, walk(learned, votes, gold, settings, 3), strict=True):
        np.testing.assert_array_equal(one.open, other.open)
        np.testing.assert_array_equal(one.consensus.posterior, other.consensus.posterior)


def test_an_item_nobody_votes_on_goes_on_and_ends_at_the_prior():
    votes, gold, _ = world()
    silent = votes.only(votes.item != ITEMS - 1)
    settings = Cascade(decided=0.8, method=CHEAP)
    assert decide(TWO, 0, silent, gold, outside(votes), settings).open[-1]
    done = finished(TWO, silent, gold, settings)
    assert done.stage[-1] == -1
    assert done.consensus.support[-1] == 0
    np.testing.assert_allclose(done.consensus.posterior[-1], 0.5, atol=0.1)


def test_a_method_may_be_named():
    votes, gold, _ = world()
    named = finished(TWO, votes, gold, Cascade(decided=0.8, method="dawid-skene")).consensus
    given = finished(TWO, votes, gold, Cascade(decided=0.8, method=DawidSkene())).consensus
    np.testing.assert_array_equal(named.posterior, given.posterior)
    assert named.method == "cascade:dawid-skene"


def test_a_judge_is_all_its_raters():
    votes, _, _ = world()
    paired = replace(votes, judge=("x", "x", "y"), order=("ab", "ba", None))
    assert set(of_judges(paired, ("x",)).rater) == {0, 1}
    few = about(paired, np.arange(ITEMS) < 3)
    np.testing.assert_array_equal(heard(few, ("y",)), np.arange(ITEMS) < 3)


def test_items_that_stopped_are_lent_the_votes_they_have_not():
    votes, gold, _ = world()
    stopped = np.where(np.arange(ITEMS) % 3 == 0, 0, 1).astype(np.int32)
    stopped[gold.item] = 1
    whole = lent(votes, gold, (("a", "b"), ("c",)), stopped, 0)
    assert (whole.support == 3).all()
    assert whole.V == votes.V
    own = votes.only((votes.rater < 2) | (stopped[votes.item] == 1))
    assert set(zip(own.item, own.rater, own.label, strict=True)) <= set(
        zip(whole.item, whole.rater, whole.label, strict=True)
    )
    turned = replace(votes, label=np.where(
        (votes.rater == 2) & (stopped[votes.item] == 0), 1 - votes.label, votes.label
    ).astype(np.int32))  # fmt: skip
    other = lent(turned, gold, (("a", "b"), ("c",)), stopped, 0)
    np.testing.assert_array_equal(whole.label, other.label)  # what was not asked is not read


def test_what_is_lent_keeps_the_shares_of_a_later_judge():
    """Of the undecided alone the dear judge agrees with the cheap ones by chance."""
    votes, gold, _ = world()
    first = decide(TWO, 0, votes, gold, outside(votes), Cascade(decided=0.7, method=CHEAP))
    stopped = np.where(first.open, 1, 0).astype(np.int32)
    stopped[gold.item] = 1
    said = [lent(votes, gold, (("a", "b"), ("c",)), stopped, 0), votes]
    said.append(about(votes, first.open))
    agree = []
    for one in said:
        label = {(i, j): c for i, j, c in zip(one.item, one.rater, one.label, strict=True)}
        agree.append(np.mean([label[i, 0] == label[i, 2] for i in np.unique(one.item)]))
    assert abs(agree[0] - agree[1]) < 0.06
    assert abs(agree[2] - agree[1]) > 0.08


def test_items_that_voted_alike_are_lent_by_many():
    """The votes of one item lent to all of them would pass for what judges share."""
    votes, gold, _ = world()
    stopped = np.where(np.arange(ITEMS) < PILOT + 60, 1, 0).astype(np.int32)
    whole = lent(votes, gold, (("a", "b"), ("c",)), stopped, 0)
    said = np.zeros((3, ITEMS), dtype=np.int32)
    said[whole.rater, whole.item] = whole.label
    for first, second in ((0, 0), (1, 1)):
        alike = (said[0] == first) & (said[1] == second)
        own, others = (said[2][alike & (stopped == s)].mean() for s in (1, 0))
        assert 0 < others < 1
        assert abs(own - others) < 0.12
