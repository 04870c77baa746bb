"""Borda, Copeland and rank centrality: their numbers, their notes, and what peers get wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.comparisons import Comparisons
from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.borda import Borda
from w2s_judge.ranking.contract import RANKERS
from w2s_judge.ranking.copeland import Copeland
from w2s_judge.ranking.kemeny import Kemeny
from w2s_judge.ranking.rank_centrality import RankCentrality
from w2s_judge.ranking.stationary import DENSE, log_stationary

EACH = pytest.mark.parametrize(
    "ranker", [Borda(), Copeland(), Kemeny(), RankCentrality()], ids=lambda one: type(one).__name__
)
MASS = {">": (1.0, 0.0, 0.0), "=": (0.0, 1.0, 0.0), "<": (0.0, 0.0, 1.0)}


def compared(names, *records, **changed):
    """Records are "a>b" with how often, such as ("a>b", 3); objects are single letters."""
    rows = [(record, MASS[record[1]]) for record, times in records for _ in range(times)]
    left = np.array([names.index(record[0]) for record, _ in rows], dtype=np.int32)
    right = np.array([names.index(record[2]) for record, _ in rows], dtype=np.int32)
    made = Comparisons(
        objects=tuple(names), question=np.zeros(len(names), dtype=np.int32), questions=("",),
        raters=("r",), left=left, right=right, rater=np.zeros(len(rows), dtype=np.int32),
        outcome=np.array([mass for _, mass in rows]).reshape(-1, 3),
        group=np.arange(len(rows), dtype=np.int32),
    )  # fmt: skip
    return replace(made, **changed)


def drawn(seed, objects, records, questions=1, soft=False):
    """Random comparisons within random questions."""
    rng = np.random.default_rng(seed)
    question = np.sort(rng.integers(0, questions, objects))
    left, right = rng.integers(0, objects, (2, records))
    kept = (left != right) & (question[left] == question[right])
    left, right = left[kept].astype(np.int32), right[kept].astype(np.int32)
    outcome = rng.dirichlet(np.ones(3), len(left))
    if not soft:
        outcome = np.eye(3)[outcome.argmax(axis=1)]
    return Comparisons(
        tuple(f"o{k}" for k in range(objects)), question.astype(np.int32),
        tuple(f"q{k}" for k in range(questions)), ("r",), left, right,
        np.zeros(len(left), dtype=np.int32), outcome, np.arange(len(left), dtype=np.int32),
    )  # fmt: skip


def of_question(comparisons, q):
    """One question's objects and comparisons alone."""
    mine = np.flatnonzero(comparisons.question == q)
    place = np.zeros(comparisons.N, dtype=np.int32)
    place[mine] = np.arange(len(mine))
    kept = comparisons.only(comparisons.question[comparisons.left] == q)
    return mine, replace(
        kept, objects=tuple(comparisons.objects[k] for k in mine), questions=("",),
        question=np.zeros(len(mine), dtype=np.int32),
        left=place[kept.left], right=place[kept.right],
    )  # fmt: skip


@EACH
def test_all_questions_at_once_are_each_by_itself(ranker):
    comparisons = drawn(1, objects=60, records=1500, questions=12, soft=True)
    found = ranker(comparisons)
    for q in range(comparisons.Q):
        mine, alone = of_question(comparisons, q)
        expected = ranker(alone)
        np.testing.assert_allclose(found.score[mine], expected.score, atol=1e-9)
        np.testing.assert_array_equal(found.rank[mine], expected.rank)
        np.testing.assert_array_equal(found.component[mine], expected.component)


@EACH
def test_a_weight_is_so_many_records(ranker):
    comparisons = drawn(2, objects=9, records=80)
    times = np.random.default_rng(2).integers(1, 4, comparisons.M)
    weighed = replace(comparisons, weight=times.astype(float))
    repeated = comparisons.only(np.repeat(np.arange(comparisons.M), times))
    np.testing.assert_allclose(ranker(weighed).score, ranker(repeated).score, atol=1e-9)


@EACH
def test_ties_make_no_object_and_no_nan(ranker):
    """crowd-kit 1.4.2 takes a tie for an object of its own, and all scores are NaN."""
    found = ranker(compared("abc", ("a>b", 2), ("a=b", 1), ("b=c", 1), ("c<a", 2), ("b>c", 1)))
    assert found.rank.tolist() == [1, 2, 3]
    assert np.isfinite(found.score).all()


@EACH
def test_an_object_without_a_comparison_wrecks_nothing(ranker):
    """evalica 0.4.2's bradley_terry gives every object 1e-06 where one was never compared."""
    records = ("a>b", 3), ("b>c", 2), ("c>b", 1), ("a>c", 2)
    three, four = ranker(compared("abc", *records)), ranker(compared("abcd", *records))
    np.testing.assert_allclose(four.score, [*three.score, 0.0], atol=1e-12)
    assert four.rank.tolist() == [1, 2, 3, 1]
    assert four.component.tolist() == [0, 0, 0, 1]
    assert any("fall into 2 parts" in note for note in four.notes)


@EACH
@pytest.mark.parametrize("names", ["", "a", "abc"])
def test_nothing_to_count(ranker, names):
    found = ranker(compared(names))
    assert found.score.tolist() == [0.0] * len(names)
    assert found.rank.tolist() == [1] * len(names)
    assert found.component.tolist() == list(range(len(names)))


def test_the_cards_are_found_by_name():
    found = {type(RANKERS.get(n).make()) for n in ("borda", "copeland", "kemeny")}
    assert found == {Borda, Copeland, Kemeny}
    assert RANKERS.get("rank-centrality").make() == RankCentrality()
    assert RANKERS.get("rank-centrality").bare() == RankCentrality(prior=0.0)


# Borda


def test_borda_is_the_share_of_wins_less_the_mean():
    found = Borda()(compared("abc", ("a>b", 3), ("a=b", 1), ("b>c", 2), ("c<a", 2)))
    shares = np.array([(3 + 0.5 + 2) / 6, (0.5 + 2) / 6, 0.0])
    np.testing.assert_allclose(found.score, shares - shares.mean())


def test_borda_of_a_full_design_is_the_mean_share_against_each_other_one():
    rng = np.random.default_rng(3)
    share = np.triu(rng.random((6, 6)), 1)
    one, two = np.triu_indices(6, 1)
    p = share[one, two]
    comparisons = compared(
        "abcdef", left=one.astype(np.int32), right=two.astype(np.int32),
        rater=np.zeros(15, dtype=np.int32), group=np.arange(15, dtype=np.int32),
        outcome=np.stack([p, np.zeros(15), 1 - p], axis=1),
    )  # fmt: skip
    full = share + np.tril(1 - share.T, -1)
    found = Borda()(comparisons)
    np.testing.assert_allclose(found.score, full.sum(axis=1) / 5 - 0.5)
    assert found.notes == ()


def test_borda_says_where_pairs_never_met():
    found = Borda()(compared("abcd", ("a>b", 1), ("b>c", 1), ("c>d", 1)))
    assert len(found.notes) == 1
    assert found.notes[0].startswith("3 of 6 pairs of connected objects never met")
    assert "bradley-terry" in found.notes[0]


def test_borda_says_which_mass_is_no_probability():
    case = compared("ab", ("a>b", 1), uncalibrated=np.array([True]))
    assert any("fractions of wins: r" in note for note in Borda()(case).notes)
    assert any("fractions of wins: r" in note for note in RankCentrality()(case).notes)


# Copeland


def test_copeland_counts_majorities_not_their_size():
    """Most raters have a above b and a above c by a little; Borda sees b's large wins."""
    case = compared(
        "abc", ("a>b", 6), ("b>a", 5), ("a>c", 6), ("c>a", 5), ("b>c", 11), ("c>b", 0)
    )  # fmt: skip
    assert Copeland()(case).score.tolist() == [2.0, 0.0, -2.0]
    assert Borda()(case).rank.tolist() == [2, 1, 3]


def test_copeland_counts_level_and_unmet_pairs_for_neither():
    level = Copeland()(compared("abc", ("a>b", 2), ("b>a", 2), ("a>c", 1), ("b=c", 3)))
    assert level.score.tolist() == [1.0, 0.0, -1.0]
    unmet = Copeland()(compared("abc", ("a>b", 1), ("a>c", 1)))
    assert unmet.score.tolist() == [2.0, -1.0, -1.0]
    assert unmet.rank.tolist() == [1, 2, 2]
    assert any("1 of 3 pairs" in note for note in unmet.notes)


def test_copeland_takes_rounding_for_level():
    case = compared("ab", ("a>b", 3), ("b>a", 1), weight=np.array([0.1, 0.1, 0.1, 0.3]))
    assert 0.1 + 0.1 + 0.1 != 0.3
    assert Copeland()(case).score.tolist() == [0.0, 0.0]


# Rank centrality

DENSE_CASE = (
    ("a>b", 7), ("b>a", 3), ("b>c", 4), ("c>b", 2), ("c>d", 5),
    ("d>c", 3), ("d>a", 2), ("a>d", 6), ("a>c", 8), ("c>a", 1),
)  # fmt: skip
CHAIN_CASE = (
    ("a>b", 9), ("b>a", 1), ("b>c", 8), ("c>b", 3),
    ("c>d", 6), ("d>c", 5), ("d>e", 9), ("e>d", 4),
)  # fmt: skip


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        (DENSE_CASE, [0.96487095, 0.10821502, -0.60487388, -0.4682121]),
        (CHAIN_CASE, [2.58139188, 0.3841673, -0.59666195, -0.77898351, -1.58991372]),
    ],
)
def test_parity_with_choix(records, expected):
    """The numbers are those of choix 0.4.1, rank_centrality, alpha = 0."""
    names = "abcde"[: len(expected)]
    found = RankCentrality(prior=0.0)(compared(names, *records))
    np.testing.assert_allclose(found.score, expected, atol=1e-8)


def test_winners_are_where_the_walk_is():
    """evalica 0.4.2's eigen returns the order of this turned round."""
    records = ("a>b", 9), ("b>a", 1), ("a>c", 10)
    found = RankCentrality()(compared("abc", *records))
    assert found.score[0] == found.score.max()
    assert found.rank[0] == 1
    rng = np.random.default_rng(4)
    strength = rng.normal(size=30)
    left, right = rng.integers(0, 30, (2, 3000)).astype(np.int32)
    left, right = left[left != right], right[left != right]
    won = rng.random(len(left)) < 1 / (1 + np.exp(strength[right] - strength[left]))
    many = replace(
        drawn(4, 30, 1), left=left, right=right, rater=np.zeros(len(left), dtype=np.int32),
        outcome=np.eye(3)[np.where(won, 0, 2)], group=np.arange(len(left), dtype=np.int32),
    )  # fmt: skip
    for ranker in (Borda(), Copeland(), RankCentrality()):
        assert np.corrcoef(ranker(many).score, strength)[0, 1] > 0.9


def test_rank_centrality_finds_bradley_terry_strengths_from_exact_shares():
    rng = np.random.default_rng(5)
    comparisons = drawn(5, objects=12, records=60)
    strength = rng.normal(size=12)
    p = 1 / (1 + np.exp(strength[comparisons.right] - strength[comparisons.left]))
    exact = replace(comparisons, outcome=np.stack([p, np.zeros(len(p)), 1 - p], axis=1))
    found = RankCentrality(prior=0.0)(exact)
    np.testing.assert_allclose(found.score, strength - strength.mean(), atol=1e-9)


def test_without_a_prior_those_who_never_lost_are_refused():
    """choix 0.4.1 raises on these, too; with the prior they are ranked."""
    case = compared("abc", ("a>b", 2), ("b>c", 1), ("c>b", 1))
    with pytest.raises(ConfigurationError, match=r"(?s)never returns.*keep the prior"):
        RankCentrality(prior=0.0)(case)
    assert RankCentrality()(case).rank.tolist() == [1, 2, 2]


def test_rank_centrality_is_right_where_no_float_could_hold_the_shares_of_time():
    """A ladder of 400: each beat the next by 1000.5 : 0.5, and the top the bottom by e^3000."""
    n = 400
    steps = np.arange(n - 1, dtype=np.int32)
    ladder = replace(
        drawn(0, n, 1), left=steps, right=steps + 1, rater=np.zeros(n - 1, dtype=np.int32),
        outcome=np.tile([1.0, 0.0, 0.0], (n - 1, 1)), group=steps, weight=np.full(n - 1, 1000.0),
    )  # fmt: skip
    expected = -np.arange(n) * np.log(1000.5 / 0.5)
    found = RankCentrality()(ladder)
    np.testing.assert_allclose(found.score, expected - expected.mean(), rtol=1e-9)


@pytest.mark.parametrize("n", [2, 33, 150, DENSE + 100])
def test_walks_small_and_large_settle_where_their_balance_is(n):
    """A reversible walk spends at each state the time that its rates were made from."""
    rng = np.random.default_rng(n)
    time = np.exp(rng.normal(size=n))
    a = np.r_[np.arange(n), rng.integers(0, n, 6 * n)]
    b = np.r_[(np.arange(n) + 1) % n, rng.integers(0, n, 6 * n)]
    pairs = np.unique(np.sort(np.stack([a, b], axis=1)[a != b], axis=1), axis=0)
    one, two = pairs.T
    tail, head = np.r_[one, two], np.r_[two, one]
    found, fit = log_stationary(
        np.zeros(n, dtype=np.int32), tail=tail, head=head,
        rate=time[head] / (time[head] + time[tail]), tol=1e-10, max_iterations=3000,
    )  # fmt: skip
    assert fit.converged
    assert (fit.iterations > 0) == (n > DENSE)
    expected = np.log(time)
    np.testing.assert_allclose(found - found.mean(), expected - expected.mean(), atol=1e-7)


def test_a_walk_that_has_not_settled_says_so():
    comparisons = drawn(6, objects=DENSE + 200, records=12000)
    found = RankCentrality(max_iterations=3)(comparisons)
    assert found.fit is not None
    assert not found.fit.converged
    assert any("not settled after 3 steps" in note for note in found.notes)
    assert np.isfinite(found.score).all()


def test_a_prior_below_nothing_is_refused():
    with pytest.raises(ValueError, match="prior"):
        RankCentrality(prior=-1.0)
