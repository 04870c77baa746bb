"""Votes at the edge, for every registered method: a clear error, or an outcome that is stated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from w2s_judge.aggregation.contract import METHODS
from w2s_judge.errors import ConfigurationError
from w2s_judge.gold import Gold, Truth
from w2s_judge.votes import VoteMatrix

EVERY = METHODS.all()
every = pytest.mark.parametrize("method", EVERY, ids=[one.name for one in EVERY])


def votes_of(rows, L, soft=False, **more):  # noqa: N803
    """Rows of items by raters: the index of a label, or -1 for silence."""
    rows = np.asarray(rows)
    item, rater = np.nonzero(rows >= 0)
    label = rows[item, rater].astype(np.int32)
    mass = 0.7 * np.eye(L)[label] + 0.3 / L
    return VoteMatrix(
        tuple(f"i{k}" for k in range(rows.shape[0])), tuple(f"r{k}" for k in range(rows.shape[1])),
        tuple(f"l{k}" for k in range(L)), item.astype(np.int32), rater.astype(np.int32),
        np.arange(len(rows), dtype=np.int32), (None,) * rows.shape[1],
        label=None if soft else label, mass=mass if soft else None, **more,
    )  # fmt: skip


def gold_of(votes, labels, classes=None):
    """Gold on the first items."""
    labels = np.asarray(labels, dtype=np.int32)
    return Gold(np.arange(len(labels), dtype=np.int32), labels, classes or votes.labels)


def drawn(I=30, J=5, L=3, seed=0):  # noqa: E741, N803
    """Rows that mostly follow the truth i modulo L."""
    rng = np.random.default_rng(seed)
    truth = np.arange(I) % L
    return np.where(rng.random((I, J)) < 0.75, truth[:, None], rng.integers(0, L, (I, J)))


def checked(method, votes, gold):
    """A sound consensus, or None where the method says that it cannot."""
    usable = gold is not None and votes.support[gold.item].any()
    many = method.binary and votes.truth_with(gold).C > 2
    try:
        found = method.make()(votes, gold)
    except ConfigurationError:
        if many or (method.needs_gold and not usable):
            return None
        raise
    assert found.posterior.shape == (votes.I, votes.truth_with(gold).C)
    assert np.isfinite(found.posterior).all()
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1, atol=1e-9)
    assert found.prior is not None
    return found


EDGES = {
    "one judge": (drawn(J=1), 3),
    "one item": (drawn(I=1), 3),
    "one vote": ([[1]], 2),
    "one item, all of one mind": ([[1, 1, 1]], 2),
    "one label ever used": (np.ones((20, 4), dtype=int), 3),
    "each judge constant": (np.tile([0, 1, 2], (20, 1)), 3),
    "all abstain": (np.full((4, 3), -1), 3),
    "some items without a vote": (np.where(np.arange(30)[:, None] % 3, drawn(), -1), 3),
    "one vote an item": (np.where(np.arange(5) == np.arange(30)[:, None] % 5, drawn(), -1), 3),
    "no two judges on one item": (np.where([[True, False]] * 10, drawn(10, 2, 2), -1), 2),
    "two classes": (drawn(L=2), 2),
    "three classes": (drawn(L=3), 3),
    "always opposed": (np.stack([np.arange(20) % 2, 1 - np.arange(20) % 2], axis=1), 2),
}


@every
@pytest.mark.parametrize("soft", [False, True], ids=["hard", "soft"])
@pytest.mark.parametrize("edge", EDGES)
def test_edges(method, edge, soft):
    rows, L = EDGES[edge]  # noqa: N806
    votes = votes_of(rows, L, soft)
    for gold in (None, gold_of(votes, np.arange(min(votes.I, 12)) % L)):
        found = checked(method, votes, gold)
        if found is not None and edge == "all abstain":
            rows = found.posterior if gold is None else found.posterior[gold.G :]
            np.testing.assert_allclose(rows, np.repeat(found.prior[None], len(rows), axis=0))


@every
def test_more_labels_than_classes(method):
    """A scale of six is cut in two as the map says."""
    votes = votes_of(drawn(60, 6, 6), 6, truth=Truth(("bad", "good"), (0, 0, 0, 1, 1, 1)))
    truth = (np.arange(60) % 6 >= 3).astype(np.int32)
    for gold in (None, gold_of(votes, truth[:30], ("bad", "good"))):
        found = checked(method, votes, gold)
        if found is not None:
            right = found.posterior[np.arange(60), truth] > 0.5
            assert right[30:].mean() > 0.7


@every
def test_a_scale_whose_cut_is_not_known(method):
    """Gold or a prior names the classes alone: learned, or cut into equal ranges, and said."""
    votes = votes_of(drawn(60, 6, 6), 6)
    truth = (np.arange(60) % 6 >= 3).astype(np.int32)
    found = checked(method, votes, gold_of(votes, truth[:30], ("bad", "good")))
    assert (found.posterior[np.arange(30, 60), truth[30:]] > 0.5).mean() > 0.7
    prior = replace(votes, truth=Truth(("bad", "good"), None, (0.4, 0.6)))
    found = checked(method, prior, None)
    if found is not None:
        assert found.classes == ("bad", "good")
        assert (found.posterior[np.arange(60), truth] > 0.5).mean() > 0.7


@every
def test_labels_without_an_order(method):
    votes = votes_of(drawn(), 3, ordered=False)
    gold = gold_of(votes, np.arange(12) % 3)
    if method.graded:
        with pytest.raises(ConfigurationError, match="order"):
            method.make()(votes, gold)
    elif method.binary:
        with pytest.raises(ConfigurationError, match="two"):
            method.make()(votes, gold)
    else:
        found = checked(method, votes, gold)
        assert (found.posterior.argmax(axis=1) == np.arange(30) % 3).mean() > 0.8


@every
def test_gold_that_contradicts_every_vote(method):
    """It is kept on its items, and nothing breaks."""
    votes = votes_of(np.tile(np.arange(20)[:, None] % 2, (1, 4)), 2)
    gold = gold_of(votes, 1 - np.arange(12) % 2)
    found = checked(method, votes, gold)
    np.testing.assert_allclose(found.posterior[:12], np.eye(2)[gold.label])


@every
def test_gold_of_one_class_alone(method):
    votes = votes_of(drawn(), 3)
    gold = Gold(np.arange(0, 30, 3, dtype=np.int32), np.zeros(10, np.int32), votes.labels)
    checked(method, votes, gold)
