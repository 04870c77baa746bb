"""How many gold labels decide between two readings: simulated labels reach the odds as told."""

from __future__ import annotations

import numpy as np
import pytest

from w2s_judge.aggregation.labels_needed import ODDS, SHARE, Needed, floored, labels_needed


def readings(seed, items, sure, classes=2):
    """Posteriors (I, C) that differ on every item, each about `sure` of its own class."""
    rng = np.random.default_rng(seed)
    one, other = (rng.dirichlet(np.ones(classes), items) * (1 - sure) for _ in range(2))
    first = rng.integers(0, classes, items)
    second = (first + rng.integers(1, classes, items)) % classes
    one[np.arange(items), first] += sure
    other[np.arange(items), second] += sure
    return one, other


def reached(right, wrong, labels, ahead, draws=4000, seed=0):
    """Share of draws of so many labels that `right` foretells, after which it has the odds."""
    rng = np.random.default_rng(seed)
    p, ratio = floored(right), np.log(floored(right) / floored(wrong))
    item = rng.integers(0, len(p), (draws, labels))
    past = rng.random((draws, labels, 1)) > p.cumsum(axis=1)[item][..., :-1]
    return float((ratio[item, past.sum(axis=2)].sum(axis=1) + np.log(ahead) >= np.log(ODDS)).mean())


@pytest.mark.parametrize("ahead", [1.0, 8.0])
@pytest.mark.parametrize("sure", [0.5, 0.7, 0.95])
@pytest.mark.parametrize("classes", [2, 4])
def test_so_many_labels_bring_the_odds_in_nine_draws_of_ten(sure, ahead, classes):
    one, other = readings(1, 400, sure, classes)
    labels = labels_needed(one, other, ahead=ahead).labels
    kept = reached(one, other, labels, ahead)
    turned = reached(other, one, labels, 1 / ahead)
    # A handful of labels leave few values to the odds: a normal distribution comes near to that.
    assert SHARE - 0.1 <= min(kept, turned) <= SHARE + 0.08
    half = reached(other, one, labels // 2, 1 / ahead)
    assert half < SHARE - 0.1


def test_where_odds_are_had_before_the_other_reading_sets_the_number():
    one, other = readings(2, 400, 0.7)
    ahead = ODDS * 1.5
    found = labels_needed(one, other, ahead=ahead)
    assert reached(other, one, found.labels, 1 / ahead) >= SHARE - 0.07
    assert found.labels > labels_needed(one, other).labels


def test_the_sentence_says_in_how_many_draws():
    said = Needed(7, 400).said("one", "other", 500)
    assert "about 7 gold labels on the 400 items" in said
    assert "at odds of 20 to 1, in nine draws of ten" in said


def test_many_items_that_labels_cannot_decide_are_not_called_unimportant():
    assert "hardly matters" in Needed(70, 4).said("one", "other", 500)
    said = Needed(70, 26).said("one", "other", 400)
    assert "hardly matters" not in said
    assert "of 400 items the two readings label 26 differently, too few or too unsurely" in said
