"""The default's rule, line by line, on simulated votes; what it says; odd inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.auto import Auto
from w2s_judge.aggregation.contract import METHODS
from w2s_judge.aggregation.dawid_skene import DawidSkene
from w2s_judge.aggregation.held_out_votes import foretold
from w2s_judge.aggregation.hypotheses import Hypotheses
from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.aggregation.pooled_dawid_skene import PooledDawidSkene
from w2s_judge.aggregation.rotated_factors import RotatedFactors
from w2s_judge.calibration.tempering import held_out_dependence, tempered
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

BALANCED = Truth(("no", "yes"), (0,) * 5 + (1,) * 5, (0.5, 0.5))


def panel(label, labels=2, kept=None, **more):
    """Votes (I, J) as a matrix, where `kept`."""
    items, raters = label.shape
    pairs = np.argwhere(np.ones(label.shape, dtype=bool) if kept is None else kept)
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcdefghij"[:labels]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(None,) * raters,
        label=label[pairs[:, 0], pairs[:, 1]].astype(np.int32),
        **more,
    )


def voters(seed, items, accuracy, classes=2):
    """Votes of raters who err independently, and the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, classes, items)
    right = rng.random((items, len(accuracy))) < np.asarray(accuracy)
    other = (truth[:, None] + rng.integers(1, classes, right.shape)) % classes
    return np.where(right, truth[:, None], other), truth


def cliques(seed, items):
    """Three near copies of a poor judge and three independent ones of middling worth."""
    label, truth = voters(seed, items, [0.6, 0.6, 0.6, 0.7, 0.7, 0.7])
    rng = np.random.default_rng(seed + 1)
    for j in (1, 2):
        copied = rng.random(items) < 0.8
        label[copied, j] = label[copied, 0]
    return label, truth


def graders(seed, items, raters):
    """Levels 0 to 9 that ascend with the truth."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, items)
    worth = truth[:, None] * 2.5 + rng.normal(3.2, 2, (items, raters))
    return np.clip(np.round(worth), 0, 9).astype(int), truth


def some_gold(truth, size, classes=("a", "b")):
    return Gold(np.arange(size, dtype=np.int32), truth[:size].astype(np.int32), classes)


def taken(found, method, *words):
    assert found.method == f"auto:{method}"
    for word in words:
        assert word in found.notes[0], found.notes


def asked_and_tempered(method, votes):
    """The posterior, as modest as votes that a fit did not see say, and as shared errors ask."""
    held_out = held_out_dependence(foretold(votes, None, method))
    return tempered(method(votes), votes, held_out=held_out).posterior


def test_no_votes_give_the_prior():
    votes = panel(np.zeros((3, 2), dtype=int), kept=np.zeros((3, 2), dtype=bool))
    found = Auto()(votes)
    taken(found, "mean", "no votes")
    np.testing.assert_allclose(found.posterior, 0.5)


def test_gold_on_a_dense_panel_weighs_hypotheses():
    label, truth = voters(1, 150, [0.8, 0.7, 0.65, 0.6, 0.75])
    votes, gold = panel(label), some_gold(truth, 20)
    found = Auto()(votes, gold)
    taken(found, "hypotheses", "20 gold labels")
    np.testing.assert_array_equal(found.posterior, Hypotheses()(votes, gold).posterior)
    assert found.settings == repr(Hypotheses())


def test_gold_of_one_class_or_nine_labels_are_anchors_alone():
    label, truth = voters(1, 150, [0.8, 0.7, 0.65, 0.6, 0.75])
    votes = panel(label)
    ones = np.flatnonzero(truth == 1)[:15].astype(np.int32)
    one_class = Gold(ones, np.ones(15, dtype=np.int32), ("a", "b"))
    for gold in (one_class, some_gold(truth, 9)):
        found = Auto()(votes, gold)
        assert "dense panel" in found.notes[0]
        assert found.prior_source == "gold"
        assert (found.posterior[gold.item, gold.label] == 1).all()
    assert Auto(enough_gold=5)(votes, some_gold(truth, 9)).method == "auto:hypotheses"


def test_gold_on_a_sparse_panel_or_of_three_classes_is_an_anchor():
    label, truth = voters(2, 400, np.linspace(0.5, 0.9, 30))
    kept = np.random.default_rng(0).random(label.shape) < 0.15
    gold = some_gold(truth, 50)
    found = Auto()(panel(label, kept=kept), gold)
    taken(found, "pooled-dawid-skene", "sparse")
    assert (found.posterior[gold.item, gold.label] == 1).all()
    assert found.prior_source == "gold"
    label, truth = voters(3, 200, [0.8, 0.7, 0.6, 0.7], 3)
    found = Auto()(panel(label, 3), some_gold(truth, 50, ("a", "b", "c")))
    taken(found, "dawid-skene", "dense")


def test_graded_dense_votes_on_two_classes_are_factored():
    label, truth = graders(4, 400, 6)
    votes = panel(label, 10, truth=BALANCED)
    found = Auto()(votes)
    taken(found, "rotated-factors", "graded", "6 judges")
    np.testing.assert_array_equal(found.posterior, RotatedFactors()(votes).posterior)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.85
    taken(Auto()(panel(label[:, :2], 10, truth=BALANCED)), "mean")
    sparse = np.random.default_rng(0).random(label.shape) < 0.4
    assert Auto(dense=0.6)(panel(label, 10, sparse, truth=BALANCED)).method != found.method
    three = Truth(("x", "y", "z"), (0,) * 3 + (1,) * 4 + (2,) * 3)
    assert Auto()(panel(label, 10, truth=three)).method != found.method


def test_labels_without_a_map_are_learned_from_gold_and_refused_without():
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 2, 80)
    label = np.where(rng.random((80, 4)) < 0.8, truth[:, None] * 2, rng.integers(0, 3, (80, 4)))
    votes = replace(panel(label, 3), ordered=False, truth=Truth(("no", "yes")))
    found = Auto()(votes, some_gold(truth, 30, ("no", "yes")))
    taken(found, "dawid-skene", "without a map")
    assert (found.posterior.argmax(axis=1) == truth)[30:].mean() > 0.8
    assert found.calibration == "tempered"
    with pytest.raises(ConfigurationError):
        Auto()(votes)


def test_a_lone_judge_teaches_nothing():
    label, _ = voters(6, 50, [0.8])
    votes = panel(label)
    found = Auto()(votes)
    taken(found, "mean", "nothing can be learned about a lone judge", "20 gold labels")
    expected = (np.eye(2)[label[:, 0]] + found.prior) / 2
    np.testing.assert_allclose(found.posterior, expected)
    assert found.calibration == "tempered"
    one = Auto()(panel(np.array([[1]])))
    assert one.posterior[0].argmax() == 1


def test_a_dense_independent_panel_is_read_by_dawid_skene():
    label, truth = voters(7, 400, [0.95, 0.9, 0.6, 0.6, 0.55])
    votes = panel(label)
    found = Auto()(votes)
    taken(found, "dawid-skene", "do not contradict independent errors")
    expected = asked_and_tempered(DawidSkene(), votes)
    np.testing.assert_array_equal(found.posterior, expected)
    assert found.calibration == "tempered"
    majority = Mean()(votes).posterior.argmax(axis=1) == truth
    assert (found.posterior.argmax(axis=1) == truth).mean() > majority.mean() + 0.02


def test_a_dense_panel_that_errs_together_keeps_its_vote_shares():
    label, truth = cliques(8, 400)  # too few items to merge judges on
    votes = panel(label)
    found = Auto()(votes)
    taken(found, "mean", "do not bear out", "About 20 gold labels", "of 400 items", ".11")
    shares = Mean()(votes).posterior
    np.testing.assert_array_equal(found.posterior.argmax(axis=1), shares.argmax(axis=1))
    assert found.calibration == "tempered"
    assert found.posterior.max() < 1  # one even vote more than were cast
    assert (np.abs(found.posterior - 0.5) <= np.abs(shares - 0.5) + 1e-12).all()
    follows = DawidSkene()(votes).posterior.argmax(axis=1) == truth
    assert (found.posterior.argmax(axis=1) == truth).mean() > follows.mean()


def test_a_judge_who_votes_against_the_rest_is_not_counted_as_the_others():
    label, _ = cliques(9, 400)
    label[:, 5] = 1 - label[:, 5]
    found = Auto()(panel(label))
    taken(found, "dawid-skene", "vote against the rest (r5)")


def test_a_coin_among_many_does_not_pass_for_a_judge_who_votes_against_the_rest():
    """Of ten judges who vote at random, one or another is often a little below 0."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        truth, shared = rng.integers(0, 2, 500), rng.normal(size=(500, 1))
        worth = (2 * truth[:, None] - 1) * rng.uniform(0.3, 0.9, 15) + 1.2 * shared
        label = (worth + rng.normal(size=(500, 15)) > 0).astype(int)
        coins = rng.integers(0, 2, (500, 10))
        taken(Auto()(panel(np.hstack([label, coins]))), "mean", "do not bear out")


def test_judges_who_never_differ_give_nothing_to_test():
    label = np.ones((600, 5), dtype=int)
    found = Auto()(panel(label))
    taken(found, "mean", "fewer than 4 judges' votes vary")
    np.testing.assert_allclose(found.posterior[:, 1], 5.5 / 6)
    label[:30, 0] = 0
    taken(Auto()(panel(label)), "mean", "fewer than 4 judges' votes vary")


def test_a_setting_of_sources_that_plays_no_part_is_told():
    label, truth = voters(20, 200, [0.8, 0.7, 0.75, 0.7, 0.65])
    graded, _ = graders(4, 200, 4)
    some = np.random.default_rng(0).random(label.shape) < 0.4
    cases = (
        (panel(label), None, "families", "no two judges"),
        (panel(label, kept=some), None, "families", "sparse"),
        (panel(label[:20]), None, "families", "too few"),
        (panel(label[:, :1]), None, "apart", "one judge"),
        (panel(graded, 10, truth=BALANCED), None, "families", "factors of graded votes"),
        (panel(label), some_gold(truth, 20), "families", "no two judges"),
        (panel(label), some_gold(truth, 20), "apart", "gold weighs"),
    )
    for votes, gold, sources, word in cases:
        found = Auto(sources=sources)(votes, gold)
        assert f"sources='{sources}' was asked for and plays no part" in found.notes[1]
        assert word in found.notes[1]
        plain = Auto()(votes, gold)
        assert not any("plays no part" in note for note in plain.notes)
    assert not any("plays no part" in note for note in Auto(sources="apart")(panel(label)).notes)


def test_two_or_three_judges_cannot_be_tested():
    label, _ = voters(10, 100, [0.8, 0.7, 0.9])
    for raters in (2, 3):
        found = Auto()(panel(label[:, :raters]))
        taken(found, "mean", "too small, or of too few prompts", "About 20 gold labels")
    opposite = np.stack([label[:, 0], 1 - label[:, 0]], axis=1)
    np.testing.assert_allclose(Auto()(panel(opposite)).posterior, 0.5)


def test_a_sparse_crowd_of_independent_raters_is_followed_to_convergence():
    label, truth = voters(11, 600, np.linspace(0.45, 0.95, 40))
    votes = panel(label, kept=np.random.default_rng(1).random(label.shape) < 0.15)
    found = Auto()(votes)
    taken(found, "pooled-dawid-skene", "converged", "less dependent")
    expected = asked_and_tempered(PooledDawidSkene(), votes)
    np.testing.assert_array_equal(found.posterior, expected)
    assert found.fit.converged
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.85


def test_a_sparse_crowd_with_a_clique_is_left_after_one_step():
    """Four busy raters share one reading, wrong on three items of ten: EM would follow them."""
    label, truth = voters(12, 600, np.linspace(0.7, 0.9, 24))
    rng = np.random.default_rng(2)
    reading = np.where(rng.random(600) < 0.3, 1 - truth, truth)
    clique = np.where(rng.random((600, 4)) < 0.98, reading[:, None], 1 - reading[:, None])
    kept = np.hstack([rng.random((600, 24)) < 0.2, rng.random((600, 4)) < 0.5])
    votes = panel(np.hstack([label, clique]), kept=kept)
    found = Auto()(votes)
    taken(found, "pooled-dawid-skene", "one step", "gold labels on about 20")
    assert found.settings == repr(PooledDawidSkene(steps=1))
    expected = asked_and_tempered(PooledDawidSkene(steps=1), votes)
    np.testing.assert_array_equal(found.posterior, expected)
    followed = PooledDawidSkene()(votes).posterior.argmax(axis=1) == truth
    assert (found.posterior.argmax(axis=1) == truth).mean() > followed.mean() + 0.05


def ranking(raters, *which):
    marked = np.zeros(raters, dtype=bool)
    marked[list(which)] = True
    return marked


def test_votes_that_only_rank_are_averaged_by_rank():
    label, truth = voters(13, 200, [0.8, 0.7, 0.75, 0.7])
    votes = panel(label, uncalibrated=ranking(4, 0, 1, 2, 3))
    found = Auto()(votes)
    taken(found, "mean-normal-score", "neither a prior nor gold")
    assert found.calibration == "uncalibrated"
    np.testing.assert_array_equal(found.posterior, NormalScores()(votes).posterior)
    with_prior = replace(votes, truth=Truth(("a", "b"), (0, 1), (0.6, 0.4)))
    taken(Auto()(with_prior), "rotated-factors", "where the prior says")
    two = panel(label[:, :2], uncalibrated=ranking(2, 0, 1), truth=with_prior.truth)
    taken(Auto()(two), "mean-normal-score", "fewer than three judges")
    taken(Auto()(votes, some_gold(truth, 12)), "hypotheses")
    taken(Auto()(votes, some_gold(truth, 4)), "rotated-factors")


def test_ranking_votes_are_left_out_among_others_but_for_gold_and_factors():
    label, truth = voters(14, 200, [0.8, 0.7, 0.75, 0.7, 0.9])
    votes = panel(label, uncalibrated=ranking(5, 4))
    found = Auto()(votes)
    assert "1 of 5 judges give ranks" in found.notes[1]
    assert "r4" in found.notes[1]
    without = Auto()(votes.only(votes.rater != 4))
    np.testing.assert_array_equal(found.posterior, without.posterior)
    assert found.support.max() == 4
    taken(Auto()(votes, some_gold(truth, 20)), "hypotheses")
    graded, _ = graders(15, 200, 4)
    mixed = panel(graded, 10, truth=BALANCED, uncalibrated=ranking(4, 0))
    np.testing.assert_array_equal(
        Auto()(mixed).posterior, Auto()(replace(mixed, uncalibrated=None)).posterior
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (6, 1), (5, 2), (3, 3)])
def test_few_votes_have_an_outcome(shape):
    label = np.arange(shape[0] * shape[1]).reshape(shape) % 2
    for one in (label, np.zeros(shape, dtype=int)):
        found = Auto()(panel(one))
        assert np.isfinite(found.posterior).all()
        np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
        assert found.notes[0]


def test_soft_votes_that_are_certain_are_read_as_hard_ones():
    label, _ = voters(16, 300, [0.9, 0.8, 0.6, 0.7, 0.65])
    for kept in (None, np.random.default_rng(3).random(label.shape) < 0.4):
        hard = panel(label, kept=kept)
        soft = replace(hard, label=None, mass=hard.soft())
        one, other = Auto()(hard), Auto()(soft)
        assert one.method == other.method
        np.testing.assert_allclose(other.posterior, one.posterior, atol=1e-6)


def test_it_is_the_default_in_the_registry():
    card = METHODS.get("auto")
    assert card.make() == Auto()
    assert not card.needs_gold
    assert not card.independent
