"""Graph ensemble and denoising, as in the paper and as in the code released with it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from w2s_judge.comparisons import FIRST, SECOND, Comparisons
from w2s_judge.errors import UsageError
from w2s_judge.ranking.feedback_arc_set import forward, greedy_order
from w2s_judge.ranking.ged import GED, ged_as_released
from w2s_judge.ranking.preference_graph import preference_arcs, preference_graphs
from w2s_judge.ranking.strong_parts import arcs, reached

ORDERS = ((0, 1, 2), (1, 2, 0), (2, 0, 1))  # one a judge: none is in a circle, their majority is
EVERY = [
    GED(denoise, netted, solver, read)
    for denoise, netted, solver, read in product(
        ("none", "judges", "ensemble", "both"), (False, True), ("greedy", "improved", "exact"),
        ("descendants", "order", "borda"),
    )
]  # fmt: skip


def made(rows, n, raters=1, weight=None):
    """rows: (rater, left, right, outcome); one question."""
    column = [np.array([row[k] for row in rows], dtype=np.int32) for k in range(3)]
    return Comparisons(
        tuple(f"o{k}" for k in range(n)), np.zeros(n, dtype=np.int32), ("",),
        tuple(f"j{k}" for k in range(raters)), column[1], column[2], column[0],
        np.array([row[3] for row in rows], dtype=float).reshape(-1, 3),
        np.arange(len(rows), dtype=np.int32), weight=weight,
    )  # fmt: skip


def ranked(orders):
    """Each judge compares all pairs as in its order."""
    rows = [
        (j, order[a], order[b], (1, 0, 0))
        for j, order in enumerate(orders)
        for a, b in combinations(range(len(order)), 2)
    ]
    return made(rows, len(orders[0]), len(orders))


def noisy(questions, n, judges, flip, seed):
    """Each judge errs independently on each pair; the order within a question is by position."""
    rng = np.random.default_rng(seed)
    one, two = np.triu_indices(n, 1)
    left = (np.arange(questions)[:, None] * n + one).ravel()
    right = (np.arange(questions)[:, None] * n + two).ravel()
    left, right = np.tile(left, judges), np.tile(right, judges)
    wrong = rng.random(len(left)) < flip
    swapped = rng.random(len(left)) < 0.5
    outcome = np.eye(3)[np.where(wrong ^ swapped, SECOND, FIRST)]
    left, right = np.where(swapped, right, left), np.where(swapped, left, right)
    objects = questions * n
    return Comparisons(
        tuple(f"o{k}" for k in range(objects)),
        np.repeat(np.arange(questions), n).astype(np.int32),
        tuple(f"q{k}" for k in range(questions)), tuple(f"j{k}" for k in range(judges)),
        left.astype(np.int32), right.astype(np.int32),
        np.repeat(np.arange(judges), questions * len(one)).astype(np.int32), outcome,
        np.zeros(len(left), dtype=np.int32),
    )  # fmt: skip


def mean_tau(ranking, questions):
    scores = ranking.score.reshape(questions, -1)
    return np.mean([kendalltau(row, -np.arange(len(row))).statistic for row in scores])


def test_weights_are_better_less_worse_and_ties_give_nothing():
    rows = [
        (0, 0, 1, (0.7, 0.2, 0.1)), (0, 1, 0, (0.3, 0, 0.7)), (0, 1, 2, (0, 1, 0)),
        (1, 1, 0, (1, 0, 0)), (1, 0, 1, (1, 0, 0)), (1, 2, 0, (1, 0, 0)),
    ]  # fmt: skip
    case = made(rows, 3, 2, weight=np.array([1.0, 2, 1, 1, 1, 0.5]))
    found = preference_arcs(case)
    assert list(zip(found.rater, found.tail, found.head, strict=True)) == [(0, 0, 1), (1, 2, 0)]
    np.testing.assert_allclose(found.weight, [0.6 + 2 * 0.4, 0.5])
    (graph,) = preference_graphs(case)
    np.testing.assert_allclose(graph.ensemble(), [[0, 1.4, 0], [0, 0, 0], [0.5, 0, 0]])
    assert len(list(graph.judges())) == 2


def test_the_ensemble_has_both_arcs_where_judges_disagree():
    (graph,) = preference_graphs(ranked(ORDERS))
    np.testing.assert_array_equal(graph.ensemble(), [[0, 2, 1], [1, 0, 2], [2, 1, 0]])


def test_paper_and_code_differ_on_a_majority_in_a_circle():
    """0 over 1, 1 over 2, 2 over 0, each two to one.

    Paper: no sink, no source, all surpluses 0: 0 goes first, then 1 (2 against 1), then 2; what
    points forward reaches 2, 1 and 0 objects. Code: no judge has a cycle, so nothing is left out;
    netted, one arc each of 0 -> 1 -> 2 -> 0 stays, and all three reach the two others.
    """
    case = ranked(ORDERS)
    paper, code = GED()(case), ged_as_released()(case)
    assert (paper.score.tolist(), paper.rank.tolist()) == ([1, 0, -1], [1, 2, 3])
    assert (code.score.tolist(), code.rank.tolist()) == ([0, 0, 0], [1, 1, 1])
    assert any("cycles" in note for note in code.notes)
    assert not any("cycles" in note for note in paper.notes)


def test_the_code_takes_out_a_judges_own_cycle_first():
    # Judge 0 goes round 0 -> 1 -> 2 -> 0, with 2 -> 0 (.4) the lightest; judge 1 says 2 -> 1.
    rows = [
        (0, 0, 1, (1, 0, 0)), (0, 1, 2, (1, 0, 0)), (0, 2, 0, (0.7, 0, 0.3)),
        (1, 2, 1, (1, 0, 0)),
    ]  # fmt: skip
    found = ged_as_released()(made(rows, 3, 2))
    # 1 -> 2 and 2 -> 1 even out, and 0 -> 1 alone is left.
    np.testing.assert_allclose(found.score, [2 / 3, -1 / 3, -1 / 3])
    assert found.rank.tolist() == [1, 2, 2]


def test_descendants_are_reached_by_paths_and_equal_ones_share_a_rank():
    rows = [(0, a, b, (1, 0, 0)) for a, b in ((3, 1), (1, 0), (1, 2), (4, 2))]
    found = GED()(made(rows, 5))
    np.testing.assert_allclose(found.score + 1.2, [0, 2, 0, 3, 1])
    assert found.rank.tolist() == [4, 2, 4, 1, 3]


def test_readings_of_one_order():
    case = ranked([(2, 0, 1, 3)])
    assert GED(read="descendants")(case).score.tolist() == [0.5, -0.5, 1.5, -1.5]
    assert GED(read="order")(case).score.tolist() == [0.5, -0.5, 1.5, -1.5]
    assert GED(read="borda")(case).score.tolist() == [1, -1, 3, -3]


def test_the_order_is_counted_within_each_connected_part():
    rows = [(0, a, b, (1, 0, 0)) for a, b in ((0, 1), (2, 3), (3, 4))]
    found = GED(read="order")(made(rows, 6))
    assert found.score.tolist() == [0.5, -0.5, 1, 0, -1, 0]
    assert found.component.tolist() == [0, 0, 1, 1, 1, 2]


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1), flip=st.sampled_from([0.1, 0.3, 0.5]))
def test_a_denoised_graph_has_no_cycle_and_its_descendants_are_the_score(seed, flip):
    case = noisy(1, 6, 3, flip, seed)
    case = case.only(np.random.default_rng(seed).random(case.M) < 0.7)
    (graph,) = preference_graphs(case)
    weight = graph.ensemble()
    left = np.where(forward(greedy_order(weight)), weight, 0)
    below = reached(arcs(left))
    assert not below.diagonal().any()
    found = GED()(case)
    for part in np.unique(found.component):
        mine = found.component == part
        expected = below.sum(axis=1)[mine]
        np.testing.assert_allclose(found.score[mine], expected - expected.mean(), atol=1e-9)


def test_every_setting_recovers_an_order_without_error():
    case = noisy(3, 5, 2, 0.0, 0)
    for ged in EVERY:
        assert mean_tau(ged(case), 3) == pytest.approx(1), ged


@pytest.mark.parametrize("ged", [GED(), ged_as_released(), GED(solver="exact")], ids=repr)
def test_independent_noise_is_overcome_by_more_judges(ged):
    few, many = (mean_tau(ged(noisy(60, 6, judges, 0.25, 1)), 60) for judges in (1, 9))
    assert few + 0.2 < many
    assert many > 0.85


def test_denoising_helps_descendants():
    """The paper's ablation: without it, what is reached says little."""
    case = noisy(100, 8, 5, 0.3, 2)
    with_, without = (
        GED(denoise=denoise, netted=True)(case).score.reshape(100, 8) @ -np.arange(8.0)
        for denoise in ("ensemble", "none")
    )
    assert with_.mean() > 1.5 * without.mean()


def test_nothing_compared_and_nothing_but_ties_is_level():
    nothing = GED()(made([], 3))
    assert (nothing.score.tolist(), nothing.rank.tolist()) == ([0, 0, 0], [1, 1, 1])
    tied = GED()(made([(0, 0, 1, (0, 1, 0))], 2))
    assert tied.rank.tolist() == [1, 1]


def test_too_many_for_an_exact_order_is_noted():
    n = 61
    rows = [(0, k, (k + 1) % n, (1, 0, 0)) for k in range(n)]
    found = GED(solver="exact")(made(rows, n))
    assert any("no order that is proven the best" in note for note in found.notes)
    assert found.rank.max() == n


def test_rounding_makes_no_arc():
    rows = [(0, 0, 1, (1, 0, 0))] * 3 + [(0, 1, 0, (1, 0, 0))]
    case = made(rows, 2, weight=np.array([0.1, 0.1, 0.1, 0.3]))
    assert 0.1 + 0.1 + 0.1 != 0.3
    assert GED()(case).rank.tolist() == [1, 1]


def test_settings_that_are_none_are_refused_by_name():
    for wrong in ({"denoise": "all"}, {"solver": "best"}, {"read": "copeland"}):
        with pytest.raises(UsageError, match="there are:"):
            replace(GED(), **wrong)
