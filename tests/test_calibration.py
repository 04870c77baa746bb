"""Calibration: measures, estimates with intervals, maps, which map, folds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import mannwhitneyu

from w2s_judge.calibration import metrics
from w2s_judge.calibration.beta import Beta
from w2s_judge.calibration.choose import candidate, choose
from w2s_judge.calibration.estimates import estimated_share, paired
from w2s_judge.calibration.folds import folds_of
from w2s_judge.calibration.isotonic import Isotonic, pooled
from w2s_judge.calibration.maps import Identity, floor_of
from w2s_judge.calibration.platt import Platt, Temperature


def two(p):
    p = np.asarray(p, dtype=float)
    return np.stack([1 - p, p], axis=1)


@st.composite
def forecasts(draw, classes=None, least=1):
    many = draw(st.integers(2, 4)) if classes is None else classes
    n = draw(st.integers(least, 25))
    rows = st.lists(st.sampled_from([0.0, 0.1, 0.3, 1.0, 2.0]), min_size=many, max_size=many)
    mass = np.array([draw(rows) for _ in range(n)]) + 1e-9 * (np.arange(many) == 0)
    label = draw(st.lists(st.integers(0, many - 1), min_size=n, max_size=n))
    weight = draw(st.lists(st.floats(0.1, 5), min_size=n, max_size=n))
    return mass / mass.sum(axis=1, keepdims=True), np.array(label, np.int32), np.array(weight)


# --- measures ---------------------------------------------------------------------------------


def test_figures_worked_out_by_hand():
    posterior, label = two([0.9, 0.6, 0.2, 0.5]), np.array([1, 0, 0, 1])
    assert metrics.accuracy(posterior, label) == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert metrics.balanced_accuracy(posterior, label) == pytest.approx((0.75 + 0.5) / 2)
    assert metrics.brier(posterior, label) == pytest.approx(2 * (0.01 + 0.36 + 0.04 + 0.25) / 4)
    expected = -np.log([0.9, 0.4, 0.8, 0.5]).mean()
    assert metrics.log_loss(posterior, label) == pytest.approx(expected)
    assert metrics.auc(posterior, label) == pytest.approx(3 / 4)
    # ten bins of equal width: .9 | .8 | .6 | .5 each alone
    assert metrics.ece(posterior, label, bins=10, equal="width") == pytest.approx(
        (0.1 + 0.2 + 0.6 + 0.0) / 4
    )
    # one bin: mean confidence .7, accuracy .625
    assert metrics.ece(posterior, label, bins=1) == pytest.approx(0.075)
    certain = metrics.log_loss(two([0.0]), np.array([1]))
    assert certain == pytest.approx(-np.log(metrics.CLIP))


def test_equal_confidences_share_a_bin_of_equal_mass():
    share = np.repeat([0.6, 0.8, 1.0], [50, 7, 43])
    right = np.concatenate([np.arange(50) < 30, np.arange(7) < 5, np.arange(43) < 40])
    bin_ = metrics.bin_of(share, np.ones(100), 15, "mass")
    assert len(np.unique(bin_)) == 3
    expected = 0.5 * abs(0.6 - 30 / 50) + 0.07 * abs(0.8 - 5 / 7) + 0.43 * abs(1 - 40 / 43)
    assert metrics.ece(two(share), right.astype(int)) == pytest.approx(expected)
    different = np.linspace(0.5, 1, 150)
    assert set(np.bincount(metrics.bin_of(different, np.ones(150), 15, "mass"))) == {10}


@given(forecasts(classes=2, least=2))
def test_auc_is_the_mann_whitney_statistic(drawn):
    posterior, label, _ = drawn
    if len(np.unique(label)) < 2:
        with pytest.raises(ValueError, match="both classes"):
            metrics.auc(posterior, label)
        return
    score = np.round(posterior[:, 1], 12)
    u = mannwhitneyu(score[label == 1], score[label == 0], method="asymptotic").statistic
    expected = u / ((label == 1).sum() * (label == 0).sum())
    assert metrics.auc(posterior, label) == pytest.approx(expected)


@given(forecasts(), st.integers(1, 3))
def test_a_weight_of_k_is_k_copies(drawn, times):
    posterior, label, _ = drawn
    copies = 1 + np.arange(len(label)) % times
    again = np.repeat(np.arange(len(label)), copies)
    for measure in (metrics.accuracy, metrics.balanced_accuracy, metrics.brier, metrics.log_loss,
                    metrics.ece):  # fmt: skip
        assert measure(posterior, label, copies.astype(float)) == pytest.approx(
            measure(posterior[again], label[again]), abs=1e-9
        )


def test_a_perfect_forecaster_has_the_ece_that_is_foretold():
    random = np.random.default_rng(0)
    posterior = two(random.uniform(0.3, 1, 300))
    found = [
        metrics.ece(posterior, (random.random(300) < posterior[:, 1]).astype(int))
        for _ in range(200)
    ]
    foretold = metrics.perfect_ece(posterior, draws=400, seed=1)
    assert foretold == pytest.approx(np.mean(found), abs=4 * np.std(found) / 14)
    assert 0.02 < foretold < 0.1
    assert metrics.perfect_ece(posterior, seed=3) == metrics.perfect_ece(posterior, seed=3)


def test_nothing_to_measure_is_an_error():
    with pytest.raises(ValueError, match="no labelled item"):
        metrics.accuracy(np.zeros((0, 2)), np.zeros(0, dtype=np.int32))


# --- estimates --------------------------------------------------------------------------------


def test_the_interval_covers_with_groups_and_weights():
    """1,000 samples of 40 groups of 3, sampled by size-biased weights: covered 95 times of 100."""
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        heavy = random.random(40) < 0.5  # these groups are drawn four times as often
        hit = random.random(40) < np.where(heavy, 0.9, 0.6)
        value = np.repeat(hit, 3) * 0.8 + 0.2 * (random.random(120) < 0.7)
        weight = np.repeat(np.where(heavy, 0.25, 1.0), 3)
        truth = 0.8 * (0.9 * 0.25 + 0.6) / 1.25 + 0.2 * 0.7
        found = estimated_share(value, weight, np.repeat(np.arange(40), 3))
        covered += found.low <= truth <= found.high
    assert covered / 1000 > 0.93  # Monte-Carlo standard error .007


def test_no_error_seen_is_not_no_error():
    found = estimated_share(np.ones(20))
    assert found.value == 1.0
    assert found.high == 1.0
    assert 0.8 < found.low < 0.9
    alone = estimated_share(np.ones(20), group=np.zeros(20, dtype=int))
    assert (alone.low, alone.high) == (0.0, 1.0)


def test_a_paired_difference_and_its_interval():
    random = np.random.default_rng(0)
    label = np.zeros(400, dtype=np.int32)
    better = two((random.random(400) < 0.1).astype(float))
    worse = two((random.random(400) < 0.3).astype(float))
    found = paired(better, worse, label, seed=1)
    assert found.value == pytest.approx(
        metrics.accuracy(better, label) - metrics.accuracy(worse, label)
    )
    assert 0 < found.low < found.value < found.high
    assert found == paired(better, worse, label, seed=1)
    doubled = np.repeat(np.arange(400), 2)  # copies in one group tell nothing new
    twice = paired(better[doubled], worse[doubled], label[doubled], group=doubled, seed=1)
    assert twice.high - twice.low == pytest.approx(found.high - found.low, rel=1e-9)


# --- maps -------------------------------------------------------------------------------------

FITS = (Temperature.fit, Platt.fit, Beta.fit, Isotonic.fit)


@pytest.mark.parametrize("fit", FITS)
@given(forecasts(classes=2))
def test_every_map_gives_probabilities_and_keeps_the_ranking(fit, drawn):
    posterior, label, weight = drawn
    given = posterior.copy()
    fitted = fit(posterior, label, weight, floor=floor_of(posterior))
    out = fitted.apply(posterior)
    np.testing.assert_allclose(out.sum(axis=1), 1)
    assert np.all(out >= 0)
    if fit is not Temperature.fit:
        assert np.all(out > 0)
    order = np.argsort(posterior[:, 1])
    assert np.all(np.diff(out[order, 1]) >= -1e-9)
    np.testing.assert_array_equal(posterior, given)
    np.testing.assert_array_equal(fitted.apply(posterior[:1]), out[:1])


def overconfident(n, seed, slope=0.4, shift=0.5):
    """Log odds twice and a half too far out, and shifted."""
    random = np.random.default_rng(seed)
    p = expit(random.normal(0, 3, n))
    true = expit(slope * logit(p) + shift)
    return two(p), (random.random(n) < true).astype(np.int32), true


def test_platt_and_temperature_recover_what_was_simulated():
    posterior, label, _ = overconfident(20_000, 0)
    found = Platt.fit(posterior, label)
    assert found.name == "platt"
    assert found.slope == pytest.approx(0.4, abs=0.02)
    assert found.bias[1] - found.bias[0] == pytest.approx(0.5, abs=0.06)
    posterior, label, _ = overconfident(20_000, 1, slope=0.25, shift=0)
    assert Temperature.fit(posterior, label).slope == pytest.approx(0.25, abs=0.02)


def test_vector_scaling_recovers_three_classes():
    random = np.random.default_rng(0)
    score = random.normal(0, 3, (20_000, 3))
    bias = np.array([0.8, 0.0, -0.8])
    true = np.exp(0.5 * score + bias)
    true /= true.sum(axis=1, keepdims=True)
    label = (random.random((20_000, 1)) > true.cumsum(axis=1)).sum(axis=1).astype(np.int32)
    posterior = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    found = Platt.fit(posterior, label)
    assert found.name == "vector-scaling"
    assert found.slope == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(np.array(found.bias) - found.bias[1], bias, atol=0.08)


def test_beta_and_isotonic_recover_a_bend_that_platt_cannot():
    random = np.random.default_rng(0)
    p = random.uniform(0.001, 0.999, 20_000)
    true = expit(0.3 * np.log(p) - 2.0 * np.log(1 - p) + 0.4)
    label = (random.random(20_000) < true).astype(np.int32)
    found = Beta.fit(two(p), label)
    assert (found.a, found.b, found.c) == pytest.approx((0.3, 2.0, 0.4), abs=0.12)
    off = {fit: np.abs(fit(two(p), label).apply(two(p))[:, 1] - true).mean() for fit in FITS}
    assert off[Beta.fit] < 0.01
    assert off[Isotonic.fit] < 0.02
    assert off[Platt.fit] > 0.03


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 4)), min_size=1, max_size=12))
def test_pooling_is_the_min_max_formula(drawn):
    hits = np.array([min(h, n) for h, n in drawn], dtype=float)
    size = np.array([n for _, n in drawn], dtype=float)
    rows = pooled(np.stack([size * np.arange(len(size)), hits, size], axis=1), 0.0)
    found = np.repeat(rows[:, 1] / rows[:, 2], np.diff(np.searchsorted(np.cumsum(size),
                      np.concatenate([[0], np.cumsum(rows[:, 2])]), side="right")))  # fmt: skip
    m = len(size)
    for i in range(m):
        expected = max(min(hits[a : b + 1].sum() / size[a : b + 1].sum() for b in range(i, m))
                       for a in range(i + 1))  # fmt: skip
        assert found[i] == pytest.approx(expected)


@pytest.mark.parametrize("fit", FITS)
def test_labels_that_are_separated_give_a_finite_map(fit):
    posterior, label = two([0.0, 0.2, 0.8, 1.0] * 5), np.array([0, 0, 1, 1] * 5)
    out = fit(posterior, label, floor=floor_of(posterior)).apply(posterior)
    assert 0.5 < out[3, 1] < 1 - 1e-4


def test_an_exact_zero_is_read_by_the_company_it_keeps():
    assert floor_of(two([0.0, 0.2, 0.6])) == pytest.approx(0.1)
    assert floor_of(two([0.0, 1.0])) == pytest.approx(0.125)  # no share between: a quarter of 1/2
    assert floor_of(two([0.3, 0.4])) == 1e-12


def test_the_size_of_gold_decides_on_the_map():
    posterior, label, _ = overconfident(60, 0)
    names = {
        size: candidate(size, 2)(posterior, label, np.ones(60), 1e-12).name
        for size in (29, 30, 199, 200, 999, 1000)
    }
    assert names == {
        29: "temperature", 30: "platt", 199: "platt", 200: "beta", 999: "beta", 1000: "isotonic",
    }  # fmt: skip
    three = np.full((3, 3), 1 / 3)
    fitted = candidate(5000, 3)(three, np.arange(3, dtype=np.int32), np.ones(3), 1e-12)
    assert fitted.name == "vector-scaling"


def chosen_map(posterior, label, seed=0):
    group = np.arange(len(label))
    fold = folds_of(label, group, 5, seed)
    return choose(posterior, label, np.ones(len(label)), fold, group, 1e-12)


def test_a_map_has_to_earn_its_place():
    """Of 40 honest posteriors few get a map from 100 labels, of over-confident ones nearly all."""
    kept = {"honest": 0, "over-confident": 0}
    for seed in range(40):
        posterior, label, true = overconfident(100, seed)
        kept["over-confident"] += chosen_map(posterior, label).map != Identity()
        kept["honest"] += chosen_map(two(true), label).map != Identity()
    assert kept["over-confident"] >= 38
    assert kept["honest"] <= 6


# --- folds ------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), min_size=1, max_size=40),
    st.integers(2, 6), st.integers(0, 3),
)  # fmt: skip
def test_a_group_is_never_split(rows, count, seed):
    label, group = (np.array(column, dtype=np.int32) for column in zip(*rows, strict=True))
    fold = folds_of(label, group, count, seed)
    for g in np.unique(group):
        assert len(np.unique(fold[group == g])) == 1
    assert len(np.unique(fold)) == min(count, len(np.unique(group)))


def test_classes_are_spread_over_the_folds():
    label = np.repeat([0, 1], [83, 17]).astype(np.int32)
    fold = folds_of(label, np.arange(100), 5, 0)
    assert sorted(np.bincount(fold[label == 1])) == [3, 3, 3, 4, 4]
    assert sorted(np.bincount(fold[label == 0])) == [16, 16, 17, 17, 17]
    assert np.bincount(fold).max() <= 21
