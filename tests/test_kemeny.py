"""Kemeny's order: against all permutations, against the integer programme, and where it ends."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.comparisons import Comparisons
from w2s_judge.errors import UsageError
from w2s_judge.ranking.best_insertion import improved_order
from w2s_judge.ranking.exact_order import EXACT_SIZE, exact_order
from w2s_judge.ranking.kemeny import MOST, Kemeny, kemeny_cost, kemeny_order
from w2s_judge.ranking.kemeny_subsets import LARGEST, cheapest_orders

MANY = settings(max_examples=40, deadline=None, derandomize=True)


def tournament(seed, n, judges=3, noise=0.3):
    """Votes of judges who err on a pair now and then: (n, n) how often row was put above column."""
    rng = np.random.default_rng(seed)
    preference = np.zeros((n, n))
    for _ in range(judges):
        ahead = np.triu(rng.random((n, n)) > noise, 1)
        preference += ahead + np.tril(~ahead.T, -1)
    mixed = rng.permutation(n)
    return preference[np.ix_(mixed, mixed)]


def ballots(*groups):
    """(n, n) from (voters, order best first)."""
    n = len(groups[0][1])
    preference = np.zeros((n, n))
    for voters, order in groups:
        for above, below in combinations(order, 2):
            preference[above, below] += voters
    return preference


def compared(names, preference):
    """A comparison, with its weight, for each entry above 0."""
    left, right = np.nonzero(preference)
    return Comparisons(
        tuple(names), np.zeros(len(names), dtype=np.int32), ("",), ("r",),
        left.astype(np.int32), right.astype(np.int32), np.zeros(len(left), dtype=np.int32),
        np.tile([1.0, 0.0, 0.0], (len(left), 1)), np.arange(len(left), dtype=np.int32),
        weight=preference[left, right].astype(float),
    )  # fmt: skip


def test_condorcets_sixty_voters():
    """Young (1988): a beats b 33 : 27, b beats c 42 : 18, c beats a 35 : 25; the least falls."""
    a, b, c = range(3)
    votes = ballots(
        (23, (a, b, c)), (17, (b, c, a)), (2, (b, a, c)), (10, (c, a, b)), (8, (c, b, a))
    )
    assert votes.tolist() == [[0, 33, 25], [27, 0, 42], [35, 18, 0]]
    order = kemeny_order(votes)
    assert order.tolist() == [b, c, a]
    assert kemeny_cost(votes, order) == 33 + 25 + 18
    found = Kemeny()(compared("abc", votes))
    assert found.score.tolist() == [-1.0, 1.0, 0.0]
    assert found.rank.tolist() == [3, 1, 2]
    assert found.notes == ()


def test_the_capital_of_tennessee():
    """The textbook case: the largest group's last choice is not the capital."""
    memphis, nashville, chattanooga, knoxville = range(4)
    votes = ballots(
        (42, (memphis, nashville, chattanooga, knoxville)),
        (26, (nashville, chattanooga, knoxville, memphis)),
        (15, (chattanooga, knoxville, nashville, memphis)),
        (17, (knoxville, chattanooga, nashville, memphis)),
    )
    order = kemeny_order(votes)
    assert order.tolist() == [nashville, chattanooga, knoxville, memphis]
    assert votes.sum() - kemeny_cost(votes, order) == 393


@MANY
@given(
    n=st.integers(0, 6), seed=st.integers(0, 2**32 - 1), most=st.sampled_from([1, 3, 50])
)  # fmt: skip
def test_all_permutations_cost_as_much_or_more_and_the_first_by_index_is_taken(n, seed, most):
    preference = np.random.default_rng(seed).integers(0, most + 1, (n, n)).astype(float)
    best = min(
        (kemeny_cost(preference, np.array(order, dtype=np.int32)), order)
        for order in permutations(range(n))
    )
    assert tuple(kemeny_order(preference).tolist()) == best[1]


@MANY
@given(n=st.integers(2, 6), seed=st.integers(0, 2**32 - 1))
def test_rounding_does_not_choose_between_orders_that_cost_the_same(n, seed):
    rng = np.random.default_rng(seed)
    preference = rng.integers(0, 3, (n, n)).astype(float)
    shaken = preference * (1 + 1e-14 * rng.random((n, n)))
    np.testing.assert_array_equal(kemeny_order(shaken / 7), kemeny_order(preference))


@pytest.mark.parametrize("n", [9, 10, 11, 12, 14])
@pytest.mark.parametrize("noise", [0.2, 0.5])
def test_subsets_and_the_integer_programme_agree(n, noise):
    for seed in range(3):
        preference = tournament(seed, n, noise=noise)
        by_subsets = cheapest_orders(np.maximum(preference.T - preference, 0.0)[None])[0]
        cost = kemeny_cost(preference, by_subsets)
        assert kemeny_cost(preference, exact_order(preference)) == pytest.approx(cost)
        assert kemeny_cost(preference, kemeny_order(preference)) == pytest.approx(cost)
        assert sorted(by_subsets.tolist()) == list(range(n))


def test_many_at_once_are_each_by_itself():
    losses = np.random.default_rng(7).random((40, 7, 7))
    orders = cheapest_orders(losses)
    for loss, order in zip(losses, orders, strict=True):
        np.testing.assert_array_equal(cheapest_orders(loss[None])[0], order)
    assert cheapest_orders(losses[:0]).shape == (0, 7)


@MANY
@given(n=st.integers(1, LARGEST + 3), seed=st.integers(0, 2**16))
def test_winners_reversed_the_order_reversed_costs_least(n, seed):
    preference = tournament(seed, n)
    order, reversed_order = kemeny_order(preference), kemeny_order(preference.T)
    least = kemeny_cost(preference.T, reversed_order)
    assert kemeny_cost(preference.T, order[::-1]) == pytest.approx(least)


@MANY
@given(n=st.integers(2, LARGEST + 3), seed=st.integers(0, 2**16))
def test_the_score_is_the_place_in_a_best_order(n, seed):
    preference = tournament(seed, n, judges=4)
    found = Kemeny()(compared([f"o{k:02}" for k in range(n)], preference))
    order = np.argsort(-found.score, kind="stable")
    least = kemeny_cost(preference, kemeny_order(preference))
    assert kemeny_cost(preference, order) == pytest.approx(least)
    # What shares a place may stand in any order: also in the opposite one.
    other = np.lexsort((-np.arange(n), -found.score))
    assert kemeny_cost(preference, other) == pytest.approx(least)
    assert found.score.sum() == pytest.approx(0)


def test_level_neighbours_share_their_place():
    preference = np.zeros((4, 4))
    preference[0, 1] = preference[0, 2] = preference[1, 3] = preference[2, 3] = 1.0
    preference[1, 2] = preference[2, 1] = 5.0
    found = Kemeny()(compared("abcd", preference))
    assert found.score.tolist() == [1.5, 0.0, 0.0, -1.5]
    assert found.rank.tolist() == [1, 2, 2, 4]
    assert found.notes == (
        "2 objects share a place with others, since no comparison decides between them",
    )


def test_of_orders_that_cost_the_same_names_choose_and_not_records():
    circle = np.zeros((3, 3))
    circle[0, 1] = circle[1, 2] = circle[2, 0] = 1.0
    for names in permutations("abc"):
        case = compared(names, circle)
        first = dict(zip(names, Kemeny()(case).rank.tolist(), strict=True))["a"]
        assert first == 1
        for records in permutations(range(3)):
            again = Kemeny()(case.only(np.array(records)))
            np.testing.assert_array_equal(again.score, Kemeny()(case).score)


def test_many_objects_of_one_part_are_ordered_in_their_circles():
    """Three circles one above the other, of 20, 5 and 1 objects."""
    n = 26
    preference = np.triu(np.ones((n, n)), 1)
    for begin, end in ((0, 20), (20, 25)):
        preference[end - 1, begin], preference[begin, end - 1] = 1.0, 0.0
    order = kemeny_order(preference)
    assert kemeny_cost(preference, order) == 2
    assert set(order[:20].tolist()) == set(range(20))
    assert order[-1] == 25


def test_too_many_objects_are_refused_with_a_method_that_takes_them():
    star = np.zeros((MOST + 1, MOST + 1))
    star[0, 1:] = 1.0
    names = [str(k) for k in range(MOST + 1)]
    for rank in (lambda: kemeny_order(star), lambda: Kemeny()(compared(names, star))):
        with pytest.raises(UsageError, match=r"at most 1000 .*1001\n.*bradley-terry.*ged"):
            rank()


def test_an_order_that_is_not_proven_has_a_note_and_is_refused_where_a_proof_was_asked_for():
    n = EXACT_SIZE + 1
    circle = np.roll(np.eye(n), 1, axis=1)
    chance = tournament(1, 30, judges=1, noise=0.5)
    for preference, effort in ((circle, 200.0), (chance, 0.5)):
        with pytest.raises(UsageError, match=r"not proven .*circles.*chance\n.*bradley-terry.*ged"):
            kemeny_order(preference, effort=effort)
        case = compared([f"o{k:02}" for k in range(len(preference))], preference)
        found = Kemeny(effort=effort)(case)
        assert found.notes[-1].startswith(
            f"the order of {len(preference)} objects is a good one, and not proven to contradict"
        )
        assert sorted(found.rank.tolist()) == list(range(1, len(preference) + 1))
        cost = kemeny_cost(preference, np.argsort(found.rank))
        assert cost <= kemeny_cost(preference, improved_order(preference))


def test_only_objects_whose_order_is_not_proven_are_counted():
    chance, few = tournament(1, 30, judges=1, noise=0.5), tournament(2, 5)
    both = np.zeros((35, 35))
    both[:30, :30], both[30:, 30:] = chance, few
    case = compared([f"o{k:02}" for k in range(35)], both)
    assert any("order of 30 objects" in note for note in Kemeny(effort=0.5)(case).notes)
    assert not any("not proven" in note for note in Kemeny()(compared("abcde", few)).notes)


@pytest.mark.parametrize("effort", [0.0, -1.0, float("nan")])
def test_no_effort_is_refused(effort):
    with pytest.raises(UsageError, match="effort"):
        Kemeny(effort=effort)


def test_a_long_line_of_majorities_is_ordered_whatever_its_length():
    n = 3 * EXACT_SIZE
    found = Kemeny()(compared([f"{k:03}" for k in range(n)], np.triu(np.ones((n, n)), 1)))
    np.testing.assert_array_equal(found.rank, np.arange(1, n + 1))


def test_parts_that_nothing_connects_are_ordered_by_themselves():
    preference = np.zeros((5, 5))
    preference[1, 0] = preference[3, 2] = 1.0
    found = Kemeny()(compared("abcde", preference))
    assert found.rank.tolist() == [2, 1, 2, 1, 1]
    assert found.score.tolist() == [-0.5, 0.5, -0.5, 0.5, 0.0]
    assert any("fall into 3 parts" in note for note in found.notes)
