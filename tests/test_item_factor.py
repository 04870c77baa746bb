"""The latent item factor: recovery, calibration, Dawid-Skene as a case, axes, gold, soft votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.axis_rotation import (
    TELLING,
    TURNS,
    bayes_factor,
    carriers,
    oriented,
    simple_structure,
    turned_by,
)
from w2s_judge.aggregation.class_axis import Nodes
from w2s_judge.aggregation.cumulative_logit import CumulativeLogit, even_thresholds
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.item_factor import ItemFactor
from w2s_judge.aggregation.patterns import lay_out
from w2s_judge.aggregation.row_sample import ROWS, keys, sampled
from w2s_judge.calibration import metrics
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

LOGISTIC = np.pi**2 / 3


def matrix(label, prior=(0.5, 0.5), ordered=False, levels=2):
    """A full table of votes (I, J)."""
    items, raters = label.shape
    item, rater = np.divmod(np.arange(label.size), raters)
    known = Truth(("no", "yes"), (0, 1) if levels == 2 else None, prior)
    return VoteMatrix(
        tuple(f"i{k}" for k in range(items)), tuple(f"r{k}" for k in range(raters)),
        ("no", "yes") if levels == 2 else tuple("0123456789"[:levels]),
        item.astype(np.int32), rater.astype(np.int32), np.arange(items, dtype=np.int32),
        (None,) * raters, label=label.ravel().astype(np.int32), ordered=ordered, truth=known,
    )  # fmt: skip


def simulated(seed, items, lean, across=0.0, bias=0.0, prior=0.5):
    """The classes and votes of the model as it was published: an effect of its own a rater."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(items) < prior).astype(int)
    effect = rng.normal(size=(items, 1))
    logit = bias + lean * (2 * truth[:, None] - 1) + across * effect
    return truth, (rng.random((items, len(lean))) < 1 / (1 + np.exp(-logit))).astype(int)


def ece(posterior, truth):
    return metrics.ece(posterior, truth, bins=10, equal="width")


def accuracy(consensus, truth):
    return float((consensus.posterior.argmax(axis=1) == truth).mean())


def test_without_effects_it_is_dawid_skene():
    _, label = simulated(0, 600, np.array([0.4, 0.8, 1.2, 1.0]), bias=0.3, prior=0.4)
    votes = matrix(label, (0.6, 0.4))
    plain = ItemFactor(factor=False, distinct=1.0, slope_sd=np.inf, tol=1e-13)(votes)
    other = DawidSkene(tol=1e-13)(votes)
    np.testing.assert_allclose(plain.posterior, other.posterior, atol=1e-4)
    np.testing.assert_allclose(plain.confusion, other.confusion, atol=1e-4)


def test_recovers_an_effect_that_all_raters_share():
    lean = np.full(8, 1.2)
    truth, label = simulated(1, 4000, lean, across=1.2)
    votes = matrix(label)
    found = ItemFactor()(votes)
    # theta has variance 1: a_j theta = lean (x + z) with m^2 = 1/2 and a_j = lean sqrt 2
    np.testing.assert_allclose(found.weight, lean * np.sqrt(2), rtol=0.12)
    assert ece(found.posterior, truth) < 0.06
    independent = DawidSkene()(votes)
    assert ece(independent.posterior, truth) > 0.12
    assert metrics.log_loss(found.posterior, truth) < metrics.log_loss(independent.posterior, truth)


def test_recovers_the_published_model_with_an_effect_of_its_own_a_rater():
    lean, across = np.linspace(0.5, 1.5, 12), np.linspace(2.0, 0.0, 12)
    truth, label = simulated(2, 2000, lean, across)
    votes = matrix(label)
    found = ItemFactor(factor=True, distinct=1.0, across=9)(votes)
    np.testing.assert_allclose(found.weight, lean, atol=0.35)
    assert ece(found.posterior, truth) < 0.03
    told = ItemFactor()(votes)  # by clusters, with no setting
    assert any("clusters" in note for note in told.notes)
    np.testing.assert_allclose(told.posterior, found.posterior, atol=0.2)
    assert accuracy(told, truth) > accuracy(DawidSkene()(votes), truth) + 0.03
    assert ece(told.posterior, truth) < 0.03


def graded(seed, items=800, levels=6):
    """A graded truth that sixteen raters see, and a style that the last four share."""
    rng = np.random.default_rng(seed)
    theta, style = rng.normal(size=(2, items, 1))
    along, across = (
        np.r_[np.linspace(2.4, 1.6, 12), np.full(4, 0.6)],
        np.r_[np.zeros(12), np.full(4, 2.0)],
    )
    latent = theta * along + style * across + rng.logistic(size=(items, 16))
    cuts = np.quantile(latent, np.linspace(0, 1, levels + 1)[1:-1])
    return (theta[:, 0] > 0).astype(int), np.searchsorted(cuts, latent)


def test_the_class_does_not_become_the_factor():
    truth, label = graded(3)
    votes = matrix(label, levels=6, ordered=True)
    free = ItemFactor(factor=True, distinct=1.0)(votes)  # as published: the class is the style
    assert np.abs(free.weight[:12]).max() < 0.5 < np.abs(free.weight[12:]).min()
    assert accuracy(free, truth) < 0.6
    found = ItemFactor()(votes)
    assert any("fewer raters load" in note for note in found.notes)
    assert found.weight[:12].min() > 1 > np.abs(found.weight[12:]).max()
    assert accuracy(found, truth) > 0.88
    assert found.fit.converged


def test_reversal_with_a_factor_across():
    _, label = graded(4, items=400)
    votes = matrix(label, levels=6, ordered=True)
    turned = matrix(5 - label, levels=6, ordered=True)
    one, other = ItemFactor()(votes), ItemFactor()(turned)
    np.testing.assert_allclose(other.posterior[:, ::-1], one.posterior, atol=1e-3)


def test_gold_anchors_items_and_turns_an_axis():
    lean = np.array([0.3, 0.3, 0.3, 1.5])
    truth, label = simulated(5, 1500, lean)
    votes = matrix(label)
    item = np.arange(300, dtype=np.int32)
    gold = Gold(item, truth[:300].astype(np.int32), ("no", "yes"))
    with_gold = ItemFactor()(votes, gold)
    np.testing.assert_array_equal(with_gold.posterior[:300].argmax(axis=1), truth[:300])
    rest = slice(300, None)
    blind = metrics.log_loss(ItemFactor()(votes).posterior[rest], truth[rest])
    assert metrics.log_loss(with_gold.posterior[rest], truth[rest]) < blind + 1e-3


@pytest.mark.parametrize("levels", [2, 5])
def test_soft_votes_of_one_label_are_hard_votes(levels):
    rng = np.random.default_rng(6)
    theta = rng.normal(size=(200, 1))
    label = np.clip(np.round(theta + rng.normal(size=(200, 4)) + levels / 2), 0, levels - 1)
    votes = matrix(label.astype(int), levels=levels, ordered=True)
    soft = replace(votes, label=None, mass=votes.soft())
    np.testing.assert_allclose(
        ItemFactor()(soft).posterior, ItemFactor()(votes).posterior, atol=1e-5
    )


def test_an_item_in_three_classes_is_refused():
    votes = replace(matrix(np.zeros((3, 2), dtype=int)), truth=Truth(("a", "b", "c"), (0, 1)))
    with pytest.raises(ConfigurationError, match="two truth classes"):
        ItemFactor()(votes)


def test_labels_that_stand_for_classes_the_other_way_round():
    _, label = simulated(7, 300, np.array([0.6, 1.0, 1.4]))
    votes = matrix(label)
    turned = replace(
        votes, labels=("yes", "no"), label=1 - votes.label,
        truth=Truth(("no", "yes"), (1, 0), (0.5, 0.5)),
    )  # fmt: skip
    one, other = ItemFactor()(votes), ItemFactor()(turned)
    np.testing.assert_allclose(other.posterior, one.posterior, atol=1e-9)


def test_newton_steps_climb_to_where_the_gradient_is_zero():
    rng = np.random.default_rng(8)
    nodes = Nodes.of(9, 3, np.array([0.5, 0.5]), points=False)
    K = len(nodes.features)  # noqa: N806
    for positive in (False, True):
        model = CumulativeLogit(
            nodes.features, np.full(K, 0.01), np.ones(4), np.zeros(2), np.full(2, 1.0), positive
        )
        begin = np.column_stack([np.full((4, 2), 0.3), even_thresholds(4, 5)])
        counts = rng.gamma(0.5, size=(4, 5, K))
        counts[0, 2] = 0.0  # a level that was not used

        def height(at, model=model, counts=counts):
            return float(
                (counts * model.table(at)).sum() + model.log_prior(at, model.table(at)).sum()
            )

        end = model.improved(begin, counts, 60)
        assert height(end) > height(begin)
        assert (np.diff(end[:, 2:]) > 0).all()
        for cell in np.ndindex(end.shape):
            moved = [end.copy(), end.copy()]
            moved[0][cell] -= 1e-5
            moved[1][cell] += 1e-5
            if np.diff(end[:, 2:]).min() > 1e-3 or cell[0] != 0:
                assert (height(moved[1]) - height(moved[0])) / 2e-5 == pytest.approx(0, abs=1e-2)


def test_simple_structure_is_found_from_any_turn():
    slopes = np.array([[2.0, 0.1], [1.5, 0.0], [1.8, 0.1], [1.4, 0.9], [0.9, 1.4], [1.0, 0.2]])
    parameters = np.column_stack([slopes, np.zeros(6)])
    found, ratio = simple_structure(parameters)
    for angle in (-2.0, 0.4, 1.3):
        again, same = simple_structure(turned_by(parameters, angle))
        np.testing.assert_allclose(again, found, atol=1e-9)
        assert same == pytest.approx(ratio)
    assert (oriented(-found)[:, :2].sum(axis=0) > 0).all()


def independent(seed, items, right):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    return truth, np.where(
        rng.random((items, len(right))) < right, truth[:, None], 1 - truth[:, None]
    )


def with_copy(seed, items, right):
    """The last rater says what the one before says, but for one in twenty items."""
    truth, label = independent(seed, items, right)
    same = np.random.default_rng(seed + 1).random(items) < 0.95
    label[:, -1] = np.where(same, label[:, -2], 1 - label[:, -2])
    return truth, label


RIGHT = [0.65, 0.75, 0.9, 0.7, 0.7]


def test_five_raters_of_whom_two_are_copies_are_not_believed():
    for seed in range(3):
        truth, label = with_copy(seed, 600, RIGHT)
        found = ItemFactor()(matrix(label, None))
        assert found.calibration == "tempered"
        assert any("one axis does not explain" in note for note in found.notes)
        assert found.posterior.max(axis=1).mean() < accuracy(found, truth) + 0.12


def test_five_raters_whom_one_axis_explains_are_believed():
    lean = np.full(5, 1.2)
    for truth, label in (independent(7, 1200, RIGHT), simulated(8, 1200, lean, across=1.2)):
        found = ItemFactor()(matrix(label, None))
        assert found.calibration == "none"
        sure = found.posterior.max(axis=1).mean()
        assert sure == pytest.approx(accuracy(found, truth), abs=0.06)


def test_two_copies_are_no_two_clusters():
    truth, label = with_copy(3, 600, [0.65, 0.75, 0.9, 0.7, 0.7, 0.7, 0.8, 0.6, 0.6])
    found = ItemFactor()(matrix(label, None))
    assert not any("two clusters of items" in note for note in found.notes)
    assert accuracy(found, truth) > 0.88


def test_gold_turns_an_axis_by_its_weight_over_all_axes():
    flat = np.zeros((len(TURNS), 3))
    assert bayes_factor(flat) == pytest.approx(0.0)
    noise = np.where(np.arange(len(TURNS)) == 6, 4.0, -3.0)[:, None] + flat
    noise[TURNS == 0] = 0.0
    assert bayes_factor(noise) < TELLING  # the largest of all says more than their mean
    noise[6] = 12.0
    assert bayes_factor(noise) > TELLING


def test_gold_that_knows_no_better_axis_leaves_it():
    truth, label = graded(3)
    votes = matrix(label, levels=6, ordered=True)
    few = np.arange(50, dtype=np.int32)
    gold = Gold(few, truth[:50].astype(np.int32), ("no", "yes"))
    found = ItemFactor()(votes, gold)
    assert found.calibration == "model"
    assert any("fewer raters load" in note for note in found.notes)
    np.testing.assert_allclose(found.posterior[50:], ItemFactor()(votes).posterior[50:], atol=0.1)


def test_carriers_counts_raters_by_their_loadings():
    even = np.column_stack([np.full(7, 1.5), np.zeros(7), np.zeros(7)])
    assert carriers(even) == pytest.approx(7)
    even[2:, 0] = 0.0
    assert carriers(even) == pytest.approx(2)


def many_soft(items):
    rng = np.random.default_rng(9)
    truth, label = independent(9, items, RIGHT[:3])
    mass = np.full((label.size, 2), 0.0)
    top = rng.uniform(0.5, 1.0, label.size)
    mass[np.arange(label.size), label.ravel()] = top
    mass[np.arange(label.size), 1 - label.ravel()] = 1 - top
    return truth, replace(matrix(label), label=None, mass=mass)


def test_a_sample_of_many_rows_depends_on_what_they_hold():
    truth, votes = many_soft(ROWS + 4000)
    items = np.random.default_rng(10).permutation(votes.I)
    votes_there = np.random.default_rng(11).permutation(votes.V)
    place = np.argsort(items)
    moved = replace(
        votes, items=tuple(votes.items[i] for i in items),
        item=place[votes.item].astype(np.int32)[votes_there],
        rater=votes.rater[votes_there], mass=votes.mass[votes_there],
    )  # fmt: skip
    np.testing.assert_array_equal(keys(moved), keys(votes)[items])
    gold = Gold(np.arange(20, dtype=np.int32), truth[:20].astype(np.int32), ("no", "yes"))
    drawn = []
    for one, labels in ((votes, gold), (moved, replace(gold, item=place[:20].astype(np.int32)))):
        layout = lay_out(one, labels, 2)
        assert sampled(one, labels, layout) is None  # as few as this are all fitted
        some = sampled(one, labels, replace(layout, pilot=layout))
        assert some.votes.I == ROWS + 20
        assert [some.votes.items[i] for i in some.gold.item] == list(votes.items[:20])
        drawn.append(set(some.votes.items))
    assert drawn[0] == drawn[1]
