"""What a tempered posterior falls back on, and what held-out votes say of dependence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2s_judge.calibration.dependence import residual_dependence
from w2s_judge.calibration.tempering import (
    BLIND,
    INFLATION,
    LEARNED,
    MIX_ASKED,
    PHIS,
    Foretold,
    base_of,
    held_out_dependence,
    powered,
    tempered,
)
from w2s_judge.consensus import Consensus
from w2s_judge.votes import VoteMatrix


def panel(label, labels=2):
    """Votes (I, J) as a matrix, all there."""
    items, raters = label.shape
    pairs = np.argwhere(np.ones(label.shape, dtype=bool))
    return VoteMatrix(
        items=tuple(f"i{k}" for k in range(items)),
        raters=tuple(f"r{k}" for k in range(raters)),
        labels=tuple("abcd"[:labels]),
        item=pairs[:, 0].astype(np.int32),
        rater=pairs[:, 1].astype(np.int32),
        group=np.arange(items, dtype=np.int32),
        family=(None,) * raters,
        label=label.ravel().astype(np.int32),
    )


def consensus(posterior, prior, source):
    support = np.full(len(posterior), 3, dtype=np.int32)
    return Consensus(posterior, ("a", "b"), support, "some", "none", np.array(prior), source)


def told(seed, votes, *, surer=1.0, blind=0.0, right=0.8, count=6):
    """Votes whose class is as sure as said, but for `surer`: the power that the fit overdoes."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(0, 4.0, votes)
    p = 1 / (1 + np.exp(-odds))
    label = rng.random(votes) < p
    vote = np.where(rng.random(votes) < right, label, ~label)
    vote = np.where(rng.random(votes) < blind, rng.random(votes) < 0.5, vote)
    posterior = powered(np.stack([1 - p, p], axis=1), np.full(2, 0.5), np.full(votes, surer))
    rows = np.array([[right, 1 - right], [1 - right, right]])
    chance = rows[:, vote.astype(int)].T
    half, ones = np.full(votes, 0.5), np.ones(votes)
    return Foretold(posterior, np.full(2, 0.5), count * ones, chance, half, ones)


def test_a_fit_that_held_out_votes_bear_out_is_left_alone():
    assert held_out_dependence([told(1, 20_000)]) < 0.02
    assert held_out_dependence([]) == 0.0


@pytest.mark.parametrize("overdone", [2.0, 3.0])
def test_what_a_fit_overdoes_is_found(overdone):
    """Six votes worth two or three: n_eff / n undoes the power."""
    found = held_out_dependence([told(seed, 20_000, surer=overdone) for seed in (2, 3)])
    assert 1 + 5 * found == pytest.approx(overdone, rel=0.2)


def test_votes_that_say_nothing_are_no_reason_to_doubt_the_classes():
    assert held_out_dependence([told(4, 20_000, blind=0.3)]) < 0.02
    both = held_out_dependence([told(5, 20_000, blind=0.3, surer=2.0)])
    assert 1 + 5 * both == pytest.approx(2.0, rel=0.3)


def test_scores_are_log_likelihoods():
    part = told(6, 50)
    found = part.scores()
    assert found.shape == (len(PHIS), len(BLIND))
    plain = np.log((part.posterior * part.chance).sum(axis=1)).sum()
    assert found[0, 0] == pytest.approx(plain)
    twice = replace(part, weight=2 * part.weight)
    np.testing.assert_allclose(twice.scores(), 2 * found)


shares = st.floats(0.01, 0.99)


@given(shares)
def test_a_prior_from_the_votes_is_believed_half_way(first):
    prior = np.array([first, 1 - first])
    rows = np.array([[0.7, 0.3]])
    for source in ("given", "gold"):
        np.testing.assert_array_equal(base_of(consensus(rows, prior, source)), prior)
    base = base_of(consensus(rows, prior, "votes"))
    assert base.sum() == pytest.approx(1)
    odds, whole = np.log(base[0] / base[1]), np.log(first / (1 - first))
    assert odds == pytest.approx(LEARNED * whole, abs=1e-9)


def test_no_prior_is_an_even_base():
    none = replace(consensus(np.array([[0.9, 0.1]]), [0.5, 0.5], "votes"), prior=None)
    np.testing.assert_array_equal(base_of(none), 0.5)


def test_held_out_dependence_is_added_and_less_is_mixed_in():
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 2, 200)
    label = np.where(rng.random((200, 4)) < 0.75, truth[:, None], 1 - truth[:, None])
    votes = panel(label)
    share = np.eye(2)[label].mean(axis=1)
    raw = consensus(powered(share * 0.98 + 0.01, np.full(2, 0.5), np.full(200, 2.0)), [0.5, 0.5],
                    "given")  # fmt: skip
    found = tempered(raw, votes, held_out=0.2)
    phi = 0.2 + INFLATION * residual_dependence(votes, np.eye(2)[label.ravel()], share)
    rows = powered(raw.posterior, raw.prior, np.full(200, 1 / (1 + 3 * phi)))
    np.testing.assert_allclose(found.posterior, (1 - MIX_ASKED) * rows + MIX_ASKED * share)
    assert "of it 0.20 by held-out votes" in found.notes[-1]
    assert f"mixed with {MIX_ASKED:g} of the vote share" in found.notes[-1]
    asked, unasked = tempered(raw, votes, held_out=0.0), tempered(raw, votes)
    assert "held-out" not in unasked.notes[-1]
    assert asked.posterior.max(axis=1).mean() > unasked.posterior.max(axis=1).mean()
    assert np.isfinite(tempered(raw, votes, held_out=1.0).posterior).all()
