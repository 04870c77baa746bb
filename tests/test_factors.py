"""Factors of simulated panels, rotation, level scaling, orders, and the method on top of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ortho_group

from w2s_judge.aggregation.correlation import Grid, correlation, plain_array, standardised
from w2s_judge.aggregation.factor_analysis import (
    factor_count,
    factor_scores,
    maximum_likelihood,
    rotated,
    varimax,
)
from w2s_judge.aggregation.factor_structure import structure
from w2s_judge.aggregation.level_scaling import level_scaled, levels_of
from w2s_judge.aggregation.order_averaging import opinions
from w2s_judge.aggregation.rotated_factors import RotatedFactors
from w2s_judge.aggregation.thresholds import class_rows
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

TWO = np.array([[0.9, 0], [0.85, 0], [0.8, 0.1], [0.8, 0], [0.75, 0.3], [0.1, 0.8], [0, 0.7]])


def votes_of(values, *, kept=None, truth=None, ordered=True, **more):
    """A vote matrix of integer levels (I, J), those in the mask `kept`."""
    kept = np.ones(values.shape, bool) if kept is None else kept
    item, rater = np.nonzero(kept)
    return VoteMatrix(
        tuple(f"i{i}" for i in range(len(values))),
        tuple(f"r{j}" for j in range(values.shape[1])),
        tuple(f"l{x}" for x in range(int(values.max()) + 1)),
        item.astype(np.int32), rater.astype(np.int32),
        np.arange(len(values), dtype=np.int32), (None,) * values.shape[1],
        label=values[item, rater].astype(np.int32), truth=truth, ordered=ordered, **more,
    )  # fmt: skip


def panel(loadings, items, seed, cuts=(-1.0, -0.3, 0.3, 1.0)):
    """Factors (I, k) and votes (I, J) cut into levels."""
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((items, loadings.shape[1]))
    noise = rng.standard_normal((items, len(loadings)))
    z = factors @ loadings.T + noise * np.sqrt(1 - (loadings**2).sum(axis=1))
    return factors, np.searchsorted(cuts, z)


def fitted(votes, rounds=0):
    truth = votes.truth_with(None)
    return structure(
        opinions(votes, truth, "x", average_orders=True),
        most=3,
        rounds=rounds,
        clear_ratio=2.0,
        seed=0,
    )


def test_loadings_of_a_known_correlation_come_back_exactly():
    """R = A A' + psi has its own loadings as the fixed point, up to the rotation."""
    correlations = TWO @ TWO.T
    np.fill_diagonal(correlations, 1)
    found = maximum_likelihood(correlations, 2)
    assert found.converged
    off = found.matrix @ found.matrix.T - TWO @ TWO.T
    assert np.abs(off).max() < 1e-4
    assert np.abs(rotated(found).matrix - TWO).max() < 0.06  # varimax's axes, not ours


def test_the_number_of_factors_is_that_of_the_simulation():
    for loadings, k in ((TWO, 2), (TWO[:5, :1], 1), (np.zeros((6, 1)), 1)):
        _, levels = panel(loadings, 800, 1)
        assert fitted(votes_of(levels)).k == k
    few = np.eye(3) * 0.5 + 0.5
    assert factor_count(few, np.full((3, 3), 100.0), 3, 0) == 1  # three judges identify one


def test_two_factors_are_recovered_with_a_third_of_the_votes_missing():
    factors, levels = panel(TWO, 1500, 2)
    kept = np.random.default_rng(0).random(levels.shape) > 1 / 3
    found = fitted(votes_of(levels, kept=kept))
    assert found.k == 2
    assert found.ratio > 2
    for i in (0, 1):
        assert np.corrcoef(found.scores[:, i], factors[:, i])[0, 1] > 0.75
    assert abs(np.corrcoef(found.scores[:, 0], factors[:, 1])[0, 1]) < 0.2


def test_scores_with_missing_votes_are_the_posterior_mean():
    _, levels = panel(TWO, 60, 3)
    kept = np.random.default_rng(1).random(levels.shape) > 0.4
    votes = votes_of(levels, kept=kept)
    opinion, _ = standardised(opinions(votes, votes.truth_with(None), "x", average_orders=False))
    grid = Grid.of(opinion)
    loadings = rotated(maximum_likelihood(correlation(grid)[0], 2))
    a, psi, z = loadings.matrix, loadings.uniqueness, plain_array(grid.z)
    direct = np.zeros((60, 2))
    for i in range(60):
        mine = kept[i]
        covariance = a[mine] @ a[mine].T + np.diag(psi[mine])
        direct[i] = a[mine].T @ np.linalg.solve(covariance, z[i, mine])
    heard = kept.any(axis=1)
    direct = (direct - direct[heard].mean(axis=0)) / direct[heard].std(axis=0)
    np.testing.assert_allclose(factor_scores(grid, loadings)[heard], direct[heard], atol=1e-9)


def test_sparse_and_plain_layouts_agree():
    _, levels = panel(TWO, 300, 4)
    kept = np.random.default_rng(2).random(levels.shape) < 0.1
    votes = votes_of(levels, kept=kept)
    opinion, _ = standardised(opinions(votes, votes.truth_with(None), "x", average_orders=False))
    thin = Grid.of(opinion)
    z, mask = plain_array(thin.z), plain_array(thin.mask)
    assert not isinstance(thin.z, np.ndarray)
    for one, other in zip(correlation(thin), correlation(Grid(z, mask, mask)), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_what_nobody_shares_or_nobody_orients_is_no_factor():
    assert rotated(maximum_likelihood(np.eye(4), 1)).strength == pytest.approx(0)
    opposed = np.array([[1, -0.9, 0], [-0.9, 1, 0], [0, 0, 1]])
    assert rotated(maximum_likelihood(opposed, 1)).strength == pytest.approx(0)


@pytest.mark.parametrize("k", [2, 3])
def test_varimax_undoes_a_known_rotation(k):
    """Perfect simple structure is its maximum, whatever rotation hides it."""
    simple = np.zeros((9, k))
    simple[np.arange(9), np.arange(9) % k] = np.linspace(0.9, 0.5, 9)
    turn = ortho_group.rvs(k, random_state=5)
    found = varimax(simple @ turn)
    expected = simple[:, np.argsort(-(simple**2).sum(axis=0))]
    np.testing.assert_allclose(found, expected, atol=1e-7)


def test_varimax_is_the_best_of_a_fine_grid_of_angles():
    loadings = np.random.default_rng(6).standard_normal((8, 2))

    def criterion(matrix):
        return (matrix**2).var(axis=0).sum()

    angles = np.linspace(0, np.pi / 2, 2001)
    grid = [
        criterion(loadings @ np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]))
        for a in angles
    ]
    assert criterion(varimax(loadings)) >= max(grid) - 1e-9


def test_level_scaling_puts_levels_in_order_and_helps():
    """A judge that uses the middle at random: its levels get what they are worth."""
    factors, levels = panel(np.full((8, 1), 0.8), 2000, 7)
    votes = votes_of(levels)
    plain, scaled = fitted(votes), fitted(votes, rounds=5)
    means = [scaled.opinions.value[(levels == level).ravel()].mean() for level in range(5)]
    assert np.all(np.diff(means) > 0)
    swap = levels.copy()
    swap[:, 0] = np.array([2, 1, 0, 3, 4])[levels[:, 0]]  # one judge confuses two levels
    better = np.corrcoef(fitted(votes_of(swap), rounds=5).scores[:, 0], factors[:, 0])[0, 1]
    worse = np.corrcoef(fitted(votes_of(swap)).scores[:, 0], factors[:, 0])[0, 1]
    assert better > worse
    assert abs(better - np.corrcoef(plain.scores[:, 0], factors[:, 0])[0, 1]) < 0.01


def test_a_level_used_once_stays_near_the_middle():
    _, levels = panel(np.full((4, 1), 0.9), 400, 8)
    levels[0, 0] = 9
    found = opinions(votes_of(levels), Truth(("a",)), "x", average_orders=False)
    z, _ = standardised(found)
    score = np.full(400, 3.0)
    score[1:] = np.random.default_rng(0).standard_normal(399)
    new = level_scaled(z, levels_of(found), score)
    mine = new.value[new.unit == 0]
    assert abs(mine[0]) < np.abs(mine).max() + 1e-9
    assert np.isfinite(new.value).all()


def test_both_orders_of_a_judge_become_their_mean():
    values = np.array([[1, 1, 0], [1, 0, 1], [0, 0, 1], [0, 1, 1]])
    kept = np.ones((4, 3), bool)
    kept[3, 1] = False
    votes = votes_of(values, kept=kept, judge=("a", "a", "b"), order=("ab", "ba", "ab"))
    found = opinions(votes, votes.truth_with(None), "x", average_orders=True)
    assert found.units == ("a", "r2")
    assert found.of_rater.tolist() == [0, 0, 1]
    assert found.value[found.unit == 0].tolist() == [1, 0.5, 0, 0]  # an order alone stands
    apart = opinions(votes, votes.truth_with(None), "x", average_orders=False)
    assert apart.units == votes.raters


def test_a_graded_panel_with_a_small_model_style_is_read_by_its_leading_factor():
    """The truth is the factor of the many; a style shared by a few is rotated out."""
    factors, levels = panel(TWO, 2000, 9)
    truth = (factors[:, 0] > np.quantile(factors[:, 0], 0.7)).astype(int)
    given = Truth(("no", "yes"), prior=(0.7, 0.3))
    found = RotatedFactors()(votes_of(levels, truth=given))
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.85
    assert found.posterior[:, 1].mean() == pytest.approx(0.3, abs=0.06)
    assert found.calibration == "fixed-slope"
    assert found.prior_source == "given"
    assert found.weight.argmax() in range(5)
    assert any("slope" in note for note in found.notes)


def test_two_equal_factors_are_called_ambiguous():
    even = np.vstack([TWO[:3], TWO[:3, ::-1]])
    _, levels = panel(even, 1000, 10)
    votes = votes_of(levels, truth=Truth(("no", "yes")))
    found = RotatedFactors()(votes)
    assert any("10 to 20 labels" in note for note in found.notes)
    assert any("no prior" in note for note in found.notes)


def test_ordered_classes_are_cut_at_the_prior():
    factors, levels = panel(TWO, 3000, 11)
    prior = (0.5, 0.3, 0.2)
    truth = np.searchsorted(np.quantile(factors[:, 0], np.cumsum(prior)[:2]), factors[:, 0])
    found = RotatedFactors()(votes_of(levels, truth=Truth(("a", "b", "c"), prior=prior)))
    assert found.posterior.shape == (3000, 3)
    assert (found.posterior.argmax(axis=1) == truth).mean() > 0.6
    gold = Gold(np.arange(60, dtype=np.int32), truth[:60].astype(np.int32), ("a", "b", "c"))
    with_gold = RotatedFactors()(votes_of(levels, truth=Truth(("a", "b", "c"), prior=prior)), gold)
    assert (with_gold.posterior.argmax(axis=1) == truth).mean() > 0.6
    assert with_gold.calibration == "gold:platt"
    assert (with_gold.posterior[gold.item, gold.label] == 1).all()


def test_crossing_thresholds_give_rows_and_reverse():
    above = np.random.default_rng(0).random((50, 3))
    rows = class_rows(above)
    assert (rows >= 0).all()
    np.testing.assert_allclose(rows.sum(axis=1), 1)
    np.testing.assert_allclose(class_rows(1 - above[:, ::-1]), rows[:, ::-1], atol=1e-12)


def test_labels_without_an_order_are_refused_beyond_two_classes():
    _, levels = panel(TWO, 50, 12, cuts=(-0.5, 0.5))
    with pytest.raises(ConfigurationError, match="dawid-skene"):
        RotatedFactors()(votes_of(levels, ordered=False))


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (12, 1), (40, 4)])
def test_poor_panels_give_rows_without_nan(shape):
    rng = np.random.default_rng(13)
    levels = rng.integers(0, 2, shape)
    levels[:, -1] = 0  # never varies
    kept = rng.random(shape) > 0.2
    votes = votes_of(np.maximum(levels, 0), kept=kept, truth=Truth(("n", "y"), prior=(0.4, 0.6)))
    found = RotatedFactors()(votes)
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    assert np.isfinite(found.weight).all()
    assert any("never vary" in note for note in found.notes)
    nothing = RotatedFactors()(votes.only(np.zeros(votes.V, bool)))
    np.testing.assert_allclose(nothing.posterior, np.tile([0.4, 0.6], (shape[0], 1)))


def test_soft_votes_rank_by_their_expected_level():
    _, levels = panel(TWO, 500, 14, cuts=(0.0,))
    hard = votes_of(levels, truth=Truth(("n", "y"), (0, 1), (0.5, 0.5)))
    mass = np.where(hard.label[:, None] == np.arange(2), 0.9, 0.1)
    soft = replace(hard, label=None, mass=mass)
    np.testing.assert_allclose(
        RotatedFactors()(soft).posterior, RotatedFactors()(hard).posterior, atol=1e-9
    )
