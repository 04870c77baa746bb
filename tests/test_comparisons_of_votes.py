"""Comparisons made of votes: on two responses at once, and on single ones within each judge."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from w2s_judge.errors import ConfigurationError
from w2s_judge.ranking.compared import compared
from w2s_judge.ranking.components import components
from w2s_judge.ranking.responses import positions
from w2s_judge.ranking.within_judges import outcome_mass, within_judges
from w2s_judge.votes import VoteMatrix

PAIR_WORTH = (1.0, 0.5, 0.0)
REPEATABLE = settings(max_examples=60, deadline=None, derandomize=True)


def ints(*values):
    return np.array(values, dtype=np.int32)


def pair_votes(rows, **more):
    """Rows of (prompt, first position, second position, rater, mass on A, T, B)."""
    items = list(dict.fromkeys(row[:3] for row in rows))
    raters = sorted({row[3] for row in rows})
    prompts = list(dict.fromkeys(item[0] for item in items))
    base = VoteMatrix(
        tuple(prompt for prompt, _, _ in items), tuple(raters), ("A", "T", "B"),
        ints(*(items.index(row[:3]) for row in rows)), ints(*(raters.index(r[3]) for r in rows)),
        ints(*(prompts.index(prompt) for prompt, _, _ in items)), (None,) * len(raters),
        mass=np.array([row[4] for row in rows]),
        positions=np.array([item[1:] for item in items], dtype=np.int32),
        judge=tuple(name.split(":")[0] for name in raters),
        order=tuple(name.partition(":")[2] or None for name in raters),
    )  # fmt: skip
    return replace(base, **more)


def single_votes(rows, labels="12345", **more):
    """Rows of (prompt, position, rater, mass)."""
    items = list(dict.fromkeys(row[:2] for row in rows))
    raters = sorted({row[2] for row in rows})
    prompts = list(dict.fromkeys(item[0] for item in items))
    base = VoteMatrix(
        tuple(prompt for prompt, _ in items), tuple(raters), tuple(labels),
        ints(*(items.index(row[:2]) for row in rows)), ints(*(raters.index(r[2]) for r in rows)),
        ints(*(prompts.index(prompt) for prompt, _ in items)), (None,) * len(raters),
        mass=np.array([row[3] for row in rows], dtype=float),
        positions=np.array([item[1:] for item in items], dtype=np.int32),
    )  # fmt: skip
    return replace(base, **more)


def told(comparisons):
    """Each comparison in words: prompt, judge, left, right, outcome."""
    return [
        (
            comparisons.questions[comparisons.question[one]], comparisons.raters[rater],
            comparisons.objects[one], comparisons.objects[two],
            tuple(float(share) for share in np.round(outcome, 9)),
        )
        for one, two, rater, outcome in zip(
            comparisons.left, comparisons.right, comparisons.rater, comparisons.outcome, strict=True
        )
    ]  # fmt: skip


# ---------------------------------------------------------------------- votes on two responses


def test_both_orders_of_a_judge_are_one_rater_and_left_was_shown_first():
    votes = pair_votes(
        [
            ("p", 0, 1, "x:ab", [0.7, 0.2, 0.1]),
            ("p", 0, 1, "x:ba", [0.6, 0.1, 0.3]),
            ("q", 1, 3, "y:ab", [0.0, 0.0, 1.0]),
        ]
    )
    found = compared(votes, PAIR_WORTH)
    assert found.ordered
    assert told(found) == [
        ("p", "x", "0", "1", (0.7, 0.2, 0.1)),
        ("p", "x", "1", "0", (0.3, 0.1, 0.6)),
        ("q", "y", "1", "3", (0.0, 0.0, 1.0)),
    ]
    assert found.objects == ("0", "1", "1", "3")
    assert positions(found).tolist() == [0, 1, 1, 3]
    assert [found.questions[q] for q in found.question] == ["p", "p", "q", "q"]
    assert found.group.tolist() == [0, 0, 1]


def test_without_an_order_the_frame_is_the_items():
    found = compared(pair_votes([("p", 0, 1, "x", [0.7, 0.2, 0.1])]), PAIR_WORTH)
    assert not found.ordered
    assert told(found) == [("p", "x", "0", "1", (0.7, 0.2, 0.1))]
    mixed = compared(
        pair_votes([("p", 0, 1, "x", [1, 0, 0]), ("p", 0, 1, "y:ba", [1, 0, 0])]), PAIR_WORTH
    )
    assert mixed.ordered
    assert [row[2:4] for row in told(mixed)] == [("0", "1"), ("1", "0")]


def test_shades_of_better_are_better_and_hard_votes_read_alike():
    labels, worth = ("much", "a bit", "tie", "less"), (1.0, 0.75, 0.5, 0.0)
    base = pair_votes([("p", 0, 1, "x:ab", [1, 0, 0]), ("p", 0, 1, "x:ba", [1, 0, 0])])
    mass = np.array([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]])
    soft = compared(replace(base, labels=labels, mass=mass), worth)
    np.testing.assert_allclose(soft.outcome, [[0.7, 0.2, 0.1], [0.4, 0.3, 0.3]])
    label = ints(1, 3)
    hard = compared(replace(base, labels=labels, mass=None, label=label), worth)
    np.testing.assert_array_equal(hard.outcome, [[1, 0, 0], [1, 0, 0]])
    # Worth that falls the other way turns the sides.
    turned = compared(pair_votes([("p", 0, 1, "x:ab", [0.7, 0.2, 0.1])]), (0.0, 0.5, 1.0))
    np.testing.assert_allclose(turned.outcome, [[0.1, 0.2, 0.7]])


def test_weights_ranks_and_silent_pairs_are_carried_over():
    first = [1.0, 0, 0]
    votes = pair_votes(
        [("p", 0, 1, "x:ab", first), ("p", 0, 1, "x:ba", first), ("p", 2, 3, "y:ab", first)],
        weight=np.array([1.0, 2.0, 3.0]),
        uncalibrated=np.array([False, True, False]),
    )
    found = compared(votes, PAIR_WORTH)
    assert found.weights.tolist() == [1.0, 2.0, 3.0]
    assert found.uncalibrated.tolist() == [True, False]
    silent = compared(votes.only(votes.item == 0), PAIR_WORTH)
    assert silent.objects == ("0", "1", "2", "3")
    assert (silent.M, silent.J) == (2, 2)


def test_votes_of_another_kind_are_refused():
    votes = pair_votes([("p", 0, 1, "x:ab", [1, 0, 0])])
    with pytest.raises(ValueError, match="positions"):
        compared(replace(votes, positions=None), PAIR_WORTH)
    with pytest.raises(ValueError, match="one utility a label"):
        compared(votes, (1.0, 0.0))
    with pytest.raises(ValueError, match="positions"):
        within_judges(votes)


# ---------------------------------------------------------------------- votes on one response


def expected_outcome(first, second, worth):
    """The double sum over labels, written out."""
    found = np.zeros(3)
    for p, u in zip(first, worth, strict=True):
        for q, v in zip(second, worth, strict=True):
            found[0 if u > v else 1 if u == v else 2] += p * q
    return found


@REPEATABLE
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 4))
def test_outcome_mass_is_the_double_sum(seed, labels, n):
    rng = np.random.default_rng(seed)
    first, second = rng.dirichlet(np.ones(labels), (2, n))
    worth = rng.integers(0, 3, labels) / 2
    found = outcome_mass(first, second, worth)
    assert found.shape == (n, 3)
    for row in range(n):
        np.testing.assert_allclose(
            found[row], expected_outcome(first[row], second[row], worth), atol=1e-12
        )
    np.testing.assert_allclose(outcome_mass(second, first, worth), found[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


@REPEATABLE
@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_each_judge_is_compared_with_itself_alone(seed, weighted, valued):
    rng = np.random.default_rng(seed)
    cells = [
        (f"p{p}", k, f"j{j}") for p in range(4) for k in range(4) for j in range(3)
        if rng.random() < 0.6
    ]  # fmt: skip
    if not cells:
        return
    cells = [cells[k] for k in rng.permutation(len(cells))]
    mass, worth = rng.dirichlet(np.ones(3), len(cells)), np.array([0.0, 1.0, 0.25])
    weight = rng.uniform(0.5, 2, len(cells))
    votes = single_votes(
        [(*cell, m) for cell, m in zip(cells, mass, strict=True)], "abc",
        weight=weight if weighted else None,
    )  # fmt: skip
    found = within_judges(votes, worth if valued else None)
    scale = worth if valued else np.arange(3)
    mine = {cell: (m, w) for cell, m, w in zip(cells, mass, weight, strict=True)}
    want = {}
    for (p, a, j), (m, w) in mine.items():
        for (other, b, judge), (n, v) in mine.items():
            if (p, j) == (other, judge) and a < b:
                want[p, j, str(a), str(b)] = (expected_outcome(m, n, scale), min(w, v))
    assert not found.ordered
    assert [row[:4] for row in told(found)] == sorted(
        want, key=lambda row: (votes.items.index(row[0]), *row[1:])
    )
    for row, outcome, counted in zip(told(found), found.outcome, found.weights, strict=True):
        np.testing.assert_allclose(outcome, want[row[:4]][0], atol=1e-12)
        assert counted == pytest.approx(want[row[:4]][1] if weighted else 1.0)
    assert found.group.tolist() == found.question[found.left].tolist()
    assert (positions(found)[found.left] < positions(found)[found.right]).all()


def test_repeats_enter_as_their_mean():
    rows = [("p", 0, "j", [1, 0]), ("p", 1, "j", [0, 1]), ("p", 0, "j", [0, 1])]
    found = within_judges(single_votes(rows, "ab"))
    assert told(found) == [("p", "j", "0", "1", (0.0, 0.5, 0.5))]
    assert found.weight is None
    heavy = within_judges(single_votes(rows, "ab", weight=np.array([3.0, 4.0, 1.0])))
    assert told(heavy) == [("p", "j", "0", "1", (0.0, 0.25, 0.75))]
    assert heavy.weights.tolist() == [2.0]


def test_mass_that_only_ranks_is_compared_by_normal_scores():
    share = [0.501, 0.502, 0.502, 0.9, 0.2, 0.3]
    rows = [(f"p{k // 3}", k % 3, "embedded", [1 - s, s]) for k, s in enumerate(share)]
    rows += [(prompt, k, "served", [1, 0]) for prompt, k, _, _ in rows]
    votes = single_votes(rows, "ab", uncalibrated=np.array([True, False]))
    found = within_judges(votes)
    rank = np.array([3, 4.5, 4.5, 6, 1, 2])
    z = norm.ppf((rank - 0.5) / 6)
    ranked = found.outcome[found.rater == 0]
    np.testing.assert_allclose(ranked[0], [p := norm.cdf((z[0] - z[1]) / 2**0.5), 0, 1 - p])
    np.testing.assert_allclose(ranked[2], [0, 1, 0])
    np.testing.assert_allclose(ranked[3, 0], norm.cdf((z[3] - z[4]) / 2**0.5))
    np.testing.assert_array_equal(found.outcome[found.rater == 1], np.tile([0.0, 1, 0], (6, 1)))
    assert found.uncalibrated.tolist() == [True, False]
    # Ranked among more than these votes; and with the last label the worse one.
    among = np.sort(np.r_[share, np.linspace(0.6, 0.8, 50)])
    more = within_judges(votes, ranked={"embedded": among})
    assert more.outcome[more.rater == 0][3, 0] > ranked[3, 0]
    worse = within_judges(votes, worth=(1.0, 0.0))
    np.testing.assert_allclose(worse.outcome, found.outcome[:, ::-1], atol=1e-12)


def test_labels_without_an_order_need_a_worth():
    votes = single_votes([("p", 0, "j", [1, 0]), ("p", 1, "j", [0, 1])], "ab", ordered=False)
    with pytest.raises(ConfigurationError, match="no order"):
        within_judges(votes)
    assert told(within_judges(votes, (1, 0))) == [("p", "j", "0", "1", (1.0, 0.0, 0.0))]
    with pytest.raises(ValueError, match="one utility a label"):
        within_judges(votes, (1, 0, 0))


def test_a_response_that_nobody_set_beside_another_is_still_an_object():
    votes = single_votes(
        [("p", 0, "a", [1, 0]), ("p", 1, "b", [0, 1]), ("q", 0, "a", [1, 0])], "ab"
    )
    found = within_judges(votes)
    assert (found.M, found.objects, found.questions) == (0, ("0", "1", "0"), ("p", "q"))
    assert components(found).tolist() == [0, 1, 2]
