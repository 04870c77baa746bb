"""Scale maps: each rater's votes onto one scale, without gold and with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import rankdata

from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.median import Median
from w2s_judge.aggregation.trimmed_mean import TrimmedMean
from w2s_judge.calibration.content_free_map import ContentFreeMap
from w2s_judge.calibration.levels import mid_ranks, spread
from w2s_judge.calibration.platt_map import PlattMap
from w2s_judge.calibration.quantile_map import QuantileMap
from w2s_judge.calibration.scale_map import ScaleMap, on_one_scale
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

L = 10
TWO = Truth(("no", "yes"), (0,) * 5 + (1,) * 5, (0.5, 0.5))


def graded(rows, truth=None, labels=L):
    """Dense hard votes; rows (I, J) of levels."""
    I, J = rows.shape  # noqa: E741, N806
    return VoteMatrix(
        tuple(f"i{k}" for k in range(I)), tuple(f"r{k}" for k in range(J)),
        tuple(f"{k:02}" for k in range(labels)), np.repeat(np.arange(I), J).astype(np.int32),
        np.tile(np.arange(J), I).astype(np.int32), np.arange(I, dtype=np.int32), (None,) * J,
        label=rows.ravel().astype(np.int32), truth=truth,
    )  # fmt: skip


def lenient_and_harsh(seed, I=500):  # noqa: E741, N803
    """Raters who see the same thing and report it on scales of their own."""
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=I)
    shift, stretch = np.array([-4, -2, 0, 2, 4]), np.array([0.5, 1, 2, 1, 0.5])
    seen = quality[:, None] + rng.normal(scale=0.8, size=(I, 5))
    rows = np.clip(np.round(4.5 + shift + 2 * stretch * seen), 0, L - 1)
    return graded(rows, TWO), (quality > 0).astype(np.int32)


@given(st.lists(st.floats(-2, 12), min_size=1, max_size=8))
def test_spread_keeps_the_mean_on_two_neighbours(scores):
    levels = np.array([0.0, 1.0, 2.5, 9.0])
    mass = spread(np.array(scores), levels)
    np.testing.assert_allclose(mass.sum(axis=1), 1)
    assert mass.min() >= 0
    assert (np.count_nonzero(mass, axis=1) <= 2).all()
    np.testing.assert_allclose(mass @ levels, np.clip(scores, 0, 9), atol=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), min_size=1, max_size=30))
def test_mid_ranks_are_scipys_with_hazens_place(pairs):
    group, value = np.array(pairs, dtype=np.int32).T
    found = mid_ranks(value.astype(float), np.ones(len(pairs)), group)
    for one in np.unique(group):
        mine = group == one
        np.testing.assert_allclose(found[mine], (rankdata(value[mine]) - 0.5) / mine.sum())


def test_raters_who_use_the_scale_alike_stay_where_they_are():
    column = np.random.default_rng(0).integers(0, L, 200)
    votes = graded(np.stack([column, column[::-1]], axis=1))
    np.testing.assert_allclose(QuantileMap()(votes).mass, votes.soft(), atol=1e-9)


def test_shifted_raters_meet_and_keep_their_order():
    votes, _ = lenient_and_harsh(0)
    before, mapped = votes.scores.reshape(-1, 5), QuantileMap(shrink=0)(votes)
    after = mapped.scores.reshape(-1, 5)
    assert np.ptp(before.mean(axis=0)) > 4
    assert np.ptp(after.mean(axis=0)) < 0.5
    for j in range(5):
        order = np.argsort(before[:, j], kind="stable")
        assert (np.diff(after[order, j]) >= -1e-9).all()
    assert votes.label is not None
    assert mapped.label is None


def test_few_votes_are_moved_little():
    votes, _ = lenient_and_harsh(1)
    few = votes.only(votes.item < 10)
    full, half = QuantileMap(shrink=0).scores(few), QuantileMap(shrink=10).scores(few)
    np.testing.assert_allclose(half, (full + few.scores) / 2)


def test_a_rater_with_a_constant_vote_is_left_and_noted():
    rng = np.random.default_rng(2)
    rows = np.concatenate([rng.integers(0, L, (50, 2)), np.full((50, 1), 7)], axis=1)
    votes = graded(rows)
    mapped = QuantileMap()(votes)
    np.testing.assert_allclose(mapped.mass[votes.rater == 2], np.eye(L)[[7] * 50])
    _, notes = on_one_scale(votes, None, "graded")
    assert any("always the same vote" in note and "r2" in note for note in notes)


def test_content_free_mass_is_divided_out():
    mass, free = np.array([[0.6, 0.4], [0.3, 0.7]]), np.array([[0.75, 0.25], [0.2, 0.8]])
    index = np.arange(2, dtype=np.int32)
    votes = VoteMatrix(
        ("x",), ("a", "b"), ("no", "yes"), index * 0, index, index[:1], (None,) * 2, mass=mass
    )
    expected = mass / free
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(ContentFreeMap(free)(votes).mass, expected)
    np.testing.assert_array_equal(votes.mass, mass)
    with pytest.raises(ValueError, match="shape"):
        ContentFreeMap(free.T[:1])(votes)


def test_batch_calibration_takes_a_leaning_away():
    """A judge that gives "yes" too much mass on everything; labels are equally frequent."""
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 400)
    fair = expit(rng.normal(2.0 * (2 * truth - 1), 1))
    odds = fair / (1 - fair) * np.exp(2.5)
    mass = np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)
    index = np.arange(400, dtype=np.int32)
    votes = VoteMatrix(
        tuple(map(str, index)), ("a",), ("no", "yes"), index, index * 0, index, (None,), mass=mass
    )
    before = (mass.argmax(axis=1) == truth).mean()
    after = (ContentFreeMap()(votes).mass.argmax(axis=1) == truth).mean()
    assert after > before + 0.05
    same = replace(votes, mass=np.repeat([[0.2, 0.8]], 400, axis=0))
    np.testing.assert_allclose(ContentFreeMap()(same).mass, same.mass)


def test_gold_gives_votes_their_own_probabilities():
    """Two judges of known slope: with much gold the map finds P(class | vote)."""
    rng = np.random.default_rng(4)
    I, slopes = 8000, np.array([2.0, 0.3])  # noqa: E741, N806
    rows = rng.integers(0, L, (I, 2))
    z = (rows - 4.5) / rows.std()
    truth = (rng.random(I) < expit(z @ slopes)).astype(np.int32)
    votes = graded(rows, TWO)
    mapped = PlattMap(QuantileMap(0), deviation=5.0)(
        votes, Gold(np.arange(I, dtype=np.int32), truth, TWO.classes)
    )
    assert mapped.labels == TWO.classes
    for j in range(2):
        mine = mapped.mass[mapped.rater == j, 1]
        for level in range(L):
            at = rows[:, j] == level
            assert mine[at].mean() == pytest.approx(truth[at].mean(), abs=0.06)


def test_little_gold_keeps_a_rater_near_the_pooled_map():
    votes, truth = lenient_and_harsh(5)
    reversed_one = votes.label.copy()
    mine = votes.rater == 4
    reversed_one[mine] = L - 1 - reversed_one[mine]
    votes = replace(votes, label=reversed_one)

    def slope(gold_items):
        gold = Gold(np.arange(gold_items, dtype=np.int32), truth[:gold_items], TWO.classes)
        yes = PlattMap()(votes, gold).mass[:, 1]
        return np.corrcoef(votes.scores[mine], yes[mine])[0, 1], np.ptp(yes[mine])

    few, many = slope(3), slope(400)
    assert few[0] > 0.9  # taken for an ordinary rater
    assert many[0] < -0.9  # known to be upside down


def test_the_map_weighs_gold_by_its_sampling():
    """Where "yes" was labelled more readily, the unweighted map says "yes" too often."""
    rng = np.random.default_rng(6)
    rows = rng.integers(0, L, (6000, 1))
    truth = (rng.random(6000) < expit(rows[:, 0] - 7.0)).astype(np.int32)
    chance = np.where(truth == 1, 0.8, 0.1)
    chosen = np.flatnonzero(rng.random(6000) < chance).astype(np.int32)
    votes = graded(rows, Truth(TWO.classes, TWO.of_label))
    rate = {
        weighted: PlattMap()(
            votes, Gold(chosen, truth[chosen], TWO.classes, chance[chosen] if weighted else None)
        ).mass[:, 1].mean()
        for weighted in (True, False)
    }  # fmt: skip
    assert rate[True] == pytest.approx(truth.mean(), abs=0.03)
    assert rate[False] > truth.mean() + 0.15


def test_three_ordered_classes_get_sound_rows():
    rng = np.random.default_rng(7)
    rows = rng.integers(0, L, (300, 4))
    truth = np.clip(rows.mean(axis=1) // 3.34, 0, 2).astype(np.int32)
    votes = graded(rows, Truth(("a", "b", "c")))
    gold = Gold(np.arange(60, dtype=np.int32), truth[:60], ("a", "b", "c"))
    mass = PlattMap()(votes, gold).mass
    assert mass.min() >= 0
    np.testing.assert_allclose(mass.sum(axis=1), 1)


def test_the_platt_map_says_that_it_needs_gold():
    votes, _ = lenient_and_harsh(0)
    with pytest.raises(ConfigurationError, match="QuantileMap, which needs none"):
        PlattMap()(votes, None)
    with pytest.raises(ConfigurationError, match="have no order"):
        QuantileMap()(replace(votes, ordered=False))


def test_maps_are_on_for_graded_votes_and_off_for_others():
    votes, truth = lenient_and_harsh(8)
    gold = Gold(np.arange(60, dtype=np.int32), truth[:60], TWO.classes)
    for aim, known, name in (
        (votes, None, "QuantileMap"),
        (votes, gold, "PlattMap"),
        (votes, gold.only(np.arange(20)), "QuantileMap"),
        (replace(votes, ordered=False), None, ""),
        (graded(np.ones((4, 2)), labels=2), None, ""),
        (graded(np.arange(8).reshape(4, 2), labels=3000), None, "3000 levels"),
    ):
        mapped, notes = on_one_scale(aim, known, "graded")
        assert name in " ".join(notes)
        assert ("Map" in name) == (mapped is not aim)
        assert on_one_scale(aim, known, None) == (aim, ())
    for one in (QuantileMap(), ContentFreeMap(), PlattMap()):
        assert isinstance(one, ScaleMap)


@pytest.mark.parametrize("method", [Mean, Median, TrimmedMean])
def test_one_scale_is_worth_more_than_many(method):
    votes, truth = lenient_and_harsh(9)
    gold = Gold(np.arange(50, dtype=np.int32), truth[:50], TWO.classes)
    rest = np.arange(50, 500)

    def right(found):
        return (found.posterior[rest].argmax(axis=1) == truth[rest]).mean()

    plain = right(method(scale=None)(votes))
    assert right(method()(votes)) >= plain + 0.01
    assert right(method()(votes, gold)) >= plain + 0.01
