"""What to label next: exact probabilities, and what they are good for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from w2s_judge.acquisition import dissent_of, next_labels, probabilities, systematic
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.platt import Platt
from w2s_judge.gold import Gold
from w2s_judge.votes import VoteMatrix


def two(p):
    return np.stack([1 - p, p], axis=1)


@given(st.lists(st.floats(0, 2), min_size=1, max_size=20), st.integers(1, 20), st.data())
def test_probabilities_sum_to_what_is_drawn_and_rise_with_doubt(h, n, data):
    h = np.array(h)
    free = np.array(data.draw(st.lists(st.booleans(), min_size=len(h), max_size=len(h))))
    free[0] = True
    n = min(n, int(free.sum()))
    pi = probabilities(h, free, n)
    assert pi[free].sum() == pytest.approx(n)
    assert np.all((pi > 0) & (pi <= 1))
    order = np.argsort(h[free])
    assert np.all(np.diff(pi[free][order]) >= -1e-9)
    assert pi[free].min() >= 0.5 * n / free.sum() - 1e-9  # a half is at random


@given(st.integers(1, 30), st.integers(0, 10**6), st.data())
def test_exactly_n_items_are_drawn_none_twice_and_none_that_has_a_label(items, seed, data):
    p = np.array(data.draw(st.lists(st.floats(0, 1), min_size=items, max_size=items)))
    labelled = np.array(sorted(data.draw(st.sets(st.integers(0, items - 1)))), dtype=np.int32)
    n = data.draw(st.integers(1, 12))
    group = (np.arange(items) // 3).astype(np.int32)
    draw = next_labels(two(p), n, labelled=labelled, seed=seed, group=group)
    assert len(draw.item) == len(draw.kind) == min(n, items - len(labelled))
    assert len(np.unique(draw.item)) == len(draw.item)
    assert not set(draw.item) & set(labelled)
    np.testing.assert_array_equal(draw.chosen, draw.inclusion[draw.item])
    assert np.all((draw.chosen > 0) & (draw.chosen <= 1))
    Gold(draw.item, np.zeros(len(draw.item), np.int32), ("a", "b"), draw.chosen)
    again = next_labels(two(p), n, labelled=labelled, seed=seed, group=group)
    np.testing.assert_array_equal(again.item, draw.item)
    assert again.kind == draw.kind


def test_items_are_drawn_as_often_as_it_says():
    """4,000 drawings of 6 of 20; each frequency within 4 standard errors, one item certain."""
    p = np.concatenate([np.linspace(0.01, 0.5, 19), [0.5]])
    dissent = np.zeros(20)
    dissent[19] = 12.0
    group = (np.arange(20) // 2).astype(np.int32)
    count, plain, draws = np.zeros(20), np.zeros(20), 4000
    for seed in range(draws):
        draw = next_labels(two(p), 6, seed=seed, group=group, dissent=dissent)
        count[draw.item] += 1
        plain[[i for i, kind in zip(draw.item, draw.kind, strict=True) if kind == "random"]] += 1
    pi = draw.inclusion
    assert pi[19] == 1
    assert count[19] == draws
    error = np.sqrt(pi * (1 - pi) / draws) + 1e-12
    assert np.all(np.abs(count / draws - pi) <= 4 * error)
    # the random half by itself is a uniform sample
    np.testing.assert_allclose(plain / draws, 0.15, atol=4 * np.sqrt(0.15 * 0.85 / draws))


def test_items_of_a_group_are_spread():
    group = np.repeat(np.arange(50), 4).astype(np.int32)
    for seed in range(50):
        drawn = systematic(np.full(200, 0.1), group, np.random.default_rng(seed))
        assert len(drawn) == 20
        assert np.bincount(group[drawn]).max() == 1


def test_silent_items_are_drawn_at_random_only():
    p, support = np.full(100, 0.5), np.repeat([0, 5], 50).astype(np.int32)
    draw = next_labels(two(p), 20, seed=0, support=support)
    np.testing.assert_allclose(draw.inclusion[:50], 0.1)
    np.testing.assert_allclose(draw.inclusion[50:], 0.3)


def test_labels_of_unknown_origin_are_taken_for_random_and_that_is_said():
    draw = next_labels(two(np.full(100, 0.3)), 10, labelled=np.arange(20, dtype=np.int32), seed=0)
    np.testing.assert_allclose(draw.inclusion, 1 - (1 - 0.2) * (1 - 10 / 80))
    assert "at random" in draw.notes[0]
    first = next_labels(two(np.full(100, 0.3)), 10, seed=0)
    assert first.notes == ()


def test_dissent():
    votes = VoteMatrix(
        ("torn", "agreed", "near", "silent"), ("a", "b"), ("1", "2", "3"),
        np.array([0, 0, 1, 1, 2, 2], np.int32), np.array([0, 1] * 3, np.int32),
        np.arange(4, dtype=np.int32), (None, None), label=np.array([0, 2, 1, 1, 1, 2], np.int32),
    )  # fmt: skip
    np.testing.assert_allclose(dissent_of(votes), [1, 0, 0.25, 0])
    nominal = VoteMatrix(
        votes.items, votes.raters, votes.labels, votes.item, votes.rater, votes.group,
        votes.family, label=votes.label, ordered=False,
    )  # fmt: skip
    np.testing.assert_allclose(dissent_of(nominal), [0.75, 0, 0.75, 0])


# --- what the probabilities are for -----------------------------------------------------------

ITEMS, LABELS, REPLICATIONS = 3000, 200, 300


def population():
    """Posteriors twice too far out where judges dissent, honest where they agree; truth fixed.

    The true map from posterior to probability, over all items, is what Platt's fit on all of them
    gives.
    """
    random = np.random.default_rng(0)
    dissent = (random.random(ITEMS) < 0.3).astype(float)
    p = expit(random.normal(1.0, 2.0, ITEMS))
    true = np.where(dissent > 0, expit(0.2 * logit(p) - 0.5), p)
    return p, dissent, (random.random(ITEMS) < true).astype(np.int32)


def test_unweighted_estimates_are_biased_and_hajek_s_are_not():
    """Accuracy and share of class 1 from 200 sought labels, 300 drawings; MC errors .002."""
    p, dissent, truth = population()
    right = (p > 0.5) == truth
    found = []
    for seed in range(REPLICATIONS):
        draw = next_labels(two(p), LABELS, seed=seed, dissent=dissent)
        w = Gold(draw.item, truth[draw.item], ("no", "yes"), draw.chosen).weight
        hit, yes = right[draw.item], truth[draw.item]
        found.append([hit.mean(), yes.mean(), np.average(hit, weights=w),
                      np.average(yes, weights=w)])  # fmt: skip
    mean = np.mean(found, axis=0) - [right.mean(), truth.mean()] * 2
    error = np.std(found, axis=0) / np.sqrt(REPLICATIONS)
    assert mean[0] < -0.04
    assert mean[1] < -0.02
    assert np.all(np.abs(mean[2:]) < 3 * error[2:])
    assert np.all(error < 0.003)


def test_a_second_round_is_unbiased_too():
    p, dissent, truth = population()
    right = (p > 0.5) == truth
    found = []
    for seed in range(REPLICATIONS):
        first = next_labels(two(p), LABELS, seed=seed)
        second = next_labels(
            two(p), LABELS, labelled=first.item, seed=seed + 10_000, dissent=dissent,
            inclusion=first.inclusion,
        )  # fmt: skip
        item = np.concatenate([first.item, second.item])
        found.append(np.average(right[item], weights=1 / second.inclusion[item]))
    error = np.std(found) / np.sqrt(REPLICATIONS)
    assert np.mean(found) == pytest.approx(right.mean(), abs=3 * error)
    assert error < 0.003


def test_a_weighted_cross_fitted_map_is_the_population_s():
    """Mean probability given to items held out, by Platt's map with and without weights.

    On each fold the map of the other folds is judged against the map of the whole population.
    """
    p, dissent, truth = population()
    whole = Platt.fit(two(p), truth).apply(two(p))[:, 1]
    off = {"weighted": [], "unweighted": []}
    for seed in range(60):
        draw = next_labels(two(p), LABELS, seed=seed, dissent=dissent)
        gold = Gold(draw.item, truth[draw.item], ("no", "yes"), draw.chosen)
        fold = folds_of(gold.label, gold.item, 5, seed)
        for name, weight in (("weighted", gold.weight), ("unweighted", np.ones(gold.G))):
            for f in range(5):
                rest = fold != f
                fitted = Platt.fit(two(p[gold.item[rest]]), gold.label[rest], weight[rest])
                off[name].append(fitted.apply(two(p))[:, 1] - whole)
    mean = {name: np.mean(rows, axis=0) for name, rows in off.items()}
    assert np.abs(mean["weighted"]).mean() < 0.008
    assert np.abs(mean["unweighted"]).mean() > 0.025
    assert np.abs(mean["weighted"]).max() < 0.02
