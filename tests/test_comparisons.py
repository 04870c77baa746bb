"""Comparisons: what is refused, pooled over questions, in parts, as tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2s_judge.comparisons import Comparisons
from w2s_judge.ranking.components import components, ranks, unconnected, within_question
from w2s_judge.ranking.tables import tables

REPEATABLE = settings(max_examples=60, deadline=None, derandomize=True)


def ints(*values):
    return np.array(values, dtype=np.int32)


def made(objects, question, left, right, outcome=None, **more):
    """Comparisons by one rater on the questions that occur, won by the left unless said."""
    size = len(left)
    base = Comparisons(
        tuple(objects), ints(*question), tuple(f"q{k}" for k in range(max(question) + 1)),
        ("r",), ints(*left), ints(*right), np.zeros(size, dtype=np.int32),
        np.tile([1.0, 0, 0], (size, 1)) if outcome is None else np.array(outcome),
        np.arange(size, dtype=np.int32),
    )  # fmt: skip
    return replace(base, **more)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"right": ints(1)}, "right must have one entry"),
        ({"rater": ints(0)}, "rater must have one entry"),
        ({"group": ints(0)}, "group must have one entry"),
        ({"question": ints(0)}, "one entry an object"),
        ({"outcome": np.ones((2, 2)) / 2}, r"\(M, 3\)"),
        ({"outcome": np.ones((2, 3))}, "sums to 1"),
        ({"weight": np.array([1.0, 0.0])}, "above 0"),
        ({"uncalibrated": np.array([True, False])}, "one entry a rater"),
        ({"right": ints(0, 2)}, "with itself"),
        ({"question": ints(0, 0, 1), "questions": ("q", "p")}, "different questions"),
    ],
)
def test_comparisons_that_make_no_sense_are_refused(change, says):
    good = made("abc", [0, 0, 0], [0, 1], [1, 2])
    with pytest.raises(ValueError, match=says):
        replace(good, **change)


def test_some_of_the_comparisons():
    whole = made("abc", [0, 0, 0], [0, 1, 0], [1, 2, 2], weight=np.array([1.0, 2.0, 3.0]))
    part = whole.only(np.array([2, 0]))
    assert (part.M, part.N, part.weights.tolist()) == (2, 3, [3.0, 1.0])
    assert part.right.tolist() == [2, 1]
    assert whole.only(whole.right == 2).group.tolist() == [1, 2]
    assert repr(part) == "Comparisons(2: N=3, Q=1, J=1)"
    assert made("ab", [0, 0], [0], [1]).weights.tolist() == [1.0]


def test_models_over_questions_are_one_object_each():
    asked = made(
        ["0", "1", "2", "0", "1"], [0, 0, 0, 1, 1], [0, 1, 3], [1, 2, 4], group=ints(7, 7, 9),
        weight=np.array([1.0, 2.0, 3.0]),
    )  # fmt: skip
    pooled = asked.pooled(("m", "n", "n", "n", "m"))
    assert (pooled.objects, pooled.questions, pooled.question.tolist()) == (
        ("m", "n"),
        ("",),
        [0] * 2,
    )
    assert list(zip(pooled.left.tolist(), pooled.right.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert pooled.group.tolist() == [7, 9]
    assert pooled.weights.tolist() == [1.0, 3.0]


# ---------------------------------------------------------------------- parts, ranks and tables


def test_parts_are_numbered_within_their_question():
    asked = made("abcdexy", [0, 0, 0, 0, 0, 1, 1], [3, 1, 5], [0, 4, 6])
    part = components(asked)
    assert len(set(part.tolist())) == 4
    assert within_question(part, asked.question).tolist() == [0, 1, 2, 0, 1, 0, 0]
    (note,) = unconnected(asked, part)
    assert "1 of 2 questions" in note
    one = made("abc", [0, 0, 0], [0], [1])
    assert "2 parts" in unconnected(one, components(one))[0]
    whole = made("ab", [0, 0], [0], [1])
    assert unconnected(whole, components(whole)) == ()


def test_parts_of_questions_that_stand_in_any_order():
    asked = made("xaybz", [1, 0, 1, 0, 2], [1], [3])
    found = within_question(components(asked), asked.question)
    assert found.tolist() == [0, 0, 1, 0, 0]


def test_ranks_within_parts_share_the_best_of_equals():
    score = np.array([1.0, 3.0, 3.0 + 1e-12, -2.0, 5.0, 0.0])
    assert ranks(score, ints(0, 0, 0, 0, 1, 1)).tolist() == [3, 1, 1, 4, 1, 2]
    assert ranks(np.zeros(3), ints(0, 0, 0)).tolist() == [1, 1, 1]
    assert ranks(np.zeros(0), ints()).tolist() == []


@REPEATABLE
@given(st.integers(0, 2**32 - 1))
def test_tables_count_every_comparison_once(seed):
    rng = np.random.default_rng(seed)
    question = rng.integers(0, 3, 7).astype(np.int32)
    left, right = rng.integers(0, 7, (2, 30))
    kept = (left != right) & (question[left] == question[right])
    left, right = left[kept], right[kept]
    outcome, weight = rng.dirichlet(np.ones(3), len(left)), rng.uniform(0.5, 2, len(left))
    asked = made(
        "abcdefg", question.tolist(), left, right, outcome, weight=weight, questions=("p", "q", "r")
    )
    wins, ties = np.zeros((2, 7, 7))
    for i, j, (first, tie, second), w in zip(left, right, outcome, weight, strict=True):
        wins[i, j] += w * first
        wins[j, i] += w * second
        ties[i, j] += w * tie
        ties[j, i] += w * tie
    found = list(tables(asked))
    assert [table.question for table in found] == [0, 1, 2]
    assert sorted(np.concatenate([table.objects for table in found]).tolist()) == list(range(7))
    for table in found:
        assert (question[table.objects] == table.question).all()
        assert (np.diff(table.objects) > 0).all()
        cut = np.ix_(table.objects, table.objects)
        np.testing.assert_allclose(table.wins, wins[cut], atol=1e-12)
        np.testing.assert_allclose(table.ties, ties[cut], atol=1e-12)
