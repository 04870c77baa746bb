"""Bootstrap intervals of rankings: what is drawn, whom they cover, and where there are none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.special import expit

from w2s_judge.comparisons import FIRST, SECOND, Comparisons, Ranking
from w2s_judge.consensus import Fit
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.components import components, ranks, within_question
from w2s_judge.ranking.intervals import mean_by_name, with_intervals
from w2s_judge.ranking.percentiles import FEWEST, percentile_intervals


@dataclass(frozen=True)
class Net:
    """Mean of win minus loss, centred in each component."""

    def __call__(self, comparisons, /):
        net = (comparisons.outcome[:, FIRST] - comparisons.outcome[:, SECOND]) * comparisons.weights
        total, count = np.zeros((2, comparisons.N))
        for side, sign in ((comparisons.left, 1), (comparisons.right, -1)):
            total += np.bincount(side, weights=sign * net, minlength=comparisons.N)
            count += np.bincount(side, weights=comparisons.weights, minlength=comparisons.N)
        return placed(comparisons, total / np.maximum(count, 1e-12))


@dataclass(frozen=True)
class Strengths:
    """Bradley-Terry by Newton's method, ties split, a little ridge."""

    ridge: float = 1e-3

    def __call__(self, comparisons, /):
        n = comparisons.N
        won = comparisons.outcome[:, FIRST] + comparisons.outcome[:, 1] / 2
        cell = comparisons.left * n + comparisons.right
        wins = np.bincount(cell, comparisons.weights * won, n * n).reshape(n, n)
        wins += np.bincount(cell, comparisons.weights * (1 - won), n * n).reshape(n, n).T
        both, theta = wins + wins.T, np.zeros(n)
        for _ in range(8):
            p = expit(theta[:, None] - theta)
            slope = (wins - both * p).sum(axis=1) - self.ridge * theta
            bend = -both * p * (1 - p)
            bend[np.diag_indices(n)] = self.ridge - bend.sum(axis=1)
            theta = theta + np.linalg.solve(bend, slope)
        return placed(comparisons, theta)


def placed(comparisons, score):
    part = components(comparisons)
    score = score - (np.bincount(part, weights=score) / np.bincount(part))[part]
    found = within_question(part, comparisons.question)
    return Ranking(score, ranks(score, part), found, "test")


def made(left, right, won, group, objects=None, question=None, **more):
    left, right = np.asarray(left, dtype=np.int32), np.asarray(right, dtype=np.int32)
    won = np.asarray(won, dtype=float)
    n = int(max(left.max(), right.max())) + 1 if objects is None else objects
    question = np.zeros(n, dtype=np.int32) if question is None else np.asarray(question, np.int32)
    base = Comparisons(
        tuple(f"o{k}" for k in range(n)), question,
        tuple(f"q{k}" for k in range(int(question.max()) + 1)), ("r",), left, right,
        np.zeros(len(left), dtype=np.int32),
        np.stack([won, np.zeros(len(won)), 1 - won], axis=1), np.asarray(group, dtype=np.int32),
    )  # fmt: skip
    return replace(base, **more)


def prompts(rng, count, objects=4, judges=3, stray=1.0):
    """All pairs of models on every prompt; how good a model is varies from prompt to prompt."""
    left, right = np.triu_indices(objects, 1)
    theta = np.linspace(0.8, -0.8, objects) + stray * rng.normal(size=(count, objects))
    p = expit(theta[:, left] - theta[:, right])[:, :, None]
    won = rng.random((count, len(left), judges)) < p
    group = np.repeat(np.arange(count), len(left) * judges)
    one, two = (np.tile(np.repeat(side, judges), count) for side in (left, right))
    return made(one, two, won.ravel(), group)


def interval(ranker, comparisons, **more):
    return with_intervals(ranker, comparisons, ranker(comparisons), **more)


def said(ranking, words):
    return [note for note in ranking.notes if words in note]


def test_same_seed_same_bytes_and_the_ranking_stays():
    data = prompts(np.random.default_rng(0), 30)
    plain = Net()(data)
    one, two = interval(Net(), data, seed=3), interval(Net(), data, seed=3)
    assert (one.low.tobytes(), one.high.tobytes()) == (two.low.tobytes(), two.high.tobytes())
    assert interval(Net(), data, seed=4).low.tobytes() != one.low.tobytes()
    assert one.score.tobytes() == plain.score.tobytes()
    assert one.rank.tobytes() == plain.rank.tobytes()
    assert (one.low < one.score).all()
    assert (one.score < one.high).all()
    assert said(one, "95% intervals from 200 bootstrap draws of 30 groups")
    narrow = interval(Net(), data, seed=3, coverage=0.5)
    assert (narrow.high - narrow.low < one.high - one.low).all()


@pytest.mark.parametrize("ranker", [Net(), Strengths()])
def test_intervals_cover_what_they_claim_and_rows_alone_do_not(ranker):
    """The truth is the ranking of very many prompts; the three judges of a prompt err together."""
    rng = np.random.default_rng(5)
    truth = ranker(prompts(rng, 60_000, judges=1)).score
    whole = rows = trials = 0
    for trial in range(30):
        data = prompts(rng, 40)
        found = interval(ranker, data, draws=60, seed=trial)
        whole += ((found.low <= truth) & (truth <= found.high)).sum()
        alone = replace(data, group=np.arange(data.M, dtype=np.int32))
        narrow = interval(ranker, alone, draws=60, seed=trial)
        rows += ((narrow.low <= truth) & (truth <= narrow.high)).sum()
        trials += data.N
    assert 0.88 <= whole / trials <= 0.99
    assert rows / trials < whole / trials - 0.04


def test_groups_are_drawn_whole_as_often_as_there_are():
    data = prompts(np.random.default_rng(1), 25)
    data = replace(data, weight=1 + data.group / 100)
    draws = []

    def spy(comparisons):
        draws.append(comparisons)
        return Net()(comparisons)

    with_intervals(spy, data, Net()(data), draws=20)
    assert len(draws) == 20
    rows = data.M // 25
    for drawn in draws:
        often = drawn.weight / (1 + drawn.group / 100)
        np.testing.assert_allclose(often, np.round(often))
        assert often.sum() == pytest.approx(data.M)
        for group in np.unique(drawn.group):
            mine = often[drawn.group == group]
            assert len(mine) == rows
            assert np.ptp(mine) < 1e-9


def test_what_has_few_groups_gets_none_and_is_not_fitted():
    calls = []

    def spy(comparisons):
        calls.append(comparisons)
        return Net()(comparisons)

    data = prompts(np.random.default_rng(3), FEWEST - 1)
    found = with_intervals(spy, data, Net()(data))
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()
    assert said(found, "no intervals: there are fewer than 10 groups")
    assert not calls
    # A run: each question is one prompt.
    many = made(
        np.arange(0, 60, 2), np.arange(1, 60, 2), np.ones(30), np.arange(30),
        question=np.repeat(np.arange(30), 2),
    )  # fmt: skip
    found = with_intervals(spy, many, Net()(many))
    assert np.isnan(found.low).all()
    assert said(found, "no intervals in 30 of 30 questions")
    assert not calls


def test_each_question_is_drawn_from_its_own_groups():
    rng = np.random.default_rng(4)
    big, other = prompts(rng, 12), prompts(rng, 15)
    left = np.r_[big.left, other.left + 4, [8, 8]]
    right = np.r_[big.right, other.right + 4, [9, 9]]
    won = np.r_[big.outcome[:, FIRST], other.outcome[:, FIRST], [1, 0]]
    group = np.r_[big.group, other.group, [0, 1]]  # the same numbers in every question
    data = made(left, right, won, group, question=np.repeat([0, 1, 2], [4, 4, 2]))
    seen = []

    def spy(comparisons):
        seen.append(comparisons)
        return Net()(comparisons)

    found = with_intervals(spy, data, Net()(data), draws=30)
    assert np.isfinite(found.low[:8]).all()
    assert np.isnan(found.low[8:]).all()
    assert said(found, "in 1 of 3 questions")
    for drawn in seen:
        asked = drawn.question[drawn.left]
        total = np.bincount(asked, weights=drawn.weight)
        np.testing.assert_allclose(total, np.bincount(data.question[data.left]))


def test_an_object_that_hangs_on_one_group_does_not_cost_the_others_theirs():
    data = prompts(np.random.default_rng(6), 40)
    loose = made(
        np.r_[data.left, 0, 1, 1], np.r_[data.right, 4, 5, 6], np.r_[data.outcome[:, 0], 1, 0, 1],
        np.r_[data.group, 0, 1, 2], objects=8,
    )  # fmt: skip
    found = interval(Net(), loose, draws=300)
    assert np.isfinite(found.low[:4]).all()
    assert np.isnan(found.low[7])  # in no comparison
    assert said(found, "1 objects that are in no comparison")
    assert said(found, "draws lose the connection")
    plain = interval(Net(), data, draws=300)
    width, want = found.high[:4] - found.low[:4], plain.high - plain.low
    np.testing.assert_allclose(width, want, rtol=0.35)


def test_parts_of_equal_size_have_no_common_zero():
    """Two triangles that one group connects, and two that nothing does."""
    one = np.array([0, 0, 1, 3, 3, 4])
    two = np.array([1, 2, 2, 4, 5, 5])
    rng = np.random.default_rng(7)
    for bridges in (1, 0):
        left = np.r_[np.tile(one, 12), [0] * bridges]
        right = np.r_[np.tile(two, 12), [3] * bridges]
        group = np.r_[np.repeat(np.arange(12), 6), [99] * bridges]
        found = interval(Net(), made(left, right, rng.random(len(left)) < 0.7, group))
        assert np.isfinite(found.low).all()
        assert len(said(found, "draws lose the connection")) == bridges
    # Each object in one group only: most draws tear what all comparisons connect.
    chain = made(np.arange(12), np.arange(1, 13), rng.random(12) < 0.5, np.arange(12))
    found = interval(Net(), chain)
    assert np.isnan(found.low).any()
    assert said(found, "no interval for o")


def test_draws_without_an_end_are_told():
    def slow(comparisons):
        return replace(Net()(comparisons), fit=Fit(9, converged=bool(comparisons.M % 2)))

    data = prompts(np.random.default_rng(8), 20, judges=1)
    odd = data.only(np.arange(data.M) != 3)
    found = with_intervals(slow, odd, slow(odd), draws=40)
    assert said(found, "of 40 draws the fit did not converge")


def test_draws_that_the_method_refuses_are_left_out_and_told():
    def picky(comparisons):
        if comparisons.weight is not None and comparisons.weight.max() > 3:
            raise ConfigurationError("this has no maximum")
        return Net()(comparisons)

    data = prompts(np.random.default_rng(8), 20)
    found = with_intervals(picky, data, picky(data), draws=100)
    assert np.isfinite(found.low).all()
    assert said(found, "of 100 draws have no ranking by this method")


@pytest.mark.parametrize("change", [{"draws": 1}, {"coverage": 1.0}, {"coverage": 0.0}])
def test_settings_out_of_range_are_refused(change):
    data = prompts(np.random.default_rng(0), 12)
    with pytest.raises(ValueError, match="draws is at least 2"):
        interval(Net(), data, **change)


def test_nothing_compared_is_no_trouble():
    data = prompts(np.random.default_rng(0), 12)
    found = interval(Net(), data.only(np.zeros(data.M, dtype=bool)))
    assert np.isnan(found.low).all()
    assert said(found, "4 objects that are in no comparison")


def test_percentiles_lie_further_out_the_fewer_groups_there_were():
    found = np.tile(np.random.default_rng(11).normal(size=(4000, 1)), 3)
    low, high = percentile_intervals(found, np.array([10, 40, 10_000]))
    assert low[0] < low[1] < low[2] == pytest.approx(-1.96, abs=0.12)
    assert high[0] > high[1] > high[2] == pytest.approx(1.96, abs=0.12)
    # G = 10: t with 9 degrees, 2.262, times sqrt(10 / 9)
    assert high[0] == pytest.approx(2.262 * np.sqrt(10 / 9), abs=0.2)
    found[:2100, 1] = np.nan
    low, high = percentile_intervals(found, np.full(3, 40), 0.5)
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, True, False]


# ---------------------------------------------------------------------- means by name


def test_means_by_name_cover_and_are_clustered():
    rng = np.random.default_rng(9)
    truth = np.array([0.3, 0.6])
    hits = np.zeros(2)
    for trial in range(60):
        prompt = np.repeat(np.arange(50), 4)
        name = np.tile([0, 0, 1, 1], 50).astype(np.int32)
        value = truth[name] + rng.normal(size=50)[prompt] + 0.1 * rng.normal(size=200)
        mean, low, high = mean_by_name(value, name, prompt.astype(np.int32), 150, trial)
        np.testing.assert_allclose(mean, [value[name == k].mean() for k in (0, 1)])
        hits += (low <= truth) & (truth <= high)
    assert (hits >= 0.85 * 60).all()


def test_means_without_groups_enough():
    rng = np.random.default_rng(10)
    name = np.r_[np.zeros(30), np.ones(40), [3]].astype(np.int32)
    group = np.r_[np.arange(30), np.arange(40) % 5, [0]].astype(np.int32)
    value = rng.random(71)
    mean, low, high = mean_by_name(value, name, group)
    assert low[0] < mean[0] < high[0]
    assert np.isnan(mean).tolist() == [False, False, True, False]
    assert np.isnan(low).tolist() == np.isnan(high).tolist() == [False, True, True, True]
    again = mean_by_name(value, name, group)
    assert again[1].tobytes() == low.tobytes()
    assert all(len(part) == 0 for part in mean_by_name(value[:0], name[:0], group[:0]))
