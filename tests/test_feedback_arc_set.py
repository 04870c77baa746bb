"""Orders with little weight backwards: greedy, improved, exact; and the parts they share."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from w2s_judge.ranking.eades import greedy_order
from w2s_judge.ranking.exact_order import EXACT_SIZE
from w2s_judge.ranking.feedback_arc_set import (
    backward_weight,
    exact_order,
    forward,
    improved_order,
    proven_order,
    solved_order,
)
from w2s_judge.ranking.kemeny_subsets import LARGEST, cheapest_orders
from w2s_judge.ranking.strong_parts import arcs, net, reached, strong_parts

MANY = settings(max_examples=60, deadline=None, derandomize=True)
SOLVERS = (greedy_order, improved_order, exact_order)


@st.composite
def weights(draw, most=6):
    """Few objects; weights whole, in tenths, or any, many of them 0; opposing arcs at times."""
    n = draw(st.integers(0, most))
    unit = draw(st.sampled_from([1.0, 0.1, 0.37]))
    weight = draw(arrays(np.int8, (n, n), elements=st.integers(0, 4))) * unit
    weight = weight * draw(arrays(np.bool_, (n, n)))
    np.fill_diagonal(weight, 0)
    return weight


def tournament(n, noise, seed, judges=5):
    """Net preferences of judges who err independently on each pair; the truth is hidden."""
    rng = np.random.default_rng(seed)
    votes = np.triu(np.where(rng.random((judges, n, n)) < noise, -1.0, 1.0).sum(axis=0), 1)
    hidden = rng.permutation(n)
    return np.maximum(votes - votes.T, 0)[np.ix_(hidden, hidden)]


def least(weight):
    """By trying all orders."""
    every = permutations(range(len(weight)))
    return min(backward_weight(weight, np.array(order, dtype=np.int32)) for order in every)


@MANY
@given(weight=weights())
def test_each_order_is_one_and_what_is_left_has_no_cycle(weight):
    for solver in SOLVERS:
        order = solver(weight)
        assert sorted(order.tolist()) == list(range(len(weight)))
        left = np.where(forward(order), weight, 0)
        assert not reached(arcs(left)).diagonal().any()


@MANY
@given(weight=weights(most=5))
def test_exact_is_the_least_of_all_orders_and_the_others_are_not_below(weight):
    best = least(weight)
    assert backward_weight(weight, exact_order(weight)) == pytest.approx(best)
    for solver in (greedy_order, improved_order):
        assert backward_weight(weight, solver(weight)) >= best - 1e-9


@MANY
@given(weight=weights())
def test_no_single_move_helps_after_best_insertion(weight):
    order = improved_order(weight)
    cost = backward_weight(weight, order)
    for at in range(len(order)):
        rest = np.delete(order, at)
        for to in range(len(order)):
            assert backward_weight(weight, np.insert(rest, to, order[at])) >= cost - 1e-6


@MANY
@given(weight=weights())
def test_opposing_arcs_may_be_netted_for_the_exact_order(weight):
    both = np.minimum(weight, weight.T)
    assert backward_weight(weight, exact_order(weight)) == pytest.approx(
        backward_weight(net(weight), exact_order(net(weight))) + np.triu(both).sum()
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_integer_programme_agrees_with_dynamic_programming(seed):
    rng = np.random.default_rng(seed)
    weight = tournament(LARGEST + 2, 0.4, seed) * rng.integers(1, 4, (LARGEST + 2, LARGEST + 2))
    by_subsets = cheapest_orders(net(weight).T[None])[0]
    assert max(map(len, strong_parts(arcs(weight)))) > LARGEST
    assert backward_weight(weight, exact_order(weight)) == backward_weight(weight, by_subsets)


@pytest.mark.parametrize("seed", range(6))
def test_weights_without_a_unit_are_proven_too(seed):
    n = LARGEST + 1
    weight = np.random.default_rng(seed).random((n, n))
    by_subsets = backward_weight(weight, cheapest_orders(net(weight).T[None])[0])
    assert backward_weight(weight, exact_order(weight)) == pytest.approx(by_subsets, abs=1e-5)


def test_cases_are_decided_and_proven():
    """Close objects, often confused: the linear programme alone ends between two orders."""
    rng = np.random.default_rng(3)
    strength = np.sort(rng.normal(0, 1.2, 40))[::-1]
    right = 1 / (1 + np.exp(-np.subtract.outer(strength, strength)))
    votes = np.triu(np.where(rng.random((5, 40, 40)) < right, 1.0, -1.0).sum(axis=0), 1)
    weight = np.maximum(votes - votes.T, 0)
    order, proven = proven_order(weight)
    assert proven
    searched = min(
        backward_weight(weight, improved_order(weight, kicks=40, seed=seed)) for seed in range(5)
    )
    assert backward_weight(weight, order) <= searched


@pytest.mark.parametrize("seed", range(5))
def test_no_search_finds_less_than_what_is_proven_of_votes_by_chance(seed):
    """One vote a pair, each by chance, so that the search that starts it is often not the best."""
    weight = tournament(24, 0.5, seed, judges=1)
    best = backward_weight(weight, exact_order(weight))
    searched = [backward_weight(weight, improved_order(weight, seed=s)) for s in range(40)]
    assert best <= min(searched)


def test_little_effort_gives_an_order_as_good_as_the_improved_and_says_that_it_is_not_proven():
    weight = tournament(30, 0.5, 1, judges=1)
    with pytest.raises(ArithmeticError, match=r"effort of 0\.01"):
        exact_order(weight, effort=0.01)
    orders = []
    for effort in (1e-9, 0.01, 1.0):
        order, proven = solved_order(weight, "exact", effort=effort)
        assert not proven
        assert sorted(order.tolist()) == list(range(30))
        assert backward_weight(weight, order) <= backward_weight(weight, improved_order(weight))
        again = solved_order(weight, "exact", effort=effort)
        assert (again[0].tolist(), again[1]) == (order.tolist(), proven)
        orders.append(order)
    best = min(backward_weight(weight, order) for order in orders)
    assert backward_weight(weight, orders[-1]) == best


@pytest.mark.parametrize("seed", range(6))
def test_what_little_effort_finds_in_small_hard_cases_is_the_least(seed):
    weight = tournament(LARGEST + 3, 0.5, seed, judges=1)
    order, _ = solved_order(weight, "exact", effort=1e-9)
    assert backward_weight(weight, order) == backward_weight(weight, exact_order(weight))


def test_effort_goes_to_the_small_parts_first_and_what_is_proven_of_them_stays():
    hard = tournament(30, 0.5, 1, judges=1)
    both = np.zeros((45, 45))
    both[:30, :30] = hard
    both[:30, 30:] = 1.0
    ring = np.roll(np.eye(15), 1, axis=1)
    both[30:, 30:] = ring
    order, proven = proven_order(both, effort=0.5)
    assert not proven
    assert set(order[:30].tolist()) == set(range(30))
    assert backward_weight(ring, order[30:] - 30) == 1


@pytest.mark.parametrize(("unit", "offset"), [(1.0, 0.0), (0.1, 0.0), (7.0, 0.0), (1.0, 0.3)])
def test_whatever_the_unit_of_the_weights_no_search_finds_less(unit, offset):
    weight = tournament(20, 0.4, 2, judges=3)
    level = np.where(weight > 0, offset, 0.0)
    scaled = unit * weight + level
    proven = backward_weight(scaled, exact_order(scaled))
    searched = min(backward_weight(scaled, improved_order(scaled, seed=s)) for s in range(10))
    assert proven == pytest.approx(searched)


def test_greedy_as_worked_by_hand():
    # 0 -> 1 (5), 1 -> 2 (4), 2 -> 0 (1), 2 -> 3 (2), 3 -> 1 (1); 4 is beaten by all, 5 beats all.
    weight = np.zeros((6, 6))
    for u, v, w in ((0, 1, 5), (1, 2, 4), (2, 0, 1), (2, 3, 2), (3, 1, 1)):
        weight[u, v] = w
    weight[:4, 4] = 1
    weight[5, :5] = 1
    # Parts: {5}, {0, 1, 2, 3}, {4}. Surplus: 0: 5-1, 1: 4-6, 2: 3-4, 3: 1-2. 0 goes first; without
    # it 1: 4-1, 2: 2-4, 3: 1-2, no sink, no source: 1 goes next; then 3 is a sink, then 2.
    assert greedy_order(weight).tolist() == [5, 0, 1, 2, 3, 4]
    assert backward_weight(weight, greedy_order(weight)) == 2


def test_greedy_takes_the_first_of_those_that_are_level_whatever_the_rounding():
    cycle = np.zeros((3, 3))
    cycle[0, 1], cycle[1, 2], cycle[2, 0] = 0.3, 0.1 + 0.2, 0.3
    assert greedy_order(cycle).tolist() == [0, 1, 2]
    turned = np.zeros((3, 3))
    turned[0, 2], turned[2, 1], turned[1, 0] = 0.1 + 0.2, 0.3, 0.3
    assert greedy_order(turned).tolist() == [0, 2, 1]


def test_greedy_is_not_always_best_and_insertion_mends_it():
    weight = tournament(30, 0.25, 3)
    greedy, improved = (
        backward_weight(weight, solver(weight)) for solver in (greedy_order, improved_order)
    )
    assert backward_weight(weight, exact_order(weight)) <= improved < greedy


def test_a_hundred_objects_are_within_a_hundredth_of_the_optimum():
    for noise in (0.05, 0.25):
        weight = tournament(100, noise, 0)
        best = backward_weight(weight, exact_order(weight))
        assert backward_weight(weight, improved_order(weight)) <= 1.01 * best


def test_strong_parts_come_in_an_order_without_backward_arcs():
    # 2 -> {0, 3} -> 1: a part that reaches a larger one has more below it, itself counted.
    arc = np.zeros((5, 5), dtype=np.bool_)
    arc[2, 0] = arc[0, 3] = arc[3, 0] = arc[3, 1] = True
    assert [part.tolist() for part in strong_parts(arc)] == [[2], [0, 3], [1], [4]]
    path = reached(arc)
    assert path[2].tolist() == [True, True, False, True, False]
    assert path[0, 0]
    assert not path[1].any()


def test_too_large_for_the_exact_order_takes_the_improved_one_and_says_so():
    n = EXACT_SIZE + 1
    ring = np.zeros((n, n))
    ring[np.arange(n), (np.arange(n) + 1) % n] = 1
    order, proven = solved_order(ring, "exact")
    assert not proven
    assert backward_weight(ring, order) == 1
    assert solved_order(ring[:-1, :-1], "exact")[1]


def test_the_same_seed_gives_the_same_order():
    weight = tournament(40, 0.35, 1)
    assert improved_order(weight).tolist() == improved_order(weight).tolist()
    kept = weight.copy()
    improved_order(weight, kicks=5, seed=9)
    np.testing.assert_array_equal(weight, kept)
