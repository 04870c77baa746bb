"""Judges weighed by what they discriminate: recovered, near the oracle, harmless with few data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from w2s_judge.comparisons import Comparisons
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.davidson_normal import averages
from w2s_judge.ranking.judge_weighted import RANKER, JudgeWeighted
from w2s_judge.ranking.judged_pairs import MOST, judged_pairs

EXACT = JudgeWeighted(tol=1e-11, max_iterations=3000)


def compared(left, right, rater, outcome, objects=None, question=None, raters=None, **more):
    left, right = np.asarray(left, dtype=np.int32), np.asarray(right, dtype=np.int32)
    rater = np.asarray(rater, dtype=np.int32)
    if objects is None:
        objects = int(max(left.max(), right.max())) + 1
    if raters is None:
        raters = int(rater.max()) + 1
    question = np.zeros(objects, np.int32) if question is None else question.astype(np.int32)
    questions = int(question.max(initial=0)) + 1
    return Comparisons(
        tuple(f"o{k}" for k in range(objects)), question, tuple(f"q{k}" for k in range(questions)),
        tuple(f"j{k}" for k in range(raters)), left, right, rater,
        np.asarray(outcome, dtype=np.float64).reshape(-1, 3), np.arange(len(left), dtype=np.int32),
        **more,
    )  # fmt: skip


def panel(seed, questions, right=(0.85, 0.55, 0.55, 0.55, 0.55), n=8):
    """All pairs once per judge; a judge is right with its own probability, however near the two."""
    rng = np.random.default_rng(seed)
    place = rng.random((questions, n)).argsort(axis=1)
    i, j = np.triu_indices(n, 1)
    shape = (questions, len(i), len(right))
    turned = rng.random(shape) < 0.5
    left, other = np.where(turned, j[:, None], i[:, None]), np.where(turned, i[:, None], j[:, None])
    row = np.arange(questions)[:, None, None]
    first = (place[row, left] > place[row, other]) == (rng.random(shape) < np.array(right))
    rater = np.broadcast_to(np.arange(len(right)), shape)
    outcome = np.stack([first, 0 * first, ~first], axis=-1)
    data = compared(
        (row * n + left).ravel(), (row * n + other).ravel(), rater.ravel(), outcome,
        question=np.repeat(np.arange(questions), n),
    )  # fmt: skip
    return data, place


def drawn(seed, n, each, weight, lean, nu=0.0, questions=1):
    """Comparisons by the model itself, `each` a judge and question."""
    rng = np.random.default_rng(seed)
    strength = rng.normal(size=n * questions)
    count = each * len(weight) * questions
    rater = np.arange(count) % len(weight)
    q = rng.integers(0, questions, count)
    left = rng.integers(0, n, count)
    right = (left + rng.integers(1, n, count)) % n + q * n
    left = left + q * n
    x = np.array(weight)[rater] * (strength[left] - strength[right]) + np.array(lean)[rater]
    mass = np.stack([np.exp(x / 2), np.full(count, nu), np.exp(-x / 2)], axis=1)
    up = (mass / mass.sum(axis=1, keepdims=True)).cumsum(axis=1)
    kind = (rng.random(count)[:, None] > up).sum(axis=1)
    question = np.repeat(np.arange(questions), n)
    data = compared(left, right, rater, np.eye(3)[kind], n * questions, question, len(weight))
    return data, strength


def tau(score, place):
    i, j = np.triu_indices(place.shape[1], 1)
    scores = score.reshape(place.shape)
    return (np.sign(scores[:, i] - scores[:, j]) * np.sign(place[:, i] - place[:, j])).mean()


def held(data, weights):
    return JudgeWeighted(dict(zip(data.raters, weights, strict=True)))


def test_with_many_questions_it_is_near_the_oracle():
    found, oracle, alike = [], [], []
    known = np.log([0.85 / 0.15, *[0.55 / 0.45] * 4])
    for seed in range(4):
        data, place = panel(seed, 100)
        found.append(tau(JudgeWeighted()(data).score, place))
        oracle.append(tau(held(data, known)(data).score, place))
        alike.append(tau(held(data, np.ones(5))(data).score, place))
    assert np.mean(found) > np.mean(oracle) - 0.03
    assert np.mean(found) > np.mean(alike) + 0.15


def test_with_one_question_it_does_not_lose_to_plain():
    gain = []
    for seed in range(40):
        data, place = panel(1000 + seed, 1)
        found = tau(JudgeWeighted()(data).score, place)
        gain.append(found - tau(held(data, np.ones(5))(data).score, place))
    assert np.mean(gain) > -0.02


def test_the_model_is_recovered():
    weight, lean = np.array([2.0, 1.0, 0.5, 0.5]), np.array([0.6, -0.4, 0.0, 0.3])
    data, strength = drawn(0, 30, 8000, weight, lean, nu=0.7)
    found = JudgeWeighted()(data)
    assert found.fit.converged
    np.testing.assert_allclose(found.weight, weight, rtol=0.08)
    np.testing.assert_allclose(found.lean, lean, atol=0.08)
    assert found.tie == pytest.approx(0.7, rel=0.05)
    np.testing.assert_allclose(found.score, strength - strength.mean(), atol=0.15)


def test_many_poorly_known_strengths_do_not_spoil_the_judges():
    """Six comparisons a question and judge: a joint maximum would make the weights far apart."""
    weight = np.array([1.6, 0.8, 0.6])
    data, _ = drawn(1, 4, 6, weight, np.zeros(3), questions=800)
    found = JudgeWeighted()(data)
    np.testing.assert_allclose(found.weight, weight, rtol=0.12)
    assert np.average(found.weight, weights=np.ones(3)) == pytest.approx(1)


def test_equal_weights_are_davidson_with_a_normal_prior_where_data_are_many():
    """The mode of the posterior, found by a general optimiser: variances are small here."""
    data, _ = drawn(2, 5, 4000, [1.0, 1.0], [0.0, 0.0], nu=0.5)
    data = replace(data, ordered=False)
    found = held(data, [1.0, 1.0])(data)
    first, tied, second = data.outcome.T

    def loss(free):
        s, nu = np.r_[free[:-1], -free[:-1].sum()], np.exp(free[-1])
        x = s[data.left] - s[data.right]
        rest = np.log(np.exp(x / 2) + nu + np.exp(-x / 2))
        return -((first - second) * x / 2 + tied * free[-1] - rest).sum() + (s @ s) / 2

    best = minimize(loss, np.zeros(5), tol=1e-10).x
    np.testing.assert_allclose(
        found.score[:4], best[:4], atol=0.015
    )  # its prior's width is estimated
    assert found.tie == pytest.approx(np.exp(best[4]), rel=0.03)  # the centre of two judges' own
    assert found.lean is None
    assert found.position is None


@given(st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=15, deadline=None)
def test_laws(seed, ties):
    rng = np.random.default_rng(seed)
    data, _ = drawn(seed, 5, 12, [1.5, 0.7, 0.4], [0.4, -0.2, 0.1], 0.5 * ties, questions=3)
    found = EXACT(data)
    assert found.fit.converged
    exchanged = replace(
        data, left=data.right, right=data.left, outcome=np.ascontiguousarray(data.outcome[:, ::-1])
    )
    other = EXACT(exchanged)
    np.testing.assert_allclose(other.score, found.score, atol=1e-7)
    np.testing.assert_allclose(other.lean, -found.lean, atol=1e-7)
    assert other.position == pytest.approx(-found.position, abs=1e-7)
    back = EXACT(replace(data, outcome=np.ascontiguousarray(data.outcome[:, ::-1])))
    np.testing.assert_allclose(back.score, -found.score, atol=1e-7)
    np.testing.assert_allclose(back.weight, found.weight, atol=1e-7)
    order, seats = rng.permutation(data.N), rng.permutation(3)
    moved = replace(
        data, question=data.question[order], rater=seats.astype(np.int32)[data.rater],
        left=order.argsort().astype(np.int32)[data.left],
        right=order.argsort().astype(np.int32)[data.right],
    )  # fmt: skip
    again = EXACT(moved)
    np.testing.assert_allclose(again.score, found.score[order], atol=1e-7)
    np.testing.assert_allclose(again.weight[seats], found.weight, atol=1e-7)


def test_a_weight_counts_as_repeated_records():
    data, _ = drawn(3, 6, 20, [1.5, 0.5], [0.3, 0.0], 0.4)
    times = np.random.default_rng(0).integers(1, 4, data.M)
    repeated = data.only(np.repeat(np.arange(data.M), times))
    one, two = EXACT(replace(data, weight=times.astype(float))), EXACT(repeated)
    np.testing.assert_allclose(one.score, two.score, atol=1e-8)
    np.testing.assert_allclose(one.weight, two.weight, atol=1e-8)


def test_soft_outcomes_are_fractions_of_records():
    soft = compared([0, 0], [1, 1], [0, 1], [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5]])
    hard = compared([0] * 6, [1] * 6, [0, 0, 0, 1, 1, 1], np.tile(np.eye(3), (2, 1)))
    hard = replace(hard, weight=np.array([0.5, 0.25, 0.25, 0.25, 0.25, 0.5]))
    np.testing.assert_allclose(EXACT(soft).score, EXACT(hard).score, atol=1e-9)


def test_perfect_data_are_ranked_without_error():
    left, right = (a.ravel() for a in np.meshgrid(np.arange(6), np.arange(6)))
    apart = left != right
    left, right = left[apart], right[apart]
    first = (left < right)[:, None]
    data = compared(left, right, np.zeros(30), np.where(first, [1, 0, 0], [0, 0, 1]))
    found = JudgeWeighted()(data)
    assert found.rank.tolist() == [1, 2, 3, 4, 5, 6]
    assert np.isfinite(found.score).all()


def test_one_judge_is_plain_and_said_to_be():
    data, _ = drawn(4, 6, 40, [1.0], [0.3])
    found, plain = EXACT(data), replace(EXACT, discrimination={"j0": 1.0})(data)
    assert found.weight.tolist() == [1.0]
    assert found.rank.tolist() == plain.rank.tolist()
    assert any("one judge" in note for note in found.notes)


def test_little_can_be_told_from_one_pair():
    data = compared([0], [1], [0], [1, 0, 0], objects=3, raters=2)
    found = JudgeWeighted()(data)
    assert found.score[0] == pytest.approx(-found.score[1])
    assert found.score[0] > 0 == found.score[2]
    assert found.component.tolist() == [0, 0, 1]
    assert found.weight.tolist() == pytest.approx([1, 1], abs=0.05)
    assert any("j1" in note for note in found.notes)
    assert any("2 parts" in note for note in found.notes)


def test_unconnected_parts_share_the_judges():
    data, place = panel(5, 60)
    flat = replace(data, question=np.zeros(data.N, np.int32), questions=("q0",))
    one, two = JudgeWeighted()(data), JudgeWeighted()(flat)
    np.testing.assert_allclose(two.score, one.score)
    assert two.component.max() == 59
    for q in (0, 59):
        assert two.score.reshape(place.shape)[q].sum() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("outcome", [[0, 1, 0], [1, 0, 0], [1 / 3, 1 / 3, 1 / 3]])
def test_all_alike_ends_in_numbers(outcome):
    data = compared([0, 1, 2] * 3, [1, 2, 0] * 3, [0, 1, 2] * 3, [outcome] * 9)
    found = JudgeWeighted()(data)
    assert np.isfinite(found.weight).all()
    assert np.isfinite(found.tie)
    assert found.rank.tolist() == [1, 1, 1]


def test_nothing_compared():
    empty = np.zeros(0, np.int32)
    found = JudgeWeighted()(compared(empty, empty, empty, np.zeros((0, 3)), objects=2, raters=1))
    assert found.score.tolist() == [0, 0]
    assert found.weight.tolist() == [1]


def test_large_parts_are_approximated_closely():
    data, _ = drawn(6, 40, 1500, [1.5, 0.8, 0.5], [0.2, 0.0, -0.2])
    full = JudgeWeighted()(data)
    rough = JudgeWeighted(dense=10)(data)
    np.testing.assert_allclose(rough.weight, full.weight, rtol=0.02)
    np.testing.assert_allclose(rough.score, full.score, atol=0.02)
    assert any("approximated" in note for note in rough.notes)


def test_discriminations_that_are_held():
    data, _ = drawn(7, 6, 50, [1.5, 0.5], [0.0, 0.0])
    data = replace(data, ordered=False)
    found = held(data, [3.0, 0.0])(data)
    assert found.weight.tolist() == pytest.approx([3.0, 0.0])
    alone = held(data, [3.0, 0.0])(data.only(data.rater == 0))
    np.testing.assert_allclose(found.score, alone.score, atol=1e-5)
    with pytest.raises(ConfigurationError, match="none for j1"):
        JudgeWeighted({"j0": 1.0})(data)
    with pytest.raises(ValueError, match="0 or above"):
        JudgeWeighted({"j0": -1.0})


def test_without_both_orders_no_lean_is_told():
    data, _ = drawn(9, 6, 200, [1.5, 0.5], [0.8, 0.8])
    single = data.only(data.left < data.right)
    found, unordered = JudgeWeighted()(single), JudgeWeighted()(replace(single, ordered=False))
    assert found.lean is None
    assert found.position is None
    np.testing.assert_array_equal(found.score, unordered.score)
    assert any("both orders" in note for note in found.notes)


def test_who_ties_seldom_is_no_better_for_it():
    """Two good and two poor judges; of each, one ties often."""
    weight, nu = np.array([2.0, 2.0, 0.5, 0.5]), np.array([0.2, 5.0, 0.2, 5.0])
    data, strength = drawn(10, 30, 3000, weight, np.zeros(4), nu[np.arange(12_000) % 4])
    found = JudgeWeighted()(data)
    assert found.weight[0] == pytest.approx(found.weight[1], rel=0.1)
    np.testing.assert_allclose(found.weight, weight / weight.mean(), atol=0.12)
    assert found.tie == pytest.approx(1.0, rel=0.15)
    assert np.corrcoef(found.score, strength)[0, 1] > 0.99


def test_what_has_not_converged_says_so():
    data, _ = drawn(8, 6, 50, [1.5, 0.5], [0.0, 0.0])
    found = JudgeWeighted(max_iterations=2)(data)
    assert not found.fit.converged
    assert any("not converged" in note for note in found.notes)


def test_averages_over_a_normal_logit():
    rng = np.random.default_rng(0)
    e = rng.normal(size=400_000)
    x = 0.8 + 1.2 * e
    up, down, nu = np.exp(x / 2), np.exp(-x / 2), 0.6
    total = up + down + nu
    half = (up - down) / total / 2
    turn = (up + down) / total / 4 - half**2
    seen = averages(np.array([0.8]), np.array([1.2]), np.array([nu]))
    for got, drawn_values in (
        (seen.tie, nu / total), (seen.tie_turn, nu / total * (1 - nu / total)),
        (seen.slope, half), (seen.turn, turn),
    ):  # fmt: skip
        assert got[0] == pytest.approx(drawn_values.mean(), abs=1e-3)


def test_cells_keep_who_was_shown_first():
    data = compared([0, 1, 1], [1, 0, 0], [0, 0, 0], [[1, 0, 0], [1, 0, 0], [0, 0.5, 0.5]])
    pairs = judged_pairs(data)
    assert pairs.shown.tolist() == [1, -1]
    assert pairs.net.tolist() == [1, -0.5]
    assert pairs.total.tolist() == [1, 2]
    assert judged_pairs(replace(data, ordered=False)).net.tolist() == [0.5]
    heavy = judged_pairs(replace(data, weight=np.array([4.0, 1e200, 1e200])))
    np.testing.assert_allclose(heavy.total, [4, MOST])
    np.testing.assert_allclose(heavy.net, [4, -MOST / 4])


def test_the_card():
    assert RANKER.name == "judge-weighted-bradley-terry"
    assert RANKER.merges == "pool"
