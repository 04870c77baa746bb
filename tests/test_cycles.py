"""The share of questions in which preferences go round in circles."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.cycles import cycle_rates
from w2s_judge.ranking.preference_graph import preference_graphs
from w2s_judge.ranking.strong_parts import arcs, net, strong_parts


def made(rows, question, raters=1):
    """rows: (rater, better, worse), or (rater, one, other, "tie")."""
    outcome = np.array([[0, 1, 0] if row[3:] else [1, 0, 0] for row in rows], dtype=float)
    column = [np.array([row[k] for row in rows], dtype=np.int32) for k in range(3)]
    return Comparisons(
        tuple(f"o{k}" for k in range(len(question))), np.array(question, dtype=np.int32),
        tuple(f"q{k}" for k in range(max(question, default=-1) + 1)),
        tuple(f"j{k}" for k in range(raters)),
        column[1], column[2], column[0], outcome.reshape(-1, 3),
        np.arange(len(rows), dtype=np.int32),
    )  # fmt: skip


def test_one_cycle_one_order_and_one_question_too_small():
    rows = [(0, 0, 1), (0, 1, 2), (0, 2, 0), (0, 3, 4), (0, 4, 5), (0, 3, 5), (0, 6, 7)]
    found = cycle_rates(made(rows, [0, 0, 0, 1, 1, 1, 2, 2]))
    assert (found.cyclic.tolist(), found.questions.tolist(), found.rate) == ([1], [2], (0.5,))
    assert (found.ensemble_cyclic, found.ensemble_questions, found.ensemble_rate) == (1, 2, 0.5)


def test_judges_in_order_whose_majority_is_in_a_circle():
    orders = [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    rows = [
        (j, order[a], order[b])
        for j, order in enumerate(orders)
        for a, b in ((0, 1), (0, 2), (1, 2))
    ]
    found = cycle_rates(made(rows, [0, 0, 0], raters=3))
    assert found.rate == (0.0, 0.0, 0.0)
    assert found.ensemble_rate == 1.0


def test_a_majority_mends_what_one_judge_breaks():
    straight = [(j, a, b) for j in (1, 2) for a, b in ((0, 1), (0, 2), (1, 2))]
    rows = [(0, 0, 1), (0, 1, 2), (0, 2, 0), *straight]
    found = cycle_rates(made(rows, [0, 0, 0], raters=3))
    assert found.rate == (1.0, 0.0, 0.0)
    assert found.ensemble_rate == 0.0


def test_ties_and_orders_that_even_out_are_no_arcs():
    rows = [(0, 0, 1), (0, 1, 2), (0, 2, 0, "tie"), (1, 0, 1), (1, 1, 2), (1, 2, 0), (1, 0, 2)]
    found = cycle_rates(made(rows, [0, 0, 0], raters=2))
    assert found.rate == (0.0, 0.0)
    assert found.questions.tolist() == [1, 1]


def test_where_nothing_can_be_said_there_is_no_rate():
    found = cycle_rates(made([(0, 0, 1)], [0, 0, 0], raters=2))
    assert found.rate == (None, None)
    assert found.ensemble_rate is None
    empty = cycle_rates(made([], [], raters=1))
    assert (empty.rate, empty.ensemble_questions) == ((None,), 0)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_all_questions_at_once_as_one_by_one(seed):
    rng = np.random.default_rng(seed)
    question = np.repeat(np.arange(3), rng.integers(1, 6, 3))
    one, two = np.nonzero((question[:, None] == question) & ~np.eye(len(question), dtype=bool))
    kept = rng.random(len(one)) < 0.6
    rows = [(int(rng.integers(2)), a, b) for a, b in zip(one[kept], two[kept], strict=True)]
    case = made(rows, question.tolist(), raters=2)
    found = cycle_rates(case)

    def cyclic(weight):
        return max(map(len, strong_parts(arcs(weight))), default=0) > 1

    graphs = list(preference_graphs(case))
    assert found.ensemble_cyclic == sum(cyclic(net(graph.ensemble())) for graph in graphs)
    assert found.cyclic.sum() == sum(
        cyclic(weight) for graph in graphs for weight in graph.judges()
    )
