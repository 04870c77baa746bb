"""Selective labels: what is promised is kept, and nothing is exported where nothing can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from w2s_judge.calibration.selective import (
    FEWEST,
    first_test,
    held_back,
    threshold,
    uniform_sample,
    upper_bound,
)
from w2s_judge.gold import Gold

REPLICATIONS = 2000


def two(p):
    return np.stack([1 - p, p], axis=1)


@given(st.integers(1, 300), st.data(), st.sampled_from([0.8, 0.9, 0.95]))
def test_the_bound_inverts_the_binomial(n, data, confidence):
    errors = data.draw(st.integers(0, n))
    bound = float(upper_bound(np.array([errors]), np.array([n]), confidence)[0])
    if errors == n:
        assert bound == 1
    else:
        assert binom.cdf(errors, n, bound) == pytest.approx(1 - confidence, abs=1e-8)


def test_the_first_test_has_room_for_one_error():
    first = first_test(0.1, 0.9)
    assert first == 38
    assert upper_bound(np.array([1, 1]), np.array([first, first - 1]), 0.9) == pytest.approx(
        [0.0985, 0.1011], abs=1e-4
    )
    assert first_test(0.5, 0.9) == FEWEST


def simulated(confidence, chance, labels, *, chosen_of=None, thinned=True):
    """Share of replications whose threshold has a true error above .1; mean coverage.

    A population of confidences, each item wrong with a known chance; labelled items are drawn anew
    each time, uniformly or with the probabilities `chosen_of`.
    """
    random = np.random.default_rng(0)
    items = len(confidence)
    broken, coverage = 0, 0.0
    for replication in range(REPLICATIONS):
        if chosen_of is None:
            drawn, chosen = random.integers(items, size=labels), None
        else:
            drawn = np.flatnonzero(random.random(items) < chosen_of)
            chosen = chosen_of[drawn] if thinned else None
        wrong = random.random(len(drawn)) < chance[drawn]
        found = threshold(
            two(confidence[drawn]), 1 - wrong.astype(np.int32), 0.1, 0.9,
            among=two(confidence), chosen=chosen, seed=replication,
        )  # fmt: skip
        accepted = found.accepts(two(confidence))
        if accepted.any():
            broken += chance[accepted].mean() > 0.1
            coverage += accepted.mean()
    return broken / REPLICATIONS, coverage / REPLICATIONS


# Monte-Carlo standard error of .10 from 2,000 replications: .0067
PROMISED = 0.1 + 2 * 0.0067
SURE = np.random.default_rng(1).beta(4, 1, 1000) / 2 + 0.5


def test_the_promise_is_kept_by_an_honest_forecaster():
    broken, coverage = simulated(SURE, 1 - SURE, 300)
    assert broken <= PROMISED
    assert coverage > 0.6


def test_the_promise_is_kept_where_the_forecaster_is_over_confident():
    """Wrong 2.3 times as often as it says: right in .77 where it claims .9."""
    broken, coverage = simulated(SURE, np.clip(2.3 * (1 - SURE), 0, 1), 300)
    assert broken <= PROMISED
    assert 0.05 < coverage < 0.5


def test_the_promise_is_kept_on_the_edge():
    """Error exactly at the limit in the sure half and above it below: the hardest case."""
    chance = np.where(np.median(SURE) < SURE, 0.1001, 0.3)
    broken, _ = simulated(SURE, chance, 300)
    assert broken <= PROMISED
    assert broken > 0.02  # the test is not idle: most of what is promised is used


def test_nothing_is_exported_where_no_threshold_qualifies():
    broken, _ = simulated(SURE, np.full(len(SURE), 0.25), 300)
    assert broken <= 0.01
    label = (np.arange(300) % 4 > 0).astype(np.int32)
    found = threshold(two(SURE[:300]), label, 0.1, 0.9)
    assert found.value is None
    assert "no threshold keeps errors to 0.1" in found.reason
    assert not found.accepts(two(SURE)).any()


def test_labels_of_unequal_chance_are_thinned():
    """Easy items labelled five times as often: their few errors promise nothing for the rest."""
    easy = np.random.default_rng(2).random(len(SURE)) < 0.5
    chance = np.where(easy, 0.04, 0.2)  # .12 of all, whatever the confidence
    chosen = np.where(easy, 0.8, 0.16)
    broken, _ = simulated(SURE, chance, 0, chosen_of=chosen)
    assert broken <= PROMISED
    fooled, _ = simulated(SURE, chance, 0, chosen_of=chosen, thinned=False)
    assert fooled > 0.2
    found = threshold(two(SURE), np.ones(1000, np.int32), 0.1, 0.9, chosen=chosen)
    assert "set aside for a uniform sample" in found.reason


def test_ties_and_equal_confidences_are_taken_together_or_not_at_all():
    sure = np.repeat([0.95, 0.8, 0.5], [60, 60, 60])
    label = np.ones(180, dtype=np.int32)
    label[60:120:3] = 0
    found = threshold(two(sure), label, 0.1, 0.9)
    assert (found.value, found.n, found.errors) == (0.95, 60, 0)
    assert found.coverage == pytest.approx(1 / 3)
    every = threshold(two(sure), np.ones(180, dtype=np.int32), 0.1, 0.9)
    assert (every.value, every.n) == (0.8, 120)  # a tie on top is no label
    assert not every.accepts(two(np.array([0.5])))[0]


def test_too_few_labels_and_impossible_wishes():
    few = threshold(two(np.full(20, 0.9)), np.ones(20, dtype=np.int32), 0.1, 0.9)
    assert few.value is None
    assert "too few labels" in few.reason
    none = threshold(np.zeros((0, 2)), np.zeros(0, dtype=np.int32), 0.1, 0.9)
    assert none.value is None
    once = threshold(two(np.full(33, 0.9)), np.ones(33, dtype=np.int32), 0.1, 0.9)
    assert (once.value, once.n) == (pytest.approx(0.9), 33)
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold(two(np.full(20, 0.9)), np.ones(20, dtype=np.int32), 0.0, 0.9)


def test_a_uniform_sample_is_uniform():
    chosen = np.array([0.2, 0.4, 0.8, 0.4, 0.4, 0.2, 0.5, 1.0])
    draws = 4000
    kept = np.zeros(8)
    for seed in range(draws):
        kept[uniform_sample(8, chosen, None, seed)] += 1 / draws
    np.testing.assert_allclose(kept * chosen, 0.2, atol=0.03)  # 4 standard errors


@given(st.lists(st.integers(0, 5), max_size=20), st.integers(0, 5))
def test_of_a_group_one_is_tested(groups, seed):
    group = np.array(groups, dtype=np.int32)
    kept = uniform_sample(len(group), None, group, seed)
    assert sorted(group[kept]) == sorted(set(groups))


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=40), st.floats(0.1, 0.9), st.integers(0, 5)
)
def test_gold_is_held_back_by_whole_groups(groups, share, seed):
    group = np.array(groups, dtype=np.int32)
    item = np.arange(len(group), dtype=np.int32)
    chosen = np.linspace(0.1, 1, len(group))
    gold = Gold(item, (item % 2).astype(np.int32), ("a", "b"), chosen)
    fit, back = held_back(gold, group, share, seed)
    assert sorted([*fit.item, *back.item]) == list(item)
    assert not set(group[fit.item]) & set(group[back.item])
    np.testing.assert_array_equal(back.chosen, chosen[back.item])
    largest = np.bincount(group).max()
    assert abs(back.G - share * len(group)) <= largest
    again = held_back(gold, group, share, seed)
    np.testing.assert_array_equal(again[1].item, back.item)
