"""Rival readings of the same votes, and what a little gold makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.aggregation.copies import Copies
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.labels_needed import Needed, floored, labels_needed
from w2s_judge.aggregation.one_source import OneSource
from w2s_judge.aggregation.readings import BETWEEN, Told, chances, class_prior, readings, weighed
from w2s_judge.aggregation.sources import Panel
from w2s_judge.calibration import metrics
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

COPIES_9 = ([0.65] * 3 + [0.8] * 2, (0, 1, 2), 0.9)
COPIES_5 = ([0.65] * 3 + [0.8] * 2, (0, 1, 2), 0.5)
MIRROR_9 = ([0.977] * 3 + [0.594] * 2, (3, 4), 0.336)
MIRROR_5 = ([0.869] * 3 + [0.622] * 2, (3, 4), 0.32)
PANELS = pytest.mark.parametrize(
    "made", [COPIES_9, COPIES_5, MIRROR_9, MIRROR_5], ids=["c9", "c5", "m9", "m5"]
)


def panel(made, seed, items=5000):
    """Truth and votes of two classes; errors within the cluster correlate exactly so."""
    right, members, shared = made
    rng = np.random.default_rng(seed)
    u, common = rng.random((items, len(right))), rng.random(items)
    for j in members:
        u[:, j] = np.where(rng.random(items) < np.sqrt(shared), common, u[:, j])
    truth = rng.integers(0, 2, items)
    label = np.where(u < np.array(right), truth[:, None], 1 - truth[:, None])
    votes = VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple("abcde"),
        labels=("no", "yes"),
        item=np.repeat(np.arange(items), 5).astype(np.int32),
        rater=np.tile(np.arange(5), items).astype(np.int32),
        label=label.ravel().astype(np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(None,) * 5,
        ordered=False,
    )
    return truth, votes


def some(truth, votes, size, seed, among=None, chosen=None):
    rng = np.random.default_rng(seed)
    item = np.sort(rng.choice(votes.I if among is None else among, size, replace=False))
    return Gold(item.astype(np.int32), truth[item].astype(np.int32), votes.labels, chosen)


def expected_covariance(made):
    right, members, shared = made
    lean = 2 * np.array(right) - 1
    table = np.outer(lean, lean)
    for j in members:
        for k in members:
            if j != k:
                table[j, k] += 4 * shared * right[j] * (1 - right[j])
    np.fill_diagonal(table, 1.0)
    return table


@pytest.mark.parametrize(("made", "mirror"), [(COPIES_9, MIRROR_9), (COPIES_5, MIRROR_5)])
def test_a_panel_and_its_mirror_have_the_same_covariances(made, mirror):
    np.testing.assert_allclose(expected_covariance(made), expected_covariance(mirror), atol=2e-3)
    for one in (made, mirror):
        _, votes = panel(one, 0, 50_000)
        sign = 2.0 * votes.label.reshape(-1, 5) - 1
        np.testing.assert_allclose(sign.T @ sign / len(sign), expected_covariance(one), atol=0.02)


@PANELS
def test_twenty_five_labels_decide(made):
    accuracy, ece = [], []
    truth, votes = panel(made, 0)
    for draw in range(3):
        gold = some(truth, votes, 25, draw)
        found = OneSource()(votes, gold)
        rest = np.setdiff1d(np.arange(votes.I), gold.item)
        accuracy.append(metrics.accuracy(found.posterior[rest], truth[rest]))
        ece.append(metrics.ece(found.posterior[rest], truth[rest], bins=10, equal="width"))
        assert found.calibration == "model"
        np.testing.assert_array_equal(found.posterior[gold.item].argmax(axis=1), gold.label)
    assert np.mean(accuracy) >= 0.83
    assert min(accuracy) >= 0.82
    assert np.mean(ece) <= 0.05


@PANELS
def test_the_labels_that_it_asks_for_decide(made):
    truth, votes = panel(made, 3)
    one, other, *_ = readings(Panel.of(votes, Copies()), "clusters")
    told = [Told.of(reading, votes, DawidSkene(), None) for reading in (one, other)]
    prior = chances(3, 0.8)[:2]
    needed = labels_needed(
        told[0].posterior(0.1), told[1].posterior(0.1), ahead=prior[0] / prior[1]
    )
    assert 2 <= needed.labels <= 15
    differ = np.flatnonzero(
        told[0].fitted.posterior.argmax(axis=1) != told[1].fitted.posterior.argmax(axis=1)
    )
    right = 0 if made in (COPIES_9, COPIES_5) else 1
    decided = 0
    for draw in range(20):
        gold = some(truth, votes, 2 * needed.labels, draw, among=differ)
        share = weighed(told, gold, prior).sum(axis=1)
        decided += share[right] / share.sum() > 20 / 21
    assert decided >= 15


def test_readings_of_a_panel_are_the_cluster_its_mirror_and_nobody():
    _, votes = panel(COPIES_5, 1)
    found = readings(Panel.of(votes, Copies()), "clusters")
    merged = [[one.raters for one in reading.sources] for reading in found]
    assert merged == [[(0, 1, 2)], [(3, 4)], []]
    apart = readings(Panel.of(votes, Copies()), "apart")
    assert [[one.raters for one in reading.sources] for reading in apart] == [
        [],
        [(0, 1, 2)],
        [(3, 4)],
    ]
    assert found[0].said(votes.raters) == "a, b, c are one source"


def test_the_alternative_of_a_lone_cluster_is_everybody_else():
    _, votes = panel(([0.75] * 5, (0, 1, 2), 0.5), 0)
    found = readings(Panel.of(votes, Copies()), "clusters")
    assert [one.raters for one in found[1].sources] == [(3, 4)]


def test_gold_that_was_sought_out_counts_by_its_chance():
    truth, votes = panel(COPIES_5, 2)
    told = [
        Told.of(reading, votes, DawidSkene(), None)
        for reading in readings(Panel.of(votes, Copies()), "clusters")
    ]
    prior = chances(len(told), 0.8)
    plain = some(truth, votes, 25, 0)
    even = some(truth, votes, 25, 0, chosen=np.full(25, 0.2))
    np.testing.assert_allclose(weighed(told, even, prior), weighed(told, plain, prior))
    one_counts = np.full(25, 1.0)
    one_counts[0] = 1e-6
    lone = some(truth, votes, 25, 0, chosen=one_counts)
    np.testing.assert_allclose(
        weighed(told, lone, prior), weighed(told, plain.only(np.array([0])), prior), atol=1e-3
    )


def test_gold_that_must_tell_the_labels_does_not_weigh_readings():
    truth, votes = panel(COPIES_5, 2)
    drawn = some(truth, votes, 25, 0)
    gold = Gold(drawn.item, drawn.label, ("false", "true"))
    found = OneSource()(votes, gold)
    assert found.classes == ("false", "true")
    assert any("cannot weigh the readings" in note for note in found.notes)
    assert metrics.accuracy(found.posterior, truth) > 0.82
    np.testing.assert_array_equal(found.posterior[gold.item].argmax(axis=1), gold.label)


def test_gold_tells_the_prior_beside_the_votes():
    """Votes that lean together misjudge a rare class; few labels do not drown good votes."""
    rng = np.random.default_rng(0)
    truth, votes = panel(([0.7] * 5, (), 0.0), 5)
    few = some(truth, votes, 25, 0)
    fair = OneSource()(votes, few)
    assert fair.prior_source == "votes and gold"
    assert abs(fair.prior[1] - truth.mean()) < 0.75 * abs(few.label.mean() - truth.mean())
    rare = (rng.random(votes.I) < 0.05).astype(int)
    shared = rng.normal(size=votes.I)[:, None]
    lean = 2.0 * rare[:, None] - 1 + 0.8 * shared + rng.normal(size=(votes.I, 5))
    leaning = replace(votes, label=(lean > 0).astype(np.int32).ravel())
    alone = OneSource()(leaning)
    assert alone.prior_source == "votes"
    assert alone.prior[1] > 0.2
    gold = some(rare, votes, 100, 1)
    assert OneSource()(leaning, gold).prior[1] < 0.1
    right = [metrics.accuracy(one.posterior, rare) for one in (alone, OneSource()(leaning, gold))]
    assert right[1] > right[0] + 0.05
    everything = some(truth, votes, votes.I, 0)
    told = OneSource()(votes, everything)
    assert told.prior[1] == pytest.approx(truth.mean(), abs=0.003)


def test_gold_makes_a_panel_that_errs_together_modest():
    rng = np.random.default_rng(3)
    truth, votes = panel(([0.7] * 5, (), 0.0), 5, 1500)
    shared = 2.0 * rng.normal(size=votes.I)[:, None]
    lean = 0.8 * (2 * truth[:, None] - 1) + shared + rng.normal(size=(votes.I, 5))
    together = replace(votes, label=(lean > 0).astype(np.int32).ravel())
    found = OneSource()(together, some(truth, votes, 100, 1))
    assert any("contradict" in note for note in found.notes)
    assert metrics.ece(found.posterior, truth, bins=10, equal="width") < 0.15


def test_a_given_prior_stays_and_gold_counts_by_its_sampling():
    truth, votes = panel(COPIES_5, 6)
    gold = some(truth, votes, 25, 0)
    given_prior = replace(votes, truth=Truth(votes.labels, (0, 1), (0.3, 0.7)))
    found = OneSource()(given_prior, gold)
    assert found.prior_source == "given"
    np.testing.assert_allclose(found.prior, [0.3, 0.7])
    fitted = DawidSkene()(votes)
    sought = Gold(gold.item, gold.label, gold.classes, np.where(gold.label == 1, 0.9, 0.1))
    assert class_prior(fitted, sought)[0][1] < class_prior(fitted, gold)[0][1]
    even = Gold(gold.item, gold.label, gold.classes, np.full(25, 0.2))
    np.testing.assert_allclose(class_prior(fitted, even)[0], class_prior(fitted, gold)[0])


def test_readings_that_label_almost_alike_ask_for_no_labels():
    said = Needed(4623, 1).said("a, b are one source", "nobody is", 500)
    assert "that hardly matters" in said
    assert "4623" not in said
    assert "of 500 items the two readings label 1 differently" in said
    assert "about 6 gold labels on the 40 items" in Needed(6, 40).said("one", "other", 500)


def test_no_label_counts_more_than_twenty_to_one():
    truth, votes = panel(COPIES_9, 4)
    told = [
        Told.of(reading, votes, DawidSkene(), None)
        for reading in readings(Panel.of(votes, Copies()), "clusters")[:2]
    ]
    even = np.array([0.5, 0.5])
    for draw in range(20):
        share = weighed(told, some(truth, votes, 1, draw), even).sum(axis=1)
        assert 1 / 20 <= share[0] / share[1] <= 20


def test_chances_are_the_trust_and_the_rest_shared():
    np.testing.assert_allclose(chances(3, 0.8), [0.8, 0.1, 0.1])
    np.testing.assert_allclose(chances(1, 0.8), [1.0])
    assert BETWEEN[0] == 0


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4), st.floats(1, 100))
def test_labels_needed(seed, classes, odds):
    rng = np.random.default_rng(seed)
    one, other = (rng.dirichlet(np.ones(classes), 50) for _ in range(2))
    assert labels_needed(one, one) is None
    found = labels_needed(one, other, odds=odds)
    assert found == labels_needed(other, one, odds=odds)
    assert found.labels >= 1
    assert found.items == (one.argmax(axis=1) != other.argmax(axis=1)).sum()
    assert found.labels <= labels_needed(one, other, odds=odds, ahead=odds + 1).labels
    rows = floored(one)
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert rows.min() >= 0.1 / classes - 1e-12
