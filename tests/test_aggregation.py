"""The two first ways to a consensus: laws, and a published table of normal scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, rankdata

from w2s_judge.aggregation.mean import Mean
from w2s_judge.aggregation.normal_scores import NormalScores
from w2s_judge.votes import VoteMatrix


@st.composite
def matrices(draw, labels=3):
    items, raters = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    cells = draw(
        st.lists(
            st.tuples(st.integers(0, items - 1), st.integers(0, raters - 1)),
            min_size=1, max_size=20, unique=True,
        )
    )  # fmt: skip
    weights = st.lists(st.floats(0.01, 1), min_size=labels, max_size=labels)
    mass = np.array([draw(weights) for _ in cells])
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abc"[:labels]),
        item=np.array([i for i, _ in cells], dtype=np.int32),
        rater=np.array([j for _, j in cells], dtype=np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(None,) * raters,
        mass=mass / mass.sum(axis=1, keepdims=True),
    )


@given(matrices())
def test_the_mean_is_the_mean(votes):
    found = Mean(scale=None)(votes)
    for i in range(votes.I):
        mine = votes.mass[votes.item == i]
        assert found.support[i] == len(mine)
        expected = mine.mean(axis=0) if len(mine) else found.prior
        np.testing.assert_allclose(found.posterior[i], expected, atol=1e-12)


@given(matrices(), st.randoms(use_true_random=False))
def test_the_order_of_the_votes_does_not_matter(votes, random):
    order = list(range(votes.V))
    random.shuffle(order)
    turned = VoteMatrix(
        votes.items, votes.raters, votes.labels, votes.item[order], votes.rater[order],
        votes.group, votes.family, mass=votes.mass[order],
    )  # fmt: skip
    for method in (Mean(), NormalScores()):
        np.testing.assert_allclose(method(votes).posterior, method(turned).posterior, atol=1e-12)


@given(matrices(labels=2))
def test_normal_scores_see_ranks_alone(votes):
    """An increasing map of a rater's masses changes nothing."""
    q = votes.mass[:, -1] ** 3 / 2
    bent = VoteMatrix(
        votes.items, votes.raters, votes.labels, votes.item, votes.rater, votes.group,
        votes.family, mass=np.stack([1 - q, q], axis=1),
    )  # fmt: skip
    np.testing.assert_allclose(
        NormalScores()(votes).posterior, NormalScores()(bent).posterior, atol=1e-9
    )


@given(matrices(labels=2))
def test_normal_scores_agree_with_scipys_ranks(votes):
    z = np.zeros(votes.V)
    for j in range(votes.J):
        mine = votes.rater == j
        if mine.any():
            z[mine] = norm.ppf((rankdata(votes.mass[mine, -1]) - 0.5) / mine.sum())
    for i, row in enumerate(NormalScores()(votes).posterior):
        mine = votes.item == i
        assert row[-1] == pytest.approx(norm.cdf(z[mine].mean()) if mine.any() else 0.5)


def test_hard_votes_are_one_hot():
    votes = VoteMatrix(
        ("x",), ("a", "b", "c"), ("no", "yes"), np.zeros(3, np.int32),
        np.arange(3, dtype=np.int32), np.zeros(1, np.int32), (None,) * 3,
        label=np.array([1, 1, 0], dtype=np.int32),
    )  # fmt: skip
    np.testing.assert_allclose(Mean()(votes).posterior, [[1 / 3, 2 / 3]])


def test_shapes_that_do_not_fit_are_refused():
    one = np.zeros(1, np.int32)
    with pytest.raises(ValueError, match="either"):
        VoteMatrix(("x",), ("a",), ("n", "y"), one, one, one, (None,))
    with pytest.raises(ValueError, match="shape"):
        VoteMatrix(("x",), ("a",), ("n", "y"), one, one, one, (None,), mass=np.ones((1, 3)))
    with pytest.raises(ValueError, match="one entry"):
        VoteMatrix(("x",), ("a",), ("n", "y"), one, one[:0], one, (None,), label=one)
