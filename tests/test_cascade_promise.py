"""The promised error is kept over the stages, in a simulation whose truth is known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

from cascade_parts.promise import FIXED, MAX_ERROR, PRICE, kept, world

from w2s_judge.aggregation.mean import Mean
from w2s_judge.cascade.decide import decide, walk
from w2s_judge.cascade.finish import finished
from w2s_judge.cascade.learn import Cascade
from w2s_judge.cascade.promise import stage_confidence

SETTINGS = Cascade(max_error=MAX_ERROR, method=Mean(scale=None))


def test_the_promise_is_kept():
    found = kept(150, items=450)
    assert found.violated <= found.bound
    assert found.claimed > 0.4  # the promise is not kept by claiming nothing
    assert found.later > 0.3
    assert found.price < 0.9


def test_the_bound_is_split_over_the_stages():
    assert stage_confidence(0.9, 1) == pytest.approx(0.9)
    assert stage_confidence(0.9, 4) == pytest.approx(0.975)
    votes, gold, _ = world(600, 300, 1)
    done = finished(FIXED, votes, gold, SETTINGS)
    assert len(done.selections) == 3
    assert any("tested at confidence 0.9667" in note for note in done.consensus.notes)


def test_what_is_tested_reached_the_stage_as_others_did():
    votes, gold, _ = world(600, 300, 1)
    fit, test = SETTINGS.split(votes, gold)
    steps = list(walk(FIXED, votes, gold, SETTINGS, 3))
    before = np.zeros(votes.I, dtype=np.bool_)
    before[test.item] = True
    for one in steps:
        assert one.selection is not None
        assert one.selection.labels == before.sum()
        assert not one.testing[fit.item].any()
        assert not (one.testing & one.open).any()
        claimed = before & ~one.testing
        sure = one.consensus.posterior.max(axis=1)
        if one.selection.value is not None and one.open.any():
            assert (sure[claimed] >= one.selection.value).all()
            assert (sure[one.testing] < one.selection.value).all()
        before = one.testing


def test_a_decision_by_itself_is_that_of_the_walk():
    votes, gold, _ = world(500, 300, 2)
    steps = list(walk(FIXED, votes, gold, SETTINGS, 2))
    alone = decide(FIXED, 1, votes, gold, steps[0].open, SETTINGS)
    np.testing.assert_array_equal(alone.open, steps[1].open)
    np.testing.assert_array_equal(alone.testing, steps[1].testing)
    assert alone.selection == steps[1].selection


def test_no_claim_where_nothing_can_be_promised():
    votes, gold, _ = world(400, 300, 3)
    strict = Cascade(max_error=0.005, method=Mean(scale=None))
    done = finished(FIXED, votes, gold, strict)
    assert done.consensus.decided is not None
    outside = np.arange(400) >= 300
    assert not done.consensus.decided[outside].any()
    assert done.consensus.decided[gold.item].all()
    assert done.price[outside].mean() == sum(PRICE.values())


def test_the_labels_of_held_back_items_decide_of_thresholds_alone():
    """Turned round they change no posterior of the first stage, and nothing that is learned."""
    votes, gold, _ = world(400, 200, 4)
    _, test = SETTINGS.split(votes, gold)
    label = gold.label.copy()
    held = np.isin(gold.item, test.item)
    label[held] = 1 - label[held]
    turned = type(gold)(gold.item, label, gold.classes)
    assert SETTINGS.learn(votes, turned, PRICE) == SETTINGS.learn(votes, gold, PRICE)
    one, other = (next(walk(FIXED, votes, which, SETTINGS, 1)) for which in (gold, turned))
    np.testing.assert_array_equal(one.consensus.posterior, other.consensus.posterior)
    assert other.selection is not None
    assert other.selection.value is None


def test_few_held_back_labels_are_not_split_over_stages_that_could_claim_nothing():
    votes, gold, _ = world(400, 60, 5)
    assert len(SETTINGS.learn(votes, gold, PRICE).stages) == 1
