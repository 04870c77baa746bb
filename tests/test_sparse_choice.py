"""How sure a sparse crowd's consensus is: simulated crowds, odd inputs, and what plays no part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.hashes import hashed, mixed
from w2s_judge.aggregation.held_out_votes import CUTS, ENOUGH, FOLDS, foretold, numbers
from w2s_judge.aggregation.majority import Majority
from w2s_judge.aggregation.pooled_dawid_skene import PooledDawidSkene
from w2s_judge.aggregation.sparse_choice import sparse_choice
from w2s_judge.calibration.metrics import accuracy, ece, log_loss
from w2s_judge.calibration.tempering import held_out_dependence
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix


def crowd(label, labels=2, votes=6, seed=0):
    """About `votes` of the labels (I, J) on each item."""
    items, raters = label.shape
    pairs = np.argwhere(np.random.default_rng(seed).random(label.shape) < votes / raters)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcdefghij"[:labels]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(None,) * raters,
        label=label[pairs[:, 0], pairs[:, 1]].astype(np.int32),
    )


def independent(seed, items=800, raters=50, classes=2):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, items)
    right = rng.random((items, raters)) < rng.uniform(0.55, 0.95, raters)
    other = (truth[:, None] + rng.integers(1, classes, right.shape)) % classes
    return np.where(right, truth[:, None], other), truth


def with_factor(seed, items=800, raters=50, classes=2, spread=1.4):
    """What makes an item easy or misleading is the same for all raters."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, items)
    wrong = (truth + rng.integers(1, classes, items)) % classes
    worth = rng.uniform(0.2, 2.5, raters) + spread * rng.normal(size=items)[:, None]
    right = rng.random((items, raters)) < 1 / (1 + np.exp(-worth))
    return np.where(right, truth[:, None], wrong[:, None]), truth


def hard(seed, items=800, raters=50):
    """On a hard item many vote at random."""
    label, truth = independent(seed, items, raters)
    rng = np.random.default_rng(seed + 1)
    lost = rng.random(label.shape) < rng.beta(1, 2, items)[:, None]
    return np.where(lost, rng.integers(0, 2, label.shape), label), truth


def held_out(votes):
    return held_out_dependence(foretold(votes, None, PooledDawidSkene()))


def test_held_out_votes_tell_a_shared_factor_from_independence_and_from_hardness():
    alone, difficult = [], []
    for seed in (1, 2, 3):
        alone.append(held_out(crowd(independent(seed)[0], seed=seed)))
        difficult.append(held_out(crowd(hard(seed)[0], seed=seed, votes=10)))
        assert held_out(crowd(with_factor(seed)[0], seed=seed)) > 0.15
    assert max(np.mean(alone), np.mean(difficult)) < 0.05


def test_independent_raters_are_nearly_calibrated_and_lose_no_accuracy():
    for seed in (4, 5):
        label, truth = independent(seed)
        votes = crowd(label, seed=seed, votes=10)
        _, found = sparse_choice(votes, None)
        raw = PooledDawidSkene()(votes).posterior
        assert ece(found.posterior, truth, bins=10, equal="width") < 0.08
        assert accuracy(found.posterior, truth) > accuracy(raw, truth) - 0.01
        assert log_loss(found.posterior, truth) < log_loss(Majority()(votes).posterior, truth)


@pytest.mark.parametrize("classes", [2, 4])
def test_a_shared_factor_makes_modest(classes):
    for seed in (6, 7):
        label, truth = with_factor(seed, classes=classes)
        votes = crowd(label, labels=classes, seed=seed, votes=10)
        _, found = sparse_choice(votes, None)
        raw = PooledDawidSkene()(votes).posterior
        calm, sure = (ece(p, truth, bins=10, equal="width") for p in (found.posterior, raw))
        assert calm < 0.6 * sure
        assert log_loss(found.posterior, truth) < log_loss(raw, truth)
        assert accuracy(found.posterior, truth) > accuracy(raw, truth) - 0.01


def test_order_and_names_of_labels_play_no_part():
    votes = crowd(with_factor(8)[0])
    rng = np.random.default_rng(0)
    items, raters = rng.permutation(votes.I), rng.permutation(votes.J)
    turned = replace(
        votes,
        items=tuple(votes.items[k] for k in items),
        raters=tuple(votes.raters[k] for k in raters),
        item=np.argsort(items)[votes.item].astype(np.int32),
        rater=np.argsort(raters)[votes.rater].astype(np.int32),
        group=votes.group[items],
    ).only(rng.permutation(votes.V))
    why, one = sparse_choice(votes, None)
    other_why, other = sparse_choice(turned, None)
    assert why == other_why
    assert one.notes == other.notes
    np.testing.assert_allclose(other.posterior, one.posterior[items], rtol=1e-4, atol=1e-6)
    swapped = replace(votes, label=1 - votes.label)
    np.testing.assert_allclose(
        sparse_choice(swapped, None)[1].posterior[:, ::-1], one.posterior, rtol=1e-4, atol=1e-6
    )


def test_a_vote_and_its_repetition_are_held_out_together():
    votes = crowd(independent(9, items=100)[0])
    twice = votes.only(np.tile(np.arange(votes.V), 2))
    number = numbers(twice)
    np.testing.assert_array_equal(number[: votes.V], number[votes.V :])
    assert len(np.unique(number)) == votes.V
    assert not np.intersect1d(number, numbers(twice, cut=1)).size
    names = (hashed(votes.items)[votes.item] << np.uint64(32)) | hashed(votes.raters)[votes.rater]
    np.testing.assert_array_equal(numbers(votes), mixed(names))
    part = np.bincount((number % FOLDS).astype(np.int64), minlength=FOLDS) / twice.V
    np.testing.assert_allclose(part, 1 / FOLDS, atol=0.08)


def test_soft_votes_that_are_certain_foretell_as_hard_ones_do():
    votes = crowd(with_factor(10, items=300)[0])
    soft = replace(votes, label=None, mass=votes.soft())
    assert held_out(soft) == held_out(votes)
    unsure = replace(soft, mass=0.8 * soft.mass + 0.1)
    assert 0 <= held_out(unsure) <= 1
    weighed = replace(votes, weight=np.full(votes.V, 1.0))
    assert held_out(weighed) == held_out(votes)


def test_gold_items_keep_their_label_and_are_not_asked():
    label, truth = with_factor(11, items=300)
    votes = crowd(label)
    gold = Gold(np.arange(40, dtype=np.int32), truth[:40].astype(np.int32), ("a", "b"))
    _, found = sparse_choice(votes, gold)
    assert (found.posterior[gold.item, gold.label] == 1).all()
    parts = foretold(votes, gold, PooledDawidSkene())
    free = np.count_nonzero(votes.item >= 40)
    once = sum(len(part.count) for part in parts[:FOLDS])
    assert 0.9 * free < once <= free
    assert sum(len(part.count) for part in parts) <= min(ENOUGH, CUTS * free)
    everything = Gold(np.arange(300, dtype=np.int32), truth.astype(np.int32), ("a", "b"))
    assert held_out_dependence(foretold(votes, everything, PooledDawidSkene())) == 0.0


def test_labels_that_share_a_class_and_other_models_can_be_asked():
    label, _ = independent(12, items=200, classes=4)
    votes = replace(crowd(label, labels=4), truth=Truth(("low", "high"), (0, 0, 1, 1), (0.5, 0.5)))
    for method in (PooledDawidSkene(), DawidSkene()):
        parts = foretold(votes, None, method)
        assert all(part.chance.shape[1] == 2 for part in parts)
    with pytest.raises(ValueError, match="confusion"):
        foretold(votes, None, Majority())


@pytest.mark.parametrize("items", [1, 5, 40])
def test_few_votes_have_an_outcome(items):
    label, _ = independent(13, items=items, raters=8)
    for size in (1, 3):
        votes = crowd(label, votes=size, seed=1)
        _, found = sparse_choice(votes, None)
        assert np.isfinite(found.posterior).all()
        np.testing.assert_allclose(found.posterior.sum(axis=1), 1)


def test_names_of_items_hardly_move_how_sure_the_answer_is():
    votes = crowd(hard(14, items=200, raters=12)[0], votes=4, seed=3)

    def sure(cut):
        named = replace(votes, items=tuple(f"{cut}-{k}" for k in range(votes.I)))
        return sparse_choice(named, None)[1].posterior.max(axis=1).mean()

    assert np.ptp([sure(cut) for cut in range(4)]) < 0.06


def test_half_a_surrogate_pair_in_a_name_is_a_name():
    votes = crowd(independent(15, items=40, raters=6)[0], votes=4)
    odd = replace(votes, items=("\ud800", *votes.items[1:]), raters=("\udfff", *votes.raters[1:]))
    assert len(np.unique(numbers(odd))) == odd.V
    assert len(np.unique(numbers(odd, 1) == numbers(odd))) == 1
