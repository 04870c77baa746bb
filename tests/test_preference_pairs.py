"""Pairs of responses: which are candidates, and what the votes say of them."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from w2s_judge.preferences.compared_pairs import (
    asked_pairs,
    from_comparisons,
    of_candidates,
    pair_utilities,
)
from w2s_judge.preferences.pair_mass import PairMass, averaged, from_posterior
from w2s_judge.preferences.rated_pairs import from_ratings
from w2s_judge.preferences.reasons import Reason
from w2s_judge.preferences.strategies import STRATEGIES, alone, best_of, candidates, widest
from w2s_judge.votes import VoteMatrix

WORTH = (0.0, 0.25, 0.5, 0.5, 1.0)  # two labels are worth the same
PAIRING = ("best-worst", "above-bar", "adjacent")
utilities = st.lists(
    st.sampled_from([0.0, 0.1, 0.1 + 1e-12, 0.5, 0.9, float("nan")]), min_size=1, max_size=14
)


def grouped(values, seed):
    """Responses (I,) of some prompts, those of one prompt not in one piece."""
    group = np.random.default_rng(seed).integers(0, 4, len(values)).astype(np.int32)
    return group, np.array(values)


@given(utilities, st.integers(0, 20), st.sampled_from(PAIRING))
def test_pairs_are_of_one_prompt_with_the_better_first(values, seed, strategy):
    group, utility = grouped(values, seed)
    found = candidates(group, utility, strategy)
    np.testing.assert_array_equal(group[found.better], group[found.worse])
    assert (found.better != found.worse).all()
    apart = utility[found.better] - utility[found.worse]
    np.testing.assert_array_equal(found.level, np.abs(apart) <= 1e-9)
    assert (apart[~found.level] > 0).all()  # also: nothing unknown is paired
    assert (found.better[found.level] < found.worse[found.level]).all()
    pairs = set(zip(found.better, found.worse, strict=True))
    assert len(pairs) == found.P


@given(utilities, st.integers(0, 20))
def test_how_many_pairs_each_strategy_makes(values, seed):
    group, utility = grouped(values, seed)
    known = np.bincount(group[~np.isnan(utility)], minlength=4)
    for strategy, expected in (
        ("best-worst", np.minimum(known // 2, 1)),
        ("above-bar", known * (known - 1) // 2),
        ("adjacent", np.maximum(known - 1, 0)),
    ):
        found = candidates(group, utility, strategy)
        np.testing.assert_array_equal(np.bincount(group[found.better], minlength=4), expected)
    several = set(np.unique(group)) - set(alone(group, utility))
    assert several == set(np.flatnonzero(known > 1))


def test_ties_for_a_place_go_to_the_lowest_row():
    group = np.zeros(6, dtype=np.int32)
    utility = np.array([0.2, 0.9, 0.9, 0.1, 0.1, np.nan])
    found = candidates(group, utility, "best-worst")
    assert (found.better.tolist(), found.worse.tolist()) == ([1], [3])
    assert best_of(group, utility).tolist() == [1]
    found = candidates(group, np.full(6, 0.5), "best-worst")
    assert (found.better.tolist(), found.worse.tolist(), found.level.all()) == ([0], [1], True)
    found = candidates(group, utility, "adjacent")
    assert found.better.tolist() == [1, 2, 0, 3]
    assert found.level.tolist() == [True, False, False, True]
    with pytest.raises(ValueError, match="makes no pairs"):
        candidates(group, utility, "best-of-n")
    assert set(STRATEGIES) == {*PAIRING, "best-of-n"}


def every(group):
    """All pairs of rows of one prompt, in no order."""
    one, two = np.triu_indices(len(group), 1)
    same = group[one] == group[two]
    one, two = one[same], two[same]
    rng = np.random.default_rng(len(one))
    turn, order = rng.random(len(one)) < 0.5, rng.permutation(len(one))
    return np.where(turn, two, one)[order], np.where(turn, one, two)[order]


@given(utilities, st.integers(0, 20))
def test_the_widest_of_all_pairs_is_best_against_worst(values, seed):
    group, utility = grouped(values, seed)
    found, wanted = widest(group, utility, *every(group)), candidates(group, utility, "best-worst")
    for name in ("better", "worse", "level"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))


@given(utilities, st.integers(0, 20), st.randoms(use_true_random=False))
def test_the_widest_is_one_of_those_that_were_compared(values, seed, lots):
    group, utility = grouped(values, seed)
    first, second = every(group)
    kept = [k for k in range(len(first)) if lots.random() < 0.4]
    first, second = first[kept], second[kept]
    found = widest(group, utility, first, second)
    apart = np.abs(utility[first] - utility[second])
    wanted = {}
    for gap, a in zip(apart, first, strict=True):
        if not np.isnan(gap):
            wanted[group[a]] = max(gap, wanted.get(group[a], 0.0))
    assert group[found.better].tolist() == sorted(wanted)
    gap = utility[found.better] - utility[found.worse]
    assert gap == pytest.approx([wanted[g] for g in sorted(wanted)], abs=1e-9)
    np.testing.assert_array_equal(found.level, np.abs(gap) <= 1e-9)
    asked = {frozenset(pair) for pair in zip(first, second, strict=True)}
    assert {frozenset(p) for p in zip(found.better, found.worse, strict=True)} <= asked
    assert (found.better[found.level] < found.worse[found.level]).all()


def test_of_pairs_equally_wide_the_lowest_rows_count():
    group, utility = np.zeros(5, dtype=np.int32), np.array([0.1, 0.9, 0.1, 0.9, 0.1 + 0.2 - 0.2])
    found = widest(group, utility, np.array([2, 3, 4]), np.array([3, 0, 1]))
    assert (found.better.tolist(), found.worse.tolist()) == ([1], [4])
    found = widest(group, utility, np.array([2, 4]), np.array([4, 0]))
    assert (found.better.tolist(), found.worse.tolist(), found.level.all()) == ([0], [4], True)


@st.composite
def ratings(draw):
    """Soft votes on the responses to three prompts, with holes and repeats."""
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    responses, judges = draw(st.integers(2, 10)), draw(st.integers(1, 4))
    size = draw(st.integers(1, 40))
    mass = rng.dirichlet(np.full(len(WORTH), 0.3), size)
    return VoteMatrix(
        tuple(map(str, range(responses))), tuple(f"j{k}" for k in range(judges)), tuple("12345"),
        rng.integers(0, responses, size).astype(np.int32),
        rng.integers(0, judges, size).astype(np.int32),
        np.sort(rng.integers(0, 3, responses)).astype(np.int32), (None,) * judges, mass=mass,
        positions=np.arange(responses, dtype=np.int32)[:, None],
    )  # fmt: skip


def every_pair(votes):
    found = candidates(votes.group, np.zeros(votes.I), "above-bar")
    return found.better, found.worse


def one_by_one(votes, better, worse):
    """Mass and votes by the definition: a judge, a pair, two labels at a time."""
    soft = votes.soft()
    mass, many = np.zeros((len(better), 3)), np.zeros(len(better), dtype=np.int32)
    for p, (a, b) in enumerate(zip(better, worse, strict=True)):
        for j in range(votes.J):
            mine = [soft[(votes.item == i) & (votes.rater == j)] for i in (a, b)]
            if not all(map(len, mine)):
                continue
            many[p] += 1
            first, second = (one.mean(axis=0) for one in mine)
            for x, u in enumerate(WORTH):
                for y, v in enumerate(WORTH):
                    mass[p, 0 if u > v else 1 if u == v else 2] += first[x] * second[y]
    return np.where(many[:, None] > 0, mass / np.maximum(many, 1)[:, None], 1 / 3), many


@given(ratings())
def test_ratings_are_set_against_each_other_within_a_judge(votes):
    better, worse = every_pair(votes)
    found = from_ratings(votes, WORTH, better, worse)
    mass, many = one_by_one(votes, better, worse)
    np.testing.assert_allclose(found.mass, mass, atol=1e-12)
    np.testing.assert_array_equal(found.votes, many)
    np.testing.assert_array_equal(found.lack == Reason.NO_VOTE, many == 0)
    np.testing.assert_allclose(found.mass.sum(axis=1), 1)
    np.testing.assert_allclose(found.dissent, 1 - mass[:, 0], atol=1e-12)


@given(ratings(), st.randoms(use_true_random=False))
def test_the_order_of_judges_and_the_names_of_ends_do_not_count(votes, lots):
    better, worse = every_pair(votes)
    found = from_ratings(votes, WORTH, better, worse)
    place = list(range(votes.J))
    lots.shuffle(place)
    order = np.random.default_rng(0).permutation(votes.V)
    moved = replace(votes, rater=np.array(place, dtype=np.int32)[votes.rater]).only(order)
    np.testing.assert_allclose(from_ratings(moved, WORTH, better, worse).mass, found.mass)
    swapped = from_ratings(votes, WORTH, worse, better)
    np.testing.assert_allclose(swapped.mass, found.mass[:, ::-1], atol=1e-12)
    mirrored = from_ratings(votes, [1 - one for one in WORTH], better, worse)
    np.testing.assert_allclose(mirrored.mass, found.mass[:, ::-1], atol=1e-12)
    turned = found.turned(np.ones(found.P, dtype=np.bool_))
    np.testing.assert_allclose(turned.p, 1 - found.p)
    np.testing.assert_allclose(turned.dissent, 1 - found.mass[:, 2])


def test_votes_that_only_rank_enter_where_gold_will_map_them():
    mass = np.array([[0.2, 0.8], [0.9, 0.1], [0.7, 0.3], [0.6, 0.4]])
    votes = VoteMatrix(
        ("a", "b", "c"), ("honest", "ranks"), ("bad", "good"),
        np.array([0, 1, 0, 2], dtype=np.int32), np.array([0, 0, 1, 1], dtype=np.int32),
        np.zeros(3, dtype=np.int32), (None, None), mass=mass,
        uncalibrated=np.array([False, True]),
    )  # fmt: skip
    better, worse = np.array([0, 0, 1]), np.array([1, 2, 2])
    found = from_ratings(votes, (0, 1), better, worse)
    assert found.lack.tolist() == [Reason.KEPT, Reason.RANKS_ONLY, Reason.NO_VOTE]
    assert found.votes.tolist() == [1, 0, 0]
    among = {"ranks": np.array([0.1, 0.3, 0.4, 0.9])}
    found = from_ratings(votes, (0, 1), better, worse, among, ranking_too=True)
    z = 2 * 0.31863936  # ranks 2 and 3 of 4: normal scores -.319 and .319
    assert found.mass[1] == pytest.approx([ndtr(-z / 2**0.5), 0, ndtr(z / 2**0.5)])
    assert found.lack.tolist() == [Reason.KEPT, Reason.KEPT, Reason.NO_VOTE]
    falling = from_ratings(votes, (1, 0), better, worse, among, ranking_too=True)
    np.testing.assert_allclose(falling.mass[:2], found.mass[:2, ::-1])
    unmarked = replace(votes, uncalibrated=None)  # a part of a run in which it seems honest
    assert from_ratings(unmarked, (0, 1), better, worse, among).lack[1] == Reason.RANKS_ONLY
    with pytest.raises(ValueError, match="ranks: the masses to rank"):
        from_ratings(votes, (0, 1), better, worse, ranking_too=True)


def comparisons(rows, judges=2, group=None, pairs=((0, 1), (0, 2), (1, 2))):
    """Votes (pair, judge, order, mass); raters are judge and order."""
    item, judge, order, mass = zip(*rows, strict=True)
    rater = [2 * j + (o == "ba") for j, o in zip(judge, order, strict=True)]
    return VoteMatrix(
        tuple(f"p{k}" for k in range(len(pairs))),
        tuple(f"j{j}|{o}" for j in range(judges) for o in ("ab", "ba")), ("A", "T", "B"),
        np.array(item, dtype=np.int32), np.array(rater, dtype=np.int32),
        np.zeros(len(pairs), dtype=np.int32) if group is None else np.array(group, np.int32),
        (None,) * 2 * judges, mass=np.array(mass), positions=np.array(pairs, dtype=np.int32),
        judge=tuple(f"j{j}" for j in range(judges) for _ in range(2)), order=("ab", "ba") * judges,
    )  # fmt: skip


SIDES = (1.0, 0.5, 0.0)


def test_a_judge_s_two_orders_are_averaged_before_judges_are():
    votes = comparisons([
        (0, 0, "ab", [1, 0, 0]), (0, 0, "ba", [0, 0, 1]),  # a judge who likes what it sees first
        (0, 1, "ab", [0.8, 0.1, 0.1]), (0, 1, "ba", [0.6, 0.2, 0.2]),
        (1, 0, "ab", [1, 0, 0]),
        (2, 0, "ab", [1, 0, 0]), (2, 1, "ab", [0.2, 0.8, 0]), (2, 1, "ba", [0.4, 0.6, 0]),
    ])  # fmt: skip
    found = from_comparisons(votes, SIDES)
    assert found.mass[0] == pytest.approx([0.6, 0.075, 0.325])
    assert found.lack.tolist() == [Reason.KEPT, Reason.ONE_ORDER, Reason.KEPT]
    assert found.votes.tolist() == [2, 1, 1]
    assert found.mass[2] == pytest.approx([0.3, 0.7, 0])  # one order beside both does not enter
    split = comparisons([(0, 0, "ab", [1, 0, 0]), (0, 1, "ba", [0, 0, 1])])
    assert from_comparisons(split, SIDES).mass[0] == pytest.approx([0.5, 0, 0.5])
    assert from_comparisons(split, SIDES).lack.tolist() == [Reason.KEPT] + [Reason.NO_VOTE] * 2
    unknown = replace(split, order=None)
    assert from_comparisons(unknown, SIDES).lack[0] == Reason.ONE_ORDER


@given(st.integers(0, 10_000))
def test_exchanging_the_two_responses_exchanges_their_masses(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (p, j, o, rng.dirichlet(np.ones(3)))
        for p, j, o in rng.permutation(list(product(range(3), range(3), range(2))))
        if rng.random() < 0.7
    ] or [(0, 0, 0, [1, 0, 0])]  # fmt: skip
    rows = [(p, j, ("ab", "ba")[o], m) for p, j, o, m in rows]
    back = [(p, j, {"ab": "ba", "ba": "ab"}[o], m[::-1]) for p, j, o, m in rows]
    found = from_comparisons(comparisons(rows, 3), SIDES)
    other = from_comparisons(comparisons(back, 3), SIDES)
    np.testing.assert_allclose(other.mass, found.mass[:, ::-1], atol=1e-12)
    np.testing.assert_array_equal(other.lack, found.lack)
    place = rng.permutation(3)
    moved = from_comparisons(comparisons([(p, place[j], o, m) for p, j, o, m in rows], 3), SIDES)
    np.testing.assert_allclose(moved.mass, found.mass, atol=1e-12)


def both(pair, mass, judge=0):
    return [(pair, judge, "ab", mass), (pair, judge, "ba", mass)]


def test_candidates_are_found_among_what_was_compared():
    votes = comparisons(
        [*both(0, [0.8, 0.2, 0]), *both(1, [1, 0, 0]), *both(2, [0, 0, 1])],
        group=[7, 7, 3], pairs=((0, 1), (1, 4), (0, 1)),
    )  # fmt: skip
    asked, mass = asked_pairs(votes), from_comparisons(votes, SIDES)
    assert list(zip(asked.group, asked.position, strict=True)) == [
        (3, 0), (3, 1), (7, 0), (7, 1), (7, 4)
    ]  # fmt: skip
    assert pair_utilities(asked, mass) == pytest.approx([0, 1, 0.9, 0.55, 0])
    found = of_candidates(asked, mass, np.array([1, 3, 2]), np.array([0, 2, 4]))
    assert found.lack.tolist() == [Reason.KEPT, Reason.KEPT, Reason.NEVER_COMPARED]
    assert found.mass[:2] == pytest.approx(np.array([[1, 0, 0], [0, 0.2, 0.8]]))
    none = of_candidates(asked, mass.only(np.zeros(0, np.int32)), found.votes[:0], found.votes[:0])
    assert none.P == 0
    some = replace(mass, lack=np.array([Reason.KEPT, Reason.ONE_ORDER, Reason.KEPT], np.int8))
    assert np.isnan(pair_utilities(asked, some)[4])


def test_a_consensus_takes_the_place_of_the_mean_vote():
    said = from_comparisons(comparisons(both(0, [0.6, 0.4, 0])), SIDES)
    found = from_posterior(np.array([[0.9, 0.1, 0], [1, 0, 0], [1, 0, 0]]), SIDES, said)
    assert found.mass[0] == pytest.approx([0.9, 0.1, 0])
    assert found.dissent[0] == pytest.approx(0.4)
    np.testing.assert_array_equal(found.mass[1:], said.mass[1:])  # there is only a prior


def pairs(*masses, lack=Reason.KEPT):
    mass = np.array(masses, dtype=np.float64)
    return PairMass(mass, mass, np.ones(len(mass), np.int32), np.full(len(mass), lack, np.int8))


def test_a_pair_is_heard_under_every_rubric():
    one, other = pairs([0.8, 0.2, 0], [1, 0, 0]), pairs([0.4, 0, 0.6], [1, 0, 0])
    lacking = replace(other, lack=np.array([Reason.KEPT, Reason.NO_VOTE], np.int8))
    found = averaged([one, lacking])
    assert found.mass[0] == pytest.approx([0.6, 0.1, 0.3])
    assert found.lack.tolist() == [Reason.KEPT, Reason.NO_VOTE]
    assert found.votes.tolist() == [2, 2]
    with pytest.raises(ValueError, match="no rubric"):
        averaged([])
